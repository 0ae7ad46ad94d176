"""What commands share that look at stored sessions: the database, the schedules, one session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import UserError
from bot.library import formats
from bot.library.library import Library, load
from bot.library.people import Members
from bot.sessions.model import Session
from bot.sessions.ports import UnitOfWork
from bot.settings import Settings
from bot.store.database import Database
from bot.texts import _


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database of the settings, upgraded, closed when the block ends.

    Raises UserError, one line, where it cannot be used, also when it goes away meanwhile.
    """
    database = Database(settings.database_url)
    try:
        database.upgrade()
        with database.explained():
            yield database
    finally:
        database.close()


@contextmanager
def known_members(settings: Settings) -> Iterator[Members | None]:
    """Finds members by name as the bot knows them; None where no database can be asked.

    Nothing is made or upgraded: files are also checked where no bot has ever run.
    """
    try:
        database = Database(settings.database_url)
    except UserError:
        yield None
        return
    try:
        with ExitStack() as stack:
            find: Members | None = None
            try:
                uow = stack.enter_context(database.reading())
                if uow.member_names.last_listing() is not None:
                    find = uow.member_names.find
            except SQLAlchemyError:
                stack.pop_all()  # what could not be read from is closed with the database
            yield find
    finally:
        database.close()


def read_library(settings: Settings) -> Library:
    """The schedules as they are now."""
    return load(
        settings.schedules,
        default_channel=settings.channel,
        timezone=settings.timezone,
        now=datetime.now(UTC),
    )


def session_of(uow: UnitOfWork, library: Library, part: str) -> Session:
    """The session of an event given by its id or an unambiguous part of it.

    Raises UserError, one line, where that fits none or several, or there is no session.
    """
    wanted = part.removesuffix(formats.of(Path(part)).suffix)
    stored = {s.event.id: s for s in uow.sessions.all()}
    fitting = [s for name, s in stored.items() if wanted.casefold() in name.casefold()]
    if wanted in stored:
        return stored[wanted]
    if len(fitting) == 1:
        return fitting[0]
    event = library.find(part)
    if event.id not in stored:
        raise UserError(
            _(
                "the event `{event}` has no session yet; the bot creates it when it runs",
                event=event.id,
            )
        )
    return stored[event.id]
