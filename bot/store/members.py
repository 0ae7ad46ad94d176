"""What members and authors do with questions beside writing."""

from __future__ import annotations

import secrets as random
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Table, case, delete, func, select, update

from bot.sessions.anonymity import ANONYMOUS
from bot.sessions.model import Handled, Handling, Submission
from bot.store.repository import Repository, from_row, of_message, of_session, to_row
from bot.store.tables import (
    follows,
    handlings,
    pages,
    people,
    reactions,
    secrets,
    submissions,
    supports,
    viewers,
)


class Members(Repository):
    """`bot.sessions.ports.Members`."""

    def secret(self, session_id: int, make: bool = False) -> bytes:
        query = select(secrets.c.secret).where(secrets.c.session_id == session_id)
        known = self._connection.execute(query).scalar_one_or_none()
        if known is None and make:
            row = {"session_id": session_id, "secret": random.token_hex(32)}
            self._connection.execute(self._insert_new(secrets), row)
            known = self._connection.execute(query).scalar_one()
        return bytes.fromhex(known or "")

    def drop_secret(self, session_id: int) -> None:
        self._upsert(secrets, {"session_id": session_id}, {"secret": ""})

    def submit(self, submission: Submission) -> bool:
        row = to_row(submissions, submission)
        return self._changes(self._insert_new(submissions), row)

    def submission(self, token: str) -> Submission | None:
        query = select(submissions).where(submissions.c.token == token)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else from_row(Submission, row)

    def submissions(self, session_id: int, state: str | None = None) -> list[Submission]:
        query = select(submissions).where(submissions.c.session_id == session_id)
        if state is not None:
            query = query.where(submissions.c.state == state)
        rows = self._connection.execute(query.order_by(submissions.c.id))
        return [from_row(Submission, row) for row in rows]

    def submissions_of(self, askers: Collection[str]) -> list[Submission]:
        query = select(submissions).where(submissions.c.asker.in_(sorted(askers)))
        rows = self._connection.execute(query.order_by(submissions.c.id))
        return [from_row(Submission, row) for row in rows]

    def anonymise(self, slack_id: str) -> None:
        self._connection.execute(
            update(submissions)
            .where(submissions.c.asker == slack_id)
            .values(name=ANONYMOUS, icon="")
        )
        self._connection.execute(delete(follows).where(follows.c.member == slack_id))
        for table in (viewers, pages):
            self._connection.execute(delete(table).where(table.c.member == slack_id))

    def erase(self, tokens: Collection[str]) -> None:
        for token in sorted(tokens):
            mine = submissions.c.token == token
            self._connection.execute(
                update(submissions).where(mine).values(text="", name=ANONYMOUS, icon="")
            )
            self._connection.execute(
                update(submissions)
                .where(mine, submissions.c.state.in_(["waiting", "delayed", "returned"]))
                .values(state="withdrawn")
            )

    def update_submission(self, token: str, state: str, ts: str | None = None) -> None:
        values = {"state": state} if ts is None else {"state": state, "ts": ts}
        self._connection.execute(
            update(submissions).where(submissions.c.token == token).values(values)
        )

    def handle(self, handling: Handling) -> None:
        word = {"how": str(handling.how), "by": handling.by, "at": handling.at}
        self._upsert(handlings, {"channel": handling.channel, "ts": handling.ts}, word)

    def unhandle(self, channel: str, ts: str) -> bool:
        return self._changes(delete(handlings).where(of_message(handlings, channel, ts)))

    def handlings(self, session_id: int) -> dict[str, Handling]:
        rows = self._connection.execute(of_session(handlings, session_id))
        return {row.ts: from_row(Handling, row, how=Handled(row.how)) for row in rows}

    def follow(self, channel: str, ts: str, person: str) -> bool:
        return self._enter(follows, channel, ts, person)

    def unfollow(self, channel: str, ts: str, person: str) -> bool:
        theirs = of_message(follows, channel, ts) & (follows.c.member == person)
        return self._changes(delete(follows).where(theirs))

    def followers(self, channel: str, ts: str) -> set[str]:
        return self._values(select(follows.c.member).where(of_message(follows, channel, ts)))

    def followed(self, person: str) -> list[tuple[str, str]]:
        query = select(follows).where(follows.c.member == person).order_by(follows.c.ts)
        return [(row.channel, row.ts) for row in self._connection.execute(query)]

    def support(self, channel: str, ts: str, person: str) -> bool:
        return self._enter(supports, channel, ts, person)

    def supporters(self, session_id: int) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in self._connection.execute(of_session(supports, session_id)):
            found.setdefault(row.ts, set()).add(row.member)
        return found

    def opened_home(self, person: str, at: datetime) -> None:
        self._upsert(viewers, {"member": person}, {"at": at})

    def turn(self, person: str, part: str, number: int) -> None:
        self._upsert(pages, {"member": person, "part": part}, {"number": number})

    def pages(self, person: str) -> dict[str, int]:
        query = select(pages.c.part, pages.c.number).where(pages.c.member == person)
        return {row.part: row.number for row in self._connection.execute(query)}

    def pulse(self) -> str:
        counted = [
            select(func.count()).select_from(table).scalar_subquery()
            for table in (handlings, follows, supports, reactions)
        ]
        latest = [
            select(func.max(handlings.c.at)).scalar_subquery(),
            select(func.count(case((submissions.c.state != "waiting", 1)))).scalar_subquery(),
            select(func.count()).select_from(submissions).scalar_subquery(),
            select(
                func.count(case((submissions.c.state.in_(["delayed", "returned"]), 1)))
            ).scalar_subquery(),
            select(func.count(case((people.c.quiet, 1)))).scalar_subquery(),
        ]
        return str(tuple(self._connection.execute(select(*counted, *latest)).one()))

    def viewers(self, since: datetime) -> list[str]:
        query = select(viewers.c.member).where(viewers.c.at >= since).order_by(viewers.c.at.desc())
        return list(self._connection.execute(query).scalars())

    def _enter(self, table: Table, channel: str, ts: str, person: str) -> bool:
        row = {"channel": channel, "ts": ts, "member": person}
        return self._changes(self._insert_new(table), row)
