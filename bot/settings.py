"""What can be set, from the environment or a `.env` file in the working folder.

Every setting is an environment variable of the field's name in capitals: Slack's own with
`SLACK_` as Slack names them, ours with `MARGINALIA_`.
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

from bot.errors import UserError
from bot.sessions import reminders

_PLACE = "in the app's settings at api.slack.com/apps; put it into the environment or .env"

Meaning = Literal["auto", "on", "off"]
"""Whether what texts mean is compared: where the model is installed, by all means, or not."""


class Settings(BaseSettings):
    """The settings of one running bot."""

    model_config = SettingsConfigDict(
        env_prefix="MARGINALIA_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    slack_bot_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_BOT_TOKEN",
        description="The bot token, `xoxb-…`: OAuth & Permissions in the app's settings.",
    )
    slack_app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="The app-level token, `xapp-…` with `connections:write`, for Socket Mode.",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="The signing secret, when Slack sends events over HTTP.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="Where the Web API is; only the sandbox wants another.",
    )
    port: int | None = Field(
        None, description="The port for Slack's HTTP requests; Socket Mode when there is none."
    )
    host: str = Field("127.0.0.1", description="The address every HTTP server of ours binds.")
    url: str = Field(
        "",
        description="The address under which Slack reaches `port`: `https://bot.example.org`; "
        "`marginalia doctor` tries it.",
    )
    proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"),
        description="Addresses or networks of reverse proxies in front of our ports, separated by "
        "commas or blanks; their X-Forwarded-For is believed, so that limits for one address "
        "count clients and not the proxy.",
    )
    database_url: str = Field(
        "sqlite:///var/marginalia.db",
        description="SQLite (the default) or `postgresql://user:password@host/name`.",
    )
    database_password: SecretStr | None = Field(
        None,
        description="The password for `database_url` where that has none, as it is: `@` and `/` "
        "need no escape.",
    )
    database_password_file: Path | None = Field(
        None, description="A file with that password instead; blanks at its ends are left out."
    )
    schedules: Path = Field(Path("schedules"), description="The folder of schedule files.")
    archive_dir: Path | None = Field(
        None, description="Where archives are written; into the schedule file when not set."
    )
    keep_files: Literal["none", "images", "all"] = Field(
        "none",
        description="Which files that people uploaded are downloaded when an archive is written, so "
        "that it links to the website instead of Slack: none, `images`, or `all`. The app needs "
        "the scope `files:read`.",
    )
    keep_files_mib: float = Field(
        10.0, gt=0, description="The largest file that is kept, in MiB; larger ones stay in Slack."
    )
    files_dir: Path = Field(
        Path("images/books"),
        description="The folder of kept files, each event's in a folder of its own there. Links "
        "in archives begin where `images` is in the path: `/images/books/EVENT/…`.",
    )
    timezone: str = Field(
        "UTC",
        description="The time zone of `start` and `end` in schedule files without `timezone`: an "
        "IANA name such as `Europe/Berlin`.",
    )
    channel: str = Field(
        "book-of-the-week", description="The channel of events that name none (name or ID)."
    )
    organizers: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Slack member IDs of the organizers, separated by commas or blanks."
    )
    organizers_channel: str | None = Field(
        None, description="A channel for notices to organizers; direct messages when not set."
    )
    post_interval: float = Field(
        1.0, ge=0, description="Seconds between two posts in one channel (Slack allows one)."
    )
    sweep_interval: float = Field(
        5.0, gt=0, description="Seconds between two looks for what is due."
    )
    reconcile_interval: float = Field(
        180.0,
        gt=0,
        description="Seconds between two comparisons of an open session with Slack's history.",
    )
    rate_regime: Literal["auto", "internal", "restricted", "none"] = Field(
        "auto",
        description="How fast Slack lets its history be read: `internal` (an app of the "
        "workspace's own, about 50 calls a minute), `restricted` (distributed outside the "
        "Marketplace, 1 call a minute), `none` (the sandbox); learnt from Slack when `auto`.",
    )
    health_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port of /healthz, /readyz and /metrics; none is opened when not set.",
    )
    board_port: int | None = Field(
        None, ge=0, le=65535, description="The port of the boards; none is opened when not set."
    )
    board_url: str = Field(
        "",
        description="The address under which others reach the boards, for links and QR codes: "
        "`https://board.example.org`; that of `host` and `board_port` when not set.",
    )
    catch_up_days: float = Field(
        7.0, ge=0, description="How long after its end a session nobody ran is still made up for."
    )
    retention: float = Field(
        90.0,
        ge=30,
        description="For how many days after a session is over the database keeps what nothing "
        "needs any more: sent messages, older versions of edited ones, sent forms, the log of "
        "actions. Questions, answers, draws and archives are never deleted.",
    )
    git_commit: bool = Field(
        False, description="Whether each change of the schedules and each archive is a Git commit."
    )
    git_remote: str | None = Field(
        None, description="A remote (name or address) that commits are pushed to; none when unset."
    )
    git_branch: str = Field(
        "marginalia", description="The branch of the remote that commits are pushed to."
    )
    reminders: str = Field(
        "",
        description="Reminders of events that have no `reminders`, separated by `;`, such as "
        "`3 days before start at 10:00; half-way; last day; 1 hour before end`.",
    )
    winners_weeks: float = Field(
        12.0, ge=0, description="For how many weeks a winner is left out of further draws."
    )
    unthreaded: Literal["attach", "keep"] = Field(
        "attach",
        description="Whether an author's answer outside a thread is put under its question where "
        "that is sure, at once and in the archive (`attach`), or left where it is and nobody "
        "asked (`keep`); an event's own `unthreaded` has the last word.",
    )
    apps_left_out: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="IDs of apps (`A…`) or their bots (`B…`) whose messages are left out even where "
        "they are posted in the name of a member, separated by commas or blanks.",
    )
    meaning: Meaning = Field(
        "auto",
        description="Whether answers outside threads are compared with questions by what they "
        "mean, too, with the model of the extra `meaning`: where it is installed (`auto`), or "
        "else not start (`on`), or not (`off`).",
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="From which level on things are logged: DEBUG, INFO, WARNING or ERROR.",
    )
    language: str = Field("en", description="The language of all that the bot says in Slack.")
    vote_reactions: Annotated[tuple[str, ...], NoDecode] = Field(
        ("+1", "arrow_up"),
        description="Names of the emoji that are a vote for a question, separated by commas or "
        "blanks.",
    )
    acknowledge: str = Field(
        "",
        description="Name of an emoji with which the bot reacts to each question in the channel, "
        "such as `eyes`; empty for none.",
    )
    sent_ahead_interval: float = Field(
        10.0,
        ge=0,
        description="Seconds between two questions that were sent before the session opened.",
    )
    digest_hour: int = Field(
        9, ge=0, le=23, description="The hour of an author's day at which the digest comes."
    )
    website: str = Field(
        "",
        description="The website's address. A book's `cover` that is a path is a picture in the "
        "announcement when it is set, if it is PNG, JPEG or GIF and everybody can load it.",
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

    @field_validator("board_url", "url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("acknowledge")
    @classmethod
    def _emoji(cls, value: str) -> str:
        name = value.strip().strip(":")
        if name and not re.fullmatch(r"[\w+'-]+(?:::skin-tone-[2-6])?", name):
            raise ValueError(f"`{value}` is not the name of an emoji such as `eyes`")
        return name

    @model_validator(mode="after")
    def _no_vote(self) -> Self:
        if self.acknowledge.partition("::")[0] in self.vote_reactions:
            raise UserError(
                "MARGINALIA_ACKNOWLEDGE is one of MARGINALIA_VOTE_REACTIONS, and would count as a "
                "vote; choose another emoji"
            )
        return self

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (KeyError, ValueError, OSError):
            raise ValueError(f"`{value}` is not an IANA time zone such as Europe/Berlin") from None

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
                f"{variable}: {first['msg'].lower()}; correct it in the environment or in .env"
            ) from None

    @model_validator(mode="after")
    def _with_password(self) -> Self:
        password = self.database_password.get_secret_value() if self.database_password else ""
        if not password and self.database_password_file is not None:
            try:
                password = self.database_password_file.read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                raise UserError(
                    f"MARGINALIA_DATABASE_PASSWORD_FILE: {self.database_password_file} cannot be "
                    f"read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
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
                f"SLACK_BOT_TOKEN is not set; copy it (xoxb-…) from OAuth & Permissions {_PLACE}"
            )

    def require_slack(self) -> None:
        """Raises UserError, one line, if a secret that the way to Slack needs is not set."""
        self.require_bot_token()
        place = _PLACE
        if self.port is None and self.slack_app_token is None:
            raise UserError(
                "SLACK_APP_TOKEN is not set; create it (xapp-…, with connections:write) under "
                f"Basic Information {place} (or set MARGINALIA_PORT and SLACK_SIGNING_SECRET to "
                "let Slack send over HTTP)"
            )
        if self.port is not None and self.slack_signing_secret is None:
            raise UserError(
                "SLACK_SIGNING_SECRET is not set, and MARGINALIA_PORT asks for HTTP; copy it from "
                f"Basic Information {place}"
            )
