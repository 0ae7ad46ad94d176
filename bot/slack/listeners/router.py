"""Where a file of listeners declares what it answers to, and who may.

A file makes one `Router` and decorates its handlers; `bot.slack.listeners.interactions` registers
all routers with Bolt. A handler is called after what was done has been acknowledged, except for
those of forms and of suggestions: what these give is the acknowledgement, within three seconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from bot.sessions.model import Who
from bot.sessions.ports import UnitOfWork
from bot.slack.blocks.help import Command
from bot.slack.listeners.interaction import Answer, HandlerContext, Interaction

H = TypeVar("H", bound=Callable[[Interaction], Awaitable[Any]])
Handler = Callable[[Interaction], Awaitable[None]]
FormHandler = Callable[[Interaction], Awaitable[dict[str, Any] | None]]
"""Gives Slack's `response_action` and what belongs to it, or None to close the form."""
OptionsHandler = Callable[[Interaction], Awaitable[list[dict[str, Any]]]]
Work = Callable[[UnitOfWork, Interaction], Answer]
HomeSection = Callable[[UnitOfWork, HandlerContext, str], Sequence[dict[str, Any]]]
"""Gives blocks for the App Home of a person (a member ID); nothing for one it is not for."""


@dataclass(frozen=True, slots=True)
class Subcommand(Command):
    """A subcommand and what it does. Where the setting named `setting` is off, the help leaves it
    out.
    """

    run: Handler
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A handler and who may call it; `what` names it in the log when somebody may not."""

    what: str
    who: Who
    run: Callable[[Interaction], Awaitable[Any]]


@dataclass(slots=True)
class Router:
    """What one file answers to."""

    handlers: dict[tuple[str, str], Guarded] = field(default_factory=dict)
    """By what they are for (`command`, `action`, `shortcut`, `view`, `options`) and its name."""
    subcommands: dict[str, Subcommand] = field(default_factory=dict)
    sections: list[tuple[int, HomeSection]] = field(default_factory=list)

    def command(self, name: str, who: Who = Who.MEMBER) -> Callable[[Handler], Handler]:
        """A slash command of its own, `/ask`."""
        return self._entering("command", name, who)

    def subcommand(
        self, name: str, usage: str, help: str, who: Who = Who.MEMBER, setting: str = ""
    ) -> Callable[[Handler], Handler]:
        """`/qa name`. Mark `usage` and `help` with `N_`."""

        def enter(run: Handler) -> Handler:
            self.subcommands[name] = Subcommand(name, usage, help, who, run, setting)
            return run

        return enter

    def action(self, action_id: str, who: Who = Who.MEMBER) -> Callable[[Handler], Handler]:
        """A button or a menu, in a message, a form or the App Home."""
        return self._entering("action", action_id, who)

    def shortcut(self, callback_id: str, who: Who = Who.MEMBER) -> Callable[[Handler], Handler]:
        """A shortcut, global or on a message."""
        return self._entering("shortcut", callback_id, who)

    def view(self, callback_id: str, who: Who = Who.MEMBER) -> Callable[[FormHandler], FormHandler]:
        """A form that was submitted."""
        return self._entering("view", callback_id, who)

    def options(
        self, action_id: str, who: Who = Who.MEMBER
    ) -> Callable[[OptionsHandler], OptionsHandler]:
        """What is suggested in an external select; `interaction.value` is what was typed."""
        return self._entering("options", action_id, who)

    def home(self, order: int) -> Callable[[HomeSection], HomeSection]:
        """A part of the App Home; parts stand by `order`."""

        def enter(section: HomeSection) -> HomeSection:
            self.sections.append((order, section))
            return section

        return enter

    def _entering(self, kind: str, name: str, who: Who) -> Callable[[H], H]:
        def enter(run: H) -> H:
            self.handlers[kind, name] = Guarded(name, who, run)
            return run

        return enter


def reads(work: Work) -> Handler:
    """A handler that answers with what `work` reads from the database in one transaction."""

    @wraps(work)
    async def handler(interaction: Interaction) -> None:
        if not interaction.is_home:
            await interaction.answer(await interaction.read(work, interaction))

    return handler


def changes(work: Work) -> Handler:
    """A handler that has `work` change the database in one transaction, and answers what it gives.
    Who looks at the session's questions sees what changed.
    """

    @wraps(work)
    async def handler(interaction: Interaction) -> None:
        await interaction.answer(await interaction.change(work, interaction))

    return handler
