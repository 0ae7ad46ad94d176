"""Channels exported from Slack, whatever wrote the export.

Slack's own zip or folder (<https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports>)
has a list of members (`users.json`; `org_users.json` of Enterprise Grid, whose workspaces are in
`teams/NAME`), lists of channels (`channels.json`, `groups.json`, `mpims.json`, `dms.json`) and a
folder for each channel with a file for each day. slackdump
(<https://github.com/rusq/slackdump>) writes the same, or a file for each channel with the
threads inside or in files of their own, or a folder of recorded answers (`C….json.gz`), or a
SQLite database.

What is in an export is data from outside: whatever cannot be read is noted and left out, and the
rest is read.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from bot.errors import UserError
from bot.sessions.model import Person
from bot.slack.api.dump.tree import MEMBER_BYTES, Tree, UnreadableError, is_sqlite
from bot.slack.api.incoming import Malformed, person, ts_in
from bot.texts import _, n_

Object = Mapping[str, Any]

_ROOT = PurePosixPath()
USERS = ("users", "org_users")
CHANNELS = ("channels", "groups", "mpims", "dms")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_ID = re.compile(r"[CGD][A-Z0-9]{5,}\Z", re.ASCII)
_THREAD = re.compile(r"(?:.*[-_. ])?(\d{10}[.-]\d{6})\Z", re.ASCII)
"""The name of a file with one thread: its `ts`, perhaps after the channel and a word."""
_ROOT_FILE = re.compile(r"([CGD][A-Z0-9]{5,})(?:[-_.].*)?\Z", re.ASCII)
NESTED = ("slackdump_thread_replies", "replies", "thread_replies", "thread")
"""Where tools put a thread's replies inside its first message. Slack's own `replies` only says
who replied when."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of an export. `id` is '' where the export does not say it.

    `names` are all that its files may be called by: its ID, its name, names that it had before.
    `base` is the folder in which it was listed.
    """

    id: str
    name: str
    names: frozenset[str]
    base: PurePosixPath


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a channel's messages, read when they are asked for: a day, a thread, a channel."""

    label: str
    read: Callable[[], list[Object]]


@dataclass(slots=True)
class Dump:
    """An export. `problems` are what could not be read or understood, a line each.

    `damaged` says that something of it could not be read at all.
    """

    tree: Tree
    channels: tuple[Channel, ...] = ()
    users: tuple[Object, ...] = ()
    problems: list[str] = field(default_factory=list)
    damaged: bool = False
    _chunks: list[str] = field(default_factory=list)
    _databases: list[Path] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, path: Path) -> Dump:
        """Opens an export. Raises UserError, one line, for what is none."""
        dump = cls(Tree.open(path))
        dump.problems += dump.tree.problems
        dump.damaged = bool(dump.problems)
        try:
            dump._index()
        except BaseException:
            dump.close()
            raise
        return dump

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.tree.path

    def close(self) -> None:
        """Closes the zip."""
        self.tree.close()

    def people(self) -> Iterator[Person]:
        """Everyone whom the export lists; those that are not understood are a problem."""
        for user in self.users:
            try:
                yield person(user)
            except Malformed as error:
                self._problem("users.json", _("a member is left out: {error}", error=error))

    def find(self, wanted: str) -> Channel:
        """The channel with this name, with or without `#`, or this ID.

        Raises UserError, naming the channels that there are, where there is none or are several.
        """
        key = _key(wanted.strip().removeprefix("#"))
        found = [c for c in self.channels if key in (_key(c.id), _key(c.name))]
        found = found or [c for c in self.channels if key in c.names]
        found = found or [c for c in (_channel({"name": wanted}),) if self._files_of(c)]
        if len({c.id for c in found}) > 1:
            ids = ", ".join(sorted(c.id for c in found))
            raise UserError(
                _(
                    "{path}: several channels are called `{wanted}`; give one of {ids}",
                    path=self.path,
                    wanted=wanted,
                    ids=ids,
                )
            )
        if found:
            return found[0]
        raise UserError(
            _(
                "{path}: has no channel `{wanted}`; there are: {channels}",
                path=self.path,
                wanted=wanted,
                channels=self._listed(),
            )
        )

    def parts(self, channel: Channel) -> list[Part]:
        """Where the channel's messages are, oldest day first.

        Raises UserError, naming the channels that have messages, where there are none.
        """
        names = self._files_of(channel)
        parts = [Part(name, partial(self._messages, name)) for name in names]
        for name in self._chunks:
            read = partial(self._recorded, name, channel.id)
            if channel.id in {c.get("id") for c in self._lines(name) if isinstance(c, dict)}:
                parts.append(Part(name, read))
        for path in self._databases:
            if self._query(path, "SELECT 1 FROM MESSAGE WHERE CHANNEL_ID = ? LIMIT 1", channel.id):
                parts.append(Part(path.name, partial(self._stored, path, channel.id)))
        if not parts:
            raise UserError(
                _(
                    "{path}: has no messages of `{channel}`: no folder is called {names}; if the "
                    "channel was renamed, give the name of its folder. There are: {channels}",
                    path=self.path,
                    channel=channel.name,
                    names=", ".join(f"`{n}`" for n in sorted(channel.names)),
                    channels=self._listed(filled=True),
                )
            )
        return parts

    # What there is

    def _index(self) -> None:
        """Finds the lists of members and channels, and what has messages without being listed."""
        users: list[Object] = []
        channels: list[Channel] = []
        bases: set[PurePosixPath] = set()
        for name in self.tree.members:
            path = PurePosixPath(name)
            kind = path.name.partition(".")[0]
            if path.name.endswith((".sqlite", ".db")) or self.tree.is_database:
                self._index_database(name, users, channels)
            elif path.name.endswith((".gz", ".jsonl")):
                self._index_chunks(name, users, channels)
            elif kind in USERS:
                bases.add(path.parent)
                users += self._objects(name)
            elif kind in CHANNELS:
                bases.add(path.parent)
                channels += (
                    _channel(c, path.parent) for c in self._objects(name) if _text(c, "id")
                )
        self.users = tuple(users)
        listed = {c.id for c in channels}
        for name in self.tree.members:
            alone = _ROOT_FILE.fullmatch(_stem(name))
            whole = self._whole(name) if alone else None
            if alone and whole is not None:
                found = str(whole.get("channel_id") or alone[1])
                if found not in listed:
                    listed.add(found)
                    channels.append(_channel({"id": found, "name": whole.get("name")}))
        self.channels = tuple(_together(channels))
        known = set().union(*(c.names for c in self.channels)) if self.channels else set()
        for folder in self._folders():
            if _key(folder.name) not in known:
                self.channels = tuple(_together((*self.channels, self._unlisted(folder))))
        if not (users or self.channels):
            if self.problems:
                rest = len(self.problems) - 1
                more = _(" (and {count} more)", count=rest) if rest else ""
                raise UserError(
                    _(
                        "{path}: nothing in it can be read: {why}",
                        path=self.path,
                        why=self.problems[0],
                    )
                    + more
                )
            raise UserError(
                _(
                    "{path}: has no users.json, no channels.json and no messages; give the folder "
                    "or zip that Slack or slackdump made",
                    path=self.path,
                )
            )

    def _unlisted(self, folder: PurePosixPath) -> Channel:
        """A folder of days that no list of channels has: its channel was deleted or renamed.

        A notice in it that the channel was renamed says which of the listed ones it is.
        """
        names = {_key(folder.name)}
        for name in (n for n in self.tree.members if PurePosixPath(n).parent == folder):
            for message in self._messages(name, quietly=True):
                if message.get("subtype") in ("channel_name", "group_name"):
                    names |= {_key(_text(message, "old_name")), _key(_text(message, "name"))}
        names.discard("")
        for channel in self.channels:
            if channel.names & names and not self._files_of(channel):
                return Channel(channel.id, channel.name, channel.names | names, channel.base)
        is_id = _ID.fullmatch(folder.name.upper()) is not None
        return Channel(
            folder.name.upper() if is_id else "", folder.name, frozenset(names), folder.parent
        )

    def _index_database(self, name: str, users: list[Object], channels: list[Channel]) -> None:
        """What a database of slackdump lists."""
        path = self.path / name if self.path.is_dir() else self.path
        try:
            with path.open("rb") as file:
                if self.tree.archive is not None or not is_sqlite(file.read(16)):
                    return
        except OSError:
            return
        rows = self._query(path, "SELECT DATA FROM S_USER ORDER BY CHUNK_ID")
        if rows is None:
            return
        self._databases.append(path)
        users += (u for u in map(_loaded, rows) if u is not None)
        listed = self._query(path, "SELECT DATA FROM CHANNEL ORDER BY CHUNK_ID") or ()
        channels += (_channel(c) for c in map(_loaded, listed) if c is not None and _text(c, "id"))
        listed = self._query(path, "SELECT DISTINCT CHANNEL_ID FROM MESSAGE") or ()
        channels += (_channel({"id": c}) for c in listed if isinstance(c, str))

    def _index_chunks(self, name: str, users: list[Object], channels: list[Channel]) -> None:
        """What a file of recorded answers lists; see `_recorded`."""
        self._chunks.append(name)
        for chunk in self._lines(name):
            users += _objects_in(chunk.get("u"))
            found = [*_objects_in(chunk.get("ch")), *_objects_in([chunk.get("ci")])]
            if chunk.get("m") and isinstance(chunk.get("id"), str):
                found.append({"id": chunk["id"]})
            channels += (_channel(c) for c in found if _text(c, "id"))

    def _folders(self) -> list[PurePosixPath]:
        """The folders with a file for a day in them."""
        return sorted(
            {PurePosixPath(name).parent for name in self.tree.members if _DAY.match(_stem(name))}
        )

    def _listed(self, filled: bool = False, most: int = 15) -> str:
        names = sorted({c.name for c in self.channels if not filled or self._has_files(c)})
        rest = len(names) - most
        more = _(" and {count} more", count=rest) if rest > 0 else ""
        return ", ".join(names[:most]) + more or _("none")

    def _has_files(self, channel: Channel) -> bool:
        return bool(self._files_of(channel) or self._chunks or self._databases)

    # Which files are a channel's

    def _files_of(self, channel: Channel) -> list[str]:
        """The files of a channel: in its folder, and those that are called after it."""
        folders: dict[PurePosixPath, list[str]] = {}
        alone: list[str] = []
        for name in self.tree.members:
            path = PurePosixPath(name)
            if path.name.endswith((".gz", ".jsonl", ".sqlite", ".db")):
                continue
            own = next((p for p in path.parents if p.name and _key(p.name) in channel.names), None)
            if own is not None:
                folders.setdefault(own, []).append(name)
            elif self._is_called_after(channel, name):
                alone.append(name)
        at_home = [f for f in folders if self._home(f) == channel.base]
        chosen = [n for f in (at_home or folders) for n in folders[f] if self._is_of(n)]
        return sorted(chosen, key=lambda n: (PurePosixPath(n).name, n)) + sorted(alone)

    def _home(self, folder: PurePosixPath) -> PurePosixPath:
        """The nearest folder above in which channels are listed."""
        homes = {c.base for c in self.channels}
        return next((p for p in folder.parents if p in homes), PurePosixPath())

    def _is_of(self, name: str) -> bool:
        """Whether a file in a channel's folder has messages in it.

        A day always has, and what is wrong with it is said; others may be files that people
        uploaded, and are taken where they are messages from the first to the last.
        """
        if _DAY.match(_stem(name)):
            return True
        messages = self._messages(name, quietly=True)
        return bool(messages) and all(ts_in(message) for message in messages)

    def _is_called_after(self, channel: Channel, name: str) -> bool:
        """Whether a file is `CHANNEL.json`, or one of its threads: `CHANNEL-1700000000.000100.json`."""
        stem = _stem(name)
        thread = _THREAD.fullmatch(stem)
        of = stem
        if thread is not None:
            of = re.sub(
                r"[-_. ]?(?:thread|replies)?[-_. ]?\Z", "", stem[: thread.start(1)], flags=re.I
            )
        if _key(of) not in channel.names or stem in (*USERS, *CHANNELS):
            return False
        return bool(self._messages(name, quietly=True))

    # What is in them

    def _messages(self, name: str, quietly: bool = False) -> list[Object]:
        """The messages in a file, those inside others too, each with the thread it is in."""
        data = self._json(name, quietly)
        thread = _THREAD.fullmatch(_stem(name))
        root = thread[1].replace("-", ".") if thread else None
        if isinstance(data, dict):
            root = _text(data, "thread_ts") or root
            data = data.get("messages", data.get("replies"))
        return list(_flat(self._listed_in(name, data, quietly), root))

    def _whole(self, name: str) -> Object | None:
        """The object in a file that holds a whole channel or thread; None where it is another."""
        data = self._json(name, quietly=True)
        if isinstance(data, list) and _ROOT_FILE.fullmatch(_stem(name)):
            data = {"messages": data}
        return data if isinstance(data, dict) and isinstance(data.get("messages"), list) else None

    def _recorded(self, name: str, channel: str) -> list[Object]:
        """The channel's messages in a file of recorded answers, one on a line.

        Of an answer `t` is the kind (0: a channel's messages, 1: a thread's), `id` the channel,
        `m` the messages, `p` the first of the thread, `ci` the channel, `u` members.
        """
        found: list[Object] = []
        for chunk in self._lines(name):
            if chunk.get("id") == channel:
                found += _objects_in([chunk.get("p")])
                found += _objects_in(chunk.get("m"))
        return list(_flat(found, None))

    def _stored(self, path: Path, channel: str) -> list[Object]:
        """The channel's messages in a database; the newest version of each last."""
        rows = self._query(
            path, "SELECT DATA FROM MESSAGE WHERE CHANNEL_ID = ? ORDER BY ID, CHUNK_ID", channel
        )
        return list(_flat((m for m in map(_loaded, rows or ()) if m is not None), None))

    def _query(self, path: Path, query: str, *values: str) -> list[Any] | None:
        """The first column of what a database answers; None, and a problem, where it cannot."""
        try:
            address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            with closing(sqlite3.connect(address, uri=True)) as connection:
                return [row[0] for row in connection.execute(query, values)]
        except sqlite3.Error as error:
            self._unread(path.name, error, damaged=True)
            return None

    def _lines(self, name: str) -> Iterator[Object]:
        """The objects of a file that has one on each line, packed or not."""
        data = self._bytes(name)
        if data is None:
            return
        if name.endswith(".gz"):
            try:
                with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                    data = packed.read(MEMBER_BYTES)
            except (OSError, EOFError, zlib.error) as error:
                self._unread(name, _said(error), damaged=True)
                return
        for line in data.splitlines():
            try:
                item = json.loads(line) if line.strip() else None
            except (ValueError, RecursionError):
                self._problem(name, _("has a line that is not JSON, left out"))
                continue
            if isinstance(item, dict):
                yield item if "t" in item or "m" in item else {"id": _stem(name), "m": [item]}

    def _objects(self, name: str) -> list[Object]:
        """The objects in a file that holds a list of them."""
        return self._listed_in(name, self._json(name, quietly=False))

    def _listed_in(self, name: str, data: Any, quietly: bool = False) -> list[Object]:
        """The objects of what should be a list; None is a file that could not be read."""
        objects = _objects_in(data)
        if quietly or data is None:
            return objects
        if not isinstance(data, list):
            self._problem(name, _("contains no list, left out"))
        elif len(objects) < len(data):
            count = len(data) - len(objects)
            self._problem(
                name, n_("{count} entry is not an object", "{count} entries are not objects", count)
            )
        return objects

    def _json(self, name: str, quietly: bool) -> Any:
        data = self._bytes(name)
        if data is None:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            if not quietly:
                self._unread(name, type(error).__name__)
            return None

    def _bytes(self, name: str) -> bytes | None:
        try:
            return self.tree.members[name].read()
        except UnreadableError as error:
            self._unread(name, error, damaged=True)
            return None

    def _unread(self, name: str, error: object, damaged: bool = False) -> None:
        self._problem(name, _("cannot be read, left out: {error}", error=error), damaged)

    def _problem(self, name: str, what: str, damaged: bool = False) -> None:
        self.damaged |= damaged
        line = f"{name}: {what}"
        if line not in self._known:
            self._known.add(line)
            self.problems.append(line)


def _flat(messages: Iterable[Object], root: str | None) -> Iterator[Object]:
    """Messages, and the replies inside them, each with its `thread_ts`."""
    for found in messages:
        ts = ts_in(found)
        is_reply = root is not None and not found.get("thread_ts") and ts != root
        message = {**found, "thread_ts": root} if is_reply else found
        yield message
        for key in NESTED:
            replies = [r for r in _objects_in(message.get(key)) if _is_message(r)]
            yield from _flat(replies, _text(message, "thread_ts") or ts)


def _is_message(item: Object) -> bool:
    return "ts" in item and not {"text", "blocks", "files", "type"}.isdisjoint(item)


def _channel(listed: Object, base: PurePosixPath = _ROOT) -> Channel:
    slack_id = _text(listed, "id")
    name = _text(listed, "name") or slack_id
    former = listed.get("previous_names")
    names = {slack_id, name, _text(listed, "name_normalized")}
    names |= {n for n in (former if isinstance(former, list) else ()) if isinstance(n, str)}
    return Channel(slack_id, name, frozenset(_key(n) for n in names if n), base)


def _together(channels: Iterable[Channel]) -> Iterator[Channel]:
    """Each channel once, with all that is known of it."""
    found: dict[str, Channel] = {}
    for channel in channels:
        known = found.get(channel.id, channel)
        named = channel if known.name == known.id else known
        found[channel.id] = Channel(channel.id, named.name, known.names | channel.names, known.base)
    yield from found.values()


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _stem(name: str) -> str:
    last = PurePosixPath(name).name
    for ending in (".gz", ".json", ".jsonl"):
        last = last.removesuffix(ending)
    return last


def _objects_in(value: Any) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(holder: Object, key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _loaded(data: Any) -> Object | None:
    try:
        item = json.loads(data)
    except (ValueError, TypeError, RecursionError):
        return None
    return item if isinstance(item, dict) else None


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
