"""A person is forgotten: in the database, and in the messages that the bot posted for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.sessions.forgetting import forget
from bot.sessions.model import Action, Kind, Message
from bot.sessions.ports import Outgoing, UnitOfWork

_WIPE = "wipe"


def erase(
    uow: UnitOfWork,
    slack_id: str,
    at: datetime,
    names: Collection[str] = (),
    texts: bool = False,
    by_itself: bool = False,
) -> set[int]:
    """Makes a person (a member ID) anonymous for good, and notes that in the log.

    With `texts` what it wrote is erased too, and deleted in the channel where the bot posted it.
    `names` are further names, `at` is now (UTC), `by_itself` says that the person did it. Gives
    the sessions whose archives are to be written again, and notes that.
    """
    erased = forget(uow, slack_id, names, texts, at)
    for message in erased.messages:
        if message.origin == "form" and not message.deleted:
            take_down(uow, message, at)
    for session_id in sorted(erased.touched):
        uow.sessions.touch(session_id, at)
    person = uow.forgotten.alias(slack_id)
    who = person if by_itself else ""
    # The log says that it was done, not to whom it leads by name.
    uow.actions.add(Action(at, who, "forgotten", details={"person": person, "texts": texts}))
    uow.labels.put(_WIPE, {_WIPE: "owed"})
    return set(erased.touched)


def owes_wipe(uow: UnitOfWork) -> bool:
    """Whether somebody was erased, and may still be in files of the database (Database.wipe)."""
    return uow.labels.get(_WIPE, _WIPE) == "owed"


def wiped(uow: UnitOfWork) -> None:
    """Notes that nobody is."""
    uow.labels.put(_WIPE, {_WIPE: "done"})


def take_down(uow: UnitOfWork, question: Message, at: datetime) -> None:
    """Deletes in the channel what the bot posted for somebody: a question or a part of one."""
    payload = {"channel": question.channel, "ts": question.ts}
    key = f"withdraw {question.channel} {question.ts}"
    uow.outbox.add(Outgoing(key, "chat.delete", payload, question.channel), at)


def take_down_whole(uow: UnitOfWork, question: Message, at: datetime) -> None:
    """The same for a question with all its parts."""
    take_down(uow, question, at)
    for ts in uow.messages.replies(question.channel, question.ts):
        part = uow.messages.get(question.channel, ts)
        if part is not None and part.kind is Kind.PART:
            take_down(uow, part, at)
