"""What a session must hold, worked out from the sandbox alone, and what it holds."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.library import archive
from bot.sessions.model import Hidden, Kind, Message, State, moment
from bot.slack.api.incoming import QUESTION_EVENT
from bot.store.database import Database

MARK = re.compile(r"\bmk\d+z\b")
"""What each text that people write has in it, and no other text."""
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
    channel: dict[str, Any],
    bot: str,
    announcement: str,
    first: str,
    last: str,
    authors: Collection[str] = (),
    muted: Callable[[str, str], bool] = lambda _user, _ts: False,
) -> dict[str, Entry]:
    """The session's content by `ts`: asked in the channel from `first` (included) to `last`
    (excluded) or in the announcement's thread or with the app, and all that stands in the threads
    of those. Which question an author answers outside threads is not decided here; what a person
    wrote while muted is left out.
    """

    def during(ts: str) -> bool:
        return moment(first) <= moment(ts) < moment(last)

    found = {}
    for message in channel["messages"]:
        ts, root, writer = message["ts"], message.get("thread_ts"), message.get("user")
        asked = question_of(message)
        if asked is not None:
            writer = str(asked["asker"])
        elif message.get("subtype") not in PERSONS or writer == bot or muted(writer, ts):
            continue
        thread = root if root != ts else None
        if asked is not None:
            belongs, kind = True, "question"
        elif thread == announcement or thread is None:
            belongs, kind = during(ts), "question" if writer not in authors else "author's"
        else:
            belongs, kind = during(thread), "reply"
        if belongs:
            reactions = {
                (user, reaction["name"])
                for reaction in message.get("reactions", ())
                for user in reaction["users"]
                if user != bot
            }
            found[ts] = Entry(
                writer,
                message["text"],
                repr(message.get("blocks")),
                kind,
                thread,
                (message.get("edited") or {}).get("ts"),
                frozenset(reactions),
            )
    return found


def question_of(message: dict[str, Any]) -> dict[str, Any] | None:
    """What a message says of the question that the bot posted for somebody; None for others."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != QUESTION_EVENT:
        return None
    payload: dict[str, Any] = metadata["event_payload"]
    return payload


def stored(database: Database, authors: Collection[str] = ()) -> dict[str, Entry]:
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
                _kind(m, authors),
                m.thread_ts,
                m.edited_ts,
                frozenset(reactions.get(m.ts, ())),
            )
            for m in uow.messages.of_session(session.id)
        }


def _kind(message: Message, authors: Collection[str]) -> str:
    """An author's message outside threads is a question or, where it was linked, a reply."""
    outside = message.thread_ts is None or message.origin == "announcement"
    return "author's" if outside and message.author in authors else str(message.kind)


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


def quiet(database: Database) -> bool:
    """Whether the session is over and archived as it is, and nothing waits anywhere."""
    with database.reading() as uow:
        return (
            {s.state for s in uow.sessions.all()} == {State.ARCHIVED}
            and not uow.sessions.unarchived()
            and not uow.inbox.depth()
            and not uow.outbox.listed(("due", "held"))
            and not uow.links.sessions()
        )


def marks(texts: Iterable[str]) -> Counter[str]:
    """How often each mark stands in texts."""
    return Counter(mark for text in texts for mark in MARK.findall(text))


def archived(path: Path) -> Counter[str]:
    """The marks in the archive of a schedule file."""
    return marks(
        text
        for thread in archive.read(path)
        for text in (thread.text, *(reply.text for reply in thread.replies))
    )


def shown(database: Database) -> Counter[str]:
    """The marks that an archive shows: of what is neither deleted nor hidden, nor stands under
    what is hidden, or under a question that was asked after the end and is no part of the session."""
    with database.reading() as uow:
        (session,) = uow.sessions.all()
        messages = {m.ts: m for m in uow.messages.of_session(session.id)}
        roots = {m.question_ts for m in messages.values() if m.question_ts is not None}
        messages = {**uow.messages.many(session.channel, roots), **messages}

    def is_hidden(message: Message) -> bool:
        if message.hidden or message.question_ts is None:
            return bool(message.hidden)
        root = messages.get(message.question_ts)
        return root is None or is_hidden(root)

    return marks(
        m.content.get("text", "") for m in messages.values() if not m.deleted and not is_hidden(m)
    )


def hidden(database: Database, asked: Collection[str]) -> set[str]:
    """The `ts` of what an organizer hid, also of what was deleted since and is among `asked`."""
    with database.reading() as uow:
        (session,) = uow.sessions.all()
        found = [
            *uow.messages.of_session(session.id),
            *uow.messages.many(session.channel, set(asked)).values(),
        ]
        return {m.ts for m in found if Hidden.MODERATED in m.hidden}


def marked_answered(database: Database, authors: Collection[str]) -> set[str]:
    """The `ts` of questions that are to have a ✅: an author's answer stands there that was posted
    outside their threads, in the channel or in the announcement's thread."""
    with database.reading() as uow:
        (session,) = uow.sessions.all()
        messages = {m.ts: m for m in uow.messages.of_session(session.id)}
    outside = (
        m.question_ts
        for m in messages.values()
        if m.author in authors
        and m.thread_ts in (None, session.announcement_ts)
        and m.kind is Kind.REPLY
        and not m.deleted
    )
    return {ts for ts in outside if ts in messages and not messages[ts].deleted}


def git(folder: Path, *arguments: str) -> str:
    """What `git` says in a folder."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()
