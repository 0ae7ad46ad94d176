"""The log of what people did, with the messages that its entries are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sessions.model import Action, Message
from bot.sessions.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log: `message` is what it is about, `question` what that was put under.

    Each is None where there is none, or none is stored any more.
    """

    action: Action
    message: Message | None = None
    question: Message | None = None


def entries(uow: UnitOfWork, actions: Iterable[Action]) -> list[Entry]:
    """The entries with their messages, in the same order."""
    channels: dict[int, str] = {}
    found = []
    for action in actions:
        number = action.session_id
        if number is not None and number not in channels:
            session = uow.sessions.get(number)
            channels[number] = session.channel if session is not None else ""
        channel = channels.get(number, "") if number is not None else ""
        found.append(
            Entry(
                action,
                _message(uow, channel, action.details.get("ts")),
                _message(uow, channel, action.details.get("question")),
            )
        )
    return found


def people(found: Sequence[Entry]) -> set[str]:
    """Everybody whom the entries name, as member IDs or as the keys of anonymous askers."""
    named = {who for entry in found for who in concerned(entry.action.who, entry.action.details)}
    messages = {m.author for entry in found for m in (entry.message, entry.question) if m}
    return (named | messages) - {""}


def concerned(who: str, details: Mapping[str, Any]) -> set[str]:
    """Whom an entry names: who did it, and to whom."""
    return {who, *(str(details[key]) for key in ("subject", "person") if key in details)} | {
        str(one) for one in details.get("people") or ()
    }


def _message(uow: UnitOfWork, channel: str, ts: object) -> Message | None:
    return uow.messages.get(channel, ts) if channel and isinstance(ts, str) else None
