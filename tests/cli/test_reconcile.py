"""`marginalia reconcile` by hand, in both of Slack's regimes, and what `status` says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.sessions import lifecycle
from bot.sessions.model import Event, Session, ts_of
from bot.slack import reconcile
from bot.slack.api import history
from bot.slack.notifier import SlackNotifier
from bot.store.database import Database
from slackbox.limits import Regime
from slackbox.server import Sandbox
from tests.in_thread import Aside, in_thread
from tests.processes import MANIFEST

CHANNEL = "book-of-the-week"
EVENT = "20260105-the-book"


@dataclass(slots=True)
class Desk:
    """Somebody at the command line, and a session that is open in the sandbox."""

    box: Aside[Sandbox]
    database: Database
    session_id: int
    people: list[str]
    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def types(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, what came out and what was said besides."""
        self.monkeypatch.setattr("sys.argv", ["marginalia", *arguments])
        with pytest.raises(SystemExit) as done:
            main()
        said = self.capsys.readouterr()
        return int(done.value.code or 0), said.out, said.err

    def ask(self, text: str, thread: str | None = None) -> str:
        def post(box: Sandbox) -> str:
            channel = box.workspace.channel(CHANNEL)
            return box.workspace.post(channel, text, user=self.people[0], thread_ts=thread).ts

        ts: str = self.box.do(post)
        return ts

    def live_in(self, regime: Regime) -> None:
        """Slack limits us from now on, and counts no call made before."""

        def limit(box: Sandbox) -> None:
            box.limits.reset()
            box.limits.regime = regime
            box.wire.clear()

        self.box.do(limit)

    def calls(self) -> list[dict[str, Any]]:
        """The answers to calls that read history."""
        entries: list[dict[str, Any]] = self.box.do(lambda box: box.wire.entries())
        read = ("conversations.history", "conversations.replies")
        return [e for e in entries if e["kind"] == "answer" and e.get("method") in read]

    def session(self) -> Session:
        with self.database.reading() as uow:
            session = uow.sessions.get(self.session_id)
        assert session is not None
        return session

    def texts(self) -> list[str]:
        with self.database.reading() as uow:
            return [m.content["text"] for m in uow.messages.of_session(self.session_id)]


@pytest.fixture
def desk(
    database: Database,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    monkeypatch.setattr(reconcile, "GRACE", timedelta(0))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schedules").mkdir()
    with in_thread(lambda: Sandbox(MANIFEST)) as box:
        env = box.do(lambda it: {"SLACK_BOT_TOKEN": it.bot_token, "SLACK_API_URL": it.api_url}) | {
            "MARGINALIA_DATABASE_URL": database_url
        }
        for name, value in env.items():
            monkeypatch.setenv(name, value)

        def enter(it: Sandbox) -> tuple[str, list[str]]:
            channel = it.workspace.channel(CHANNEL)
            it.workspace.join(channel, it.workspace.bot.user_id)
            reader = it.workspace.add_person("Reader").id
            it.workspace.join(channel, reader)
            return channel.id, [reader]

        channel, people = box.do(enter)
        now = datetime.now(UTC)
        with database.unit_of_work() as uow:
            event = Event(EVENT, "The Book", now - timedelta(minutes=1), now + timedelta(hours=1))
            session = lifecycle.plan(uow, SlackNotifier(), event, channel, now, timedelta(days=7))
            assert session is not None
            lifecycle.open_session(uow, SlackNotifier(), session, now)
        yield Desk(box, database, session.id, people, tmp_path, capsys, monkeypatch)


def test_an_app_of_our_own_reads_everything_and_says_what_it_did(desk: Desk) -> None:
    roots = [desk.ask(f"Question {number}?") for number in range(10)]
    for root in roots:
        desk.ask("An answer", root)
    desk.live_in("internal")
    code, out, err = desk.types("reconcile", "the-book")
    assert (code, err) == (0, "")
    assert "20 repaired, 0 deleted" in out
    assert len(desk.texts()) == 20
    assert [call["status"] for call in desk.calls()] == [200] * len(desk.calls())

    code, out, err = desk.types("reconcile", EVENT, "--json")
    assert (code, err) == (0, "")
    whole = json.loads(out)
    assert (whole["event"], whole["repaired"], whole["deleted"]) == (EVENT, 0, 0)
    assert whole["calls"] >= 11, "every thread was looked at"


@pytest.mark.slow
def test_an_app_of_others_reads_slowly_and_says_how_far_behind_it_is(desk: Desk) -> None:
    """Slack's minute is a tenth of a second here; it gives 15 messages a call."""
    asked = [desk.ask(f"Question {number}?") for number in range(20)]
    for number in (0, 1):
        desk.ask("An answer", asked[number])
    desk.live_in("restricted")
    desk.monkeypatch.setattr("slackbox.limits.MINUTE", 0.1)
    desk.monkeypatch.setattr(history, "RESTRICTED", history.Pace(1, 0.15, 15))
    desk.monkeypatch.setattr("bot.cli.reconcile.SLOW_CALL_SECONDS", 0.1)
    desk.monkeypatch.setenv("MARGINALIA_RATE_REGIME", "restricted")
    code, out, err = desk.types("reconcile", EVENT)
    assert code == 0
    assert "22 repaired, 0 deleted" in out
    assert len(desk.texts()) == 22
    answers = [call["body"] for call in desk.calls() if call["status"] == 200]
    assert max(len(body["messages"]) for body in answers) <= 15
    lines = err.splitlines()
    assert all(line.startswith(f"{EVENT}: ") for line in lines)
    assert "the channel has been read back to 20" in lines[0]
    assert "2 threads are still to be compared" in err
    assert len(lines) < len(answers) + 1


def test_what_slack_does_not_show_is_one_line(desk: Desk) -> None:
    def leave(box: Sandbox) -> None:
        channel = box.workspace.channel(CHANNEL)
        box.workspace.leave(channel, box.workspace.bot.user_id)

    desk.box.do(leave)
    code, out, err = desk.types("reconcile", EVENT)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert "not_in_channel" in line
    assert "check that the bot is in the channel" in line


def test_a_session_that_has_not_opened_is_one_line(desk: Desk) -> None:
    now = datetime.now(UTC)
    event = Event("20990101-later", "Later", now + timedelta(hours=1), now + timedelta(hours=2))
    with desk.database.unit_of_work() as uow:
        lifecycle.plan(uow, SlackNotifier(), event, "C0LATER", now, timedelta(days=7))
    code, _, err = desk.types("reconcile", "later")
    assert code == 2
    assert err == "marginalia: the session of `20990101-later` has not opened yet\n"


@pytest.mark.slow
def test_status_says_how_far_behind_the_comparison_is(desk: Desk) -> None:
    def status() -> tuple[dict[str, Any], str]:
        (row,) = json.loads(desk.types("status", "--json")[1])["events"]
        return row, desk.types("status")[1]

    row, table = status()
    assert (row["watched"], row["reconciled_until"], row["reconcile_age"]) == (True, None, None)
    assert f"{EVENT} is behind: not yet compared with Slack's history" in table

    assert desk.types("reconcile", EVENT)[0] == 0
    row, table = status()
    assert 0 <= row["reconcile_age"] < 100
    assert datetime.now(UTC) - datetime.fromisoformat(row["reconciled_until"]) < timedelta(100)
    assert "behind" not in table
    assert " s ago" in table

    long_ago = datetime.now(UTC) - timedelta(hours=5)
    with desk.database.unit_of_work() as uow:
        session = uow.sessions.get(desk.session_id)
        assert session is not None
        session.reconciled_ts = ts_of(long_ago)
        uow.sessions.save(session)
    row, table = status()
    assert 5 * 3600 <= row["reconcile_age"] < 6 * 3600
    assert "5 h ago" in table
    assert f"{EVENT} is behind: compared with Slack's history up to {long_ago:%Y-%m-%d %H:%M}" in (
        table
    )

    with desk.database.unit_of_work() as uow:
        session = uow.sessions.get(desk.session_id)
        assert session is not None
        lifecycle.close_session(uow, SlackNotifier(), session, long_ago - timedelta(days=9))
    row, table = status()
    assert row["watched"] is False
    assert "behind" not in table
