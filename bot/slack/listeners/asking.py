"""Asking: the form, `/ask`, the button, the shortcut."""

from __future__ import annotations

import asyncio
import logging
import secrets

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot.errors import UserError
from bot.markup import escape_mrkdwn, plain
from bot.sessions import asking, queue
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
    """With a question it is sent at once, unless one like it was asked; without, the form opens."""
    sessions = await turn.read(asking.open_for_questions, turn.now)
    if not sessions:
        await turn.say(_nothing_open())
        return
    target = _meant(sessions, turn.channel)
    if not turn.text:
        await _open(turn, sessions, target)
        return
    typed = plain({"text": turn.text})
    like = await turn.read(similar, target.id, typed)
    several = sum(s.state is State.OPEN for s in sessions) > 1 and target.channel != turn.channel
    if like or several:
        await _open(turn, sessions, target, typed, like)
        return
    draft = await _draft(turn, secrets.token_hex(8), target.id, turn.text, anonymous=False)
    submission = await _submit(turn, draft)
    await turn.say(blocks.taken_text(target, submission.state))


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
    await turn.update(blocks.form(form.more()))


@room.action("ask_mine_too")
async def mine_too(turn: Turn) -> None:
    """The vote for a question that was asked already, and the wish to hear of its answer."""
    question = await turn.write(support, turn.value, turn.user)
    turn.desk.touched()
    await turn.update(blocks.counted(question, turn.desk.voice.workspace_url))


@room.view("ask")
async def sent(turn: Turn) -> dict[str, object]:
    """The form: shows what looks alike once, then takes the question."""
    form = await _form(turn)
    if not form.text.strip():
        raise FormError({question_block(0): _("Please write your question.")})
    if not form.seen:
        like = await turn.read(similar, form.session_id, form.text)
        if like:
            view = blocks.form(form, like, turn.desk.voice.workspace_url)
            return {"response_action": "update", "view": view}
    text = escape_mrkdwn(form.text.strip())
    draft = await _draft(turn, form.token, form.session_id, text, form.anonymous)
    submission = await _submit(turn, draft)
    session = next((s for s in form.sessions if s.id == form.session_id), None)
    if session is None:
        return {}
    view = blocks.taken(session, submission.state)
    return {"response_action": "update", "view": view}


def similar(uow: UnitOfWork, session_id: int, text: str) -> list[Message]:
    """Up to three questions of the session that look like `text`."""
    session = uow.sessions.get(session_id)
    if session is None:
        return []
    asked = {message.ts: message for message in queue.questions(uow, session)}
    found = Asked((ts, plain(message.content)) for ts, message in asked.items())
    return [asked[ts] for ts in found.like(text)]


def support(uow: UnitOfWork, value: str, person: str) -> Message:
    """Votes for a question and follows it. Raises UserError if it is gone."""
    channel, _blank, ts = value.partition(" ")
    question = uow.messages.get(channel, ts)
    if question is None or question.deleted or question.hidden:
        raise UserError(_("That question is no longer there."))
    uow.members.support(channel, ts, person)
    uow.members.follow(channel, ts, person)
    return question


def _submit_in(uow: UnitOfWork, turn: Turn, draft: Draft) -> Submission:
    submission = asking.submit(uow, turn.desk.voice, draft, turn.now)
    stored = uow.members.submission(draft.token)
    return stored or submission


async def _submit(turn: Turn, draft: Draft) -> Submission:
    try:
        submission = await turn.write(_submit_in, turn, draft)
    except NotTaken as error:
        raise UserError(_refused(error.why)) from None
    turn.desk.touched()
    return submission


async def _open(
    turn: Turn,
    sessions: list[Session],
    session: Session,
    text: str = "",
    like: list[Message] | None = None,
) -> None:
    form = Form(secrets.token_hex(8), tuple(sessions), session.id, text=text)
    try:
        await turn.open(blocks.form(form, like or (), turn.desk.voice.workspace_url))
    except SlackApiError as error:
        log.warning("the form to ask did not open: %s", error.response.get("error"))
        lost = _("Slack did not let me open the form. Please try again.")
        if text:
            lost += "\n" + _("You wrote:") + f"\n>>> {escape_mrkdwn(text)}"
        await turn.say(lost)


async def _form(turn: Turn) -> Form:
    """The form as it is filled in."""
    sessions = await turn.read(asking.open_for_questions, turn.now)
    kept = turn.metadata
    try:
        inputs = min(MOST_INPUTS, int(kept.get("inputs") or 1))
        session_id = int(turn.typed("session") or kept.get("session") or 0)
    except (TypeError, ValueError):
        raise UserError(_("This form is not one of mine any more. Please open it again.")) from None
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
        log.info("an asker is named from the store: %s", why)
        known = await turn.read(lambda uow: uow.people.get(turn.user))
        name = (known.name or "") if known else ""
    return Draft(token, session_id, turn.user, text, name, icon)


def _meant(sessions: list[Session], channel: str | None) -> Session:
    """The session that is meant in a channel: its own, else the first that takes questions."""
    return next((s for s in sessions if s.channel == channel), sessions[0])


def _nothing_open() -> str:
    return _("No session takes questions now, and none is planned. Please come back later.")


def _refused(why: Why) -> str:
    match why:
        case Why.MUTED:
            return _("An organizer has paused your questions for this session.")
        case Why.OVER:
            return _("The session is over, so the question was not sent. Copy it to keep it.")
        case Why.GONE:
            return _("The session was cancelled, so the question was not sent. Copy it to keep it.")
