"""Members of the workspace by name, and how far they have been listed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.sessions.member_names import MemberListing, folded, names_of
from bot.sessions.model import FORGOTTEN, Person
from bot.store.forgotten import Forgotten
from bot.store.repository import Repository, WriteTurn, chunked, from_row, to_row
from bot.store.tables import member_listings, member_names, people


class MemberNames(Repository):
    """`bot.sessions.ports.MemberNames`."""

    def __init__(self, connection: Connection, turn: WriteTurn, forgotten: Forgotten):
        super().__init__(connection, turn)
        self._forgotten = forgotten

    def find(self, name: str) -> str | None:
        """The member ID of the one who goes by a name; None for nobody or several."""
        return self.many([name]).get(name)

    def many(self, names: Collection[str]) -> dict[str, str]:
        """`find` for many names: those that are found, with their member IDs."""
        if not names or self.last_listing() is None:
            return {}
        wanted = {name: folded(name) for name in names}
        holders: dict[str, set[str]] = {}
        for part in chunked(wanted.values()):
            query = select(member_names.c.name, member_names.c.member)
            for row in self._connection.execute(query.where(member_names.c.name.in_(part))):
                holders.setdefault(row.name, set()).add(row.member)
        return {
            name: next(iter(holders[key]))
            for name, key in wanted.items()
            if len(holders.get(key, ())) == 1
        }

    def is_current(self, person: Person) -> bool:
        return self._stored([person.slack_id]) == {
            (name, person.slack_id) for name in self._names([person]).get(person.slack_id, ())
        }

    def put(self, persons: Collection[Person]) -> None:
        if not persons:
            return
        # Two replicas that write the same members in different orders would wait for each other.
        self._turn.take()
        number = self._connection.execute(select(func.max(member_listings.c.number))).scalar() or 0
        names = {
            (name, member) for member, all_of in self._names(persons).items() for name in all_of
        }
        self._remove(self._stored([p.slack_id for p in persons]) - names)
        if names:
            statement = self._insert(member_names)
            statement = statement.on_conflict_do_update(
                index_elements=["name", "member"], set_={"listing": statement.excluded.listing}
            )
            self._connection.execute(
                statement,
                [{"name": n, "member": m, "listing": number} for n, m in sorted(names)],
            )

    def remove(self, slack_id: str) -> None:
        self._turn.take()
        self._remove(self._stored([slack_id]))

    def running_listing(self) -> MemberListing | None:
        """The listing of all members that is not finished, if there is one."""
        return self._listing(member_listings.c.finished_at.is_(None))

    def last_listing(self) -> MemberListing | None:
        """The last listing that was finished."""
        return self._listing(member_listings.c.finished_at.is_not(None))

    def begin_listing(self, at: datetime) -> MemberListing:
        """Starts a listing from the beginning, in the place of one that is not finished."""
        last = self._connection.execute(select(func.max(member_listings.c.number))).scalar() or 0
        self._connection.execute(
            delete(member_listings).where(member_listings.c.finished_at.is_(None))
        )
        new = MemberListing(last + 1, at)
        self._connection.execute(insert(member_listings).values(to_row(member_listings, new)))
        return new

    def add_page(
        self, listing: MemberListing, persons: Collection[Person], cursor: str, at: datetime
    ) -> MemberListing | None:
        """Stores a page of members and `cursor`, where the next one begins; '' finishes it.

        Gives the listing as it is then. None, and nothing is stored, if `listing` is not where the
        listing stands: somebody else went on with it.
        """
        same = (member_listings.c.number == listing.number) & (
            member_listings.c.cursor == listing.cursor
        )
        values: dict[str, Any] = {
            "cursor": cursor,
            "members": listing.members + len(persons),
            "pages": listing.pages + 1,
            "finished_at": None if cursor else at,
        }
        new = replace(listing, **values)
        self._turn.take()
        changed = self._connection.execute(
            update(member_listings)
            .where(same, member_listings.c.finished_at.is_(None))
            .values(values)
        )
        if changed.rowcount == 0:
            return None
        self.put(persons)
        if new.finished_at is not None:
            old = delete(member_listings).where(member_listings.c.number < new.number)
            self._connection.execute(old)
            # Who was in no page is in the workspace no more, or is a Slack Connect member, whom
            # Slack lists to nobody: of those we keep whom we met.
            met = select(people.c.slack_id).where(~people.c.deleted)
            self._connection.execute(
                delete(member_names).where(
                    member_names.c.listing < new.number, member_names.c.member.not_in(met)
                )
            )
        return new

    def _names(self, persons: Iterable[Person]) -> dict[str, set[str]]:
        """The names to keep, by member; nothing of those who were forgotten."""
        found = {person.slack_id: names_of(person) for person in persons}
        members = {self._forgotten.alias(slack_id): slack_id for slack_id in found}
        for part in chunked(members):
            query = select(people.c.slack_id).where(
                people.c.slack_id.in_(part), people.c.privacy == FORGOTTEN
            )
            for key in self._connection.execute(query).scalars():
                found[members[key]] = set()
        return found

    def _stored(self, slack_ids: Collection[str]) -> set[tuple[str, str]]:
        """The names that are stored for members, as `(name, member)`."""
        found: set[tuple[str, str]] = set()
        for part in chunked(slack_ids):
            query = select(member_names.c.name, member_names.c.member)
            rows = self._connection.execute(query.where(member_names.c.member.in_(part)))
            found |= {(row.name, row.member) for row in rows}
        return found

    def _remove(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, member in sorted(pairs):
            self._connection.execute(
                delete(member_names).where(
                    member_names.c.name == name, member_names.c.member == member
                )
            )

    def _listing(self, condition: Any) -> MemberListing | None:
        query = select(member_listings).where(condition).order_by(member_listings.c.number.desc())
        row = self._connection.execute(query.limit(1)).one_or_none()
        return None if row is None else from_row(MemberListing, row)
