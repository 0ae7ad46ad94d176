"""Persons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, bindparam, delete, func, select

from bot.sessions.anonymity import ANONYMOUS
from bot.sessions.model import FORGOTTEN, Person
from bot.store.forgotten import Forgotten
from bot.store.repository import Repository, WriteTurn, chunked, from_row, to_row
from bot.store.tables import people

_ONE = select(people).where(people.c.slack_id == bindparam("of"))

_NEW = {"is_bot": False, "deleted": False, "privacy": "full"}
"""What is stored of somebody who was not met yet."""


class People(Repository):
    """`bot.sessions.ports.People`."""

    def __init__(self, connection: Connection, turn: WriteTurn, forgotten: Forgotten):
        super().__init__(connection, turn)
        self._forgotten = forgotten
        self._read: dict[str, Person | None] = {}

    def forget(self) -> None:
        """What was read may be untrue."""
        self._read.clear()

    def get(self, slack_id: str) -> Person | None:
        if slack_id in self._read:
            return self._read[slack_id]
        alias = self._forgotten.alias(slack_id)
        row = self._connection.execute(_ONE, {"of": alias}).one_or_none()
        return None if row is None else from_row(Person, row, slack_id=slack_id)

    def many(self, slack_ids: Collection[str]) -> dict[str, Person]:
        known: dict[str, Person] = {}
        alias = {slack_id: self._forgotten.alias(slack_id) for slack_id in slack_ids}
        for part in chunked(alias.values()):
            query = select(people).where(people.c.slack_id.in_(part))
            for row in self._connection.execute(query):
                known[row.slack_id] = from_row(Person, row)
        found = {
            slack_id: replace(known[key], slack_id=slack_id)
            for slack_id, key in alias.items()
            if key in known
        }
        self._read.update({slack_id: found.get(slack_id) for slack_id in slack_ids})
        return found

    def unknown(self, slack_ids: Collection[str]) -> set[str]:
        named = {key for key, person in self.many(slack_ids).items() if person.name is not None}
        return set(slack_ids) - named

    def put(self, person: Person) -> None:
        self._read.pop(person.slack_id, None)
        alias = self._forgotten.alias(person.slack_id)
        row = to_row(people, person, slack_id=alias, privacy="full", quiet=False)
        statement = self._insert(people).values(row)
        new = statement.excluded
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["slack_id"],
                set_={
                    "name": func.coalesce(new.name, people.c.name),
                    "real_name": func.coalesce(new.real_name, people.c.real_name),
                    "is_bot": new.is_bot,
                    "deleted": new.deleted,
                    "tz": new.tz,
                },
                where=people.c.privacy != FORGOTTEN,
            )
        )

    def set_privacy(self, slack_id: str, privacy: str) -> None:
        self._read.pop(slack_id, None)
        key = self._forgotten.alias(slack_id)
        may = people.c.privacy != FORGOTTEN
        self._upsert(people, {"slack_id": key}, {"privacy": privacy}, _NEW, may)

    def anonymise(self, slack_id: str) -> None:
        self._read.pop(slack_id, None)
        key = self._forgotten.alias(slack_id)
        if key != slack_id:
            self._connection.execute(delete(people).where(people.c.slack_id == slack_id))
        none = {"name": ANONYMOUS, "real_name": None, "tz": None, "privacy": FORGOTTEN}
        self._upsert(people, {"slack_id": key}, none, _NEW)

    def set_quiet(self, slack_id: str, quiet: bool) -> None:
        self._read.pop(slack_id, None)
        key = self._forgotten.alias(slack_id)
        self._upsert(people, {"slack_id": key}, {"quiet": quiet}, _NEW)

    def all(self) -> list[Person]:
        """Everyone, by Slack member ID."""
        query = select(people).order_by(people.c.slack_id)
        return [from_row(Person, row) for row in self._connection.execute(query)]

    def find(self, who: str) -> list[Person]:
        """The persons with this member ID, or else with this display name or real name.

        A leading `@` is left out, and case does not matter in a name; several may bear one.
        """
        wanted = who.strip().removeprefix("@")
        exact = self.get(wanted)
        if exact is not None:
            return [exact]
        folded = wanted.casefold()  # SQLite's `lower` knows ASCII alone
        return [
            person
            for person in self.all()
            if folded in {(person.name or "").casefold(), (person.real_name or "").casefold()}
            and folded
        ]
