"""`marginalia demo` and `marginalia replay`: whole sessions in the sandbox."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from bot import logs
from bot.cli.options import JSON
from bot.cli.trying import Port, empty, serve
from bot.demo import play
from bot.demo.play import Comparison
from bot.demo.script import Act, Script, named
from bot.library import archive
from bot.markup import Names, plain
from bot.sessions.model import Event

SECONDS = 12.0
"""How long the week of the demo lasts."""
_VERBS = {
    "ask": "asks",
    "thread": "asks in the thread",
    "reply": "answers",
    "edit": "corrects",
    "delete": "deletes a message",
    "react": "reacts",
}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(demo)
    app.command()(replay)


def demo(
    seconds: Annotated[
        float, typer.Option(min=1, max=3600, help="How long the week lasts.")
    ] = SECONDS,
    folder: Annotated[
        Path, typer.Option(help="Where the demo keeps its files; emptied first.")
    ] = Path("var/demo"),
    picture: Annotated[
        Path | None, typer.Option(help="Write what the terminal shows as an SVG picture.")
    ] = None,
    page: Annotated[
        bool | None,
        typer.Option(
            "--page/--no-page",
            help="Then serve a workspace to try in the browser, as `try` does.",
            show_default="on a terminal",
        ),
    ] = None,
    port: Port = 0,
) -> None:
    """Play a Book of the Week in the sandbox: from its schedule file to its archive.

    On a terminal it then opens the next week, for you to play in the browser.
    """
    logs.configure("ERROR")
    empty(folder)
    console = Console(record=picture is not None, width=100 if picture else None)
    path = asyncio.run(_demo(console, folder, seconds))
    threads = archive.read(path)
    console.print()
    console.print(f"The archive: [bold]{path}[/bold] ({len(threads)} threads). The first:")
    console.print(Panel(_thread(threads[0]), border_style="dim", width=min(console.width, 96)))
    if picture is not None:
        drawn = console.export_svg(title="make demo")
        # Rich's picture asks another host for a font; whoever looks at it has one.
        picture.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.S), "utf-8")
    if page is None:
        page = picture is None and sys.stdin.isatty() and sys.stdout.isatty()
    if page:
        console.print(
            "\nNow you: the same book, its session just open, in a workspace of your own."
        )
        serve(folder / "page", port)
    else:
        console.print("To try it in the browser: [bold]marginalia try[/bold] (or `make try`)")


class _Programme:
    """Tells a terminal what happens, a line each, above a bar for the week."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._names: dict[str, str] = {}
        self._members: dict[str, str] = {}
        self._authors: set[str] = set()
        self._bar = progress.add_task("", total=1.0, day="")
        self._start = self._end = datetime.min.replace(tzinfo=UTC)

    def begins(self, script: Script, event: Event, ids: Mapping[str, str], page: str) -> None:
        console = self._progress.console
        if not console.record:  # a picture outlives the address
            console.print(f"To watch it in the browser meanwhile: {page}", style="dim")
        self._names = {a.key: a.display_name or a.real_name for a in script.people}
        self._members = {ids[key]: name for key, name in self._names.items()}
        written = {author.name for author in event.authors}
        self._authors = {key for key, name in self._names.items() if name in written}
        self._start, self._end = event.start, event.end

    def acted(self, act: Act) -> None:
        said = f":{act.emoji}:" if act.verb == "react" else act.text
        line = _line(named(said, self._names))
        style = "cyan" if act.who in self._authors else "magenta"
        verb = "says" if act.verb == "ask" and act.who in self._authors else _VERBS[act.verb]
        self._show(act.at, self._names[act.who], verb, line, style)

    def heard(self, at: datetime, event: Mapping[str, Any]) -> None:
        if event.get("type") == "pin_added":
            self._show(at, "Marginalia", "pins it", "", "green")
        elif event.get("type") == "message" and event.get("bot_id") and not event.get("subtype"):
            self._show(at, "Marginalia", "says", _line(str(event.get("text")), self), "green")

    def user(self, id: str, /) -> str:
        """`bot.markup.Names`: a mention reads as the person's name."""
        return self._members.get(id, id)

    def channel(self, id: str, /) -> str:
        """A channel is never named in the play."""
        return id

    usergroup = channel

    def _show(self, at: datetime, who: str, verb: str, what: str, style: str) -> None:
        passed = (at - self._start) / (self._end - self._start)
        self._progress.update(self._bar, completed=min(1.0, max(0.0, passed)), day=f"{at:%A}")
        line = Text.assemble(
            (f"{at:%a %H:%M}  ", "dim"), (f"{who} ", f"bold {style}"), (f"{verb}  ", style), what
        )
        line.truncate(self._progress.console.width, overflow="ellipsis")
        self._progress.console.print(line)


async def _demo(console: Console, folder: Path, seconds: float) -> Path:
    columns = (TextColumn("The week"), BarColumn(None), TextColumn("{task.fields[day]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        speed = timedelta(days=5).total_seconds() / seconds
        return await play.week(folder, speed, _Programme(progress))


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE.md", help="An archive page.")],
    output: Annotated[
        Path | None, typer.Option(help="Write the file with the archive that came out.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Play an archive page through the sandbox and the real bot, and compare what comes out.

    Exit code 1 if names, order, nesting or a text differ.
    """
    logs.configure("ERROR")
    with tempfile.TemporaryDirectory(prefix="marginalia-") as name:
        folder = Path(name)
        result = asyncio.run(play.replay(file, output or folder / file.name, folder))
    differing = result.differing
    for warning in result.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if as_json:
        typer.echo(json.dumps(_summary(file, output, result), indent=2, ensure_ascii=False))
    else:
        typer.echo(
            f"{file.name}: {len(result.after)} threads and "
            f"{sum(len(t.replies) for t in result.after)} replies came back; "
            f"names, order and nesting {'are the same' if result.same_shape else 'DIFFER'}; "
            f"{len(differing)} texts read otherwise, {result.same_bytes} of {result.texts} are the "
            "same byte for byte"
        )
        for before, after in differing[:10]:
            typer.echo(f"- {before[:200]!r}\n+ {after[:200]!r}")
        if output:
            typer.echo(f"written: {output}")
    if differing or not result.same_shape:
        raise typer.Exit(1)


def _summary(file: Path, output: Path | None, result: Comparison) -> dict[str, Any]:
    return {
        "file": str(file),
        "output": str(output) if output else None,
        "threads": len(result.after),
        "replies": sum(len(t.replies) for t in result.after),
        "same_shape": result.same_shape,
        "texts": result.texts,
        "same_bytes": result.same_bytes,
        "warnings": list(result.warnings),
        "differing": [{"before": b, "after": a} for b, a in result.differing],
    }


def _line(mrkdwn: str, names: Names | None = None) -> str:
    return " ".join(plain(mrkdwn, names).split())


def _thread(thread: archive.Entry) -> Text:
    shown = Text.assemble((f"{thread.name}\n", "bold"), f"{thread.text}\n")
    for reply in thread.replies:
        shown.append(f"\n  ↳ {reply.name}\n", "bold cyan")
        shown.append("\n".join(f"    {line}" for line in reply.text.splitlines()) + "\n")
    return shown
