"""Whose questions a session does not take, and from when until when."""

from __future__ import annotations

from bot.sessions.model import Mute
from bot.store.database import Database
from tests.store.builders import event, later


def test_a_mute_that_ended_still_covers_its_time(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = uow.sessions.add(event(), "C1").id
        assert uow.mutes.add(Mute(made, "U1", "U9", later(10)))
        assert not uow.mutes.add(Mute(made, "U1", "U9", later(11)))
        assert uow.mutes.remove(made, "U1", later(20))
        assert not uow.mutes.remove(made, "U1", later(21))
        assert uow.mutes.add(Mute(made, "U1", "U9", later(30)))
    with database.reading() as uow:
        covered = [n for n in range(5, 45, 5) if uow.mutes.covers(made, "U1", later(n))]
        assert covered == [10, 15, 30, 35, 40]
        assert not uow.mutes.covers(made, "U2", later(15))
        assert uow.mutes.any(made, {"U1"})
