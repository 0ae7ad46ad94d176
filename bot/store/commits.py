"""Commits that are to be made: a row each from before the file is written until Git has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, or_, select, update

from bot.sessions.ports import QueuedCommit
from bot.store.repository import Repository, from_row, to_row
from bot.store.tables import commits


class Commits(Repository):
    """Commits that are to be made in the repository of a folder.

    A row is stored before its files are written, so that a kill in between loses none; it can be
    made once they are.
    """

    def add(self, folder: Path, commit: QueuedCommit, at: datetime) -> int:
        """Stores it, not ready yet; gives its number."""
        place, paths = str(folder.absolute()), [str(path) for path in commit.paths]
        row = to_row(commits, commit, folder=place, paths=paths, ready=False, at=at)
        result = self._connection.execute(insert(commits).values(row).returning(commits.c.id))
        return int(result.scalar_one())

    def make_ready(self, number: int, message: str | None) -> None:
        """Its files are written; `message` replaces the one it had where it is given."""
        values = {"ready": True} if message is None else {"ready": True, "message": message}
        self._connection.execute(update(commits).where(commits.c.id == number).values(**values))

    def remove(self, number: int) -> None:
        """Git has it, or nothing was written."""
        self._connection.execute(delete(commits).where(commits.c.id == number))

    def ready(self, folder: Path, before: datetime) -> Sequence[QueuedCommit]:
        """Those that are ready or were added before a date and time, oldest first."""
        query = (
            select(commits)
            .where(
                commits.c.folder == str(folder.absolute()),
                or_(commits.c.ready, commits.c.at < before),
            )
            .order_by(commits.c.id)
        )
        return [
            from_row(QueuedCommit, row, paths=tuple(map(Path, row.paths)), number=row.id)
            for row in self._connection.execute(query)
        ]
