"""What people do with the app, from Bolt to the rooms' handlers and back.

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
from bot.sessions.model import Action, Session, Who
from bot.sessions.ports import UnitOfWork
from bot.slack.blocks import help as help_blocks
from bot.slack.blocks.kit import View, modal, section
from bot.slack.blocks.limits import PLACE
from bot.slack.gateway import code_of, reason_of
from bot.slack.listeners.desk import Desk, FormError, NotAllowed, Turn
from bot.slack.listeners.rooms import Guarded, Room, Subcommand
from bot.texts import _

log = logging.getLogger(__name__)

QA = "/qa"
WITHIN = 2.6
"""Seconds for what must be in the acknowledgement; Slack waits for three:
<https://docs.slack.dev/interactivity/handling-user-interaction>."""
LIKE = 60
"""How alike (0 to 100) a word must be to be suggested for an unknown subcommand."""

_ANY = re.compile(".*", re.DOTALL)


class Interactions:
    """All rooms together."""

    def __init__(self, desk: Desk, rooms: Sequence[Room]):
        self.desk = desk
        self._commands = _joined(room.commands for room in rooms)
        self._actions = _joined(room.actions for room in rooms)
        self._shortcuts = _joined(room.shortcuts for room in rooms)
        self._views = _joined(room.views for room in rooms)
        self._closed = _joined(room.closed for room in rooms)
        self._suggestions = _joined(room.suggestions for room in rooms)
        self.subcommands: dict[str, Subcommand] = _joined(room.subcommands for room in rooms)

    def register(self, app: AsyncApp) -> None:
        """Gives everything to Bolt."""
        app.command(_ANY)(self._command)
        app.action(_ANY)(self._action)
        app.shortcut(_ANY)(self._shortcut)
        app.view_submission(_ANY)(self._submitted)
        app.view_closed(_ANY)(self._view_closed)
        app.options(_ANY)(self._suggest)

    async def _command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        turn = Turn(
            self.desk,
            body,
            user=str(body.get("user_id") or ""),
            channel=body.get("channel_id"),
            text=str(body.get("text") or "").strip(),
        )
        name = str(body.get("command") or "")
        guarded = self._commands.get(name)
        if guarded is not None:
            await self._guarded(turn, guarded)
        elif name == QA:
            await self._qa(turn)
        else:
            await turn.say(_("Marginalia has no command {command}.", command=name))

    async def _qa(self, turn: Turn) -> None:
        word, _blank, rest = turn.text.partition(" ")
        name = word.casefold() or "help"
        turn.text = rest.strip()
        if name == "help":
            await self._help(turn)
            return
        subcommand = self.subcommands.get(name)
        if subcommand is None:
            await turn.say(self._unknown(name))
            return
        await self._guarded(
            turn, Guarded(f"{QA} {name}", subcommand.who, subcommand.run), hint=subcommand
        )

    def _unknown(self, name: str) -> str:
        near = process.extractOne(name, [*self.subcommands, "help"], score_cutoff=LIKE)
        text = _("There is no command `/qa {name}`.", name=name.replace("`", "'")[:50])
        if near is not None:
            text += " " + _("Did you mean `/qa {name}`?", name=near[0])
        return text + " " + _("`/qa help` lists the commands.")

    async def _help(self, turn: Turn) -> None:
        sessions = await turn.read(_sessions_of, turn.user)
        mine = [s for s in self.subcommands.values() if self.desk.may(s.who, turn.user, sessions)]
        await turn.say(*help_blocks.help_message(mine))

    async def _action(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        given = (body.get("actions") or [{}])[0]
        turn = _turn(self.desk, body)
        turn.value = _value(given)
        guarded = self._actions.get(str(given.get("action_id")))
        if guarded is not None:
            await self._guarded(turn, guarded)

    async def _shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        guarded = self._shortcuts.get(str(body.get("callback_id")))
        if guarded is not None:
            await self._guarded(_turn(self.desk, body), guarded)

    async def _view_closed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        view = body.get("view") or {}
        guarded = self._closed.get(str(view.get("callback_id")))
        if guarded is not None:
            await self._guarded(_turn(self.desk, body), guarded)

    async def _submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        turn = _turn(self.desk, body)
        guarded = self._views.get(str(turn.view.get("callback_id")))
        if guarded is None:
            await ack()
            return
        try:
            await self._check(turn, guarded)
            running = asyncio.ensure_future(guarded.run(turn))
            done, _waiting = await asyncio.wait({running}, timeout=WITHIN)
            if not done:
                await ack(**_kept(turn, _late()))
                await self._finish(turn, guarded, running)
                return
            response = running.result()
        except NotAllowed as error:
            await ack(**_kept(turn, str(error)))
            await turn.write(_refused, turn, guarded)
        except FormError as error:
            errors = _errors(turn, error.fields)
            if errors:
                await ack(response_action="errors", errors=errors)
            else:
                await ack(**_kept(turn, " ".join(error.fields.values())))
        except UserError as error:
            await ack(**_kept(turn, _sentence(error)))
        except Exception:
            log.exception("%s failed", guarded.what)
            await ack(
                **_kept(turn, _("Something went wrong, but nothing is lost. Please send it again."))
            )
        else:
            await (ack(**response) if response else ack())

    async def _finish(
        self, turn: Turn, guarded: Guarded, running: asyncio.Future[dict[str, Any] | None]
    ) -> None:
        """Waits for a form that took longer than Slack waits; says what failed in a message."""
        log.warning("%s takes longer than Slack waits; continuing", guarded.what)
        try:
            await running
        except FormError as error:
            await turn.say(" ".join(_sentence(UserError(e)) for e in error.fields.values()))
        except UserError as error:
            await turn.say(_sentence(error))
        except Exception:
            log.exception("%s failed", guarded.what)
            await turn.say(_("Something went wrong. Please send the form again."))

    async def _suggest(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        turn = _turn(self.desk, body)
        turn.value = str(body.get("value") or "")
        guarded = self._suggestions.get(str(body.get("action_id")))
        options: list[dict[str, Any]] = []
        if guarded is not None:
            try:
                await self._check(turn, guarded)
                options = await asyncio.wait_for(guarded.run(turn), WITHIN)
            except (UserError, TimeoutError) as error:
                log.info("%s suggests nothing: %s", guarded.what, type(error).__name__)
            except Exception:
                log.exception("%s failed", guarded.what)
        await ack(options=options[:100])

    async def _guarded(self, turn: Turn, guarded: Guarded, hint: Subcommand | None = None) -> None:
        try:
            await self._check(turn, guarded)
            await guarded.run(turn)
        except NotAllowed as error:
            await turn.say(str(error))
            await turn.write(_refused, turn, guarded)
        except UserError as error:
            usage = f"\n{help_blocks.line(hint)}" if hint is not None else ""
            await turn.say(_sentence(error) + usage)
        except SlackApiError as error:
            log.warning("%s: Slack refused: %s", guarded.what, reason_of(error))
            code = code_of(error)
            await turn.say(
                _("Slack did not let me do that ({code}). Please try again in a moment.", code=code)
            )
        except Exception:
            log.exception("%s failed", guarded.what)
            await turn.say(_("Something went wrong. Please try again in a moment."))

    async def _check(self, turn: Turn, guarded: Guarded) -> None:
        if guarded.who is Who.MEMBER:
            return
        turn.require(guarded.who, await turn.read(_sessions_of, turn.user))


def _refused(uow: UnitOfWork, turn: Turn, guarded: Guarded) -> None:
    turn.add(uow, Action(turn.now, turn.user, "refused", details={"what": guarded.what}))


def _sessions_of(uow: UnitOfWork, person: str) -> list[Session]:
    return uow.sessions.of_author(person)


def _turn(desk: Desk, body: Mapping[str, Any]) -> Turn:
    user = body.get("user") or {}
    channel = body.get("channel") or {}
    container = body.get("container") or {}
    turn = Turn(
        desk,
        body,
        user=str(user.get("id") or ""),
        channel=channel.get("id") or container.get("channel_id"),
    )
    place = turn.metadata.get(PLACE)
    if turn.channel is None and isinstance(place, str):
        turn.channel = place
    return turn


def _value(action: Mapping[str, Any]) -> str:
    option = action.get("selected_option")
    if isinstance(option, Mapping):
        return str(option.get("value") or "")
    for name in ("value", "selected_user", "selected_channel", "selected_conversation"):
        if action.get(name) is not None:
            return str(action[name])
    return ""


def _inputs(turn: Turn) -> list[str]:
    blocks = turn.view.get("blocks") or ()
    return [str(b.get("block_id")) for b in blocks if b.get("type") == "input"]


def _errors(turn: Turn, fields: Mapping[str, str]) -> dict[str, str]:
    """What Slack takes: errors must name inputs of the form."""
    inputs = _inputs(turn)
    found = {block: text for block, text in fields.items() if block in inputs}
    rest = [text for block, text in fields.items() if block not in inputs]
    if rest and inputs:
        found[inputs[0]] = " ".join([*([found[inputs[0]]] if inputs[0] in found else ()), *rest])
    return found


def _kept(turn: Turn, text: str) -> dict[str, Any]:
    """Says in the form what is wrong, so that what was typed stays."""
    inputs = _inputs(turn)
    if inputs:
        return {"response_action": "errors", "errors": {inputs[0]: text}}
    return {"response_action": "push", "view": _message_view(text)}


def _message_view(text: str) -> View:
    return modal("message", _("Marginalia"), [section(text)], close=_("Back"))


def _late() -> str:
    return _(
        "This is taking longer than usual. I will finish it even if you close this "
        "form. If it fails, you get a message."
    )


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


def _joined(parts: Any) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for part in parts:
        for name, what in part.items():
            if name in joined:
                raise ValueError(f"{name} is declared twice")
            joined[name] = what
    return joined
