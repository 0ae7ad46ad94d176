"""Organizers moderate: a message's place in the archive, its text there, and who may speak."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bot.errors import UserError
from bot.sessions.logbook import Entry, entries
from bot.sessions.model import Hidden, Message, Mute, Session, Who
from bot.sessions.moderation import Edit
from bot.sessions.ports import UnitOfWork
from bot.slack.blocks import moderating
from bot.slack.listeners.desk import FormError, Turn
from bot.slack.listeners.rooms import Room
from bot.texts import N_, _

room = Room()

ArchiveText = Callable[[UnitOfWork, Message], str]
"""What an archive says of a message by itself, in Markdown."""

LOOKED_THROUGH = 1000
"""Entries of the log in which the reason for something is looked for."""
_PERMALINK = re.compile(r"/archives/([A-Z0-9]+)/p(\d{10})(\d{6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Now:
    """How a message stands: in its session, with what its archive says, and why."""

    session: Session
    message: Message
    name: str
    original: str
    edit: Edit | None
    hidden: bool
    reason: str
    muted: bool
    subject: str


@room.shortcut(moderating.MODERATE, Who.ORGANIZER)
async def moderate(turn: Turn) -> None:
    """Opens the form of a message."""
    now = await turn.read(_now, turn, turn.channel or "", turn.ts or "")
    text = now.edit.text if now.edit else now.original
    parts, between = moderating.parted(text.strip())
    metadata = json.dumps(
        {
            "channel": now.message.channel,
            "ts": now.message.ts,
            "between": between,
            "was": _mark(text),
        },
        ensure_ascii=False,  # a form keeps 3,000 characters, and a wide blank would be six
    )
    await turn.open(
        moderating.form(now.message, now.name, parts, now.hidden, now.reason, now.muted, metadata)
    )


@room.view(moderating.MODERATE, Who.ORGANIZER)
async def moderated(turn: Turn) -> dict[str, Any] | None:
    """Does what differs from how it was."""
    said = await turn.write(_moderated, turn)
    turn.desk.touched()
    await turn.say(" ".join(said) if said else _("Nothing was changed."))
    return None


@room.subcommand(
    "hide",
    N_("LINK reason"),
    N_("Leave a message out of the archive (copy the link of the message in Slack)."),
    Who.ORGANIZER,
)
async def hide(turn: Turn) -> None:
    """Hides a message."""
    channel, ts, reason = _linked(turn.text)
    if not reason:
        raise UserError(_("Write a reason after the link; the log shows it."))
    await turn.write(_hide_linked, turn, channel, ts, reason)
    turn.desk.touched()
    await turn.say(
        _("The message is left out of the archive. To undo this, type `/qa unhide LINK`.")
    )


@room.subcommand("unhide", N_("LINK"), N_("Put a message back into the archive."), Who.ORGANIZER)
async def unhide(turn: Turn) -> None:
    """Shows a message again."""
    channel, ts, _reason = _linked(turn.text)
    await turn.write(_hide_linked, turn, channel, ts, None)
    turn.desk.touched()
    await turn.say(_("The message is in the archive again."))


@room.subcommand(
    "mute",
    N_("@person [reason]"),
    N_("Mute a person: what they write in this session is no longer collected."),
    Who.ORGANIZER,
)
async def mute(turn: Turn) -> None:
    """Mutes a person."""
    people = turn.people()
    if len(people) != 1:
        raise UserError(_("Name one person, for example `@name`."))
    reason = re.sub(r"<@[^>]*>", "", turn.text).strip()
    await turn.write(_mute_here, turn, people[0], reason)
    await turn.say(
        _(
            "<@{person}> is muted: what they write in this session from now on is not "
            "collected. To undo this, type `/qa unmute @name`.",
            person=people[0],
        )
    )


@room.subcommand(
    "unmute",
    N_("@person"),
    N_("Unmute a person: what they write in this session is collected again."),
    Who.ORGANIZER,
)
async def unmute(turn: Turn) -> None:
    """Undoes a mute."""
    people = turn.people()
    if len(people) != 1:
        raise UserError(_("Name one person, for example `@name`."))
    await turn.write(_unmute_here, turn, people[0])
    await turn.say(
        _("<@{person}> is unmuted: what they write is collected again.", person=people[0])
    )


@room.subcommand("log", "", N_("Show who did what, and when."), Who.ORGANIZER)
async def log(turn: Turn) -> None:
    """Shows the log."""
    found = await turn.read(_log)
    await turn.say(*moderating.log(found, turn.desk.voice.workspace_url))


def _log(uow: UnitOfWork) -> list[Entry]:
    return entries(uow, uow.actions.listed(None, moderating.LOGGED + 1))


def _linked(text: str) -> tuple[str, str, str]:
    """Channel, `ts` and what follows the link to a message."""
    match = _PERMALINK.search(text)
    if match is None:
        raise UserError(_("Write the link of a message (choose Copy link in its menu)."))
    end = text.find(">", match.end()) if text.lstrip().startswith("<") else -1
    rest = text[end + 1 :] if end >= 0 else re.sub(r"^\S*", "", text[match.end() :])
    return match[1], f"{match[2]}.{match[3]}", " ".join(rest.split())


def _now(uow: UnitOfWork, turn: Turn, channel: str, ts: str) -> Now:
    message = uow.messages.get(channel, ts)
    session = uow.sessions.get(message.session_id) if message is not None else None
    if message is None or session is None or message.deleted:
        raise UserError(
            _("This message is not part of a session, so there is nothing to moderate.")
        )
    person = uow.people.get(message.author)
    archive_text: ArchiveText = turn.desk.services["archive_text"]
    # The member, or the key of one who asked anonymously.
    subject = message.author
    hidden = Hidden.MODERATED in message.hidden
    return Now(
        session,
        message,
        (person.name if person else None) or message.posted_name or _("Somebody"),
        archive_text(uow, message),
        uow.edits.get(channel, ts),
        hidden,
        _reason(uow, session, ts) if hidden else "",
        uow.mutes.any(session.id, {subject}),
        subject,
    )


def _reason(uow: UnitOfWork, session: Session, ts: str) -> str:
    for action in uow.actions.listed(session.id, LOOKED_THROUGH):
        if action.what == "hid" and action.details.get("ts") == ts:
            return str(action.details.get("reason", ""))
    return ""


def _moderated(uow: UnitOfWork, turn: Turn) -> list[str]:
    """Does what the form asks for; gives what was done, in sentences."""
    metadata = turn.metadata
    now = _now(uow, turn, str(metadata.get("channel")), str(metadata.get("ts")))
    wants_hidden = moderating.HIDE in turn.ticked(moderating.HIDE)
    wants_muted = moderating.MUTE in turn.ticked(moderating.MUTE)
    reason = " ".join(turn.typed("reason").split())
    if not reason and ((wants_hidden and not now.hidden) or (wants_muted and not now.muted)):
        raise FormError({"reason": _("Write a reason; the log shows it.")})
    said: list[str] = []
    if wants_hidden != now.hidden or (wants_hidden and reason and reason != now.reason):
        _hide(uow, turn, now.session, now.message, reason if wants_hidden else None)
        said.append(
            _("The message is left out of the archive.")
            if wants_hidden
            else _("The message is in the archive again.")
        )
    text = _typed(turn)
    if text is not None and _mark(text) != metadata.get("was"):
        said.append(_edit(uow, turn, now, text))
    if wants_muted != now.muted:
        person = moderating.InSlack("").person(now.subject)
        if wants_muted:
            _mute(uow, turn, now.session, now.subject, reason)
            said.append(_("{person} is muted: what they write is not collected.", person=person))
        else:
            _unmute(uow, turn, now.session, now.subject)
            said.append(_("{person} is unmuted: what they write is collected.", person=person))
    return said


def _mark(text: str) -> str:
    """What tells one text from another.

    The form says by it which text it was opened with: who changes nothing in it must not freeze
    a text that its writer edits at that moment.
    """
    return sha256(text.strip().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _typed(turn: Turn) -> str | None:
    """The text in the form's parts, as one; None where it was too long for the form."""
    shown = {block.get("block_id") for block in turn.view.get("blocks") or ()}
    between = [str(blank) for blank in turn.metadata.get("between") or ()]
    names = [name for n in range(moderating.PARTS) if (name := moderating.part_name(n)) in shown]
    return moderating.joined([turn.typed(name) for name in names], between) if names else None


def _edit(uow: UnitOfWork, turn: Turn, now: Now, text: str) -> str:
    message = now.message
    uow.sessions.touch(now.session.id, turn.now)
    if not text or text == now.original.strip():
        uow.edits.remove(message.channel, message.ts)
        turn.noted(uow, "unedited", now.session, ts=message.ts)
        return _("The archive has the original text again.")
    uow.edits.put(Edit(message.channel, message.ts, text, turn.user, turn.now))
    turn.noted(uow, "edited", now.session, ts=message.ts)
    return _("The archive has the new text; the original is kept.")


def _hide_linked(uow: UnitOfWork, turn: Turn, channel: str, ts: str, reason: str | None) -> None:
    now = _now(uow, turn, channel, ts)
    if reason is None and not now.hidden:
        raise UserError(_("The message is already in the archive."))
    _hide(uow, turn, now.session, now.message, reason)


def _hide(
    uow: UnitOfWork, turn: Turn, session: Session, message: Message, reason: str | None
) -> None:
    """Hides a message for a reason, or (None) shows it again."""
    hidden = reason is not None
    uow.messages.set_hidden(message.channel, message.ts, Hidden.MODERATED, hidden)
    uow.sessions.touch(session.id, turn.now)
    details = {"ts": message.ts, **({"reason": reason} if reason else {})}
    turn.noted(uow, "hid" if hidden else "showed", session, **details)


def _mute_here(uow: UnitOfWork, turn: Turn, person: str, reason: str) -> None:
    session = _session(uow, turn)
    if person in session.author_ids or person in turn.desk.manners.organizers:
        raise UserError(_("Authors and organizers cannot be muted."))
    if not _mute(uow, turn, session, person, reason):
        raise UserError(_("The person is already muted in this session."))


def _unmute_here(uow: UnitOfWork, turn: Turn, person: str) -> None:
    if not _unmute(uow, turn, _session(uow, turn), person):
        raise UserError(_("The person is not muted in this session."))


def _mute(uow: UnitOfWork, turn: Turn, session: Session, subject: str, reason: str) -> bool:
    if not uow.mutes.add(Mute(session.id, subject, turn.user, turn.now, reason)):
        return False
    turn.noted(uow, "muted", session, subject=subject, reason=reason)
    return True


def _unmute(uow: UnitOfWork, turn: Turn, session: Session, subject: str) -> bool:
    if not uow.mutes.remove(session.id, subject, turn.now):
        return False
    turn.noted(uow, "unmuted", session, subject=subject)
    return True


def _session(uow: UnitOfWork, turn: Turn) -> Session:
    session = turn.session_here(uow)
    if session is None:
        raise UserError(
            _("There is no session in this channel. Type the command in a channel that has one.")
        )
    return session
