"""Boards: which sessions have one, and whether what one shows changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, case, delete, func, select, true

from bot.sessions.model import Handled
from bot.store.repository import Repository, to_message
from bot.store.tables import (
    boards,
    edits,
    handlings,
    messages,
    people,
    reactions,
    sessions,
    supports,
)


class Boards(Repository):
    """Which sessions have a board. The nonce is half of its link; the other half is a secret that
    is not stored.
    """

    def nonce(self, session_id: int) -> str | None:
        """The nonce of the session's board, None where it has none."""
        query = select(boards.c.nonce).where(boards.c.session_id == session_id)
        return self._connection.execute(query).scalar_one_or_none()

    def open(self, session_id: int, nonce: str, at: datetime) -> str:
        """Gives the session a board with this nonce, unless it has one; the nonce that counts."""
        row = {"session_id": session_id, "nonce": nonce, "opened_at": at}
        self._connection.execute(self._insert_new(boards), row)
        return self.nonce(session_id) or nonce

    def revoke(self, session_id: int) -> bool:
        """Takes the board away; False if there was none."""
        return self._changes(delete(boards).where(boards.c.session_id == session_id))

    def marker(self, session_id: int) -> str | None:
        """Changes whenever something did that a board shows; None where there is no board.

        One query. Only a name that was exchanged for one of the same length escapes it.
        """
        here = messages.c.session_id == session_id
        said = _row(
            messages,
            here,
            func.count(),
            func.count(messages.c.deleted_at),
            func.max(messages.c.edited_ts),
            func.sum(func.length(messages.c.hidden)),
            func.sum(func.length(messages.c.talk)),
            func.count(case((messages.c.corrected, 1))),
            func.count(messages.c.posted_name),
        )
        voted = _row(
            _with_message(reactions),
            here,
            func.count(case((reactions.c.present, 1))),
            func.max(reactions.c.event_us),
        )
        supported = _row(_with_message(supports), here, func.count())
        edited = _row(_with_message(edits), here, func.count(), func.max(edits.c.at))
        handled = _row(
            _with_message(handlings),
            here,
            func.count(case((handlings.c.how == str(Handled.ELSEWHERE), 1))),
            func.max(handlings.c.at),
        )
        named = _row(
            people,
            people.c.slack_id.in_(select(messages.c.author).where(here)),
            func.count(case((people.c.privacy == "left_out", 1))),
            func.count(case((people.c.privacy == "first_name", 1))),
            func.sum(func.length(people.c.name)),
        )
        known = (
            select(
                boards.c.nonce,
                sessions.c.state,
                sessions.c.content_changed_at,
                sessions.c.event,
                sessions.c.added_authors,
            )
            .join(sessions, sessions.c.id == boards.c.session_id)
            .where(boards.c.session_id == session_id)
            .subquery()
        )
        parts = (known, said, voted, supported, edited, handled, named)
        source: FromClause = known
        for part in parts[1:]:  # each is one row
            source = source.join(part, true())
        query = select(*(column for part in parts for column in part.c)).select_from(source)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else repr(tuple(row))


def _row(source: FromClause, where: ColumnElement[bool], *what: ColumnElement[Any]) -> FromClause:
    return select(*what).select_from(source).where(where).subquery()


def _with_message(table: Table) -> FromClause:
    return table.join(messages, to_message(table))
