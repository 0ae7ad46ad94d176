"""Writes docs/settings.md from bot/settings.py: `python scripts/settings_page.py`, or `make settings`."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
GROUPS = {
    "Slack": (
        *("slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_api_url", "port"),
        *("url", "rate_regime", "apps_left_out"),
    ),
    "Events and schedule files": (
        *("schedules", "channel", "timezone", "language", "reminders", "sent_ahead_interval"),
        *(
            "catch_up_days",
            "unthreaded",
            "meaning",
            "suggest_answers",
            "find",
            "point_to_answers",
            "vote_reactions",
            "acknowledge",
            "digest_hour",
        ),
        *("winners_weeks", "organizers", "organizers_channel"),
    ),
    "Archives": (
        *("archive_dir", "website", "site_url", "site_folder", "keep_files", "keep_files_mib"),
        *("files_dir", "git_commit", "git_remote", "git_branch"),
    ),
    "Database": ("database_url", "database_password", "database_password_file", "retention"),
    "Servers and logging": (
        *("host", "proxies", "health_port", "board_port", "board_url", "log_level"),
        *("post_interval", "sweep_interval", "reconcile_interval"),
    ),
}
"""The settings by topic. One that is in none comes under "Other"."""
HEAD = """\
# Settings

<!-- Written by `make settings` from bot/settings.py; do not edit. -->

Marginalia reads its settings from environment variables and from a file `.env` in the folder in which
it is started. A variable in the environment wins over the same one in `.env`. Restart the bot after
you change a setting. A value that cannot be used is reported in one line when a command starts.

The only settings that you must set are `SLACK_BOT_TOKEN` and, for Socket Mode, `SLACK_APP_TOKEN`; or
`SLACK_SIGNING_SECRET` and `MARGINALIA_PORT` for HTTP ([how to choose](operations.md)).
"""


def page() -> str:
    """The whole page, in Markdown."""
    fields = Settings.model_fields
    grouped = [name for names in GROUPS.values() for name in names if name in fields]
    rest = tuple(name for name in fields if name not in grouped)
    parts = [HEAD]
    for title, names in (*GROUPS.items(), ("Other", rest)):
        if rows := [_row(name, fields[name]) for name in names if name in fields]:
            parts.append(f"## {title}\n\n| setting | default | what it does |\n| --- | --- | --- |")
            parts[-1] += "\n" + "\n".join(rows) + "\n"
    return "\n".join(parts)


def _row(name: str, field: FieldInfo) -> str:
    variable = str(field.validation_alias or f"MARGINALIA_{name.upper()}")
    text = str(field.description)
    if choices := _choices(field.annotation):
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    return f"| `{variable}` | {_default(field)} | {text.replace('|', chr(92) + '|')} |"


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return typing.cast("tuple[str, ...]", get_args(annotation))
    return ()


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or isinstance(value, SecretStr) or value in ("", ()):
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{', '.join(value)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
