"""Deletes rows that nothing needs any more, a few at a time so that nobody waits long."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, func, or_, select

from bot.sessions.model import State
from bot.store.tables import actions, links, outbox, requests, sessions, submissions

AT_ONCE = 2_000
"""Rows that one transaction deletes at the most."""
SPARE_SHARE, SPARE_PAGES = 0.25, 2_560
"""From which share, and how many, of unused pages on a SQLite file is written anew. A page has
4 KiB."""


def prune(engine: Engine, before: datetime) -> int:
    """Deletes what only sessions needed that were over before a date and time; gives how many rows.

    That is sent and dropped messages of the outbox, sent forms, requests, the log of actions, and
    which messages were considered for linking. Questions, answers, their links, draws and sessions
    stay.
    """
    with engine.begin() as connection:
        active = connection.execute(
            select(sessions.c.id).where(sessions.c.state.in_([State.SCHEDULED, State.OPEN]))
        )
        needed = [outbox.c.key.startswith(f"session {number} ") for number in active.scalars()]
    over = select(sessions.c.id).where(
        sessions.c.state.in_([State.CLOSED, State.ARCHIVED, State.CANCELLED]),
        func.coalesce(sessions.c.closed_at, sessions.c.starts_at) < before,
    )
    is_sent = outbox.c.state.in_(["sent", "dropped"])
    return sum(
        _delete(engine, table, column, condition)
        for table, column, condition in (
            (outbox, outbox.c.id, is_sent & (outbox.c.created_at < before) & ~or_(False, *needed)),
            (submissions, submissions.c.id, submissions.c.session_id.in_(over)),
            (actions, actions.c.id, actions.c.at < before),
            (requests, requests.c.key, requests.c.at < before),
            (links, links.c.ts, (links.c.state == "done") & links.c.session_id.in_(over)),
        )
    )


def has_room_to_spare(connection: Connection) -> bool:
    """Whether so much of a SQLite file is unused that it is worth being written anew."""
    unused = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return bool(unused >= SPARE_PAGES and unused >= SPARE_SHARE * pages)


def _delete(
    engine: Engine, table: Table, column: ColumnElement[object], condition: ColumnElement[bool]
) -> int:
    total = 0
    while True:
        some = select(column).where(condition).limit(AT_ONCE)
        with engine.begin() as connection:
            count = connection.execute(delete(table).where(column.in_(some), condition)).rowcount
        total += count
        if not count:
            return total
