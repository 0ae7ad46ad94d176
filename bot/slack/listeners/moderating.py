"""Organizers moderate: a message's place in the archive, its text there, and who may speak."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256

from bot.errors import UserError
from bot.sessions.logbook import entries
from bot.sessions.model import Edit, Hidden, Message, Mute, Session, Who
from bot.sessions.ports import UnitOfWork
from bot.slack.blocks import moderating
from bot.slack.listeners.interaction import Answer, FormError, Interaction, message_of
from bot.slack.listeners.router import Router, changes, reads
from bot.texts import N_, _

router = Router()

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


@router.shortcut(moderating.MODERATE, Who.ORGANIZER)
async def moderate(interaction: Interaction) -> None:
    """Opens the form of a message."""
    now = await interaction.read(_now, interaction, *interaction.place)
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
    await interaction.open(
        moderating.form(now.message, now.name, parts, now.hidden, now.reason, now.muted, metadata)
    )


@router.view(moderating.MODERATE, Who.ORGANIZER)
@changes
def moderated(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Does what differs from how it was."""
    now = _now(uow, interaction, *interaction.place)
    wants_hidden = moderating.HIDE in interaction.ticked(moderating.HIDE)
    wants_muted = moderating.MUTE in interaction.ticked(moderating.MUTE)
    reason = " ".join(interaction.typed("reason").split())
    if not reason and ((wants_hidden and not now.hidden) or (wants_muted and not now.muted)):
        raise FormError({"reason": _("Write a reason; the log shows it.")})
    said: list[str] = []
    if wants_hidden != now.hidden or (wants_hidden and reason and reason != now.reason):
        _hide(uow, interaction, now, reason if wants_hidden else None)
        said.append(
            _("The message is left out of the archive.")
            if wants_hidden
            else _("The message is in the archive again.")
        )
    text = _typed(interaction)
    if text is not None and _mark(text) != interaction.metadata.get("was"):
        said.append(_edit(uow, interaction, now, text))
    if wants_muted != now.muted:
        person = moderating.InSlack("").person(now.message.author)
        if wants_muted:
            _mute(uow, interaction, now.session, now.message.author, reason)
            said.append(_("{person} is muted: what they write is not collected.", person=person))
        else:
            _unmute(uow, interaction, now.session, now.message.author)
            said.append(_unmuted(person))
    return " ".join(said) if said else _("Nothing was changed.")


@router.subcommand(
    "hide",
    N_("LINK reason"),
    N_("Leave a message out of the archive (copy the link of the message in Slack)."),
    Who.ORGANIZER,
)
@changes
def hide(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Hides a message."""
    channel, ts, reason = _linked(interaction.text)
    if not reason:
        raise UserError(_("Write a reason after the link; the log shows it."))
    _hide(uow, interaction, _now(uow, interaction, channel, ts), reason)
    return _("The message is left out of the archive. To undo this, type `/qa unhide LINK`.")


@router.subcommand("unhide", N_("LINK"), N_("Put a message back into the archive."), Who.ORGANIZER)
@changes
def unhide(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Shows a message again."""
    channel, ts, _reason = _linked(interaction.text)
    now = _now(uow, interaction, channel, ts)
    if not now.hidden:
        raise UserError(_("The message is already in the archive."))
    _hide(uow, interaction, now, None)
    return _("The message is in the archive again.")


@router.subcommand(
    "mute",
    N_("@person [reason]"),
    N_("Mute a person: what they write in this session is no longer collected."),
    Who.ORGANIZER,
)
@changes
def mute(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Mutes a person."""
    person = _one_person(interaction)
    reason = re.sub(r"<@[^>]*>", "", interaction.text).strip()
    session = interaction.session_here(uow)
    if person in session.author_ids or person in interaction.context.handler_settings.organizers:
        raise UserError(_("Authors and organizers cannot be muted."))
    if not _mute(uow, interaction, session, person, reason):
        raise UserError(_("The person is already muted in this session."))
    return _(
        "<@{person}> is muted: what they write in this session from now on is not "
        "collected. To undo this, type `/qa unmute @name`.",
        person=person,
    )


@router.subcommand(
    "unmute",
    N_("@person"),
    N_("Unmute a person: what they write in this session is collected again."),
    Who.ORGANIZER,
)
@changes
def unmute(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Undoes a mute."""
    person = _one_person(interaction)
    if not _unmute(uow, interaction, interaction.session_here(uow), person):
        raise UserError(_("The person is not muted in this session."))
    return _unmuted(f"<@{person}>")


@router.subcommand("log", "", N_("Show who did what, and when."), Who.ORGANIZER)
@reads
def log(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Shows the log."""
    found = entries(uow, uow.actions.listed(None, moderating.LOGGED + 1))
    return moderating.log(found, interaction.context.notifier.workspace_url)


def _unmuted(person: str) -> str:
    return _("{person} is unmuted: what they write is collected again.", person=person)


def _one_person(interaction: Interaction) -> str:
    people = interaction.people()
    if len(people) != 1:
        raise UserError(_("Name one person, for example `@name`."))
    return people[0]


def _linked(text: str) -> tuple[str, str, str]:
    """Channel, `ts` and what follows the link to a message."""
    match = _PERMALINK.search(text)
    if match is None:
        raise UserError(_("Write the link of a message (choose Copy link in its menu)."))
    end = text.find(">", match.end()) if text.lstrip().startswith("<") else -1
    rest = text[end + 1 :] if end >= 0 else re.sub(r"^\S*", "", text[match.end() :])
    return match[1], f"{match[2]}.{match[3]}", " ".join(rest.split())


def _now(uow: UnitOfWork, interaction: Interaction, channel: str, ts: str) -> Now:
    found = message_of(uow, channel, ts)
    if found is None:
        raise UserError(
            _("This message is not part of a session, so there is nothing to moderate.")
        )
    message, session = found
    person = uow.people.get(message.author)
    hidden = Hidden.MODERATED in message.hidden
    return Now(
        session,
        message,
        (person.name if person else None) or message.posted_name or _("Somebody"),
        interaction.context.services.archive_text(uow, message),
        uow.edits.get(channel, ts),
        hidden,
        _reason(uow, session, ts) if hidden else "",
        uow.mutes.any(session.id, {message.author}),
    )


def _reason(uow: UnitOfWork, session: Session, ts: str) -> str:
    for action in uow.actions.listed(session.id, LOOKED_THROUGH):
        if action.what == "hid" and action.details.get("ts") == ts:
            return str(action.details.get("reason", ""))
    return ""


def _mark(text: str) -> str:
    """What tells one text from another.

    The form says by it which text it was opened with: who changes nothing in it must not freeze
    a text that its writer edits at that moment.
    """
    return sha256(text.strip().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _typed(interaction: Interaction) -> str | None:
    """The text in the form's parts, as one; None where it was too long for the form."""
    shown = {block.get("block_id") for block in interaction.view.get("blocks") or ()}
    between = [str(blank) for blank in interaction.metadata.get("between") or ()]
    names = [name for n in range(moderating.PARTS) if (name := moderating.part_name(n)) in shown]
    return (
        moderating.joined([interaction.typed(name) for name in names], between) if names else None
    )


def _edit(uow: UnitOfWork, interaction: Interaction, now: Now, text: str) -> str:
    message = now.message
    uow.sessions.touch(now.session.id, interaction.now)
    if not text or text == now.original.strip():
        uow.edits.remove(message.channel, message.ts)
        interaction.noted(uow, "unedited", now.session, ts=message.ts)
        return _("The archive has the original text again.")
    uow.edits.put(Edit(message.channel, message.ts, text, interaction.user, interaction.now))
    interaction.noted(uow, "edited", now.session, ts=message.ts)
    return _("The archive has the new text; the original is kept.")


def _hide(uow: UnitOfWork, interaction: Interaction, now: Now, reason: str | None) -> None:
    """Hides a message for a reason, or (None) shows it again."""
    hidden, message, session = reason is not None, now.message, now.session
    uow.messages.set_hidden(message.channel, message.ts, Hidden.MODERATED, hidden)
    uow.sessions.touch(session.id, interaction.now)
    details = {"ts": message.ts, **({"reason": reason} if reason else {})}
    interaction.noted(uow, "hid" if hidden else "showed", session, **details)


def _mute(
    uow: UnitOfWork, interaction: Interaction, session: Session, subject: str, reason: str
) -> bool:
    if not uow.mutes.add(Mute(session.id, subject, interaction.user, interaction.now, reason)):
        return False
    interaction.noted(uow, "muted", session, subject=subject, reason=reason)
    return True


def _unmute(uow: UnitOfWork, interaction: Interaction, session: Session, subject: str) -> bool:
    if not uow.mutes.remove(session.id, subject, interaction.now):
        return False
    interaction.noted(uow, "unmuted", session, subject=subject)
    return True
