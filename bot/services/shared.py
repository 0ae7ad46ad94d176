"""What the use cases of a running bot have in common."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.notices import Notices
from bot.services.schedules import Schedules
from bot.sessions.ports import Clock
from bot.settings import Settings
from bot.slack.edge import Edge
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Shared:
    """What the use cases of a running bot work with. `clock` is the time of its sessions."""

    settings: Settings
    database: Database
    clock: Clock
    schedules: Schedules
    edge: Edge
    notices: Notices
