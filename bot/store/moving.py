"""All that one database holds, copied into another, for example from SQLite to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, func, insert, select, text

from bot.errors import UserError
from bot.store.tables import leases, metadata
from bot.texts import _

CHUNK = 500
"""Rows that are written at a time."""
TABLES = [table for table in metadata.sorted_tables if table is not leases]
"""What is copied, in an order in which no row refers to one that is not there yet."""


def filled(target: Connection) -> list[str]:
    """The tables that hold something, which is not to be mixed with something else."""
    return [t.name for t in TABLES if target.execute(select(t).limit(1)).first() is not None]


def copy(source: Connection, target: Connection, tell: Callable[[str, int], None]) -> None:
    """Copies every table and has the counters of new rows go on after them.

    `tell` is called with each table's name and its rows. Both connections are in transactions;
    the caller commits. Raises UserError where a table has not as many rows in the end as in
    `source`.
    """
    if target.dialect.name == "postgresql":
        # A bot that is started meanwhile waits until all is there.
        names = ", ".join(table.name for table in TABLES)
        target.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    for table in TABLES:
        rows = source.execute(select(table).execution_options(yield_per=CHUNK))
        for part in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])
        count = select(func.count()).select_from(table)
        wanted, found = source.execute(count).scalar_one(), target.execute(count).scalar_one()
        if wanted != found:
            raise UserError(
                _(
                    "{table}: {found} of {wanted} rows arrived; nothing was moved",
                    table=table.name,
                    found=found,
                    wanted=wanted,
                )
            )
        tell(table.name, found)
    if target.dialect.name == "postgresql":
        _count_on(target)


def _count_on(target: Connection) -> None:
    """Has new rows numbered after those that are there; SQLite does so by itself."""
    for table in TABLES:
        column = table.autoincrement_column
        if column is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            last = func.max(column)
            target.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))
