"""Writes `bot/markup/emoji.tsv` from iamcal's emoji-data, the set that Slack uses.

The sandbox, which imports nothing of ours, gets a copy: `slackbox/page/static/emoji.tsv`.

    npm pack emoji-datasource@16.0.0
    python scripts/emoji_table.py emoji-datasource-16.0.0.tgz

One line of the table is one emoji: its short names (the first is the usual one), its code points,
the code points with one skin tone and with two, where there are such. A tone stands as `*`, so a
line holds all five, or all twenty or twenty-five pairs; the script checks that the pattern gives
every single variation of the data, and stops where it does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "bot" / "markup" / "emoji.tsv"
COPY = TARGET.parent.parent / "sandbox" / "page" / "static" / "emoji.tsv"
TONES = ("1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF")


def load(archive: Path) -> tuple[str, list[dict[str, Any]]]:
    """The package's version and its list of emoji, out of the archive that npm packs."""
    with tarfile.open(archive) as package:
        members = {}
        for name in ("package/package.json", "package/emoji.json"):
            member = package.extractfile(name)
            if member is None:
                sys.exit(f"{archive}: {name} is not a file in it; is it emoji-datasource?")
            members[name] = json.load(member)
    return members["package/package.json"]["version"], members["package/emoji.json"]


def pattern(entry: dict[str, Any], count: int) -> str:
    """The code points of an emoji with `count` skin tones, each written `*`; '' if it has none."""
    variations = {
        tuple(key.split("-")): value["unified"]
        for key, value in (entry.get("skin_variations") or {}).items()
        if len(key.split("-")) == count
    }
    if not variations:
        return ""
    patterns = {
        "-".join("*" if point in TONES else point for point in unified.split("-"))
        for unified in variations.values()
    }
    found = patterns.pop()
    if patterns:
        sys.exit(f"{entry['short_name']}: its skin tones follow no single pattern")
    for tones, unified in variations.items():
        filled = found
        for tone in tones:
            filled = filled.replace("*", tone, 1)
        if filled != unified:
            sys.exit(f"{entry['short_name']}: {found} does not give {unified}")
    expected = len(TONES) ** count - (
        len(TONES) if count == 2 and (TONES[0], TONES[0]) not in variations else 0
    )
    if len(variations) != expected:
        sys.exit(f"{entry['short_name']}: {len(variations)} variations, not {expected}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("archive", type=Path, help="emoji-datasource-VERSION.tgz, as npm packs it")
    parser.add_argument("--output", type=Path, default=TARGET)
    parser.add_argument("--copy", type=Path, default=COPY)
    arguments = parser.parse_args()
    version, entries = load(arguments.archive)
    source = f"# emoji-datasource {version} (MIT, Cal Henderson); written by scripts/emoji_table.py"
    lines = [source, "# names\tcode points\twith one tone\twith two"]
    names = 0
    for entry in sorted(entries, key=lambda each: each["sort_order"]):
        # short_names need not begin with short_name, and the first is the one written back.
        aliases = [entry["short_name"]]
        aliases += [name for name in entry["short_names"] if name != entry["short_name"]]
        names += len(aliases)
        row = [" ".join(aliases), entry["unified"], pattern(entry, 1), pattern(entry, 2)]
        lines.append("\t".join(row).rstrip("\t"))
    for path in (arguments.output, arguments.copy):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{arguments.output}: {len(entries)} emoji, {names} names, from {version}")


if __name__ == "__main__":
    main()
