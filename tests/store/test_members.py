"""What members do beside writing, as it is stored."""

from __future__ import annotations

from bot.store.database import Database
from tests.store.builders import T0


def test_the_page_that_is_looked_at_is_kept_for_each_list(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.members.turn("U1", "mine", 2)
        uow.members.turn("U1", "queue 7", 3)
        uow.members.turn("U2", "mine", 9)
        uow.members.turn("U1", "mine", 4)
    with database.reading() as uow:
        assert uow.members.pages("U1") == {"mine": 4, "queue 7": 3}
        assert uow.members.pages("U3") == {}


def test_who_is_forgotten_looks_at_nothing(database: Database) -> None:
    with database.unit_of_work() as uow:
        for person in ("U1", "U2"):
            uow.members.opened_home(person, T0)
            uow.members.turn(person, "mine", 2)
        uow.members.anonymise("U1")
    with database.reading() as uow:
        assert uow.members.viewers(T0) == ["U2"]
        assert uow.members.pages("U1") == {}
        assert uow.members.pages("U2") == {"mine": 2}
