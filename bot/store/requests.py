"""What people asked for that must be done once, however often the request comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from bot.store.repository import Repository
from bot.store.tables import requests


class Requests(Repository):
    """`bot.sessions.ports.Requests`."""

    def begin(self, key: str, at: datetime, within: timedelta | None = None) -> bool:
        statement = self._insert(requests).values(key=key, at=at, result=None)
        if within is None:
            statement = statement.on_conflict_do_nothing()
        else:
            statement = statement.on_conflict_do_update(
                index_elements=["key"],
                set_={"at": at, "result": None},
                where=requests.c.at < at - within,
            )
        return self._connection.execute(statement).rowcount > 0

    def finish(self, key: str, result: Any) -> None:
        self._connection.execute(
            update(requests).where(requests.c.key == key).values(result=result)
        )

    def result(self, key: str) -> Any:
        query = select(requests.c.result).where(requests.c.key == key)
        return self._connection.execute(query).scalar_one_or_none()

    def drop(self, key: str) -> None:
        self._connection.execute(delete(requests).where(requests.c.key == key))
