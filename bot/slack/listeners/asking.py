"""Asking: the form, `/ask`, the button, the shortcut."""

from __future__ import annotations

import asyncio
import logging
import secrets

from slack_sdk.errors import SlackApiError

from bot.errors import UserError
from bot.markup import escape_mrkdwn, plain
from bot.sessions import asking, languages, queue
from bot.sessions.asking import Draft, NotTaken, Why
from bot.sessions.knowledge import Hit
from bot.sessions.model import Action, Message, Session, State, Submission
from bot.sessions.ports import UnitOfWork
from bot.sessions.similar import Asked
from bot.slack.api.gateway import NO_ANSWER, reason_of
from bot.slack.api.incoming import Malformed
from bot.slack.api.incoming import person as person_of
from bot.slack.blocks import asking as blocks
from bot.slack.blocks.asking import MOST_INPUTS, Before, Form, question_block
from bot.slack.listeners import finding
from bot.slack.listeners.interaction import FormError, Interaction, message_of
from bot.slack.listeners.router import Router
from bot.slack.text import without_broadcasts
from bot.texts import _

log = logging.getLogger(__name__)

router = Router()

PROFILE_WAIT_SECONDS = 1.0
"""Seconds for Slack to say how the asker is called and looks."""


@router.command("/ask")
async def ask(interaction: Interaction) -> None:
    """With a question it is sent at once, where it is clear for which book it is and none like it
    was asked; else the form opens.
    """
    sessions = await interaction.read(asking.open_for_questions, interaction.now)
    if not sessions:
        await interaction.say(_nothing_open() + _typed(plain({"text": interaction.text})))
        return
    target = _meant(sessions, interaction.channel)
    if not interaction.text:
        await _open(interaction, sessions, target)
        return
    typed = plain({"text": interaction.text})
    like = await _asked_before(interaction, target, typed)
    is_clear = await interaction.read(_is_clear, sessions, target, interaction.channel)
    if like or not is_clear:
        lead = "" if is_clear else blocks.which_book(target)
        await _open(interaction, sessions, target, typed, like, lead)
        return
    draft = await _draft(
        interaction, secrets.token_hex(8), target.id, interaction.text, anonymous=False
    )
    submission = await _submit(interaction, draft)
    is_quiet = await interaction.read(_is_quiet, interaction.user)
    await interaction.say(blocks.taken_text(target, submission, is_quiet))


@router.shortcut("ask")
@router.action("ask_open")
async def opened(interaction: Interaction) -> None:
    """The shortcut, and the buttons; a button's value is the session's id."""
    sessions = await interaction.read(asking.open_for_questions, interaction.now)
    wanted = next((s for s in sessions if str(s.id) == interaction.value), None)
    if not sessions:
        raise UserError(_nothing_open())
    await _open(interaction, sessions, wanted or _meant(sessions, interaction.channel))


@router.action("ask_more")
async def more(interaction: Interaction) -> None:
    """More room to type in; what was typed stays."""
    form = await _form(interaction)
    if form.session is None:
        raise UserError(_refused(Why.OVER))
    await interaction.update(blocks.form(form.more()))


@router.action("ask_mine_too")
async def mine_too(interaction: Interaction) -> None:
    """The vote for a question that was asked already, and the wish to hear of its answer."""
    anonymous = "anonymous" in interaction.ticked("anonymous")
    question, is_own = await interaction.change(
        support, interaction.value, interaction.user, anonymous
    )
    is_quiet = await interaction.read(_is_quiet, interaction.user)
    url = interaction.context.notifier.workspace_url
    view = (
        blocks.own(question, url)
        if is_own
        else blocks.counted(question, url, anonymous=anonymous, is_quiet=is_quiet)
    )
    await interaction.update(view)


@router.action("ask_answered")
async def answered(interaction: Interaction) -> None:
    """An answer that was shown is enough: nothing is asked. It is counted, not who it was."""
    hit = await interaction.change(_answered, interaction)
    await interaction.update(blocks.answered(hit))


@router.view("ask")
async def sent(interaction: Interaction) -> dict[str, object]:
    """The form: shows what looks alike once, then takes the question."""
    form = await _form(interaction)
    if not form.text.strip():
        raise FormError({question_block(0): _("Please write your question.")})
    if not form.seen and form.session is not None:
        like = await _asked_before(interaction, form.session, form.text)
        if like:
            view = blocks.form(form, like, interaction.context.notifier.workspace_url)
            return {"response_action": "update", "view": view}
    text = escape_mrkdwn(form.text.strip())
    draft = await _draft(interaction, form.token, form.session_id, text, form.anonymous)
    submission = await _submit(interaction, draft)
    if form.session is None:
        return {}
    view = blocks.taken(
        form.session, submission, await interaction.read(_is_quiet, interaction.user)
    )
    return {"response_action": "update", "view": view}


async def _asked_before(interaction: Interaction, session: Session, text: str) -> Before:
    """What was answered in any book, and what was asked in this one and is not among that."""
    hits, like = await asyncio.gather(
        finding.suggested(interaction.context, text, session.channel),
        interaction.read(similar, session.id, text, interaction.user),
    )
    shown = {(hit.channel, hit.ts) for hit in hits}
    return Before(tuple(hits), tuple(m for m in like if (m.channel, m.ts) not in shown))


def _answered(uow: UnitOfWork, interaction: Interaction) -> Hit | None:
    number, _blank, key = interaction.value.partition(" ")
    hit = interaction.context.services.knowledge.hit(uow, key)
    session = uow.sessions.get(int(number)) if number.isascii() and number.isdigit() else None
    if session is not None:
        details = {"title": hit.title if hit else "", "key": key}
        action = Action(interaction.now, "", "found", session.id, session.event.id, details)
        uow.actions.add(action)
    return hit


def similar(uow: UnitOfWork, session_id: int, text: str, person: str) -> list[Message]:
    """Up to three questions of the session that look like `text`; none of the person's own."""
    session = uow.sessions.get(session_id)
    if session is None:
        return []
    own = asking.keys_of(uow, session, person)
    asked = {m.ts: m for m in queue.questions(uow, session) if m.author not in own}
    texts = ((ts, plain(message.content)) for ts, message in asked.items())
    found = Asked(texts, languages.of_event(session.event))
    return [asked[ts] for ts in found.like(text)]


def support(
    uow: UnitOfWork, value: str, person: str, anonymous: bool = False
) -> tuple[Message, bool]:
    """Votes for a question and follows it; gives it, and whether it is the person's own, of which
    nothing is stored.

    An anonymous vote is stored under the person's key, and nothing is followed: that would say
    who it is. Raises UserError if the question is gone.
    """
    channel, _blank, ts = value.partition(" ")
    found = message_of(uow, channel, ts)
    if found is None or found[0].hidden:
        raise UserError(_("That question is no longer there."))
    question, session = found
    keys = asking.keys_of(uow, session, person, make=anonymous)
    if question.author in keys:
        return question, True
    if anonymous:
        voter = next(iter(keys - {person}), None)
        if voter is None:
            raise UserError(_refused(Why.OVER))
    else:
        voter = person
        uow.members.follow(channel, ts, person)
    if not keys & uow.members.supporters(session.id).get(ts, set()):
        uow.members.support(channel, ts, voter)
    return question, False


async def _submit(interaction: Interaction, draft: Draft) -> Submission:
    try:
        notifier = interaction.context.notifier
        return await interaction.change(asking.submit, notifier, draft, interaction.now)
    except NotTaken as error:
        raise UserError(_refused(error.why, draft.anonymous)) from None


async def _open(
    interaction: Interaction,
    sessions: list[Session],
    session: Session,
    text: str = "",
    like: Before | None = None,
    lead: str = "",
) -> None:
    form = Form(secrets.token_hex(8), tuple(sessions), session.id, text=text, lead=lead)
    try:
        await interaction.open(blocks.form(form, like, interaction.context.notifier.workspace_url))
    except SlackApiError as error:
        log.warning("the form to ask did not open: %s", error.response.get("error"))
        lost = _("Slack did not let me open the form. Please try again.")
        await interaction.say(lost + _typed(text))


async def _form(interaction: Interaction) -> Form:
    """The form as it is filled in."""
    sessions = await interaction.read(asking.open_for_questions, interaction.now)
    kept = interaction.metadata
    try:
        inputs = min(MOST_INPUTS, int(kept.get("inputs") or 1))
        session_id = int(interaction.typed("session") or kept.get("session") or 0)
    except (TypeError, ValueError):
        raise UserError(_("This form is out of date. Please open it again.")) from None
    parts = [interaction.typed(question_block(number)) for number in range(inputs)]
    return Form(
        token=str(kept.get("token") or ""),
        sessions=tuple(sessions),
        session_id=session_id,
        inputs=inputs,
        text="\n".join(part for part in parts if part.strip()),
        anonymous="anonymous" in interaction.ticked("anonymous"),
        seen=bool(kept.get("seen")),
    )


async def _draft(
    interaction: Interaction, token: str, session_id: int, text: str, anonymous: bool
) -> Draft:
    """The question with its asker's name and picture, as Slack has them now."""
    text = without_broadcasts(text)
    if anonymous:
        return Draft(token, session_id, interaction.user, text, anonymous=True)
    name, icon = "", ""
    try:
        answer = await asyncio.wait_for(
            interaction.context.client.users_info(user=interaction.user), PROFILE_WAIT_SECONDS
        )
        user = answer.get("user") or {}
        found = person_of(user)
        name = found.name or ""
        icon = str((user.get("profile") or {}).get("image_72") or "")
        await interaction.change(lambda uow: uow.people.put(found))
    except (*NO_ANSWER, Malformed) as error:
        why = str(error) if isinstance(error, Malformed) else reason_of(error)
        log.info("using a stored name, because Slack did not give one: %s", why)
        known = await interaction.read(lambda uow: uow.people.get(interaction.user))
        name = (known.name or "") if known else ""
    return Draft(token, session_id, interaction.user, text, name, icon)


def _meant(sessions: list[Session], channel: str | None) -> Session:
    """The session that is meant in a channel: its own, else the first that takes questions."""
    return next((s for s in sessions if s.channel == channel), sessions[0])


def _is_clear(
    uow: UnitOfWork, sessions: list[Session], target: Session, channel: str | None
) -> bool:
    """Whether a question typed in this channel can be for no other book than the target's.

    It can where that one is not open, or where another one is open or was in the channel.
    """
    if target.state is not State.OPEN:
        return False
    if target.channel == channel:
        return True
    was_here = channel and uow.sessions.last((State.CLOSED, State.ARCHIVED), channel)
    return sum(s.state is State.OPEN for s in sessions) == 1 and not was_here


def _is_quiet(uow: UnitOfWork, person: str) -> bool:
    known = uow.people.get(person)
    return known is not None and known.quiet


def _nothing_open() -> str:
    return _(
        "No session is taking questions right now, and none is planned. Please come back later."
    )


def _typed(text: str) -> str:
    """What somebody typed that was not sent, to be copied (mrkdwn); '' for nothing."""
    return "\n" + _("You wrote:") + f"\n>>> {escape_mrkdwn(text)}" if text else ""


def _refused(why: Why, anonymous: bool = False) -> str:
    match why:
        case Why.MUTED if anonymous:
            return _(
                "An organizer has muted you for this session, so your question was not sent. This "
                "includes anonymous questions. Nobody was shown this one or told who sent it."
            )
        case Why.MUTED:
            return _("An organizer has muted you for this session, so your question was not sent.")
        case Why.OVER:
            return _("The session is over, so the question was not sent. Copy it to keep it.")
        case Why.GONE:
            return _("The session was cancelled, so the question was not sent. Copy it to keep it.")
