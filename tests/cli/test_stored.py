"""What commands share that need the database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.cli.stored import open_database
from bot.errors import UserError
from bot.settings import Settings
from bot.store.database import Database


def test_a_database_that_goes_away_during_a_command_is_one_line(database_url: str) -> None:
    def use() -> None:
        with open_database(Settings(database_url=database_url)) as database:
            take_away(database)

    def take_away(database: Database) -> None:
        if database.shared:
            with database.engine.connect() as connection:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        else:
            Path(str(make_url(database_url).database)).unlink()
            with database.reading() as uow:
                uow.sessions.all()

    with pytest.raises(UserError, match=r"^the database .* cannot be used: [^\n]*$"):
        use()
