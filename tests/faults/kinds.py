"""What can go wrong in a run, by kind. A seed chooses among those that its database allows."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, delete, insert, make_url, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.errors import UserError
from bot.store.database import Database
from bot.store.tables import metadata
from tests.databases import alter, cut
from tests.faults.pace import DEATHS, HALTS

if TYPE_CHECKING:
    from tests.faults.run import Run

Kind = Callable[["Run"], Awaitable[None]]
KINDS: dict[str, Kind] = {}
SQLITE: set[str] = set()
POSTGRESQL: set[str] = set()

CALLS = (
    "*",
    "chat.postMessage",
    "chat.update",
    "chat.postEphemeral",
    "pins.add",
    "reactions.add",
    "conversations.history",
    "conversations.replies",
    "conversations.open",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
    "users.info",
    "views.open",
)
WRITES = ("chat.postMessage", "chat.postEphemeral", "chat.update", "files.completeUploadExternal")
REFUSALS = (
    ("chat.postMessage", "not_in_channel"),
    ("chat.postMessage", "is_archived"),
    ("chat.postMessage", "restricted_action"),
    ("chat.postMessage", "channel_not_found"),
    ("chat.postMessage", "invalid_auth"),
    ("chat.postMessage", "some_new_code"),
    ("chat.update", "missing_scope"),
    ("pins.add", "too_many_pins"),
    ("files.completeUploadExternal", "posting_to_channel_denied"),
    ("conversations.history", "missing_scope"),
    ("conversations.replies", "service_unavailable"),
    ("views.open", "internal_error"),
)


def kind(name: str, only: set[str] | None = None) -> Callable[[Kind], Kind]:
    """Enters a kind of fault, for one of the databases `only` where that is given."""

    def enter(run: Kind) -> Kind:
        KINDS[name] = run
        if only is not None:
            only.add(name)
        return run

    return enter


def possible(postgresql: bool) -> list[str]:
    """The kinds of a database."""
    return sorted(KINDS.keys() - (SQLITE if postgresql else POSTGRESQL))


# Processes


@kind("kill a bot")
async def _kill_one(run: Run) -> None:
    run.kill(run.random.randrange(len(run.bots)))


@kind("kill all bots")
async def _kill_all(run: Run) -> None:
    """Nobody is there for a while; what happens then, Slack gives up telling."""
    for number in range(len(run.bots)):
        run.kill(number, again=False)
    await run.act(2)
    if run.random.random() < 0.5:
        await run.control.settle()
    run.boot_all()


@kind("kill at a step")
async def _kill_at(run: Run) -> None:
    """A bot that is killed when it comes to a certain step, whenever that is."""
    number = run.random.randrange(len(run.bots))
    run.kill(number, again=False)
    run.boot(number, run.random.choice(DEATHS))


@kind("stop between a lease and its sending", POSTGRESQL)
async def _stop_at(run: Run) -> None:
    """A bot stands still for 14 to 30 seconds of its life when it is about to say something."""
    number = run.random.randrange(len(run.bots))
    run.kill(number, again=False)
    run.boot(number, run.random.choice(HALTS))
    bot, seconds = run.bots[number], run.seconds(14, 30)

    async def go_on() -> None:
        for _ in range(100):
            await asyncio.sleep(0.1)
            if bot is None or not bot.runs or bot.stands_still:
                break
        await asyncio.sleep(seconds)
        if bot is not None:
            bot.signal(signal.SIGCONT)

    run.beside(go_on())


@kind("kill the leader", POSTGRESQL)
async def _kill_leader(run: Run) -> None:
    run.kill(await leader(run) or 0)


@kind("stop and continue a bot")
async def _freeze(run: Run) -> None:
    _freeze_one(run, run.random.randrange(len(run.bots)))


@kind("stop and continue the leader", POSTGRESQL)
async def _freeze_leader(run: Run) -> None:
    _freeze_one(run, await leader(run) or 0)


def _freeze_one(run: Run, number: int) -> None:
    """A process stands still, for 14 to 30 seconds of its life, seldom for 120."""
    seconds = run.seconds(14, 30) if run.random.random() < 0.95 else run.seconds(120, 120)

    async def freeze() -> None:
        bot = run.bots[number]
        if bot is not None:
            bot.signal(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            bot.signal(signal.SIGCONT)

    run.beside(freeze())


@kind("a second process on the file", SQLITE)
async def _second(run: Run) -> None:
    """It must be refused, and the first must not notice."""
    bot = run.bots[0]
    if bot is None or not bot.runs or not run.reserved():
        return
    second = run.start(0, run.folder / "second.log")
    code = await second.ended(10)
    if code != 2 and bot.runs and bot is run.bots[0]:
        run.result.problems.append(f"a second process on the file ended with {code}")
    second.kill()


# Slack


@kind("cut sockets")
async def _cut(run: Run) -> None:
    await run.control.cut_sockets(gently=run.random.random() < 0.3)


@kind("refuse connections")
async def _refuse(run: Run) -> None:
    await run.control.refuse_connections(everything=run.random.random() < 0.5, seconds=0.7)
    await run.act(1)


@kind("disturb deliveries")
async def _disturb(run: Run) -> None:
    disturbance = run.random.choice(["drop", "lose", "repeat", "delay", "shuffle"])
    count = run.random.randrange(2, 12)
    await run.control.disturb_deliveries(disturbance, count, times=3, seconds=0.3)


@kind("fail calls")
async def _fail(run: Run) -> None:
    way = run.random.choice(["http", "ratelimited", "error", "slow"])
    method = run.random.choice(CALLS)
    await run.control.fail_calls(method, way, run.random.randrange(1, 3), seconds=0.3)


@kind("lose answers")
async def _lose(run: Run) -> None:
    """What was asked is done, and nobody hears of it; or the answer comes too late."""
    way = run.random.choice(["lost_answer", "lost_answer", "slow"])
    await run.control.fail_calls(
        run.random.choice(WRITES), way, run.random.randrange(1, 3), seconds=run.seconds(9, 14)
    )


@kind("Slack refuses")
async def _refusals(run: Run) -> None:
    method, code = run.random.choice(REFUSALS)
    await run.control.fail_calls(method, "error", run.random.randrange(1, 3), error=code)


# The database


@kind("end the database's connections", POSTGRESQL)
async def _terminate(run: Run) -> None:
    await asyncio.to_thread(cut, run.url)


@kind("hold up the database", POSTGRESQL)
async def _hold(run: Run) -> None:
    """Its answers come late; what was asked is done meanwhile."""
    seconds = run.seconds(8, 20)

    async def hold() -> None:
        run.proxy.hold()
        await asyncio.sleep(seconds)
        run.proxy.let_go()

    run.beside(hold())


@kind("database read-only", POSTGRESQL)
async def _read_only(run: Run) -> None:
    name = "default_transaction_read_only"
    await _altered(run, f"SET {name} = on", f"RESET {name}")


@kind("database gone", POSTGRESQL)
async def _gone(run: Run) -> None:
    await _altered(run, "ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true")


async def _altered(run: Run, change: str, back: str) -> None:
    await asyncio.to_thread(alter, run.url, change)
    try:
        await run.act(1)
        await asyncio.sleep(run.seconds(4, 10))
    finally:
        await asyncio.to_thread(alter, run.url, back)


@kind("lock a table", POSTGRESQL)
async def _lock(run: Run) -> None:
    table = run.random.choice(["inbox", "outbox", "sessions", "messages"])
    run.beside(asyncio.to_thread(_hold_table, run.url, table, run.seconds(6, 20)))


def _hold_table(url: str, table: str, seconds: float) -> None:
    with (
        suppress(OperationalError),  # another fault may end this connection as well
        _connected(url, "READ COMMITTED") as connection,
        connection.begin(),
    ):
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        connection.execute(text("SELECT pg_sleep(:s)"), {"s": seconds})


@kind("lock the file", SQLITE)
async def _lock_file(run: Run) -> None:
    run.beside(asyncio.to_thread(_hold_file, make_url(run.url).database, run.seconds(6, 20)))


def _hold_file(path: str, seconds: float) -> None:
    import time

    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


@kind("restore an older database")
async def _restore(run: Run) -> None:
    """A copy is put back that is older than what people and the bots did since.

    What was stored and is nowhere else (somebody was muted) is gone with it, so nobody at the
    desk does anything meanwhile; what they did before may be stored meanwhile, and told.
    """
    async with run.desk.busy:
        unheard = await run.desk.unheard()
        copy = await asyncio.to_thread(_copy, run)
        await run.act(2)
        await asyncio.sleep(run.seconds(2, 8))
        run.is_down = True
        for number in range(len(run.bots)):
            run.kill(number, again=False)
        await run.desk.forget(unheard)
        await asyncio.to_thread(_surely, partial(run.count_tries, 1))
        await asyncio.to_thread(_put_back, run, copy)
        await asyncio.to_thread(_surely, partial(run.count_tries, -1))
        run.is_down = False
    run.boot_all()


def _surely(read: Callable[[], None]) -> None:
    """Reads, again where another fault keeps the database from answering."""
    for _ in range(30):
        with suppress(SQLAlchemyError):
            return read()
    raise AssertionError("the database does not answer")


def _copy(run: Run) -> Any:
    if not run.plan.postgresql:
        path = run.folder / "copy.db"
        run.database.backup(path, overwrite=True)
        return path
    with _connected(run.url, "REPEATABLE READ") as connection, connection.begin():
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def _put_back(run: Run, copy: Any) -> None:
    if isinstance(copy, Path):
        _restored(run.database, copy)
        return
    with _connected(run.url, "READ COMMITTED") as connection, connection.begin():
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        for table in metadata.sorted_tables:
            if copy[table.name]:
                connection.execute(insert(table), copy[table.name])
            column = table.autoincrement_column
            if column is not None:
                highest = max((row[column.name] for row in copy[table.name]), default=0)
                connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:t, :c), :n, :called)"),
                    {
                        "t": table.name,
                        "c": column.name,
                        "n": max(1, highest),
                        "called": highest > 0,
                    },
                )


# A process that was killed is seen to be gone an instant before the system has closed its files.
@retry(
    retry=retry_if_exception_type(UserError),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(10),
    reraise=True,
)
def _restored(database: Database, copy: Path) -> None:
    database.restore(copy)


# Files


@kind("edit the file")
async def _edit(run: Run) -> None:
    """A person edits the schedule file while the bot may write it."""
    run.edit_line()


@kind("Git is locked")
async def _git_locked(run: Run) -> None:
    lock = run.schedules / ".git" / "index.lock"

    async def hold() -> None:
        try:
            lock.touch(exist_ok=False)
        except FileExistsError:
            return  # a commit is under way
        await asyncio.sleep(run.seconds(2, 8))
        lock.unlink(missing_ok=True)

    run.beside(hold())


@kind("the remote is gone")
async def _remote_gone(run: Run) -> None:
    away = run.remote.with_suffix(".away")

    async def hide() -> None:
        if away.exists():
            return
        shutil.move(run.remote, away)
        await asyncio.sleep(run.seconds(2, 8))
        shutil.move(away, run.remote)

    run.beside(hide())


# Help


async def leader(run: Run) -> int | None:
    """The number of the replica that leads; None while nobody does, or the database is away."""
    try:
        name = await asyncio.to_thread(_leader, run.url)
    except SQLAlchemyError:
        return None
    return int(name.removeprefix("replica")) if name.startswith("replica") else None


def _leader(url: str) -> str:
    with _connected(url) as connection:
        query = "SELECT application_name FROM pg_stat_activity JOIN leases ON pid = backend"
        return str(connection.execute(text(query)).scalar())


@contextmanager
def _connected(url: str, isolation: Any = "AUTOCOMMIT") -> Iterator[Any]:
    driver = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(driver, poolclass=NullPool, isolation_level=isolation)
    with engine.connect() as connection:
        yield connection
