"""A Slack export on disk: a folder or a zip of `users.json`, `channels.json` and a file a day.

<https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports>. What is in it is
data from outside: whatever cannot be read is noted and left out, and the rest is read.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from bot.errors import UserError
from bot.sessions.model import Person
from bot.slack.incoming import Malformed, person

MEMBER_BYTES = 512 * 1024 * 1024
"""What one file of an export may hold at the most; a larger one is no day of a channel."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json\Z", re.ASCII)


@dataclass(slots=True)
class Dump:
    """An export. `problems` are what could not be read, a line each."""

    path: Path
    files: Mapping[str, Path | zipfile.ZipInfo]
    archive: zipfile.ZipFile | None = None
    problems: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> Dump:
        """Opens an export. Raises UserError, one line, for what is none."""
        try:
            if path.is_dir():
                found = {p.relative_to(path).as_posix(): p for p in path.rglob("*.json")}
                return cls(path, _rooted(path, found))
            archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            reason = getattr(error, "strerror", None) or "it is neither a folder nor a zip"
            raise UserError(
                f"{path}: cannot be read as a Slack export ({reason}); "
                "give the folder or zip that Slack made"
            ) from None
        members = {i.filename: i for i in archive.infolist() if i.filename.endswith(".json")}
        return cls(path, _rooted(path, members), archive)

    def close(self) -> None:
        """Closes the zip."""
        if self.archive is not None:
            self.archive.close()

    def people(self) -> Iterator[Person]:
        """Everyone in `users.json`; those that are not understood are a problem."""
        for user in self._list("users.json"):
            try:
                yield person(user)
            except Malformed as error:
                self.problems.append(f"users.json: a member is left out: {error}")

    def channels(self) -> dict[str, str]:
        """IDs of the channels by name, public and private."""
        found: dict[str, str] = {}
        for name in ("channels.json", "groups.json"):
            if name in self.files:
                for channel in self._list(name):
                    if isinstance(channel.get("name"), str) and isinstance(channel.get("id"), str):
                        found[channel["name"]] = channel["id"]
        return found

    def days(self, channel: str) -> list[str]:
        """The names of the files of a channel, by day."""
        prefix = f"{channel}/"
        return sorted(
            name
            for name in self.files
            if name.startswith(prefix) and _DAY.match(name.removeprefix(prefix))
        )

    def day(self, name: str) -> list[Mapping[str, Any]]:
        """The messages of one file of `days`."""
        return self._list(name)

    def _list(self, name: str) -> list[Mapping[str, Any]]:
        """The objects in a file that holds a list of them."""
        try:
            data = json.loads(self._bytes(name))
        except (OSError, ValueError, RecursionError, zipfile.BadZipFile) as error:
            self.problems.append(f"{name}: cannot be read ({type(error).__name__}), left out")
            return []
        if not isinstance(data, list):
            self.problems.append(f"{name}: holds no list, left out")
            return []
        objects: list[Mapping[str, Any]] = [item for item in data if isinstance(item, dict)]
        if len(objects) < len(data):
            self.problems.append(f"{name}: {len(data) - len(objects)} entries are no objects")
        return objects

    def _bytes(self, name: str) -> bytes:
        place = self.files[name]
        if isinstance(place, Path):
            if place.stat().st_size > MEMBER_BYTES:
                raise ValueError("too large")
            return place.read_bytes()
        if place.file_size > MEMBER_BYTES or self.archive is None:
            raise ValueError("too large")
        with self.archive.open(place) as member:
            return member.read(MEMBER_BYTES)


def _rooted(
    path: Path, found: Mapping[str, Path | zipfile.ZipInfo]
) -> Mapping[str, Path | zipfile.ZipInfo]:
    """The files by their path in the export, which may lie in a folder of its own."""
    roots = sorted(
        (PurePosixPath(name).parent for name in found if PurePosixPath(name).name == "users.json"),
        key=lambda root: len(root.parts),
    )
    if not roots:
        raise UserError(f"{path}: has no users.json; give the folder or zip that Slack made")
    root = roots[0]
    inside = {
        PurePosixPath(name).relative_to(root).as_posix(): place
        for name, place in found.items()
        if PurePosixPath(name).is_relative_to(root)
    }
    if "channels.json" not in inside and "groups.json" not in inside:
        raise UserError(f"{path}: has no channels.json; give the folder or zip that Slack made")
    return inside
