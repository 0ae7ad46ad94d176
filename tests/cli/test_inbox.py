"""`marginalia inbox`: what could not be handled, listed, tried again or dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.errors import UserError
from bot.store.database import Database

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with two parked envelopes, which the settings name."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARGINALIA_DATABASE_URL", url)
    database = Database(url)
    database.upgrade()
    with database.unit_of_work() as uow:
        uow.inbox.add(
            [
                ("Ev1", {"event": {"type": "message", "subtype": "\x1b[31mred"}}),
                ("Ev2", {"event": [1]}),
            ],
            NOW,
        )
        for envelope in uow.inbox.claim(10, NOW):
            uow.inbox.failed(envelope.id, f"malformed: number {envelope.id}\nand more", None)
    return database


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["inbox", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_parked_envelopes_are_listed_on_a_line_each(database: Database) -> None:
    shown = run()
    assert "malformed: number 1 and more" in shown
    assert "2 requests are parked, 0 are waiting." in shown
    assert "\x1b" not in shown
    assert run("list") == shown
    whole = json.loads(run("list", "--json"))
    assert [(e["id"], e["key"]) for e in whole["parked"]] == [(1, "Ev1"), (2, "Ev2")]
    assert json.loads(run("--json")) == whole


def test_one_is_tried_again_and_one_is_dropped(database: Database) -> None:
    run("retry", "1")
    run("drop", "2")
    with database.reading() as uow:
        assert uow.inbox.listed() == []
        assert uow.inbox.depth() == 1
    with pytest.raises(UserError, match="there is no parked request 2; parked requests: none"):
        run("drop", "2")
