"""What a whole export costs: out of the store, through the conversion, into the file.

`python -m tests.benchmarks.bench_export` measures sessions of growing length against `yaml.dump`
of the same threads alone, in one run: seconds of CPU, of up to 10,000 messages the best of three
turns. `--quick` leaves the longest out.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from bot.library import archive
from bot.markup import from_markdown
from bot.services import export
from bot.sessions.model import Event, Kind, Message, Person, Session, State, ts_of
from bot.store.database import Database
from tests.benchmarks.bench_library import as_data, peak, seconds, threads

START = datetime(2026, 1, 5, tzinfo=UTC)
BATCH = 2_000
MIB = 2**20


def stored(database: Database, size: int) -> Session:
    """A session of `size` messages, as Slack's events would have left it."""
    with database.unit_of_work() as uow:
        event = Event(f"book-{size}", "A Book", START, START + timedelta(days=5))
        session = uow.sessions.add(event, "C0123456789")
        session.state = State.CLOSED
        uow.sessions.save(session)
    rows: list[Message] = []
    people: dict[str, str] = {}
    count = 0
    for thread in threads(size):
        question: str | None = None
        for entry in (thread, *thread.replies):
            user = people.setdefault(entry.name, f"U{len(people):08}")
            ts = ts_of(START + timedelta(seconds=count))
            rows.append(
                Message(
                    session_id=session.id,
                    channel=session.channel,
                    ts=ts,
                    kind=Kind.REPLY if question else Kind.QUESTION,
                    author=user,
                    content=from_markdown(entry.text),
                    posted_name=entry.name,
                    thread_ts=question,
                    question_ts=question,
                )
            )
            question = question or ts
            count += 1
    for start in range(0, len(rows), BATCH):
        with database.unit_of_work() as uow:
            for row in rows[start : start + BATCH]:
                uow.messages.put(row)
    with database.unit_of_work() as uow:
        for name, user in people.items():
            uow.people.put(Person(user, name))
    return session


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave the longest session out")
    sizes = [1_000, 10_000] if parser.parse_args().quick else [1_000, 10_000, 100_000]
    table = Table(title="Exporting a session, against yaml.dump of the same threads")
    for column in ("messages", "file", "yaml.dump", "export", "ratio", "a message"):
        table.add_column(column, justify="right")
    for column in ("threads", "peak", "ratio"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in sizes:
            database = Database(f"sqlite:///{folder / f'{size}.db'}")
            database.upgrade()
            session = stored(database, size)
            path = folder / f"{size}.md"

            def whole(
                database: Database = database, session: Session = session, path: Path = path
            ) -> None:
                path.write_text("---\ntitle: A\n---\n")
                with database.reading() as uow:
                    archive.write_archive(path, export.entries(uow, session), None)

            whole()
            entries = archive.read(path)
            held = peak(archive.read, path)
            data = as_data(entries)
            turns = [
                (seconds(whole)[0], seconds(yaml.dump, data, sort_keys=False)[0])
                for _ in range(3 if size <= 10_000 else 1)
            ]
            took, floor = (min(turn[which] for turn in turns) for which in (0, 1))
            del entries, data
            most = peak(whole)
            database.close()
            table.add_row(
                f"{size:,}",
                f"{path.stat().st_size / MIB:.1f} MiB",
                f"{floor:.2f} s",
                f"{took:.2f} s",
                f"{took / floor:.2f}",
                f"{took / size * 1e6:.0f} µs",
                f"{held / MIB:.1f} MiB",
                f"{most / MIB:.1f} MiB",
                f"{most / held:.2f}",
            )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
