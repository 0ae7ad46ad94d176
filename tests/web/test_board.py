"""Boards: what they show and to whom, and how those who look are told of changes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.services import boards
from bot.sessions.model import Author, Handled, Handling, Hidden, Person, Reaction, Session, State
from bot.sessions.ports import UnitOfWork
from bot.settings import Settings
from bot.store.database import Database
from bot.web.board import drawn, hub
from bot.web.board.model import Question, Reply
from tests.store.builders import event, later, question, reply
from tests.web.conftest import Command

BOOK = "20260105-a-book"
TEXTS = boards.Texts()
"""Kept from test to test: what is kept must never be what is shown of something else."""
SECRET = "xoxb-of-this-test"


def ts(number: int) -> str:
    return f"17676000{number:02}.000100"


def no_link(channel: str, ts: str) -> str:
    return ""


def fill(uow: UnitOfWork) -> Session:
    """A session with two questions: `ts(1)` was answered, by the author, at `ts(2)`."""
    planned = event(authors=(Author("Ana Lima", "Ana Lima", "U2"),))
    session = uow.sessions.add(planned, "C1")
    session.state, session.announcement_ts = State.OPEN, ts(0)
    uow.sessions.save(session)
    for slack_id, name in (("U1", "Wendy Wu"), ("U2", "Ana Lima"), ("U3", "Max Moor")):
        uow.people.put(Person(slack_id, name))
    uow.messages.put(question(session.id, ts(1), "Why *two*?", author="U1"))
    uow.messages.put(reply(session.id, ts(2), ts(1), author="U2"))
    uow.messages.put(question(session.id, ts(3), "And &lt;b&gt;then&lt;/b&gt;?", author="U3"))
    return session


def shown(database: Database) -> list[Question]:
    with database.reading() as uow:
        session = uow.sessions.by_event(BOOK)
        assert session is not None
        return boards.questions(uow, session, ("+1", "arrow_up"), no_link, TEXTS)


def changed(database: Database, what: Callable[[UnitOfWork], Any]) -> bool:
    """Does something; whether the marker of the board noticed."""

    def marker() -> str | None:
        with database.reading() as uow:
            return uow.boards.marker(1)

    before = marker()
    with database.unit_of_work() as uow:
        what(uow)
    return marker() != before


@pytest.fixture
def filled(database: Database) -> Database:
    with database.unit_of_work() as uow:
        session = fill(uow)
        uow.boards.open(session.id, "nonce", later(0))
    return database


def test_questions_with_their_answers(filled: Database) -> None:
    first, second = shown(filled)
    assert (first.name, first.text) == ("Wendy Wu", "Why **two**?")
    assert first.replies == (Reply("Ana Lima", "So.", by_author=True),)
    assert first.answered_by == ("Ana Lima",)
    assert (second.name, second.answered_by, second.votes) == ("Max Moor", (), 0)


def test_a_question_that_is_answered_elsewhere_does_not_wait(filled: Database) -> None:
    def said(how: Handled) -> Callable[[UnitOfWork], None]:
        return lambda uow: uow.members.handle(Handling("C1", ts(3), how, "U2", later(9)))

    assert changed(filled, said(Handled.SKIPPED))
    assert shown(filled)[1].answered_by == ()
    assert changed(filled, said(Handled.ELSEWHERE))
    assert shown(filled)[1].answered_by == ("Ana Lima",)
    assert changed(filled, lambda uow: uow.members.unhandle("C1", ts(3)))
    assert shown(filled)[1].answered_by == ()


def test_what_nobody_may_see_is_gone(filled: Database) -> None:
    with filled.unit_of_work() as uow:
        uow.messages.put(question(1, ts(5), "Thank you!", author="U2"))
        uow.messages.put(question(1, ts(6), "hide me"))
        uow.messages.put(question(1, ts(7), "withdraw me"))
        uow.messages.put(question(1, ts(8), "delete me"))
        uow.messages.put(reply(1, ts(9), ts(8), author="U2"))
    assert len(shown(filled)) == 5, "the thread of an author is no question"
    with filled.unit_of_work() as uow:
        uow.messages.set_hidden("C1", ts(6), Hidden.MODERATED, True)
        uow.messages.set_hidden("C1", ts(7), Hidden.WITHDRAWN, True)
        uow.messages.set_hidden("C1", ts(2), Hidden.MODERATED, True)
        uow.messages.delete("C1", ts(8), 1, later(9))
    left = shown(filled)
    assert [each.name for each in left] == ["Wendy Wu", "Max Moor"]
    assert left[0].answered_by == (), "a hidden answer is none"
    assert left[0].replies == ()


def test_names_are_as_people_want_them(filled: Database) -> None:
    with filled.unit_of_work() as uow:
        uow.people.set_privacy("U1", "left_out")
        uow.people.set_privacy("U3", "first_name")
        uow.people.set_privacy("U2", "first_name")
    first, second = shown(filled)
    assert (first.name, second.name, first.answered_by) == ("Anonymous", "Max", ("Ana",))


def test_names_in_texts_are_as_people_want_them(filled: Database) -> None:
    with filled.unit_of_work() as uow:
        uow.messages.put(question(1, ts(40), "What would <@U3> say?"))
    assert shown(filled)[-1].text == "What would Max Moor say?"
    with filled.unit_of_work() as uow:
        uow.people.set_privacy("U3", "left_out")
    assert shown(filled)[-1].text == "What would Anonymous say?"


def test_votes_are_people_and_never_the_asker(filled: Database) -> None:
    with filled.unit_of_work() as uow:
        for name, user in (
            ("+1", "U1"),  # the asker
            ("+1", "U3"),
            ("arrow_up", "U3"),
            ("+1::skin-tone-3", "U4"),
            ("heart", "U5"),
        ):
            uow.reactions.add(Reaction("C1", ts(1), name, user))
        uow.messages.set_question("C1", ts(3), ts(1), corrected=True)
        uow.reactions.add(Reaction("C1", ts(3), "+1", "U6"))
    (only,) = shown(filled)
    assert only.votes == 3, "U3, U4, and U6 who voted for what was merged"


def test_the_marker_changes_with_all_that_is_shown(filled: Database) -> None:
    assert not changed(filled, lambda uow: uow.people.put(Person("U9", "Somebody Else")))
    for what in (
        lambda uow: uow.messages.put(question(1, ts(20))),
        lambda uow: uow.messages.put(question(1, ts(20), "Corrected", edited_ts=ts(21))),
        lambda uow: uow.messages.delete("C1", ts(20), 1, later(1)),
        lambda uow: uow.messages.set_hidden("C1", ts(3), Hidden.MODERATED, True),
        lambda uow: uow.messages.set_hidden("C1", ts(3), Hidden.MODERATED, False),
        lambda uow: uow.reactions.add(Reaction("C1", ts(3), "+1", "U5")),
        lambda uow: uow.reactions.remove(Reaction("C1", ts(3), "+1", "U5")),
        lambda uow: uow.people.set_privacy("U1", "left_out"),
        lambda uow: uow.people.put(Person("U3", "Max M.")),
        lambda uow: uow.messages.set_question("C1", ts(3), ts(1), corrected=True),
        lambda uow: uow.boards.revoke(1),
    ):
        assert changed(filled, what)


def test_a_board_is_private_until_it_is_shared_and_revocable(filled: Database) -> None:
    settings = Settings(_env_file=None, SLACK_BOT_TOKEN=SECRET, board_port=8770, board_url="")

    def opens(link: str, secret: str = SECRET) -> int | None:
        with filled.reading() as uow:
            return boards.opened_by(uow, secret, link.rpartition("/")[2])

    with filled.unit_of_work() as uow:
        uow.boards.revoke(1)
    assert opens(boards.key_of(SECRET, 1, "nonce")) is None
    with filled.unit_of_work() as uow:
        link = boards.share(settings, uow, 1, later(1))
        assert boards.share(settings, uow, 1, later(2)) == link, "it can be shown again"
    assert link.startswith("http://127.0.0.1:8770/board/1-")
    assert opens(link) == 1
    assert opens(link, "xoxb-another") is None
    assert opens(link[:-1] + ("A" if link[-1] != "A" else "B")) is None
    assert opens(link.replace("/1-", "/2-")) is None
    with filled.reading() as uow:
        assert SECRET not in str(uow.boards.nonce(1))
        assert link.rpartition("-")[2] not in str(uow.boards.nonce(1))
    with filled.unit_of_work() as uow:
        assert uow.boards.revoke(1)
        assert not uow.boards.revoke(1)
    assert opens(link) is None
    with filled.unit_of_work() as uow:
        assert boards.share(settings, uow, 1, later(3)) != link


# Those who look


@pytest.fixture
def sqlite(sqlite_url: str) -> Database:
    found = Database(sqlite_url)
    with found.unit_of_work() as uow:
        session = fill(uow)
        uow.boards.open(session.id, "nonce", later(0))
    return found


@pytest.fixture
async def served(sqlite: Database) -> AsyncIterator[tuple[hub.Hub, Starlette]]:
    settings = Settings(_env_file=None, SLACK_BOT_TOKEN=SECRET, board_url="https://b.example")
    live, app = boards.application(settings, sqlite, no_link)
    live._interval = 0.01
    yield live, app
    await live.close()
    sqlite.close()


def told(message: bytes) -> tuple[str, dict[str, Any]]:
    lines = dict(line.split(": ", 1) for line in message.decode().strip().splitlines())
    return lines["event"], json.loads(lines["data"])


async def test_a_change_is_told_once_drawn(
    served: tuple[hub.Hub, Starlette], sqlite: Database
) -> None:
    live, _ = served
    page = await live.board(1)
    assert page is not None
    feed = await live.watch(1, page.version)
    assert await anext(feed) == hub.RETRY
    with sqlite.unit_of_work() as uow:
        uow.messages.put(question(1, ts(30), "&lt;script&gt;alert(1)&lt;/script&gt;"))
        uow.messages.delete("C1", ts(3), 1, later(1))
    kind, data = told(await anext(feed))
    assert kind == "change"
    assert data["gone"] == [ts(3).replace(".", "-")]
    assert data["counts"] == "2 questions, 1 answered"
    (html,) = data["put"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    # Who comes back with what they showed is told what they missed; who shows something
    # else, everything.
    again = await live.watch(1, page.version)
    assert await anext(again) == hub.RETRY
    assert told(await anext(again)) == (kind, data)
    stranger = await live.watch(1, "something else")
    assert await anext(stranger) == hub.RETRY
    kind, data = told(await anext(stranger))
    assert kind == "whole"
    assert len(data["all"]) == 2
    with sqlite.unit_of_work() as uow:
        uow.boards.revoke(1)
    assert told(await anext(feed)) == ("gone", {})
    with pytest.raises(StopAsyncIteration):
        await anext(feed)


async def test_who_is_too_slow_is_dropped(
    served: tuple[hub.Hub, Starlette], sqlite: Database
) -> None:
    live, _ = served
    page = await live.board(1)
    assert page is not None
    slow = await live.watch(1, page.version)
    await anext(slow)
    board = live._boards[1]
    for number in range(hub.MAX_WAITING_MESSAGES + 1):
        with sqlite.unit_of_work() as uow:
            uow.messages.put(question(1, f"17677{number:05}.000100"))
        await board.look()
    with pytest.raises(StopAsyncIteration):
        await anext(slow)
    assert live.viewers == 0
    fast = await live.watch(1, page.version)
    assert await anext(fast) == hub.RETRY
    assert told(await anext(fast))[0] == "change", "the browser comes back for what it missed"


def test_every_replica_gives_a_board_the_same_version(sqlite: Database) -> None:
    def draw() -> drawn.Drawn:
        with sqlite.reading() as uow:
            session = uow.sessions.get(1)
            assert session is not None
            return drawn.draw(boards.read(uow, session, (), no_link))

    assert draw().version == draw().version


async def test_only_the_link_opens_anything(served: tuple[hub.Hub, Starlette]) -> None:
    _, app = served
    key = boards.key_of(SECRET, 1, "nonce")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://b.example"
    ) as client:
        page = await client.get(f"/board/{key}")
        assert page.status_code == 200
        assert "And &lt;b&gt;then&lt;/b&gt;?" in page.text
        assert page.headers["content-encoding"] == "gzip"
        for name, value in (
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-robots-tag", "noindex, nofollow"),
        ):
            assert page.headers[name] == value
        assert "'unsafe" not in page.headers["content-security-policy"]
        first, second = ("Why", "And &lt;b&gt;")
        assert page.text.index(first) < page.text.index(second)
        newest = (await client.get(f"/board/{key}?by=time")).text
        assert newest.index(first) > newest.index(second)
        code = await client.get(f"/board/{key}/qr.svg")
        assert code.headers["content-type"] == "image/svg+xml"
        for wrong in ("1", f"{key}x", f"1-{'A' * 22}", f"2-{key[2:]}", "../etc"):
            assert (await client.get(f"/board/{wrong}")).status_code == 404
            assert (await client.get(f"/board/{wrong}/qr.svg")).status_code == 404
            # An EventSource that is told 204 does not come back.
            events = await client.get(f"/board/{wrong}/events")
            assert events.status_code in (204, 404)
        assert (await client.get("/assets/look.css")).status_code == 200
        assert (await client.get("/assets/../look.py")).status_code == 404
        for path, root in (("/", ""), ("/boards/x/y", "../../")):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert "Ask the organizers" in answer.text
            assert f'href="{root}assets/look.css"' in answer.text


# The command


def test_the_command_prints_and_revokes_the_link(
    marginalia: Command,
    tmp_path: Path,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "schedules").mkdir()
    database = Database(sqlite_url)
    with database.unit_of_work() as uow:
        fill(uow)
    database.close()
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("SLACK_BOT_TOKEN", SECRET)
    assert marginalia("board", "a-book") == 2
    assert "MARGINALIA_BOARD_PORT" in capsys.readouterr().err
    monkeypatch.setenv("MARGINALIA_BOARD_URL", "https://board.example.org/")
    assert marginalia("board", "a-book") == 0
    link = capsys.readouterr().out
    assert link.startswith("https://board.example.org/board/1-")
    assert marginalia("board", "a-book", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"event": BOOK, "link": link.strip()}
    assert marginalia("board", "a-book", "--revoke") == 0
    assert "no longer works" in capsys.readouterr().out
    assert marginalia("board", "a-book", "--revoke") == 0
    assert "no board" in capsys.readouterr().out
    assert marginalia("board", "a-book") == 0
    assert capsys.readouterr().out != link
    monkeypatch.setenv("MARGINALIA_BOARD_URL", "board.example.org")
    assert marginalia("board", "a-book") == 2
    assert "MARGINALIA_BOARD_URL" in capsys.readouterr().err
