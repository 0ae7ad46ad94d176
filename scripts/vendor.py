"""Fetches what others made and our pages serve, as their packages ship it.

`python scripts/vendor.py` writes a folder `vendor/NAME/` beside the other files of a page: the files
below, byte for byte unless it says otherwise, and `VERSION.json` with the version, the licence and
npm's checksum of the package. Needs npm, and for the font `fonttools` and `brotli`;
nobody else does, since the files are kept in the repository.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def without_selectors(font: bytes) -> bytes:
    """The font whose ligatures do not ask for a variation selector (U+FE0F).

    Chromium takes those out before it looks for ligatures, unless the font maps each of them.
    """
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - whoever vendors no font needs none

    read = TTFont(io.BytesIO(font))
    selector = read.getBestCmap()[0xFE0F]
    for lookup in read["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            for ligatures in table.ligatures.values():
                for ligature in ligatures:
                    kept = [part for part in ligature.Component if part != selector]
                    ligature.Component, ligature.CompCount = kept, len(kept) + 1
                # The longest is looked for first, or its beginning would be found instead.
                ligatures.sort(key=lambda ligature: -len(ligature.Component))
    written = io.BytesIO()
    read.flavor = "woff2"
    read.save(written, reorderTables=False)
    return written.getvalue()


CHANGES = {"twemoji.woff2": without_selectors}


@dataclass(frozen=True)
class Package:
    """A package of npm, the folder of the pages that want it, and which of its files become which
    of ours."""

    name: str
    version: str
    pages: str
    files: dict[str, str]


PACKAGES = [
    Package(
        "minisearch",
        "7.2.0",
        "bot/web/static",
        {"package/dist/umd/index.js": "minisearch.js", "package/LICENSE.txt": "LICENSE.txt"},
    ),
    Package(
        "twemoji-colr-font",
        "15.0.3",
        "slackbox/page/static",
        {"package/twemoji.woff2": "twemoji.woff2", "package/LICENSE": "LICENSE.txt"},
    ),
    Package(
        "@expo-google-fonts/source-serif-4",
        "0.4.1",
        "bot/web/static",
        {
            "package/400Regular/SourceSerif4_400Regular.ttf": "regular.ttf",
            "package/400Regular_Italic/SourceSerif4_400Regular_Italic.ttf": "italic.ttf",
            "package/LICENSE_FONT": "LICENSE.txt",
        },
    ),
]


def fetch(package: Package) -> None:
    """Packs the package and takes out the files."""
    target = ROOT / package.pages / "vendor" / package.name.rpartition("/")[2]
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", "--json", f"{package.name}@{package.version}"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        [about] = json.loads(packed.stdout)
        with tarfile.open(Path(folder) / about["filename"]) as archive:
            for source, name in package.files.items():
                member = archive.extractfile(source)
                assert member is not None, source
                content = member.read()
                change = CHANGES.get(name, bytes)
                (target / name).write_bytes(change(content))
            manifest = archive.extractfile("package/package.json")
            assert manifest is not None
            licence = json.load(manifest)["license"]
    version = {
        "name": package.name,
        "version": package.version,
        "license": licence,
        "integrity": about["integrity"],
        "files": {name: source for source, name in package.files.items()},
    }
    if changed := [name for name in package.files.values() if name in CHANGES]:
        version["changed"] = changed
    (target / "VERSION.json").write_text(json.dumps(version, indent=2) + "\n")


if __name__ == "__main__":
    for each in PACKAGES:
        fetch(each)
        print(f"{each.name} {each.version}")
