"""`marginalia demo` and `marginalia replay`: whole sessions in the sandbox."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from bot.cli.options import JSON
from bot.cli.trying import Port, empty, serve
from bot.demo import play
from bot.demo.play import Comparison
from bot.demo.script import Act, Script, named
from bot.library import archive, formats
from bot.markup import Names, plain
from bot.running import logs
from bot.sessions.model import Event
from bot.texts import N_, _, n_

SECONDS = 12.0
"""How long the week of the demo lasts."""
_VERBS = {
    "ask": N_("asks:"),
    "thread": N_("asks in the announcement's thread:"),
    "edit": N_("edits the question:"),
    "delete": N_("deletes"),
    "react": N_("reacts with"),
}


def demo(
    seconds: Annotated[
        float, typer.Option(min=1, max=3600, help="How many seconds the week takes at least.")
    ] = SECONDS,
    folder: Annotated[
        Path, typer.Option(help="The folder for the files of the demo. It is emptied first.")
    ] = Path("var/demo"),
    picture: Annotated[
        Path | None, typer.Option(help="Also write the output to this file, as an SVG picture.")
    ] = None,
    page: Annotated[
        bool | None,
        typer.Option(
            "--page/--no-page",
            help="Afterwards, open a workspace in the browser, as `try` does.",
            show_default="on a terminal",
        ),
    ] = None,
    port: Port = 0,
) -> None:
    """Show a whole Q&A week in a local Slack workspace, from schedule file to archive.

    Needs no Slack account. On a terminal it then lets you take part, in the browser.
    """
    logs.configure("ERROR")
    empty(folder)
    console = Console(record=picture is not None, width=100 if picture else None)
    path = asyncio.run(_demo(console, folder, seconds))
    threads = archive.read(path)
    console.print()
    console.print(
        n_(
            "The archive is in {file}: {count} question with its answers, without messages that "
            "were deleted or came after the end. As the website shows it:",
            "The archive is in {file}: {count} questions with their answers, without messages that "
            "were deleted or came after the end. The first question, as the website shows it:",
            len(threads),
            file=f"[bold]{path}[/bold]",
        )
    )
    console.print(Panel(_thread(threads[0]), border_style="dim", width=min(console.width, 96)))
    if picture is not None:
        drawn = console.export_svg(title="make demo", unique_id="demo")
        # Rich's picture asks another host for a font; whoever looks at it has one.
        picture.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.S), "utf-8")
    if page is None:
        page = picture is None and sys.stdin.isatty() and sys.stdout.isatty()
    if page:
        console.print(
            "\n"
            + _("Now it is your turn: the same session has just opened in a workspace of your own.")
        )
        serve(folder / "page", port)
    else:
        command = "[bold]marginalia try[/bold]"
        console.print(_("To try it in the browser: {command} (or `make try`)", command=command))


class _Programme(Names):
    """Tells a terminal what happens, a line each, above a bar for the week."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._names: dict[str, str] = {}
        self._mentions: dict[str, str] = {}
        self._members: dict[str, str] = {}
        self._authors: set[str] = set()
        self._said: dict[str, Act] = {}
        self._bar = progress.add_task("", total=1.0, day="")
        self._start = self._end = datetime.min.replace(tzinfo=UTC)

    def begins(self, script: Script, event: Event, ids: Mapping[str, str], page: str) -> None:
        console = self._progress.console
        if not console.record:  # a picture outlives the address
            console.print(_("Watch it in the browser: {page}", page=page), style="dim")
        self._names = {a.key: a.display_name or a.real_name for a in script.people}
        self._mentions = {key: f"@{name}" for key, name in self._names.items()}
        self._members = {ids[key]: name for key, name in self._names.items()}
        written = {author.name for author in event.authors}
        self._authors = {key for key, name in self._names.items() if name in written}
        self._start, self._end = event.start, event.end

    def acted(self, act: Act) -> None:
        if act.label and act.verb != "edit":
            self._said[act.label] = act
        about = self._said.get(act.to or "")
        style = "cyan" if act.who in self._authors else "magenta"
        words = _line(named(f":{act.emoji}:" if act.verb == "react" else act.text, self._mentions))
        verb = self._verb(act, about)
        if act.verb in ("react", "delete") and about is not None:
            excerpt = self._excerpt(about)
            words = (
                _("{emoji} to “{excerpt}”", emoji=words, excerpt=excerpt)
                if words
                else f"“{excerpt}”"
            )
        self._show(act.at, self._names[act.who], verb, words, style)

    def heard(self, at: datetime, event: Mapping[str, Any], to: str | None) -> None:
        if event.get("type") == "pin_added":
            pinned = event.get("item", {}).get("message", {}).get("text", "")
            self._show(at, "Marginalia", _("pins"), f"“{_line(pinned, self)[:40]}…”", "green")
        elif event.get("type") == "message" and event.get("bot_id") and not event.get("subtype"):
            verb = (
                _("to {name} (direct message):", name=self.user(to)) if to else _("to the channel:")
            )
            self._show(at, "Marginalia", verb, _line(str(event.get("text")), self), "green")

    def user(self, id: str, /) -> str:
        """`bot.markup.Names`: a mention reads as the person's name."""
        return self._members.get(id, id)

    def channel(self, id: str, /) -> str:
        """A channel is never named in the play."""
        return id

    usergroup = channel

    def _verb(self, act: Act, about: Act | None) -> str:
        """What somebody does, and to whom."""
        whom = self._names[about.who] if about is not None else ""
        if act.verb == "reply":
            if act.who in self._authors:
                return _("answers {name}:", name=whom)
            return _("replies to {name}:", name=whom)
        if act.verb == "ask" and act.who in self._authors:
            return _("answers outside the thread:")
        if act.verb == "ask" and act.at > self._end:
            return _("asks after the end:")
        return _(_VERBS[act.verb])

    def _excerpt(self, act: Act) -> str:
        """The first words of a message."""
        words = _line(named(act.text, self._mentions))
        return f"{words[:40].rstrip()}…" if len(words) > 40 else words

    def _show(self, at: datetime, who: str, verb: str, what: str, style: str) -> None:
        passed = (at - self._start) / (self._end - self._start)
        self._progress.update(self._bar, completed=min(1.0, max(0.0, passed)), day=f"{at:%A}")
        line = Text.assemble(
            (f"{at:%a %H:%M}  ", "dim"), (f"{who} ", f"bold {style}"), (f"{verb} ", style), what
        )
        line.truncate(self._progress.console.width, overflow="ellipsis")
        self._progress.console.print(line)


async def _demo(console: Console, folder: Path, seconds: float) -> Path:
    columns = (TextColumn(_("The week")), BarColumn(None), TextColumn("{task.fields[day]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        return await play.week(folder, seconds, _Programme(progress))


def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.md", help="A schedule file with an archive.")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Write the file with the resulting archive here.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Replay an archive page as a session in the sandbox, and compare the archive that results.

    Exits with 1 if a name, the order, the nesting or a text differs.
    """
    logs.configure("ERROR")
    with tempfile.TemporaryDirectory(prefix="marginalia-") as name:
        folder = Path(name)
        result = asyncio.run(play.replay(file, output or folder / file.name, folder))
    differing = result.differing
    for warning in result.warnings:
        typer.echo(_("warning") + f": {warning}", err=True)
    if as_json:
        typer.echo(json.dumps(_summary(file, output, result), indent=2, ensure_ascii=False))
    else:
        typer.echo(f"{file.name}: {_told(result)}")
        for before, after in differing[:10]:
            typer.echo(f"- {before[:200]!r}\n+ {after[:200]!r}")
        if output:
            typer.echo(_("written: {output}", output=output))
    if differing or not result.same_shape:
        raise typer.Exit(1)


def _told(result: Comparison) -> str:
    """How a replay compares with the page, in one line."""
    return _(
        "{threads} and {replies}; {shape}; {differing}, {same} of {all} are identical",
        threads=n_("{count} thread", "{count} threads", len(result.after)),
        replies=n_("{count} reply", "{count} replies", sum(len(t.replies) for t in result.after)),
        shape=_("names, order and nesting are the same")
        if result.same_shape
        else _("names, order or nesting DIFFER"),
        differing=n_(
            "{count} text reads differently",
            "{count} texts read differently",
            len(result.differing),
        ),
        same=result.same_bytes,
        all=result.texts,
    )


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


def _thread(thread: formats.Entry) -> Group:
    """A question and its replies, as the page on the website shows them."""
    shown: list[RenderableType] = [Text(thread.name, "bold"), _Page(thread.text)]
    for reply in thread.replies:
        shown.append(Padding(Text(f"↳ {reply.name}", "bold cyan"), (1, 0, 0, 2)))
        shown.append(Padding(_Page(reply.text), (0, 0, 0, 4)))
    return Group(*shown)


class _Page(Markdown):
    """Markdown in which code stands on the colours of the terminal."""

    def __init__(self, text: str) -> None:
        super().__init__(text, code_theme="ansi_dark", inline_code_theme="ansi_dark")
