"""Channels: one in which nothing could be said can be used again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sessions.ports import UnitOfWork
from bot.slack.listeners.context import Context


def usable(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/channel_unarchive>: what waits is sent now."""
    channel = event.get("channel")
    if isinstance(channel, str):
        uow.outbox.unblock(channel)


def joined(context: Context, uow: UnitOfWork, event: Mapping[str, Any]) -> None:
    """<https://docs.slack.dev/reference/events/member_joined_channel>: we, or somebody else."""
    if context.bot_user_id is not None and event.get("user") == context.bot_user_id:
        usable(context, uow, event)


HANDLERS = {
    "channel_unarchive": usable,
    "group_unarchive": usable,
    "member_joined_channel": joined,
}
