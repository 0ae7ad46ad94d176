"""What every listener may use besides its unit of work."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sessions.notifier import Notifier
from bot.sessions.ports import Clock


@dataclass(slots=True)
class Context:
    """Who we are in Slack, what time it is, and how we speak.

    `bot_id` and `bot_user_id` are known once Slack has said them. `unthreaded` is the setting: whether authors' answers outside threads are linked (`attach`).
    `apps_left_out` are IDs of apps and bots whose messages are nobody's.
    """

    clock: Clock
    notifier: Notifier
    bot_id: str | None
    bot_user_id: str | None
    unthreaded: str = "attach"
    apps_left_out: frozenset[str] = frozenset()
