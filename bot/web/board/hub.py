"""Everybody who looks at a board, told of each change; the database is asked once for all of them.

While somebody looks, a board's marker is asked for every second; when it changed the board is read
and drawn, and what changed is sent to all. What another replica stored is seen the same way.
Whoever is too slow to take it is dropped, and the browser comes back for all of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from bot.web.board.drawn import Drawn, change, draw, whole
from bot.web.board.model import Board

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Seconds between two looks at the marker."""
REREAD_SECONDS = 15.0
"""Seconds after which a board is read whatever its marker says."""
HEARTBEAT_SECONDS = 20.0
"""Seconds of silence after which a viewer is told that we are still there."""
MAX_WAITING_MESSAGES = 32
"""Messages that wait for a viewer at most."""
MAX_REMEMBERED_CHANGES = 64
"""Changes that a viewer who comes back can be told, instead of everything."""
MOST_VIEWERS = 5_000

RETRY = b"retry: 2000\n\n"
STILL_HERE = b": still here\n\n"
GONE = b"event: gone\ndata: {}\n\n"

Read = Callable[[int], Board | None]
Marker = Callable[[int], str | None]


class Full(Exception):
    """There are as many viewers as one process takes."""


class Viewer:
    """One who looks: what is still to be sent."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING_MESSAGES)
        self.dropped = False

    def tell(self, message: bytes | None) -> None:
        """Puts it into the queue, or drops the viewer; None is the end."""
        try:
            self.waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.dropped = True
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(None)


class WatchedBoard:
    """One session's board and its viewers."""

    def __init__(self, session_id: int, read: Read, marker: Marker):
        self.session_id = session_id
        self.viewers: set[Viewer] = set()
        self.drawn: Drawn | None = None
        self.task: asyncio.Task[None] | None = None
        self._read, self._marker = read, marker
        self._mark: str | None = None
        self._looked = self._drew = float("-inf")
        self._changes: deque[tuple[str, dict[str, Any]]] = deque(maxlen=MAX_REMEMBERED_CHANGES)
        self._looking = asyncio.Lock()

    async def look(self, patience: float = 0.0) -> Drawn | None:
        """The board as it is, at most `patience` seconds old; None where there is none.

        Viewers are told of what changed. Raises what the database raises.
        """
        async with self._looking:
            now = time.monotonic()
            if now - self._looked < patience:
                return self.drawn
            mark = await asyncio.to_thread(self._marker, self.session_id)
            self._looked = now
            if mark is None:
                self._gone()
            elif mark != self._mark or now - self._drew > REREAD_SECONDS:
                drawn = await asyncio.to_thread(self._draw)
                self._mark, self._drew = mark, now
                if drawn is None:
                    self._gone()
                else:
                    self._show(drawn)
            return self.drawn

    def catch_up(self, version: str) -> list[bytes]:
        """What a page that shows `version` is told first."""
        if self.drawn is None:
            return [GONE]
        if version == self.drawn.version:
            return []
        missed: list[dict[str, Any]] = []
        for before, told in reversed(self._changes):
            missed.insert(0, told)
            if before == version:
                return [_event("change", told, self.drawn.version) for told in missed]
        return [_event("whole", whole(self.drawn), self.drawn.version)]

    def _draw(self) -> Drawn | None:
        board = self._read(self.session_id)
        return None if board is None else draw(board)

    def _show(self, drawn: Drawn) -> None:
        before, self.drawn = self.drawn, drawn
        if before is None or before.version == drawn.version:
            return
        told = change(before, drawn)
        self._changes.append((before.version, told))
        message = _event("change", told, drawn.version)
        for viewer in self.viewers:
            viewer.tell(message)

    def _gone(self) -> None:
        self.drawn = self._mark = None
        self._changes.clear()
        for viewer in self.viewers:
            viewer.tell(GONE)
            viewer.tell(None)


class Hub:
    """All boards of this process. `read` and `marker` are called in threads."""

    def __init__(self, read: Read, marker: Marker, interval: float = POLL_SECONDS):
        self._read, self._marker, self._interval = read, marker, interval
        self._boards: dict[int, WatchedBoard] = {}
        self._closed = False

    @property
    def viewers(self) -> int:
        """How many look."""
        return sum(len(board.viewers) for board in self._boards.values())

    async def board(self, session_id: int) -> Drawn | None:
        """A board as it is now, or was less than half a look ago."""
        return await self._board_of(session_id).look(self._interval / 2)

    async def watch(self, session_id: int, version: str) -> AsyncIterator[bytes]:
        """Server-sent events for a page that shows `version`. Raises Full before the first."""
        if self._closed or self.viewers >= MOST_VIEWERS:
            raise Full
        board = self._board_of(session_id)
        viewer = Viewer()
        await board.look(self._interval / 2)
        first = board.catch_up(version)
        board.viewers.add(viewer)
        if board.task is None:
            board.task = asyncio.create_task(self._keep_looking(board), name="board")
        return self._told(board, viewer, first)

    async def close(self) -> None:
        """Everybody is sent away; nobody new is let in."""
        self._closed = True
        for board in self._boards.values():
            for viewer in board.viewers:
                viewer.tell(None)
            if board.task is not None:
                board.task.cancel()
                await asyncio.gather(board.task, return_exceptions=True)
                board.task = None

    def _board_of(self, session_id: int) -> WatchedBoard:
        if session_id not in self._boards:
            self._boards[session_id] = WatchedBoard(session_id, self._read, self._marker)
        return self._boards[session_id]

    async def _told(
        self, board: WatchedBoard, viewer: Viewer, first: list[bytes]
    ) -> AsyncIterator[bytes]:
        try:
            yield RETRY
            for message in first:
                yield message
            while not viewer.dropped:
                try:
                    waiting = await asyncio.wait_for(viewer.waiting.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield STILL_HERE
                    continue
                if waiting is None:
                    return
                yield waiting
        finally:
            board.viewers.discard(viewer)
            if not board.viewers and board.task is not None:
                board.task.cancel()
                board.task = None

    async def _keep_looking(self, board: WatchedBoard) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                await board.look()
            except Exception as error:  # noqa: BLE001 - whatever the database says: it is asked again
                log.warning("a board is waiting for the database (%s)", type(error).__name__)


def _event(kind: str, told: dict[str, Any], version: str) -> bytes:
    data = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return f"id: {version}\nevent: {kind}\ndata: {data}\n\n".encode("utf-8", "replace")
