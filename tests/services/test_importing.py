"""Every kind of export gives the same sessions; what cannot be read is said, the rest is read."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.library.formats import Entry
from bot.services import export
from bot.services.importing import Tally, importing
from bot.sessions.model import Author, Event, Person
from bot.slack.api.dump import Dump
from bot.store.database import Database
from tests import exports
from tests.cli.running import marginalia
from tests.databases import fresh_sqlite
from tests.examples import examples
from tests.exports import ADA, BEN, History, said

EVENT = Event(
    "20240101-book",
    "Book",
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 1, 7, 23, 59, 59, tzinfo=UTC),
    authors=(Author("Ada Author", "Ada Author", "U2ADA"),),
)
NOW = datetime(2024, 2, 1, tzinfo=UTC)
EXPECTED = [
    Entry(
        "Ben",
        "Why **books**?",
        (Entry("Ada Author", "They last, Ben."), Entry("Ben", "Thanks!")),
    ),
    Entry("Ben", "And films?"),
]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Makes empty databases, which last as long as the test."""
    made: list[Database] = []

    def make() -> Database:
        path = tmp_path / f"{len(made)}.db"
        fresh_sqlite(path)
        made.append(Database(f"sqlite:///{path}"))
        return made[-1]

    yield make
    for database in made:
        database.close()


def taken(database: Database, paths: Sequence[Path], channel: str = "bücher-der-woche") -> Tally:
    """One import of some exports."""
    dumps = [Dump.open(path) for path in paths]
    try:
        return importing(database, dumps, channel, [EVENT], NOW)
    finally:
        for dump in dumps:
            dump.close()


def archived(database: Database) -> list[Entry]:
    with database.reading() as uow:
        session = uow.sessions.by_event(EVENT.id)
        assert session is not None
        return list(export.entries(uow, session))


def votes(database: Database) -> set[tuple[str, str]]:
    with database.reading() as uow:
        session = uow.sessions.by_event(EVENT.id)
        assert session is not None
        return {(r.ts, r.user) for r in uow.reactions.of_session(session.id)}


@pytest.mark.slow
@pytest.mark.parametrize("shape", exports.SHAPES, ids=lambda shape: shape.__name__)
def test_every_shape_of_an_export_gives_the_same(
    shape: Callable[[Path, History], Path], tmp_path: Path, empty: Callable[[], Database]
) -> None:
    path = shape(tmp_path, exports.history())
    database = empty()
    channel = "bücher-der-woche"
    tally = taken(database, [path], channel)
    assert dict(tally.sessions[EVENT.id]) == {"questions": 2, "replies": 2, "orphans": 0}
    assert tally.problems == []
    assert not tally.damaged
    assert len(tally.notices) == 1
    assert archived(database) == EXPECTED
    assert votes(database) == {("1704280000.000002", "U2ADA")}
    assert taken(database, [path], "C0BOOK123").sessions == tally.sessions, "by its ID, again"
    assert archived(database) == EXPECTED


def test_one_file_is_an_export_too(tmp_path: Path, empty: Callable[[], Database]) -> None:
    past = exports.history()
    whole = exports.slackdump_dump(tmp_path, past) / "C0BOOK123.json"
    database = empty()
    tally = taken(database, [whole])
    assert [(e.name, len(e.replies)) for e in archived(database)] == [
        ("Unknown", 2),
        ("Unknown", 0),
    ]
    assert tally.unknown_people == {"U1BEN", "U2ADA"}


def test_without_a_list_of_members_names_come_from_messages_and_from_slack(
    tmp_path: Path, empty: Callable[[], Database]
) -> None:
    past = exports.history()
    past.messages[0]["user_profile"] = {"display_name": "", "real_name": "Ben R.", "name": "ben"}
    files = past.files()
    del files["users.json"]
    path = exports.folder(tmp_path / "nobody", files)
    asked = []

    def lookup(user: str) -> Person | None:
        asked.append(user)
        return Person(user, "Ada Author")

    database = empty()
    with closing(Dump.open(path)) as dump:
        tally = importing(database, [dump], past.channel, [EVENT], NOW, lookup=lookup)
    assert {e.name for thread in archived(database) for e in (thread, *thread.replies)} == {
        "Ben R.",
        "Ada Author",
    }
    assert asked == ["U2ADA"]
    assert not tally.unknown_people


def test_a_channel_that_no_list_has_is_found_by_its_folder(
    tmp_path: Path, empty: Callable[[], Database]
) -> None:
    past = exports.history()
    files = past.files()
    del files["channels.json"]
    path = exports.folder(tmp_path / "unlisted", files)
    database = empty()
    taken(database, [path])
    assert archived(database) == EXPECTED
    by_id = exports.folder(tmp_path / "by-id", past.files("C0BOOK123") | {"channels.json": []})
    taken(other := empty(), [by_id], "C0BOOK123")
    assert archived(other) == EXPECTED


def test_a_channel_that_was_renamed_is_found_by_the_notice_in_it(
    tmp_path: Path, empty: Callable[[], Database]
) -> None:
    past = exports.history()
    past.messages.append(
        {
            "type": "message",
            "subtype": "channel_name",
            "user": "U1BEN",
            "ts": "1704270000.000001",
            "old_name": "old-books",
            "name": past.channel,
            "text": "renamed",
        }
    )
    path = exports.folder(tmp_path / "renamed", past.files("old-books"))
    for name in (past.channel, "old-books", past.channel_id):
        database = empty()
        taken(database, [path], name)
        assert archived(database) == EXPECTED, name


def test_two_workspaces_with_a_channel_of_one_name_are_told_apart(
    tmp_path: Path, empty: Callable[[], Database]
) -> None:
    past = exports.history()
    files = past.files()
    files["org_users.json"] = files.pop("users.json")
    twin = {"id": "C0TWIN777", "name": past.channel}
    text = [said("U1BEN", "1704190000.000003", "The other workspace.")]
    files |= {"teams/x/channels.json": [twin], f"teams/x/{past.channel}/2024-01-02.json": text}
    path = exports.folder(tmp_path / "grid", files)
    with pytest.raises(UserError, match=r"several channels are called .*C0BOOK123, C0TWIN777"):
        taken(empty(), [path])
    taken(mine := empty(), [path], "C0BOOK123")
    assert archived(mine) == EXPECTED
    taken(theirs := empty(), [path], "C0TWIN777")
    assert archived(theirs) == [Entry("Ben", "The other workspace.")]


def test_a_channel_without_messages_is_no_success(
    tmp_path: Path, empty: Callable[[], Database]
) -> None:
    past = exports.history()
    gone = exports.folder(tmp_path / "gone", past.files("something-else"))
    with pytest.raises(
        UserError, match=r"no folder is called .*There are: general, something-else"
    ):
        taken(empty(), [gone])
    with pytest.raises(UserError, match="has no channel `x`; there are: bücher-der-woche, general"):
        taken(empty(), [gone], "x")


# What cannot be read


def damaged(path: Path, change: Callable[[bytearray], None]) -> Path:
    """A zip of the history in which bytes are changed."""
    target = exports.slack_zip(path, exports.history())
    raw = bytearray(target.read_bytes())
    change(raw)
    target.write_bytes(bytes(raw))
    return target


def each_header(raw: bytearray, name: bytes, change: Callable[[bytearray, int, int], None]) -> None:
    """Calls `change(raw, offset, kind)` for both headers of each member whose name has `name`."""
    for kind, (mark, length, at) in enumerate(((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46))):
        found = raw.find(mark)
        while found >= 0:
            size = int.from_bytes(raw[found + length : found + length + 2], "little")
            if name in raw[found + at : found + at + size]:
                change(raw, found, kind)
            found = raw.find(mark, found + 4)


def unknown_method(name: bytes) -> Callable[[bytearray], None]:
    def set_method(raw: bytearray, at: int, kind: int) -> None:
        raw[at + (8, 10)[kind]] = 9

    return lambda raw: each_header(raw, name, set_method)


def encrypted(raw: bytearray) -> None:
    def set_flag(raw: bytearray, at: int, kind: int) -> None:
        raw[at + (6, 8)[kind]] |= 1

    each_header(raw, b"2024-01-03", set_flag)


def broken(raw: bytearray) -> None:
    def garble(raw: bytearray, at: int, kind: int) -> None:
        if kind == 0:
            start = at + 30 + int.from_bytes(raw[at + 26 : at + 28], "little")
            raw[start : start + 8] = b"\xff" * 8

    each_header(raw, b"2024-01-03", garble)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (unknown_method(b"2024-01-03"), "Deflate64, as Windows packs what is over 2 GB"),
        (encrypted, "it is encrypted; unpack the zip with its password"),
        (broken, "it is damaged"),
    ],
    ids=["method", "encrypted", "broken"],
)
def test_a_member_that_cannot_be_read_is_said_and_the_rest_imported(
    change: Callable[[bytearray], None],
    why: str,
    tmp_path: Path,
    empty: Callable[[], Database],
) -> None:
    database = empty()
    tally = taken(database, [damaged(tmp_path, change)])
    assert tally.damaged
    (problem,) = tally.problems
    assert problem.startswith("bücher-der-woche/2024-01-03.json: cannot be read, left out: ")
    assert why in problem
    assert [thread.text for thread in archived(database)] == ["Why **books**?"]


@examples(25)
@given(st.floats(0, 1), st.booleans())
def test_a_zip_that_is_cut_off_gives_what_is_whole_in_it(
    tmp_path: Path, share: float, descriptors: bool
) -> None:
    past = exports.history()
    path = tmp_path / "cut.zip"
    if descriptors:
        # As one that was written while it was downloaded: sizes follow the members.
        with path.open("wb") as file, zipfile.ZipFile(Unseekable(file), "w", 8) as archive:
            for name, data in past.files().items():
                archive.writestr(name, exports.encoded(data))
    else:
        exports.zipped(path, past.files())
    whole = path.read_bytes()
    end = int(share * whole.rindex(b"PK\x05\x06"))
    path.write_bytes(whole[:end])
    dump = opened(path)
    if dump is None:
        assert end < whole.find(b"general/") + 700
        return
    assert dump.damaged
    assert dump.problems[0].startswith("cut.zip: the zip is cut off or damaged")
    read = [m for c in dump.channels if c.name == past.channel for p in parts(dump, c) for m in p]
    days = [message for day in past.days().values() for message in day]
    assert read == days[: len(read)]


def opened(path: Path) -> Dump | None:
    """An export, None for what is none."""
    try:
        return Dump.open(path)
    except UserError:
        return None


class Unseekable:
    """A stream that a zip is written to without going back."""

    def __init__(self, file: Any):
        self.write, self.flush = file.write, file.flush


def parts(dump: Dump, channel: Any) -> Iterator[list[Any]]:
    try:
        found = dump.parts(channel)
    except UserError:
        return
    for part in found:
        yield [dict(message) for message in part.read()]


def test_the_exit_code_says_whether_all_was_read_and_anything_found(tmp_path: Path) -> None:
    (tmp_path / "schedules").mkdir()
    schedule = tmp_path / "schedules" / "20240101-book.md"
    text = "---\ntitle: B\nstart: {}-01 00:00:00\nend: {}-07 23:59:59\nauthors: [Ada]\n---\nText.\n"
    schedule.write_text(text.format("2024-01", "2024-01"))
    exports.folder(tmp_path / "whole", exports.history().files())
    damaged(tmp_path, unknown_method(b"2024-01-03"))
    nothing = tmp_path / "nothing.zip"
    exports.zipped(nothing, exports.history().files())
    raw = bytearray(nothing.read_bytes())
    unknown_method(b"")(raw)
    nothing.write_bytes(bytes(raw))

    def run(*names: str) -> tuple[int, str, list[str]]:
        done = marginalia(
            "import", *names, "--channel", "bücher-der-woche", "--dry-run", cwd=tmp_path
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr.strip().splitlines()

    code, out, errors = run("whole", "slack.zip")
    assert (code, out.splitlines()[0]) == (2, "20240101-book: 2 questions, 2 replies")
    assert "Deflate64" in out
    assert len(errors) == 1
    assert "could not be read" in errors[0]
    code, out, errors = run("nothing.zip")
    assert (code, len(out.splitlines()), len(errors)) == (2, 2, 1)
    assert "users.json and 4 more: cannot be read, left out: it is compressed with" in errors[0]
    schedule.write_text(text.format("2023-06", "2023-06"))
    code, out, errors = run("whole")
    assert code == 2
    assert len(errors) == 1
    assert "no message of `bücher-der-woche` was posted during 20240101-book" in errors[0]
    assert "covers 2024-01-02 to 2024-01-03" in errors[0]


# Several exports of one channel


def at_three_times() -> list[History]:
    """The same channel, exported three times: what changed shows in each."""
    first, second, third = "1704190000.000001", "1704280000.000002", "1704280900.000002"
    renamed = {**BEN, "profile": {"display_name": "Benjamin"}}
    gone = {
        "type": "message",
        "subtype": "tombstone",
        "user": "USLACKBOT",
        "ts": second,
        "thread_ts": second,
        "text": "This message was deleted.",
    }
    edited = {"user": "U1BEN", "ts": "1704200000.000000"}
    plus = [{"name": "+1", "users": ["U2ADA"], "count": 1}]
    answer = said("U2ADA", "1704280100.000001", "Because.", second)
    return [
        History(
            [
                said("U1BEN", first, "Whyy?", first),
                said("U1BEN", second, "And?", second, reactions=plus),
                answer,
            ],
            users=[BEN, ADA],
        ),
        History(
            [
                said("U1BEN", first, "Why?", first, edited=edited, reactions=plus),
                said("U2ADA", "1704190005.000001", "So.", first),
                said("U1BEN", third, "Gone later", reactions=plus),
                gone,
                answer,
            ],
            users=[renamed],
        ),
        History(
            [
                said("U1BEN", first, "Why?", first, edited=edited, files=[]),
                said("U2ADA", "1704190005.000001", "So.", first),
                said("U2ADA", "1704290000.000001", "And so.", first),
                said("U7NEW", "1704290009.000001", "Hi"),
            ],
            users=[renamed, ADA, {"id": "U7NEW", "name": "newbie"}],
        ),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_exports_over_time_give_one_result_in_any_order(
    order: tuple[int, ...], together: bool, tmp_path: Path, empty: Callable[[], Database]
) -> None:
    past = at_three_times()
    shapes = [exports.plain_folder, exports.chunks, exports.threads_apart]
    paths = [
        shape(tmp_path / str(n), made)
        for n, (shape, made) in enumerate(zip(shapes, past, strict=True))
    ]
    database = empty()
    if together:
        taken(database, [paths[n] for n in order])
    else:
        for n in order:
            taken(database, [paths[n]])
    assert archived(database) == [
        Entry("Benjamin", "Why?", (Entry("Ada Author", "So."), Entry("Ada Author", "And so."))),
        Entry("Anonymous", export.DELETED, (Entry("Ada Author", "Because."),)),
        Entry("Benjamin", "Gone later"),
        Entry("newbie", "Hi"),
    ]
    assert votes(database) == {("1704280900.000002", "U2ADA")}


# What was reported of other importers


def as_told(case: dict[str, Any], path: Path) -> Path:
    """The export that a reported case has, or describes."""
    if isinstance(case["input"], dict):
        return exports.folder(path / "export", case["input"])
    short = History(exports.history().messages[:2])
    files = short.files()
    match case["id"]:
        case "i01":
            return exports.zipped(path / "export.zip", files, flag=False)
        case "i05":
            files["org_users.json"] = files.pop("users.json")
            return exports.zipped(path / "export.zip", files)
        case _:
            target = exports.zipped(path / "export.zip", files)
            raw = bytearray(target.read_bytes())
            unknown_method(b"2024")(raw)
            target.write_bytes(bytes(raw))
            return target


@pytest.mark.parametrize(
    ("case", "questions", "replies"),
    [
        *(("i01", 1, 1), ("i05", 1, 1), ("i10", 1, 1), ("i23", 1, 1), ("i29", 1, 1)),
        *(("i11", 1, 1), ("i12", 0, 0), ("i14", 2, 1)),
    ],
)
def test_what_was_reported_of_other_importers_is_right_here(
    case: str,
    questions: int,
    replies: int,
    reported: dict[str, dict[str, Any]],
    tmp_path: Path,
    empty: Callable[[], Database],
) -> None:
    database = empty()
    path = as_told(reported[case], tmp_path)
    channel = "book-of-the-week" if path.name == "export" else "bücher-der-woche"
    tally = taken(database, [path], channel)
    count = tally.sessions[EVENT.id]
    assert (count["questions"], count["replies"], count["orphans"]) == (questions, replies, 0)
    assert tally.problems == []
    if case == "i10":
        assert archived(database) == [
            Entry("Anonymous", export.DELETED, (Entry("Ada Author", "A"),))
        ]
    if case == "i12":
        assert (len(tally.notices), tally.unknown_people) == (1, set())
    if case == "i14":
        assert archived(database)[1] == Entry("Ada Author", "It is a ROC curve.")


def test_a_method_that_nobody_can_unpack_is_said(
    reported: dict[str, dict[str, Any]], tmp_path: Path, empty: Callable[[], Database]
) -> None:
    tally = taken(empty(), [as_told(reported["i07"], tmp_path)])
    assert tally.damaged
    assert tally.is_empty
    (problem,) = tally.problems
    assert "Deflate64" in problem
