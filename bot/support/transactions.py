"""Transactions for those who run on the event loop."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Concatenate, Generic, ParamSpec, TypeVar

from bot.sessions.ports import UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")
Uow_co = TypeVar("Uow_co", bound=UnitOfWork, covariant=True)


class TransactionsOf(ABC, Generic[Uow_co]):
    """What gives transactions: one that writes, or one that only reads."""

    @abstractmethod
    def unit_of_work(self) -> AbstractContextManager[Uow_co]:
        """A transaction that writes, in this thread."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Uow_co]:
        """A transaction that only reads, in this thread."""

    async def read(
        self, work: Callable[Concatenate[Uow_co, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `work(uow, …)` in a thread of its own, in a transaction that only reads."""

        def run() -> T:
            with self.reading() as uow:
                return work(uow, *args, **kwargs)

        return await asyncio.to_thread(run)

    async def write(
        self, work: Callable[Concatenate[Uow_co, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `work(uow, …)` in a thread of its own, in a transaction that writes."""

        def run() -> T:
            with self.unit_of_work() as uow:
                return work(uow, *args, **kwargs)

        return await asyncio.to_thread(run)


Transactions = TransactionsOf[UnitOfWork]
"""As whoever knows no more of the store than its ports takes them."""
