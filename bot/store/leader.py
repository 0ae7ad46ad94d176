"""Which replica leads: the one that holds a lease in the database, compared by its clock.

The leader renews the lease every few seconds. Another replica takes it when it has run out (the
leader hangs, or is cut off) or when the leader's connection is gone (it was killed). Each change of
the leader counts up a number, the fence, so that one who was replaced can be told from one who leads
again. No replica's own clock plays a part.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from bot.store.changes import Kept
from bot.store.engine import Postgresql

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=8)
"""How long a leader that was not heard of is still taken to lead."""

_ACQUIRE = text(
    """
    INSERT INTO leases AS held (name, holder, fence, until, backend)
    VALUES ('leader', :me, 1, clock_timestamp() + :lease, pg_backend_pid())
    ON CONFLICT (name) DO UPDATE SET
        holder = excluded.holder,
        until = excluded.until,
        backend = excluded.backend,
        fence = held.fence + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END
    WHERE held.holder = excluded.holder
        OR held.until < clock_timestamp()
        OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = held.backend)
    RETURNING fence
    """
)
_HOLDS = text(
    "SELECT fence FROM leases WHERE name = 'leader' AND holder = :me AND until > clock_timestamp()"
)
_RELEASE = text("UPDATE leases SET until = '-infinity' WHERE name = 'leader' AND holder = :me")


class Leader:
    """The lead of the replicas, asked for by one of them; it is ours always where there is one, on
    SQLite. May be used from any thread."""

    def acquire(self) -> bool:
        """Takes or renews the lead; True if it is ours now, False if another has it.

        False, once, also where another led since the last call: what was begun before then must
        not go on as if nothing had happened. Raises SQLAlchemyError where the database cannot be
        reached.
        """
        return True

    def holds(self) -> bool:
        """Says whether the lead is ours still and without a break since `acquire` first gave it.

        Asks the database; False where that does not answer.
        """
        return True

    def release(self) -> None:
        """Gives the lead up; nothing if it is not ours."""


class Elected(Kept, Leader):
    """The lead on PostgreSQL, as a row of the table `leases`."""

    def __init__(self, backend: Postgresql):
        super().__init__(backend)
        self._me = uuid4().hex
        self._fence: int | None = None

    def acquire(self) -> bool:
        with self._mutex:
            try:
                fence = self._ask(_ACQUIRE, {"me": self._me, "lease": LEASE})
            except SQLAlchemyError:
                self._drop()
                # The connection may have been cut long ago; the server may be there again.
                fence = self._ask(_ACQUIRE, {"me": self._me, "lease": LEASE})
            unbroken = self._fence is None or self._fence == fence
            self._fence = fence
            return fence is not None and unbroken

    def holds(self) -> bool:
        with self._mutex:
            if self._fence is None:
                return False
            try:
                held = self._ask(_HOLDS, {"me": self._me})
            except SQLAlchemyError as error:
                log.warning(
                    "this replica lost the lead with its database connection: %s",
                    type(error).__name__,
                )
                self._drop()
                return False
            return held == self._fence

    def release(self) -> None:
        with self._mutex:
            if self._fence is not None:
                try:
                    self._ask(_RELEASE, {"me": self._me})
                except SQLAlchemyError as error:
                    log.info(
                        "this replica gives up the lead with its database connection: %s",
                        type(error).__name__,
                    )
            self._drop()

    def _ask(self, statement: TextClause, values: dict[str, object]) -> int | None:
        if self._connection is None:
            self._connection = self._backend.alone().connect()
        result = self._connection.execute(statement, values)
        return result.scalar_one_or_none() if result.returns_rows else None

    def _drop(self) -> None:
        super()._drop()
        self._fence = None
