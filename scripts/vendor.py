"""Fetches the scripts of others that our pages serve, as their packages ship them.

`python scripts/vendor.py` writes `bot/web/static/vendor/NAME/`: the files below, byte for byte,
and `VERSION.json` with the version, the licence and npm's checksum of the package. Needs npm;
nobody else does, since the files are kept in the repository.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "bot" / "web" / "static" / "vendor"


@dataclass(frozen=True)
class Package:
    """A package of npm, and which of its files become which of ours."""

    name: str
    version: str
    files: dict[str, str]


PACKAGES = [
    Package(
        "minisearch",
        "7.2.0",
        {"package/dist/umd/index.js": "minisearch.js", "package/LICENSE.txt": "LICENSE.txt"},
    )
]


def fetch(package: Package) -> None:
    """Packs the package and takes out the files."""
    target = VENDOR / package.name
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
                (target / name).write_bytes(member.read())
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
    (target / "VERSION.json").write_text(json.dumps(version, indent=2) + "\n")


if __name__ == "__main__":
    for each in PACKAGES:
        fetch(each)
        print(f"{each.name} {each.version}")
