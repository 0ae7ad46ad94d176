"""Who leads: of all replicas on one PostgreSQL database, the one that holds a lock.

The lock is an advisory one and belongs to a connection: it is free as soon as the process
that holds it dies, or the connection is cut.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)

_KEY = 0x4D41524700000002


class Leader(Protocol):
    """The lead of the replicas, asked for by one of them. May be used from any thread."""

    def acquire(self) -> bool:
        """Takes the lead if nobody has it, at once; True if it is ours now.

        Raises SQLAlchemyError where the database cannot be reached.
        """

    def holds(self) -> bool:
        """Whether the lead is ours still; asks the database."""

    def release(self) -> None:
        """Gives the lead up; nothing if it is not ours."""


class Alone:
    """On SQLite there is one replica, and it leads."""

    def acquire(self) -> bool:
        """True."""
        return True

    def holds(self) -> bool:
        """True."""
        return True

    def release(self) -> None:
        """Nothing to give up."""


class Elected:
    """The lead as an advisory lock of PostgreSQL."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._connection: Connection | None = None
        self._mutex = threading.Lock()

    def acquire(self) -> bool:
        """Takes the lock if it is free."""
        with self._mutex:
            if self._alive():
                return True
            connection = self._engine.connect()
            try:
                query = text("SELECT pg_try_advisory_lock(:key)")
                if connection.execute(query, {"key": _KEY}).scalar_one():
                    self._connection = connection
                    return True
            except BaseException:
                connection.close()
                raise
            connection.close()
            return False

    def holds(self) -> bool:
        """Whether the connection that has the lock is alive."""
        with self._mutex:
            return self._alive()

    def release(self) -> None:
        """Closes the connection, and the lock is free."""
        with self._mutex:
            self._drop()

    def _alive(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            log.warning("the lead is lost with its connection: %s", type(error).__name__)
            self._drop()
            return False
        return True

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
