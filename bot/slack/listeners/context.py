"""What every listener may use besides its unit of work."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sessions.pairing import Model
from bot.sessions.ports import Clock
from bot.sessions.voice import Voice


@dataclass(frozen=True, slots=True)
class Context:
    """Who we are in Slack, what time it is, and how we speak.

    `unthreaded` is the setting: whether authors' answers outside threads are linked (`attach`);
    `model` compares what texts mean, None for words alone.
    """

    clock: Clock
    voice: Voice
    bot_id: str | None
    bot_user_id: str | None
    unthreaded: str = "attach"
    model: Model | None = None
