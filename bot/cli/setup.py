"""`marginalia setup`: from nothing to a bot that can be started, one question after the other."""

from __future__ import annotations

import asyncio
import getpass
import sys
import webbrowser
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import aiohttp
import typer

from bot import texts
from bot.errors import UserError
from bot.library.library import load
from bot.library.problem import shown
from bot.library.writing import Writer
from bot.running import logs
from bot.sessions.planning import Draft
from bot.settings import Settings
from bot.slack import manifest
from bot.slack.api.checkup import Checkup, Finding, State, fine, not_reached, problem
from bot.slack.api.gateway import web_client
from bot.support import envfile
from bot.support.remedies import not_written
from bot.texts import N_, _

APPS = "https://api.slack.com/apps"
FILE = Path(".env")
NIGHT = time(22, 59, 59)
"""When a session ends whose end is given as a day."""
DAYS = 4
"""From a session's first day to its last, where no end is given: Monday to Friday."""


@dataclass(slots=True)
class Answers:
    """What was answered: by flags and the environment, by what `.env` says, or by a person.

    `given` are the flags, by variable. Nothing is asked unless `asks`.
    """

    asks: bool
    given: dict[str, str]
    known: dict[str, str] = field(default_factory=lambda: envfile.read(FILE))

    def value(self, name: str) -> str:
        """What is known of a variable; '' for nothing."""
        return self.given.get(name) or self.known.get(name, "")

    def keep(self, name: str, value: str) -> None:
        """Writes an answer into `.env`, unless it is there."""
        if self.known.get(name) != value:
            envfile.write(FILE, {name: value})
            self.known[name] = value

    def ask(
        self,
        name: str,
        prompt: Callable[[], str],
        check: Callable[[str], Finding | None] = lambda value: None,
        default: str = "",
    ) -> str:
        """The answer for a variable, checked and kept: asked again as long as it is wrong.

        Without a terminal the default is taken, and a wrong answer raises UserError.
        """
        value = self.value(name)
        if value and name not in self.given:
            typer.echo(_("{name}: already set in {FILE}", name=name, FILE=FILE))
        while True:
            if not value:
                value = prompt().strip() if self.asks else default
            found = check(value) if value else None
            if found is not None:
                typer.echo(line(found))
            if found is None or found.state is not State.PROBLEM:
                if value:
                    self.keep(name, value)
                return value
            if not self.asks:
                raise UserError(f"{_(found.check)}: {logs.redacted(found.text)}; {found.remedy}")
            value = ""


def _option_of(variable: str, help: str) -> Any:
    """An option for a secret that is better given in a variable of the environment."""
    kind = variable.rpartition("_")[2]
    return typer.Option(metavar=kind, envvar=variable, show_envvar=False, help=help)


def setup(
    connection: Annotated[
        Literal["socket", "http"] | None,
        typer.Option(help="How Slack reaches the bot: Socket Mode, or HTTP (with --url)."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The public https address, for HTTP.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port for Slack's requests, for HTTP.")] = 3000,
    bot_token: Annotated[
        str | None,
        _option_of(
            "SLACK_BOT_TOKEN",
            "The bot token. Better given as SLACK_BOT_TOKEN in the environment: other users of "
            "the machine can read flags. The same holds for the next two.",
        ),
    ] = None,
    app_token: Annotated[
        str | None,
        _option_of("SLACK_APP_TOKEN", "The app-level token, for Socket Mode (SLACK_APP_TOKEN)."),
    ] = None,
    signing_secret: Annotated[
        str | None,
        _option_of("SLACK_SIGNING_SECRET", "The signing secret, for HTTP (SLACK_SIGNING_SECRET)."),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="The channel of the sessions.")] = None,
    organizers: Annotated[
        str | None, typer.Option(metavar="IDS", help="Member IDs, separated by commas.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The first book's title.")] = None,
    author: Annotated[
        list[str] | None, typer.Option(help="One of its authors; may be repeated.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="DAY", help="Its first day, YYYY-MM-DD (next Monday).")
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="DAY", help="Its last day (four days later).")
    ] = None,
    schedule: Annotated[
        bool, typer.Option("--schedule/--no-schedule", help="Plan a first book.")
    ] = True,
    open_: Annotated[
        bool, typer.Option("--open", help="Open Slack's page for a new app in the browser.")
    ] = False,
) -> None:
    """Connect the bot to a workspace: asks for what is missing and writes it into .env.

    Prints the manifest to paste, checks each token as it comes, and plans a first book. What is in
    .env already stays. Without a terminal it takes flags, and names those that are missing.
    """
    flags = {
        "SLACK_BOT_TOKEN": bot_token,
        "SLACK_APP_TOKEN": app_token,
        "SLACK_SIGNING_SECRET": signing_secret,
        "MARGINALIA_URL": url,
        "MARGINALIA_CHANNEL": channel,
        "MARGINALIA_ORGANIZERS": organizers,
    }
    given = {name: value.strip() for name, value in flags.items() if value and value.strip()}
    answers = Answers(sys.stdin.isatty(), given)
    settings = Settings()
    is_planned = not schedule or bool(_events(settings))
    is_http = (connection or _connection(answers)) == "http"
    _refuse_missing(answers, is_http, is_planned, title, author)
    _app(answers, settings, is_http, open_)
    if is_http:
        answers.keep("MARGINALIA_PORT", answers.known.get("MARGINALIA_PORT", str(port)))
    checkup = _tokens(answers, settings, is_http)
    _places(answers, checkup)
    if is_planned:
        typer.echo(_("schedules: {count} planned already, none added", count=_events(settings)))
    else:
        _plan(answers, settings, title, author or [], start, end)
    typer.echo(_("\nEverything is set up. Start the bot:\n\n    marginalia run\n"))
    if Path("docker-compose.yml").exists():
        typer.echo(_("or in a container:\n\n    docker compose up -d\n"))


def sign(state: State) -> str:
    """How a finding's line begins."""
    return {State.OK: _("ok"), State.WARNING: _("warning"), State.PROBLEM: _("PROBLEM")}[state]


def line(finding: Finding) -> str:
    """A finding as one line, without secrets."""
    hint = f" → {finding.remedy}" if finding.remedy else ""
    return logs.redacted(
        " ".join(f"{sign(finding.state):8}{_(finding.check)}: {finding.text}{hint}".split("\n"))
    )


def _connection(answers: Answers) -> str:
    if answers.value("MARGINALIA_URL") or answers.value("MARGINALIA_PORT"):
        return "http"
    if not answers.asks or answers.value("SLACK_APP_TOKEN"):
        return "socket"
    typer.echo(_("Socket Mode needs no public address; HTTP needs a public https address."))
    while True:
        chosen = str(typer.prompt(_("How does Slack reach the bot, socket or http?"), "socket"))
        if chosen in ("socket", "http"):
            return chosen


def _refuse_missing(
    answers: Answers,
    is_http: bool,
    is_planned: bool,
    title: str | None,
    author: list[str] | None,
) -> None:
    """Raises UserError where there is no terminal to ask in, and something must be asked."""
    if answers.asks:
        return
    needed = {
        "--bot-token (or SLACK_BOT_TOKEN)": answers.value("SLACK_BOT_TOKEN"),
        "--app-token (or SLACK_APP_TOKEN)": is_http or answers.value("SLACK_APP_TOKEN"),
        "--signing-secret (or SLACK_SIGNING_SECRET)": not is_http
        or answers.value("SLACK_SIGNING_SECRET"),
        "--url": not is_http or answers.value("MARGINALIA_URL"),
        "--title": is_planned or title,
        "--author": is_planned or author,
    }
    missing = [flag for flag, there in needed.items() if not there]
    if missing:
        more = "" if is_planned else _("; with --no-schedule, no book is planned")
        raise UserError(
            _(
                "there is no terminal to ask questions in; give {missing}{more}",
                missing=", ".join(missing),
                more=more,
            )
        )


def _app(answers: Answers, settings: Settings, is_http: bool, in_browser: bool) -> None:
    """Shows how the app is made, unless there is one already."""
    url = None
    if is_http:
        url = answers.ask("MARGINALIA_URL", lambda: _text(_("Public address, https://…")), _address)
    if answers.value("SLACK_BOT_TOKEN"):
        return
    texts.use(settings.language)
    text = manifest.text(url, files_are_kept=settings.keep_files != "none")
    if in_browser:
        # https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests
        webbrowser.open(f"{APPS}?new_app=1&manifest_yaml={quote(text)}")
        typer.echo(_("Your browser opens Slack's page for a new app; choose your workspace there."))
    else:
        typer.echo(f"{'-' * 72}\n{text}{'-' * 72}")
        typer.echo(
            _(
                "Go to {address}, choose Create New App → From a manifest, pick your workspace,\n"
                "choose YAML, and paste the text between the two lines.",
                address=APPS,
            )
        )
    typer.echo(_("Then choose Install App → Install to Workspace."))


def _tokens(answers: Answers, settings: Settings, is_http: bool) -> Checkup:
    checkups: list[Checkup] = []

    def check_bot(token: str) -> Finding:
        checkup = Checkup(web_client(token, settings.slack_api_url))
        checkups.append(checkup)
        found = _asked(checkup.token())
        if found.state is not State.PROBLEM:
            scopes = checkup.scopes(files_are_kept=settings.keep_files != "none")
            for more in (scopes, checkup.clock()):
                if more.state is not State.OK:
                    typer.echo(line(more))
                if more.state is State.PROBLEM and not answers.asks:
                    raise UserError(f"{_(more.check)}: {more.text}; {more.remedy}")
        return found

    answers.ask(
        "SLACK_BOT_TOKEN",
        lambda: _secret("OAuth & Permissions → Bot User OAuth Token (xoxb-…)"),
        check_bot,
    )
    checkup = checkups[-1]
    if is_http:
        place = "Basic Information → App Credentials → Signing Secret"
        answers.ask("SLACK_SIGNING_SECRET", lambda: _secret(place))
    else:
        place = "Basic Information → App-Level Tokens → Generate, with connections:write (xapp-…)"
        answers.ask(
            "SLACK_APP_TOKEN",
            lambda: _secret(place),
            lambda token: _asked(checkup.app_token(token)),
        )
    return checkup


def _places(answers: Answers, checkup: Checkup) -> None:
    default = "book-of-the-week"

    def check_organizers(ids: str) -> Finding | None:
        for slack_id in ids.replace(",", " ").split():
            found = _asked(_one_person(checkup, slack_id))
            if found.state is State.PROBLEM:
                return found
        return fine(N_("organizers"), _("found"))

    answers.ask(
        "MARGINALIA_CHANNEL",
        lambda: _text(_("Channel of the sessions"), default),
        lambda name: _asked(_one_channel(checkup, name)),
        default,
    )
    answers.ask(
        "MARGINALIA_ORGANIZERS",
        lambda: _text(
            _("Organizers' member IDs, separated by commas (profile, ⋮, Copy member ID)"), " "
        ),
        check_organizers,
    )


def _plan(
    answers: Answers,
    settings: Settings,
    title: str | None,
    authors: list[str],
    start: str | None,
    end: str | None,
) -> None:
    """Writes the first schedule file; asked again as long as the check refuses it."""
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=(7 - today.weekday()) % 7)
    while True:
        try:
            name = title or _text(_("Title of the first book"))
            who = authors or _text(
                _("Its authors, by their names in Slack, separated by commas")
            ).split(",")
            first = _day(
                start or (_text(_("First day"), str(monday)) if answers.asks else str(monday))
            )
            last_day = str(first + timedelta(days=DAYS))
            last = _day(end or (_text(_("Last day"), last_day) if answers.asks else last_day))
            draft = Draft(
                title=name,
                start=datetime.combine(first, time(), UTC),
                end=datetime.combine(last, NIGHT, UTC),
                authors=tuple(w.strip() for w in who if w.strip()),
            )
            settings.schedules.mkdir(parents=True, exist_ok=True)
            now = datetime.now(UTC)
            library = load(settings.schedules, default_channel=settings.channel, now=now)
            path, _event = Writer(library, now).create(draft)
        except UserError as error:
            if not answers.asks or (title and authors and start):
                raise
            typer.echo(f"{sign(State.PROBLEM):8}{error}")
            title, authors, start, end = None, [], None, None
        except OSError as error:
            raise not_written(settings.schedules, error) from None
        else:
            written = _("{file} was written", file=shown(path))
            typer.echo(line(fine(N_("schedule"), written)))
            return


def _events(settings: Settings) -> int:
    """How many events the schedules have."""
    if not settings.schedules.is_dir():
        return 0
    found = load(settings.schedules, default_channel=settings.channel, now=datetime.now(UTC))
    return len(found.events)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UserError(_("{text} is not a date; write YYYY-MM-DD", text=repr(text))) from None


def _address(url: str) -> Finding | None:
    try:
        manifest.request_url(url)
    except UserError as error:
        return problem(N_("address"), str(error), _("write it like https://bot.example.org"))
    return None


def _asked(question: Coroutine[Any, Any, Finding]) -> Finding:
    """What Slack says to a question; a problem where it cannot be reached."""
    try:
        return asyncio.run(question)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return not_reached(error)


async def _one_channel(checkup: Checkup, name: str) -> Finding:
    return (await checkup.channels([name], None))[0]


async def _one_person(checkup: Checkup, slack_id: str) -> Finding:
    found = await checkup.person(N_("organizers"), slack_id, "--organizers")
    return found or fine(N_("organizers"), _("found"))


def _text(prompt: str, default: str | None = None) -> str:
    return str(typer.prompt(prompt, default=default, show_default=bool((default or "").strip())))


def _secret(place: str) -> str:
    return getpass.getpass(_("{place} (your input is not shown): ", place=place))
