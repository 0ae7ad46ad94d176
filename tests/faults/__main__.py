"""Runs seeds of `tests.faults.run`, and prints a table by kind of fault.

`--results FILE` adds a line of JSON for each run to a file and leaves out the seeds that are in
it, so a long run may be stopped and begun again, and several may share the file. The tables are of
all that the file holds; `--seeds 0` prints them alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.databases import emptied, scratch_with_tables
from tests.faults import kinds, pace
from tests.faults.run import FAULTS, MESSAGES, PEOPLE, Plan, Result, run
from tests.processes import Box


def main() -> int:
    """Runs seeds, prints a table by kind and, for each that failed, the command that repeats it."""
    names = [*sorted(kinds.KINDS), "clocks apart", "slow disk"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="this seed alone")
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--kind", action="append", choices=names, help="only these kinds")
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--faults", type=int, default=FAULTS)
    parser.add_argument("--log", action="store_true", help="print the bots' log of what failed")
    parser.add_argument("--results", type=Path, help="add each run to this file, once a seed")
    given = parser.parse_args()
    console = Console(width=110, soft_wrap=True)
    results = _run_all(given, console)
    if given.results:
        results = _known(given.results)
    for table in _tables(results):
        console.print(table)
    return 1 if any(result.problems for result in results) else 0


def _run_all(given: argparse.Namespace, console: Console) -> list[Result]:
    """Runs the seeds that are not known yet."""
    seeds = (
        [given.seed] if given.seed is not None else range(given.first, given.first + given.seeds)
    )
    results = []
    with ExitStack() as stack:
        box = Box.start()
        stack.callback(box.stop)
        server = cache(lambda: stack.enter_context(scratch_with_tables()))
        for seed in seeds:
            if given.results and seed in {known.plan.seed for known in _known(given.results)}:
                continue
            plan = Plan(seed, given.messages, given.people, given.faults, tuple(given.kind or ()))
            try:
                result = _run(plan, box, server)
            except KeyboardInterrupt:
                break  # the tables show what was run so far
            results.append(result)
            if given.results:
                _add(given.results, result)
            console.print(_line(result), markup=False, highlight=False)
            for line in result.problems[:10]:
                console.print(f"  {line}", markup=False, highlight=False)
            if result.problems:
                console.print(f"  repeat it with: {plan.command}", markup=False)
            if given.log and result.problems:
                print(result.log)
    return results


def _add(path: Path, result: Result) -> None:
    """Adds a run to a file, in one go; the log of one that failed is put beside it."""
    line = {
        "seed": result.plan.seed,
        "kinds": result.plan.kinds,
        "at": f"{datetime.now(UTC):%F %T}",
        "problems": result.problems,
        "faults": result.faults,
        "compared": result.compared,
        "twice": result.twice,
        "seconds": round(result.seconds, 1),
        "speed": pace.SPEED,
        "load": round(os.getloadavg()[0], 1),
    }
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    if result.problems:
        path.with_name(f"{path.stem}-{result.plan.seed}.log").write_text(result.log)


def _known(path: Path) -> list[Result]:
    """The runs in a file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [
        Result(
            Plan(line["seed"], kinds=tuple(line["kinds"])),
            problems=line["problems"],
            faults=Counter(line["faults"]),
            compared=Counter(line["compared"]),
            twice=line["twice"],
            seconds=line["seconds"],
        )
        for line in map(json.loads, lines)
    ]


def _run(plan: Plan, box: Box, server: Callable[[], str]) -> Result:
    if not plan.postgresql:
        return run(plan, box)
    with emptied(server()):
        return run(plan, box, server())


def _line(result: Result) -> str:
    return (
        f"seed {result.plan.seed}: {'FAILED' if result.problems else 'ok'}, {_where(result.plan)}, "
        f"{result.compared.total()} things, {', '.join(sorted(result.faults.elements()))}, "
        f"{result.seconds:.1f} s"
    )


def _where(plan: Plan) -> str:
    if not plan.postgresql:
        return "SQLite"
    return f"PostgreSQL, {plan.replicas} replica{'s' if plan.replicas > 1 else ''}"


def _tables(results: list[Result]) -> list[Table]:
    """By kind of fault, by database, and what was compared. A run has several kinds."""
    by_kind = Table("Kind of fault", "Runs", "Faults", "Compared", "Failed", box=None)
    names = sorted({name for result in results for name in result.faults})
    for name in names:
        with_it = [result for result in results if result.faults[name]]
        by_kind.add_row(*_row(name, with_it, sum(r.faults[name] for r in with_it)))
    by_database = Table("Database", "Runs", "Faults", "Compared", "Failed", box=None)
    for where in sorted({_where(result.plan) for result in results}):
        there = [result for result in results if _where(result.plan) == where]
        by_database.add_row(*_row(where, there, sum(r.faults.total() for r in there)))
    compared = Table("What was compared", "", box=None)
    for what, count in sum((r.compared for r in results), Counter()).most_common():
        compared.add_row(what, str(count))
    compared.add_row("private notes said again", str(sum(r.twice for r in results)))
    total = Table("All", "Runs", "Faults", "Compared", "Failed", box=None)
    total.add_row(*_row("", results, sum(r.faults.total() for r in results)))
    return [by_kind, by_database, total, compared]


def _row(name: str, results: list[Result], faults: int) -> list[str]:
    compared = sum(result.compared.total() for result in results)
    failed = sum(bool(result.problems) for result in results)
    return [name, *map(str, (len(results), faults, compared, failed))]


if __name__ == "__main__":
    sys.exit(main())
