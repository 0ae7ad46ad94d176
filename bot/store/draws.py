"""Draws of winners. None is ever changed or forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select

from bot.sessions.winners import Draw, Ticket, Way, Weights
from bot.store.repository import Repository, from_row, to_row
from bot.store.tables import draws


class Draws(Repository):
    """`bot.sessions.ports.Draws`."""

    def add(self, draw: Draw) -> None:
        tickets = [[ticket.text, ticket.person] for ticket in draw.tickets]
        row = to_row(draws, draw, wanted=draw.count, tickets=tickets)
        self._connection.execute(insert(draws).values(row))

    def next_number(self, session_id: int) -> int:
        query = select(func.max(draws.c.number)).where(draws.c.session_id == session_id)
        return (self._connection.execute(query).scalar_one_or_none() or 0) + 1

    def of_session(self, session_id: int) -> list[Draw]:
        query = select(draws).where(draws.c.session_id == session_id).order_by(draws.c.number)
        return [_draw(row) for row in self._connection.execute(query)]

    def winners_since(self, since: datetime, besides: int) -> set[str]:
        query = select(draws.c.winners).where(draws.c.at >= since, draws.c.session_id != besides)
        return {who for won in self._connection.execute(query).scalars() for who in won}


def _draw(row: Row[Any]) -> Draw:
    tickets = tuple(Ticket(text, person) for text, person in row.tickets)
    kinds = {"weights": Weights(row.weights), "way": Way(row.way)}
    winners = tuple(row.winners)
    return from_row(Draw, row, count=row.wanted, tickets=tickets, winners=winners, **kinds)
