"""All settings, from environment variables or a `.env` file in the working folder.

The variable of a field is its name in capitals after `MARGINALIA_`, or Slack's own name
(`SLACK_…`). `make settings` writes docs/settings.md from this file.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import texts
from bot.errors import UserError
from bot.sessions import reminders
from bot.support.remedies import reason
from bot.texts import _

Meaning = Literal["auto", "on", "off"]
"""Whether what texts mean is compared: where the model is installed, by all means, or not."""


class Language(BaseSettings):
    """The language in which a command speaks, read before its other settings."""

    model_config = SettingsConfigDict(env_prefix="MARGINALIA_", env_file=".env", extra="ignore")

    language: str = texts.SOURCE


class Settings(BaseSettings):
    """The settings of one running bot."""

    model_config = SettingsConfigDict(
        env_prefix="MARGINALIA_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    slack_bot_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_BOT_TOKEN",
        description="The bot token, `xoxb-…`. You find it under *OAuth & Permissions* in the app's "
        "settings.",
    )
    slack_app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="The app-level token for Socket Mode, `xapp-…`. Create it under *Basic "
        "Information* with the scope `connections:write`.",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="The signing secret. Needed only when Slack sends events over HTTP.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="The address of Slack's Web API. Change it only to use the sandbox.",
    )
    port: int | None = Field(
        None,
        description="The port for Slack's HTTP requests. Without it the bot uses Socket Mode.",
    )
    host: str = Field("127.0.0.1", description="The address that the bot's HTTP servers bind to.")
    url: str = Field(
        "",
        description="The public address at which Slack reaches the bot over HTTP, such as "
        "`https://bot.example.org`. `marginalia doctor` tries it.",
    )
    proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"),
        description="Addresses or networks of reverse proxies in front of the bot's ports, "
        "separated by commas or spaces. Their `X-Forwarded-For` is trusted, so that "
        "limits per address count clients and not the proxy.",
    )
    database_url: str = Field(
        "sqlite:///var/marginalia.db",
        description="The database: a SQLite file, or `postgresql://user:password@host/name`.",
    )
    database_password: SecretStr | None = Field(
        None,
        description="The password of the database, if it is not part of "
        "`MARGINALIA_DATABASE_URL`. Write it as it is, without escaping `@` or `/`.",
    )
    database_password_file: Path | None = Field(
        None, description="A file that contains the password of the database."
    )
    schedules: Path = Field(Path("schedules"), description="The folder of schedule files.")
    archive_dir: Path | None = Field(
        None,
        description="The folder for files with archives. If not set, archives are added to the "
        "schedule files themselves.",
    )
    keep_files: Literal["none", "images", "all"] = Field(
        "none",
        description="Which uploaded files to download when an archive is written, so that the "
        "archive links to the website instead of Slack. The app needs the scope "
        "`files:read`.",
    )
    keep_files_mib: float = Field(
        10.0,
        gt=0,
        description="The size in MiB up to which files are downloaded; larger ones stay in Slack.",
    )
    files_dir: Path = Field(
        Path("images/books"),
        description="The folder for downloaded files; each event gets a folder in it. Links in "
        "archives begin with the part of the path from `images` on: `/images/books/EVENT/…`.",
    )
    timezone: str = Field(
        "UTC",
        description="The time zone of `start` and `end` in schedule files without `timezone`: an "
        "IANA name such as `Europe/Berlin`.",
    )
    channel: str = Field(
        "book-of-the-week", description="The channel (name or ID) of events whose files name none."
    )
    organizers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Slack member IDs of the organizers, separated by commas or spaces. "
        "Organizers may use every `/qa` command.",
    )
    organizers_channel: str | None = Field(
        None,
        description="The channel for messages to the organizers. If not set, each organizer gets "
        "direct messages.",
    )
    post_interval: float = Field(
        1.0,
        ge=0,
        description="Seconds between two posts in the same channel. Slack allows one post per "
        "second.",
    )
    sweep_interval: float = Field(
        5.0,
        gt=0,
        description="Seconds between two checks of what is due (opening, closing, reminders).",
    )
    reconcile_interval: float = Field(
        180.0,
        gt=0,
        description="Seconds between two comparisons of an open session with Slack's history.",
    )
    rate_regime: Literal["auto", "internal", "restricted", "none"] = Field(
        "auto",
        description="How fast Slack lets the app read its history: `internal` (an app of your own "
        "workspace, about 50 calls per minute), `restricted` (an app distributed outside Slack's "
        "Marketplace, 1 call per minute), `none` (no limit: the sandbox), or `auto` (the bot finds "
        "out).",
    )
    health_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port for `/healthz`, `/readyz` and `/metrics`. If not set, none is "
        "opened.",
    )
    board_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port for the live boards. If not set, none is opened.",
    )
    board_url: str = Field(
        "",
        description="The public address of the boards, used in links and QR codes, such as "
        "`https://board.example.org`. If not set, it is made from `MARGINALIA_HOST` and "
        "`MARGINALIA_BOARD_PORT`.",
    )
    catch_up_days: float = Field(
        7.0,
        ge=0,
        description="For how many days after its end the bot still collects a session and late "
        "answers to it.",
    )
    retention: float = Field(
        90.0,
        ge=30,
        description="For how many days after a session the database keeps what is no longer "
        "needed: sent messages, submitted forms, the log of actions. Questions, answers, "
        "draws and archives are never deleted.",
    )
    git_commit: bool = Field(
        False,
        description="Whether to make a Git commit for each change to a schedule file and for each "
        "archive.",
    )
    git_remote: str | None = Field(
        None,
        description="The Git remote (name or address) to push commits to. If not set, nothing is "
        "pushed.",
    )
    git_branch: str = Field(
        "marginalia", description="The branch of the remote to push commits to."
    )
    reminders: str = Field(
        "",
        description="Reminders for events whose files have no `reminders`, separated by `;`, "
        "such as `3 days before start at 10:00; half-way; last day; 1 hour before "
        "end`.",
    )
    winners_weeks: float = Field(
        12.0, ge=0, description="For how many weeks winners are left out of further draws."
    )
    unthreaded: Literal["attach", "keep"] = Field(
        "attach",
        description="What to do with an author's answer outside a thread: put it under its "
        "question if it is clear which one that is (`attach`), or leave it where it "
        "is (`keep`). A schedule file can say otherwise with `unthreaded`.",
    )
    apps_left_out: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="IDs of apps (`A…`) or of their bots (`B…`) whose messages are not "
        "collected, even if they are posted in the name of a member. Separate them "
        "by commas or spaces.",
    )
    meaning: Meaning = Field(
        "auto",
        description="Whether to compare answers with questions by meaning as well, with the "
        "language model of the extra `meaning`: if it is installed (`auto`), always "
        "(`on`: the bot does not start without it), or never (`off`).",
    )
    suggest_answers: bool = Field(
        True,
        description="Whether somebody who asks is first shown up to three questions of this and past "
        "books that authors have answered.",
    )
    find: bool = Field(
        True,
        description="Whether members can search the questions that authors have answered, with "
        "`/qa find`.",
    )
    point_to_answers: bool = Field(
        True,
        description="Whether the authors' queue shows the answer to a similar question, with a button "
        "that replies with it.",
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="The lowest level of log lines to print: DEBUG, INFO, WARNING or ERROR.",
    )
    language: str = Field(
        "en",
        description="The language of the bot's messages, of the pages and of what the commands print: "
        "`en`, `es` or `de`. `--help`, the log and the workspace of `marginalia try` are in English.",
    )
    vote_reactions: Annotated[tuple[str, ...], NoDecode] = Field(
        ("+1", "arrow_up"),
        description="Names of the emoji that count as a vote for a question, separated by commas "
        "or spaces.",
    )
    acknowledge: str = Field(
        "",
        description="The name of an emoji, such as `eyes`, with which the bot reacts to each "
        "question in the channel. If not set, it does not react.",
    )
    sent_ahead_interval: float = Field(
        10.0,
        ge=0,
        description="Seconds between posting two questions that were asked before the session "
        "opened.",
    )
    digest_hour: int = Field(
        9,
        ge=0,
        le=23,
        description="The hour (in the author's time zone) at which authors get their digest.",
    )
    website: str = Field(
        "",
        description="The address of the website. If set, a book's `cover` that is a path is "
        "shown in the announcement, as a picture if it is a PNG, JPEG or GIF that "
        "everybody can load.",
    )

    site_url: str = Field(
        "",
        description="The address at which the pages of `marginalia site` are published. If set, "
        "`marginalia site` uses it as `--base-url`, earlier answers in Slack link to their pages, and "
        "the message that closes a session links to the book's page.",
    )
    site_folder: Path = Field(
        Path("var/site"),
        description="The folder into which `marginalia site` writes. The bot reads the addresses "
        "of questions there, in `addresses.json`.",
    )

    @field_validator(
        "slack_bot_token",
        "slack_app_token",
        "slack_signing_secret",
        "port",
        "health_port",
        "board_port",
        "database_password",
        "database_password_file",
        mode="before",
    )
    @classmethod
    def _unset_when_empty(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("board_url", "url", "site_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError(_("must begin with http:// or https://"))
        return value.rstrip("/")

    @field_validator("acknowledge")
    @classmethod
    def _emoji(cls, value: str) -> str:
        name = value.strip().strip(":")
        if name and not re.fullmatch(r"[\w+'-]+(?:::skin-tone-[2-6])?", name):
            raise ValueError(_("`{value}` is not the name of an emoji such as `eyes`", value=value))
        return name

    @model_validator(mode="after")
    def _no_vote(self) -> Self:
        if self.acknowledge.partition("::")[0] in self.vote_reactions:
            raise UserError(
                _(
                    "MARGINALIA_ACKNOWLEDGE is also in MARGINALIA_VOTE_REACTIONS and would count "
                    "as a vote; choose another emoji"
                )
            )
        return self

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (KeyError, ValueError, OSError):
            raise ValueError(
                _("`{value}` is not an IANA time zone such as Europe/Berlin", value=value)
            ) from None

    @field_validator("reminders")
    @classmethod
    def _understood(cls, value: str) -> str:
        try:
            reminders.parse(value)
        except UserError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("organizers", "proxies", "vote_reactions", "apps_left_out", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in value:
            ip_network(place, strict=False)
        return value

    @field_validator("vote_reactions")
    @classmethod
    def _without_colons(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.strip(":") for name in value)

    def __init__(self, **values: object) -> None:
        """Reads the settings. Raises UserError, one line, for a value that cannot be."""
        try:
            super().__init__(**values)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = str(first["loc"][0]) if first["loc"] else "settings"
            variable = name if name.isupper() else f"MARGINALIA_{name.upper()}"
            raise UserError(
                _(
                    "{variable}: {what}; correct it in the environment or in .env",
                    variable=variable,
                    what=first["msg"].lower(),
                )
            ) from None

    @model_validator(mode="after")
    def _with_password(self) -> Self:
        password = self.database_password.get_secret_value() if self.database_password else ""
        if not password and self.database_password_file is not None:
            try:
                password = self.database_password_file.read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                raise UserError(
                    _(
                        "MARGINALIA_DATABASE_PASSWORD_FILE: {path} cannot be read: {error}",
                        path=self.database_password_file,
                        error=reason(error),
                    )
                ) from None
        parts = urlsplit(self.database_url)
        user, at, host = parts.netloc.rpartition("@")
        if password and at and ":" not in user:
            place = f"{user}:{quote(password, safe='')}@{host}"
            self.database_url = parts._replace(netloc=place).geturl()
        return self

    def require_bot_token(self) -> None:
        """Raises UserError, one line, if there is no token to ask Slack anything."""
        if self.slack_bot_token is None:
            raise UserError(
                _(
                    "SLACK_BOT_TOKEN is not set; copy it (xoxb-…) from OAuth & Permissions in the "
                    "app's settings at api.slack.com/apps, and put it into the environment or .env"
                )
            )

    def require_slack(self) -> None:
        """Raises UserError, one line, if a secret that the way to Slack needs is not set."""
        self.require_bot_token()
        if self.port is None and self.slack_app_token is None:
            raise UserError(
                _(
                    "SLACK_APP_TOKEN is not set; create it (xapp-…, with connections:write) "
                    "under Basic Information in the app's settings at api.slack.com/apps, and "
                    "put it into the environment or .env (or set MARGINALIA_PORT and "
                    "SLACK_SIGNING_SECRET to let Slack send over HTTP)"
                )
            )
        if self.port is not None and self.slack_signing_secret is None:
            raise UserError(
                _(
                    "SLACK_SIGNING_SECRET is not set, but MARGINALIA_PORT turns on HTTP; copy it "
                    "from Basic Information in the app's settings at api.slack.com/apps, and put "
                    "it into the environment or .env"
                )
            )
