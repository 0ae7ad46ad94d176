"""What people do with the app, from Bolt to the handlers and back.

Rights are checked here, at every call. What a person may not do is refused politely and stands
in the log; what fails is said in one line, and a form keeps what was typed in it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz import process
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError

from bot.errors import UserError
from bot.sessions.model import Who
from bot.sessions.ports import UnitOfWork
from bot.slack.api.gateway import code_of, reason_of
from bot.slack.blocks import help as help_blocks
from bot.slack.blocks.kit import modal, section
from bot.slack.blocks.limits import PLACE
from bot.slack.listeners.interaction import (
    FormError,
    HandlerContext,
    Interaction,
    NotAllowed,
    chosen_in,
)
from bot.slack.listeners.router import Guarded, Router, Subcommand
from bot.texts import _

log = logging.getLogger(__name__)

QA = "/qa"
ACKNOWLEDGE_WITHIN_SECONDS = 2.6
"""Seconds for what must be in the acknowledgement; Slack waits for three:
<https://docs.slack.dev/interactivity/handling-user-interaction>."""
MIN_SUGGESTION_SCORE = 60
"""How alike (0 to 100) a word must be to be suggested for an unknown subcommand."""

_ANY = re.compile(".*", re.DOTALL)


class Interactions:
    """All routers together."""

    def __init__(self, context: HandlerContext, routers: Sequence[Router]):
        self.context = context
        self._handlers = _joined(router.handlers for router in routers)
        self.subcommands: dict[str, Subcommand] = _joined(router.subcommands for router in routers)

    def register(self, app: AsyncApp) -> None:
        """Gives everything to Bolt."""
        app.command(_ANY)(self._command)
        app.action(_ANY)(self._action)
        app.shortcut(_ANY)(self._shortcut)
        app.view_submission(_ANY)(self._submitted)
        app.options(_ANY)(self._suggest)

    async def _command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        interaction = Interaction(
            self.context,
            body,
            user=str(body.get("user_id") or ""),
            channel=body.get("channel_id"),
            text=str(body.get("text") or "").strip(),
        )
        name = str(body.get("command") or "")
        guarded = self._handlers.get(("command", name))
        if guarded is not None:
            await self._guarded(interaction, guarded)
        elif name == QA:
            await self._qa(interaction)
        else:
            await interaction.say(_("Marginalia has no command {command}.", command=name))

    async def _qa(self, interaction: Interaction) -> None:
        word, _blank, rest = interaction.text.partition(" ")
        name = word.casefold() or "help"
        interaction.text = rest.strip()
        if name == "help":
            await self._help(interaction)
            return
        subcommand = self.subcommands.get(name)
        if subcommand is None:
            await interaction.say(self._unknown(name))
            return
        await self._guarded(
            interaction, Guarded(f"{QA} {name}", subcommand.who, subcommand.run), hint=subcommand
        )

    def _unknown(self, name: str) -> str:
        near = process.extractOne(
            name, [*self.subcommands, "help"], score_cutoff=MIN_SUGGESTION_SCORE
        )
        text = _("There is no command `/qa {name}`.", name=name.replace("`", "'")[:50])
        if near is not None:
            text += " " + _("Did you mean `/qa {name}`?", name=near[0])
        return text + " " + _("`/qa help` lists the commands.")

    async def _help(self, interaction: Interaction) -> None:
        sessions = await interaction.sessions()
        settings = self.context.handler_settings
        mine = [
            s
            for s in self.subcommands.values()
            if (not s.setting or getattr(settings, s.setting))
            and self.context.may(s.who, interaction.user, sessions)
        ]
        await interaction.say(*help_blocks.help_message(mine))

    async def _action(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        interaction = _turn(self.context, body)
        interaction.value = chosen_in((body.get("actions") or [{}])[0])
        guarded = self._handlers.get(("action", interaction.action))
        if guarded is not None:
            await self._guarded(interaction, guarded)

    async def _shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        guarded = self._handlers.get(("shortcut", str(body.get("callback_id"))))
        if guarded is not None:
            await self._guarded(_turn(self.context, body), guarded)

    async def _submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        interaction = _turn(self.context, body)
        guarded = self._handlers.get(("view", str(interaction.view.get("callback_id"))))
        if guarded is None:
            await ack()
            return
        try:
            await self._check(interaction, guarded)
            running = asyncio.ensure_future(guarded.run(interaction))
            done, _waiting = await asyncio.wait({running}, timeout=ACKNOWLEDGE_WITHIN_SECONDS)
            if not done:
                await ack(**_kept(interaction, _late()))
                await self._finish(interaction, guarded, running)
                return
            response = running.result()
        except NotAllowed as error:
            await ack(**_kept(interaction, str(error)))
            await interaction.change(_refused, interaction, guarded)
        except FormError as error:
            errors = _errors(interaction, error.fields)
            if errors:
                await ack(response_action="errors", errors=errors)
            else:
                await ack(**_kept(interaction, " ".join(error.fields.values())))
        except UserError as error:
            await ack(**_kept(interaction, _sentence(error)))
        except Exception:
            log.exception("%s failed", guarded.what)
            await ack(
                **_kept(
                    interaction,
                    _("Something went wrong, but nothing is lost. Please send it again."),
                )
            )
        else:
            await (ack(**response) if response else ack())

    async def _finish(
        self,
        interaction: Interaction,
        guarded: Guarded,
        running: asyncio.Future[dict[str, Any] | None],
    ) -> None:
        """Waits for a form that took longer than Slack waits; says what failed in a message."""
        log.warning("%s takes longer than Slack waits; continuing", guarded.what)
        try:
            await running
        except FormError as error:
            await interaction.say(" ".join(_sentence(UserError(e)) for e in error.fields.values()))
        except UserError as error:
            await interaction.say(_sentence(error))
        except Exception:
            log.exception("%s failed", guarded.what)
            await interaction.say(_("Something went wrong. Please send the form again."))

    async def _suggest(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        interaction = _turn(self.context, body)
        interaction.value = str(body.get("value") or "")
        guarded = self._handlers.get(("options", str(body.get("action_id"))))
        options: list[dict[str, Any]] = []
        if guarded is not None:
            try:
                await self._check(interaction, guarded)
                options = await asyncio.wait_for(
                    guarded.run(interaction), ACKNOWLEDGE_WITHIN_SECONDS
                )
            except (UserError, TimeoutError) as error:
                log.info("%s suggests nothing: %s", guarded.what, type(error).__name__)
            except Exception:
                log.exception("%s failed", guarded.what)
        await ack(options=options[:100])

    async def _guarded(
        self, interaction: Interaction, guarded: Guarded, hint: Subcommand | None = None
    ) -> None:
        try:
            await self._check(interaction, guarded)
            await guarded.run(interaction)
        except NotAllowed as error:
            await interaction.say(str(error))
            await interaction.change(_refused, interaction, guarded)
        except UserError as error:
            usage = f"\n{help_blocks.line(hint)}" if hint is not None else ""
            await interaction.say(_sentence(error) + usage)
        except SlackApiError as error:
            log.warning("%s: Slack refused: %s", guarded.what, reason_of(error))
            code = code_of(error)
            await interaction.say(
                _("Slack did not let me do that ({code}). Please try again in a moment.", code=code)
            )
        except Exception:
            log.exception("%s failed", guarded.what)
            await interaction.say(_("Something went wrong. Please try again in a moment."))

    async def _check(self, interaction: Interaction, guarded: Guarded) -> None:
        if guarded.who is Who.MEMBER:
            return
        interaction.require(guarded.who, await interaction.sessions())


def _refused(uow: UnitOfWork, interaction: Interaction, guarded: Guarded) -> None:
    interaction.noted(uow, "refused", what=guarded.what)


def _turn(context: HandlerContext, body: Mapping[str, Any]) -> Interaction:
    user = body.get("user") or {}
    channel = body.get("channel") or {}
    container = body.get("container") or {}
    interaction = Interaction(
        context,
        body,
        user=str(user.get("id") or ""),
        channel=channel.get("id") or container.get("channel_id"),
    )
    place = interaction.metadata.get(PLACE)
    if interaction.channel is None and isinstance(place, str):
        interaction.channel = place
    return interaction


def _inputs(interaction: Interaction) -> list[str]:
    blocks = interaction.view.get("blocks") or ()
    return [str(b.get("block_id")) for b in blocks if b.get("type") == "input"]


def _errors(interaction: Interaction, fields: Mapping[str, str]) -> dict[str, str]:
    """What Slack takes: errors must name inputs of the form."""
    inputs = _inputs(interaction)
    found = {block: text for block, text in fields.items() if block in inputs}
    rest = [text for block, text in fields.items() if block not in inputs]
    if rest and inputs:
        found[inputs[0]] = " ".join([*([found[inputs[0]]] if inputs[0] in found else ()), *rest])
    return found


def _kept(interaction: Interaction, text: str) -> dict[str, Any]:
    """Says in the form what is wrong, so that what was typed stays."""
    inputs = _inputs(interaction)
    if inputs:
        return {"response_action": "errors", "errors": {inputs[0]: text}}
    view = modal("message", _("Marginalia"), [section(text)], close=_("Back"))
    return {"response_action": "push", "view": view}


def _late() -> str:
    return _(
        "This is taking longer than usual. I will finish it even if you close this "
        "form. If it fails, you get a message."
    )


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


def _joined(parts: Any) -> dict[Any, Any]:
    joined: dict[Any, Any] = {}
    for part in parts:
        for name, what in part.items():
            if name in joined:
                raise ValueError(f"{name} is declared twice")
            joined[name] = what
    return joined
