"""An asynchronous thing that runs beside a test which is not: in a thread with a loop of its own.

Playwright's synchronous pages and an event loop cannot share a thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")
PATIENCE = 60.0


class Aside(Generic[T]):
    """`it` is what runs; it is touched only inside `do`."""

    def __init__(self, it: T, loop: asyncio.AbstractEventLoop):
        self.it = it
        self._loop = loop

    def do(self, what: Callable[[T], Any]) -> Any:
        """Calls `what` where it runs, and waits for what it gives."""

        async def there() -> Any:
            found = what(self.it)
            return await found if isinstance(found, Awaitable) else found

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(PATIENCE)


@contextmanager
def in_thread(make: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[Aside[T]]:
    """Enters what `make` gives in a thread of its own, while the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)

    async def made() -> AbstractAsyncContextManager[T]:
        return make()

    try:
        manager = run(made())
        it = run(manager.__aenter__())
        try:
            yield Aside(it, loop)
        finally:
            run(manager.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
