"""`marginalia outbox`: messages queued for Slack, listed, tried again or dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.errors import UserError
from bot.sessions.model import Event, State, Submission
from bot.sessions.ports import Outgoing
from bot.slack.notifier import SlackNotifier, question_key
from bot.store.database import Database

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """An archived channel with two messages, one that waits alone, one that was given up."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", url)
    database = Database(url)
    database.upgrade()
    with database.unit_of_work() as uow:
        for key, channel in (
            ("session 1 announcement", "C1"),
            ("session 1 announcement pin", "C1"),
            ("session 2 announcement", "C2"),
            ("session 3 close", "C3"),
        ):
            payload = {"channel": channel, "text": "Hello\x1b[31m"}
            uow.outbox.add(Outgoing(key, "chat.postMessage", payload, channel), NOW)
        uow.outbox.failed(1, "is_archived", NOW)
        uow.outbox.block("C1", "is_archived", NOW + timedelta(hours=1))
        uow.outbox.hold(3, "not\x1bknown", NOW + timedelta(hours=2))
        uow.outbox.failed(4, "invalid_blocks", None)
    return database


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["outbox", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_what_is_queued_is_listed_with_its_error_and_the_remedy(database: Database) -> None:
    shown = run()
    assert "pinning the announcement" in shown
    assert "is_archived: the channel is archived; unarchive it" in shown
    assert "invalid_blocks: Slack does not understand the request" in shown
    assert "0 queued, 3 waiting, 1 given up." in shown
    assert "2026-01-05 01:00:00" in shown
    assert "\x1b" not in shown
    assert run("list") == shown
    whole = json.loads(run("--json"))["queued"]
    assert [(e["id"], e["state"], e["error"]) for e in whole] == [
        (1, "waiting", "is_archived"),
        (2, "waiting", "is_archived"),
        (3, "waiting", "not\x1bknown"),
        (4, "given up", "invalid_blocks"),
    ]


def test_status_names_what_waits(database: Database) -> None:
    def status(*options: str) -> str:
        return CliRunner().invoke(app, ["status", *options], catch_exceptions=False).output

    assert "`marginalia outbox`" in (shown := status())
    assert "1 message waits, 1 was given up, 1 channel accepts no messages" in shown.replace(
        "\n", " "
    )
    whole = json.loads(status("--json"))
    assert (whole["held"], whole["failed"], whole["blocked_channels"]) == (1, 1, 1)


def test_one_is_tried_again_or_all_that_wait(database: Database) -> None:
    assert run("retry") == "3 messages are sent again\n"
    with database.reading() as uow:
        assert uow.outbox.troubles() == {}
        assert [r.key for r in uow.outbox.listed(("failed",))] == ["session 3 close"]
    assert json.loads(run("retry", "4", "--json")) == {"id": 4, "state": "retried"}
    with database.reading() as uow:
        assert uow.outbox.depth() == 4
    with pytest.raises(
        UserError, match="there is no waiting message 9; waiting messages: 1, 2, 3, 4"
    ):
        run("retry", "9")


def test_what_is_dropped_is_never_sent(database: Database) -> None:
    assert run("drop", "4") == "Message 4 was dropped.\n"
    with pytest.raises(UserError, match="there is no waiting message 4; waiting messages: 1, 2, 3"):
        run("drop", "4")
    with database.reading() as uow:
        row = uow.outbox.get("session 3 close")
    assert row is not None
    assert row.state == "dropped"


@pytest.mark.parametrize("is_unanswered", [False, True], ids=["", "Slack gave no answer"])
@pytest.mark.parametrize("asker", ["U0ASKER", "ANON0123456789"])
def test_a_question_that_is_dropped_goes_back_to_its_asker(
    database: Database, asker: str, is_unanswered: bool
) -> None:
    with database.unit_of_work() as uow:
        event = Event("e", "The Book", NOW, NOW + timedelta(days=9))
        session = uow.sessions.add(event, "C1")
        session.state = State.OPEN
        uow.sessions.save(session)
        submission = Submission("tok", session.id, asker, "Why <b>?", NOW, channel="C1")
        uow.members.submit(submission)
        uow.members.update_submission("tok", "owed")
        SlackNotifier().ask(uow, session, submission, NOW)
        row = uow.outbox.get(question_key("tok"))
        assert row is not None
        if is_unanswered:
            uow.outbox.unanswered(row.id, "Slack did not answer in time", NOW, NOW)
    said = run("drop", str(row.id))
    with database.reading() as uow:
        stored, back = uow.members.submission("tok"), uow.outbox.get("returned tok")
    assert stored is not None
    assert stored.state == "returned"
    if asker.startswith("U"):
        assert "by direct message" in said
        assert back is not None
        assert "Why <b>?" in json.dumps(back.payload["blocks"])
    else:
        assert "App Home" in said
        assert back is None
