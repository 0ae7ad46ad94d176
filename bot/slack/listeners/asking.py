"""Asking: the form, `/ask`, the button, the shortcut."""

from __future__ import annotations

import asyncio
import logging
import secrets

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot.errors import UserError
from bot.markup import escape_mrkdwn, plain
from bot.sessions import asking, languages, queue
from bot.sessions.asking import Draft, NotTaken, Why
from bot.sessions.model import Message, Session, State, Submission
from bot.sessions.ports import UnitOfWork
from bot.sessions.similar import Asked
from bot.slack.blocks import asking as blocks
from bot.slack.blocks.asking import MOST_INPUTS, Form, question_block
from bot.slack.gateway import reason_of
from bot.slack.incoming import Malformed
from bot.slack.incoming import person as person_of
from bot.slack.listeners.desk import FormError, Turn
from bot.slack.listeners.rooms import Room
from bot.slack.text import without_broadcasts
from bot.texts import _

log = logging.getLogger(__name__)

room = Room()

LOOK_WITHIN = 1.0
"""Seconds for Slack to say how the asker is called and looks."""


@room.command("/ask")
async def ask(turn: Turn) -> None:
    """With a question it is sent at once, where it is clear for which book it is and none like it
    was asked; else the form opens.
    """
    sessions = await turn.read(asking.open_for_questions, turn.now)
    if not sessions:
        await turn.say(_nothing_open() + _typed(plain({"text": turn.text})))
        return
    target = _meant(sessions, turn.channel)
    if not turn.text:
        await _open(turn, sessions, target)
        return
    typed = plain({"text": turn.text})
    like = await turn.read(similar, target.id, typed, turn.user)
    is_clear = await turn.read(_is_clear, sessions, target, turn.channel)
    if like or not is_clear:
        lead = "" if is_clear else blocks.which_book(target)
        await _open(turn, sessions, target, typed, like, lead)
        return
    draft = await _draft(turn, secrets.token_hex(8), target.id, turn.text, anonymous=False)
    submission = await _submit(turn, draft)
    is_quiet = await turn.read(_is_quiet, turn.user)
    await turn.say(blocks.taken_text(target, submission, is_quiet))


@room.shortcut("ask")
@room.action("ask_open")
async def opened(turn: Turn) -> None:
    """The shortcut, and the buttons; a button's value is the session's id."""
    sessions = await turn.read(asking.open_for_questions, turn.now)
    wanted = next((s for s in sessions if str(s.id) == turn.value), None)
    if not sessions:
        raise UserError(_nothing_open())
    await _open(turn, sessions, wanted or _meant(sessions, turn.channel))


@room.action("ask_more")
async def more(turn: Turn) -> None:
    """More room to type in; what was typed stays."""
    form = await _form(turn)
    if form.session is None:
        raise UserError(_refused(Why.OVER))
    await turn.update(blocks.form(form.more()))


@room.action("ask_mine_too")
async def mine_too(turn: Turn) -> None:
    """The vote for a question that was asked already, and the wish to hear of its answer."""
    anonymous = "anonymous" in turn.ticked("anonymous")
    question, is_own = await turn.write(support, turn.value, turn.user, anonymous)
    turn.desk.touched()
    is_quiet = await turn.read(_is_quiet, turn.user)
    url = turn.desk.voice.workspace_url
    view = (
        blocks.own(question, url)
        if is_own
        else blocks.counted(question, url, anonymous=anonymous, is_quiet=is_quiet)
    )
    await turn.update(view)


@room.view("ask")
async def sent(turn: Turn) -> dict[str, object]:
    """The form: shows what looks alike once, then takes the question."""
    form = await _form(turn)
    if not form.text.strip():
        raise FormError({question_block(0): _("Please write your question.")})
    if not form.seen and form.session is not None:
        like = await turn.read(similar, form.session_id, form.text, turn.user)
        if like:
            view = blocks.form(form, like, turn.desk.voice.workspace_url)
            return {"response_action": "update", "view": view}
    text = escape_mrkdwn(form.text.strip())
    draft = await _draft(turn, form.token, form.session_id, text, form.anonymous)
    submission = await _submit(turn, draft)
    if form.session is None:
        return {}
    view = blocks.taken(form.session, submission, await turn.read(_is_quiet, turn.user))
    return {"response_action": "update", "view": view}


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
    question = uow.messages.get(channel, ts)
    session = uow.sessions.get(question.session_id) if question is not None else None
    if question is None or session is None or question.deleted or question.hidden:
        raise UserError(_("That question is no longer there."))
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


def _submit_in(uow: UnitOfWork, turn: Turn, draft: Draft) -> Submission:
    submission = asking.submit(uow, turn.desk.voice, draft, turn.now)
    stored = uow.members.submission(draft.token)
    return stored or submission


async def _submit(turn: Turn, draft: Draft) -> Submission:
    try:
        submission = await turn.write(_submit_in, turn, draft)
    except NotTaken as error:
        raise UserError(_refused(error.why, draft.anonymous)) from None
    turn.desk.touched()
    return submission


async def _open(
    turn: Turn,
    sessions: list[Session],
    session: Session,
    text: str = "",
    like: list[Message] | None = None,
    lead: str = "",
) -> None:
    form = Form(secrets.token_hex(8), tuple(sessions), session.id, text=text, lead=lead)
    try:
        await turn.open(blocks.form(form, like or (), turn.desk.voice.workspace_url))
    except SlackApiError as error:
        log.warning("the form to ask did not open: %s", error.response.get("error"))
        lost = _("Slack did not let me open the form. Please try again.")
        await turn.say(lost + _typed(text))


async def _form(turn: Turn) -> Form:
    """The form as it is filled in."""
    sessions = await turn.read(asking.open_for_questions, turn.now)
    kept = turn.metadata
    try:
        inputs = min(MOST_INPUTS, int(kept.get("inputs") or 1))
        session_id = int(turn.typed("session") or kept.get("session") or 0)
    except (TypeError, ValueError):
        raise UserError(_("This form is out of date. Please open it again.")) from None
    parts = [turn.typed(question_block(number)) for number in range(inputs)]
    return Form(
        token=str(kept.get("token") or ""),
        sessions=tuple(sessions),
        session_id=session_id,
        inputs=inputs,
        text="\n".join(part for part in parts if part.strip()),
        anonymous="anonymous" in turn.ticked("anonymous"),
        seen=bool(kept.get("seen")),
    )


async def _draft(turn: Turn, token: str, session_id: int, text: str, anonymous: bool) -> Draft:
    """The question with its asker's name and picture, as Slack has them now."""
    text = without_broadcasts(text)
    if anonymous:
        return Draft(token, session_id, turn.user, text, anonymous=True)
    name, icon = "", ""
    try:
        answer = await asyncio.wait_for(turn.desk.client.users_info(user=turn.user), LOOK_WITHIN)
        user = answer.get("user") or {}
        found = person_of(user)
        name = found.name or ""
        icon = str((user.get("profile") or {}).get("image_72") or "")
        await turn.write(lambda uow: uow.people.put(found))
    except (SlackApiError, ClientError, TimeoutError, OSError, Malformed) as error:
        why = str(error) if isinstance(error, Malformed) else reason_of(error)
        log.info("using a stored name, because Slack did not give one: %s", why)
        known = await turn.read(lambda uow: uow.people.get(turn.user))
        name = (known.name or "") if known else ""
    return Draft(token, session_id, turn.user, text, name, icon)


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
                "An organizer has paused your questions for this session. This includes "
                "anonymous questions. Nobody was shown this one or told who sent it."
            )
        case Why.MUTED:
            return _("An organizer has paused your questions for this session.")
        case Why.OVER:
            return _("The session is over, so the question was not sent. Copy it to keep it.")
        case Why.GONE:
            return _("The session was cancelled, so the question was not sent. Copy it to keep it.")
