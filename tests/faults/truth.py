"""What a session must hold, worked out from the sandbox alone, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sessions.model import State, moment
from bot.store.database import Database

PERSONS = {None, "file_share", "thread_broadcast", "me_message"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a session, as far as anybody could tell."""

    author: str
    text: str
    blocks: str
    kind: str
    thread_ts: str | None
    edited_ts: str | None
    reactions: frozenset[tuple[str, str]]


def expected(
    channel: dict[str, Any], bot: str, announcement: str, first: str, last: str
) -> dict[str, Entry]:
    """The session's content by `ts`: asked in the channel from `first` (included) to `last`
    (excluded) or in the announcement's thread, and all that stands in the threads of those."""

    def during(ts: str) -> bool:
        return moment(first) <= moment(ts) < moment(last)

    found = {}
    for message in channel["messages"]:
        if message.get("subtype") not in PERSONS or message.get("user") == bot:
            continue
        ts, root = message["ts"], message.get("thread_ts")
        thread = root if root != ts else None
        if thread == announcement or thread is None:
            belongs, kind = during(ts), "question"
        else:
            belongs, kind = during(thread), "reply"
        if belongs:
            reactions = {
                (user, reaction["name"])
                for reaction in message.get("reactions", ())
                for user in reaction["users"]
            }
            found[ts] = Entry(
                message["user"],
                message["text"],
                repr(message.get("blocks")),
                kind,
                thread,
                (message.get("edited") or {}).get("ts"),
                frozenset(reactions),
            )
    return found


def stored(database: Database) -> dict[str, Entry]:
    """What the one session of the database holds, by `ts`."""
    with database.reading() as uow:
        (session,) = uow.sessions.all()
        reactions: dict[str, set[tuple[str, str]]] = {}
        for reaction in uow.reactions.of_session(session.id):
            reactions.setdefault(reaction.ts, set()).add((reaction.user, reaction.name))
        return {
            m.ts: Entry(
                m.author,
                m.content.get("text", ""),
                repr(m.content.get("blocks")),
                str(m.kind),
                m.thread_ts,
                m.edited_ts,
                frozenset(reactions.get(m.ts, ())),
            )
            for m in uow.messages.of_session(session.id)
        }


def differences(wanted: dict[str, Entry], found: dict[str, Entry]) -> list[str]:
    """A line for each message that is missing, too much or different."""
    lines = [f"{ts} is missing: {wanted[ts]}" for ts in sorted(set(wanted) - set(found))]
    lines += [f"{ts} should not be there: {found[ts]}" for ts in sorted(set(found) - set(wanted))]
    for ts in sorted(set(found) & set(wanted)):
        for name in Entry.__slots__:
            want, have = getattr(wanted[ts], name), getattr(found[ts], name)
            if want != have:
                lines.append(f"{ts}: its {name} is {have!r}, not {want!r}")
    return lines


def said(channel: dict[str, Any], bot: str) -> list[dict[str, Any]]:
    """What the bot posted that carries a key, oldest first."""
    return [
        message
        for message in channel["messages"]
        if message.get("user") == bot and (message.get("metadata") or {}).get("event_payload")
    ]


def closed(database: Database) -> bool:
    """Whether the session is over and nothing waits."""
    with database.reading() as uow:
        states = {s.state for s in uow.sessions.all()}
        return (
            states <= {State.CLOSED, State.ARCHIVED}
            and bool(states)
            and not uow.inbox.depth()
            and not uow.outbox.depth()
        )
