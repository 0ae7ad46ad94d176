"""One history written as each kind of export, by a generator of our own."""

from __future__ import annotations

import gzip
import json
import sqlite3
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Object = dict[str, Any]
BEN: Object = {
    "id": "U1BEN",
    "name": "ben",
    "profile": {"display_name": "Ben", "real_name": "Ben R."},
}
ADA: Object = {
    "id": "U2ADA",
    "name": "ada",
    "profile": {"display_name": "", "real_name": "Ada Author"},
}


@dataclass
class History:
    """A workspace with one channel that matters. `messages` are as Slack's API gives them."""

    messages: list[Object]
    channel: str = "bücher-der-woche"
    channel_id: str = "C0BOOK123"
    users: list[Object] = field(default_factory=lambda: [BEN, ADA])

    @property
    def listed(self) -> Object:
        """The channel as lists of channels have it."""
        return {"id": self.channel_id, "name": self.channel, "created": 1, "members": ["U1BEN"]}

    def days(self) -> dict[str, list[Object]]:
        """The messages by the day on which they were posted, as Slack's export has them."""
        days: dict[str, list[Object]] = {}
        for message in sorted(self.messages, key=lambda m: float(m["ts"])):
            at = datetime.fromtimestamp(float(message["ts"]), UTC)
            days.setdefault(f"{at:%Y-%m-%d}", []).append(message)
        return days

    def threads(self) -> dict[str, list[Object]]:
        """The replies by the `ts` of their root."""
        found: dict[str, list[Object]] = {}
        for message in self.messages:
            if message.get("thread_ts", message["ts"]) != message["ts"]:
                found.setdefault(message["thread_ts"], []).append(message)
        return found

    def roots(self) -> list[Object]:
        """What stands in the channel itself."""
        return [m for m in self.messages if m.get("thread_ts", m["ts"]) == m["ts"]]

    def files(self, folder: str | None = None) -> dict[str, Any]:
        """The files of Slack's own export."""
        name = self.channel if folder is None else folder
        return {
            "users.json": self.users,
            "channels.json": [{"id": "C0OTHER99", "name": "general"}, self.listed],
            "general/2024-01-02.json": [said("C", "1704190000.000009", "Not here.")],
            **{f"{name}/{day}.json": messages for day, messages in self.days().items()},
        }


def said(who: str, ts: str, text: str, thread: str | None = None, **more: Any) -> Object:
    """A message of a person."""
    found: Object = {"type": "message", "user": who, "ts": ts, "text": text, **more}
    return found if thread is None else {**found, "thread_ts": thread}


def history() -> History:
    """Two questions, replies on other days, an edit, a reaction, and a notice."""
    first, second = "1704190000.000001", "1704280000.000002"
    return History(
        [
            said("U1BEN", first, "Why *books*?", first, reply_count=2, replies=[{"user": "U2ADA"}]),
            said("U2ADA", "1704190005.000001", "They last, <@U1BEN>.", first),
            said(
                "U1BEN",
                "1704290000.000001",
                "Thanks!",
                first,
                edited={"user": "U1BEN", "ts": "1704290003.000000"},
            ),
            said(
                "U1BEN",
                second,
                "And films?",
                reactions=[{"name": "+1", "users": ["U2ADA"], "count": 1}],
            ),
            {"type": "message", "subtype": "channel_join", "user": "U1BEN", "ts": "1704190000.5"},
        ]
    )


def folder(path: Path, files: Mapping[str, Any]) -> Path:
    """Files in a folder: objects as JSON, bytes as they are."""
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else encoded(data))
    return path


def encoded(data: Any) -> bytes:
    """JSON, indented as Slack's."""
    return json.dumps(data, indent=4).encode()


def zipped(
    path: Path,
    files: Mapping[str, Any],
    name: Callable[[str], str] = lambda name: name,
    flag: bool = True,
    method: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Files in a zip. Without `flag` the names are UTF-8 and nothing says so, as Slack's are."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for each, data in files.items():
            info = zipfile.ZipInfo("x", (2024, 2, 1, 0, 0, 0))
            info.filename = name(each)
            info.compress_type = method
            archive.writestr(info, data if isinstance(data, bytes) else encoded(data))
    if not flag:
        # Bit 11 of the flags: in each local header at 6, in the directory at 8.
        raw = bytearray(path.read_bytes())
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            found = raw.find(mark)
            while found >= 0:
                raw[found + at + 1] &= ~0x08
                found = raw.find(mark, found + 4)
        path.write_bytes(bytes(raw))
    return path


def slack_zip(path: Path, past: History) -> Path:
    """As Slack writes it."""
    return zipped(path / "slack.zip", past.files(), flag=False)


def windows_zip(path: Path, past: History) -> Path:
    """Packed again on Windows: backslashes, and a folder around everything."""
    return zipped(
        path / "windows.zip", past.files(), lambda n: f"My export\\{n}".replace("/", "\\")
    )


def mac_zip(path: Path, past: History) -> Path:
    """Packed again on a Mac: letters and their accents apart, and files of the system's own."""
    files = {f"My export/{name}": data for name, data in past.files().items()}
    extra = {"__MACOSX/My export/._users.json": b"\0\5\x16\7", "My export/.DS_Store": b"\0"}
    return zipped(path / "mac.zip", files | extra, lambda name: unicodedata.normalize("NFD", name))


def plain_folder(path: Path, past: History) -> Path:
    """Unpacked."""
    return folder(path / "unpacked", past.files())


def garbled_folder(path: Path, past: History) -> Path:
    """Unpacked by a program that took the names for CP437."""
    files = {name.encode().decode("cp437"): data for name, data in past.files().items()}
    return folder(path / "garbled", files)


def by_id(path: Path, past: History) -> Path:
    """A folder that is named by the channel's ID."""
    return folder(path / "ids", past.files(past.channel_id))


def renamed(path: Path, past: History) -> Path:
    """A folder with the name that the channel had before; the channel says so."""
    listed = {**past.listed, "previous_names": ["old-books"]}
    return folder(path / "renamed", past.files("old-books") | {"channels.json": [listed]})


def grid(path: Path, past: History) -> Path:
    """Enterprise Grid: members of the organization, and workspaces in folders of their own."""
    files = past.files()
    files["org_users.json"] = files.pop("users.json")
    other = {"id": "C0TWIN777", "name": past.channel}
    files |= {
        "teams/sales/users.json": [],
        "teams/sales/channels.json": [{**other, "name": "sales"}],
        "teams/sales/sales/2024-01-02.json": [said("U1BEN", "1704190000.000003", "Sell!")],
    }
    return folder(path / "grid", files)


def private(path: Path, past: History) -> Path:
    """A private channel, beside direct messages."""
    files = past.files() | {
        "channels.json": [],
        "groups.json": [past.listed],
        "mpims.json": [{"id": "G0MANY555", "name": "mpdm-ben--ada-1", "members": []}],
        "dms.json": [{"id": "D0BENADA1", "created": 1, "members": ["U1BEN", "U2ADA"]}],
        "D0BENADA1/2024-01-02.json": [said("U1BEN", "1704190000.000004", "Psst.")],
    }
    return folder(path / "private", files)


def slackdump_export(path: Path, past: History) -> Path:
    """`slackdump export`: as Slack's, with empty lists and the files that people uploaded."""
    files = past.files() | {
        **{name: [] for name in ("groups.json", "mpims.json", "dms.json")},
        f"{past.channel}/attachments/F1-data.json": [said("U1BEN", "1704190000.000009", "A file")],
        "__uploads/F2/data.json": [said("U1BEN", "1704190000.000008", "A file")],
    }
    return folder(path / "slackdump", files)


def slackdump_dump(path: Path, past: History) -> Path:
    """`slackdump dump`: a file for the channel, threads inside."""
    threads = past.threads()
    whole = {
        "channel_id": past.channel_id,
        "name": past.channel,
        "messages": [
            {**root, "slackdump_thread_replies": threads[root["ts"]]}
            if root["ts"] in threads
            else root
            for root in past.roots()
        ],
    }
    files = {f"{past.channel_id}.json": whole, "users.json": past.users}
    attached = {f"{past.channel_id}/data-x1.json": [{"not": "a message"}]}
    return folder(path / "dump", files | attached)


def threads_apart(path: Path, past: History) -> Path:
    """`slackdump dump` of single threads beside the channel: each in a file of its own."""
    files: dict[str, Any] = {
        "users.json": past.users,
        "channels.json": [past.listed],
        f"{past.channel_id}.json": {"channel_id": past.channel_id, "messages": past.roots()},
    }
    for ts, replies in past.threads().items():
        files[f"{past.channel_id}-{ts}.json"] = {
            "channel_id": past.channel_id,
            "thread_ts": ts,
            "messages": [m for m in past.roots() if m["ts"] == ts] + replies,
        }
    return folder(path / "apart", files)


def threads_in_folder(path: Path, past: History) -> Path:
    """Other tools: a folder for the channel, its threads in a folder inside, without `thread_ts`."""
    files: dict[str, Any] = {
        "users.json": past.users,
        "channels.json": [past.listed],
        f"{past.channel}/messages.json": past.roots(),
    }
    for ts, replies in past.threads().items():
        bare = [{k: v for k, v in reply.items() if k != "thread_ts"} for reply in replies]
        files[f"{past.channel}/threads/{ts}.json"] = bare
    return folder(path / "threads", files)


def lists_by_name(path: Path, past: History) -> Path:
    """Other tools: a list for the channel and for each thread, called after the channel."""
    files: dict[str, Any] = {
        "users.json": past.users,
        "channels.json": [past.listed],
        f"{past.channel}.json": past.roots(),
        "general.json": [said("U1BEN", "1704190000.000006", "Elsewhere.")],
    }
    for ts, replies in past.threads().items():
        files[f"{past.channel}_thread_{ts}.json"] = replies
    return folder(path / "lists", files)


def chunks(path: Path, past: History) -> Path:
    """`slackdump archive`: Slack's answers, one on a line, packed."""
    channel = past.channel_id
    roots = past.roots()
    answers: list[Object] = [
        {"t": 7, "ts": 1, "id": channel, "n": 1, "cu": ["U1BEN"]},
        {"t": 5, "ts": 2, "id": channel, "ci": past.listed},
        {"t": 0, "ts": 3, "id": channel, "n": 1, "m": roots[:1]},
        {"t": 0, "ts": 4, "id": channel, "n": len(roots), "l": True, "m": roots[1:]},
    ]
    for ts, replies in past.threads().items():
        root = next((m for m in roots if m["ts"] == ts), {"ts": ts})
        answers.append(
            {"t": 1, "ts": 5, "id": channel, "r": ts, "l": True, "p": root, "m": replies}
        )
    files = {
        f"{channel}.json.gz": lines(answers),
        "users.json.gz": lines([{"t": 3, "ts": 1, "n": 2, "u": past.users}]),
        "channels.json.gz": lines([{"t": 4, "ts": 1, "n": 1, "ch": [past.listed]}]),
        "workspace.json.gz": lines([{"t": 6, "ts": 1, "w": {"team": "T"}}]),
    }
    return folder(path / "chunks", files)


def lines(items: Iterable[Object]) -> bytes:
    """Packed JSON, one object on a line."""
    return gzip.compress(b"".join(json.dumps(item).encode() + b"\n" for item in items))


def database(path: Path, past: History) -> Path:
    """slackdump's SQLite file, with an older version of a message before the newest."""
    target = path / "slackdump.sqlite"
    with closing(sqlite3.connect(target)) as made, made:
        made.executescript(
            """
            CREATE TABLE CHUNK (ID INTEGER PRIMARY KEY, TYPE_ID SMALLINT NOT NULL);
            CREATE TABLE MESSAGE (ID INTEGER NOT NULL, CHUNK_ID INTEGER NOT NULL,
                CHANNEL_ID TEXT NOT NULL, TS TEXT NOT NULL, PARENT_ID INTEGER, THREAD_TS TEXT,
                IDX INTEGER NOT NULL, TXT TEXT, DATA BLOB NOT NULL, PRIMARY KEY (ID, CHUNK_ID));
            CREATE TABLE CHANNEL (ID TEXT NOT NULL, CHUNK_ID INTEGER NOT NULL, NAME TEXT,
                IDX INTEGER NOT NULL, DATA BLOB NOT NULL, PRIMARY KEY (ID, CHUNK_ID));
            CREATE TABLE S_USER (ID TEXT NOT NULL, CHUNK_ID INTEGER NOT NULL,
                IDX INTEGER NOT NULL, USERNAME TEXT NOT NULL, DATA BLOB NOT NULL,
                PRIMARY KEY (ID, CHUNK_ID));
            """
        )

        def put(chunk: int, message: Object) -> None:
            ts = message["ts"]
            number = int(ts.replace(".", ""))
            made.execute(
                "INSERT INTO MESSAGE VALUES (?, ?, ?, ?, NULL, ?, 0, ?, ?)",
                (
                    number,
                    chunk,
                    past.channel_id,
                    ts,
                    message.get("thread_ts"),
                    message.get("text"),
                    json.dumps(message).encode(),
                ),
            )

        for message in past.messages:
            put(2, message)
        put(1, {**past.messages[3], "text": "Before it was read again"})
        channel = json.dumps(past.listed).encode()
        made.execute(
            "INSERT INTO CHANNEL VALUES (?, 1, ?, 0, ?)",
            (past.channel_id, past.channel, channel),
        )
        for user in past.users:
            made.execute(
                "INSERT INTO S_USER VALUES (?, 1, 0, ?, ?)",
                (user["id"], user.get("name", ""), json.dumps(user).encode()),
            )
    return target


SHAPES: Sequence[Callable[[Path, History], Path]] = (
    plain_folder,
    slack_zip,
    windows_zip,
    mac_zip,
    garbled_folder,
    by_id,
    renamed,
    grid,
    private,
    slackdump_export,
    slackdump_dump,
    threads_apart,
    threads_in_folder,
    lists_by_name,
    chunks,
    database,
)
