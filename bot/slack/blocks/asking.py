"""The form to ask with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.markup import escape_mrkdwn
from bot.sessions.model import Message, Session, State
from bot.slack.blocks import limits
from bot.slack.blocks.kit import (
    Block,
    View,
    actions,
    button,
    checkboxes,
    divider,
    field,
    modal,
    note,
    option,
    section,
    select,
    text_input,
)
from bot.slack.blocks.limits import when
from bot.slack.text import excerpt, linked, permalink
from bot.texts import _

MOST_INPUTS = 4
"""Inputs of 3,000 characters: what a message's blocks take together."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a form shows and keeps.

    `token` names the question; `inputs` is how many there are to type in; `text` is what they
    hold at first (as typed, not mrkdwn); `like` are questions that look alike, with their links;
    `seen` says that they were shown.
    """

    token: str
    sessions: tuple[Session, ...]
    session_id: int
    inputs: int = 1
    text: str = ""
    anonymous: bool = False
    seen: bool = False

    def more(self) -> Form:
        """The form with more room."""
        return replace(self, inputs=min(MOST_INPUTS, self.inputs + 1))


def form(asking: Form, like: Sequence[Message] = (), workspace_url: str = "") -> View:
    """The form; with questions that look alike, it shows these first."""
    blocks: list[Block] = []
    if like:
        blocks.append(
            section(
                _("*This looks like a question that was asked already.* Is one of these yours?")
            )
        )
        for question in like:
            link = permalink(workspace_url, question.channel, question.ts)
            lead = linked(link, escape_mrkdwn(question.posted_name or _("Somebody")))
            blocks.append(
                section(
                    f"{lead}: {escape_mrkdwn(excerpt(question.content, 400))}",
                    button(
                        _("This is mine too"), "ask_mine_too", f"{question.channel} {question.ts}"
                    ),
                    block_id=f"like {question.ts}",
                )
            )
        blocks += [note(_("If not, send yours as it is.")), divider()]
    blocks.append(_about(asking))
    texts = list(limits.parts(asking.text, limits.INPUT))[:MOST_INPUTS]
    inputs = max(asking.inputs, len(texts), 1)
    for number in range(inputs):
        blocks.append(
            field(
                question_block(number),
                _("Your question") if number == 0 else _("Your question, continued"),
                text_input(
                    "text",
                    multiline=True,
                    initial=texts[number] if number < len(texts) else "",
                    placeholder=_("One question at a time is answered best.") if not number else "",
                ),
                optional=number > 0,
            )
        )
    if inputs < MOST_INPUTS:
        blocks.append(actions(button(_("I need more room"), "ask_more"), block_id="ask_more"))
    box = option(_("Ask anonymously"), "anonymous", _("Your name is shown and stored nowhere."))
    blocks.append(
        field(
            "anonymous",
            _("Your name"),
            checkboxes("anonymous", [box], ["anonymous"] if asking.anonymous else []),
            hint=_("Nobody can tell you of an answer to an anonymous question; look for it here."),
            optional=True,
        )
    )
    metadata = {
        "token": asking.token,
        "inputs": inputs,
        "session": asking.session_id,
        "seen": asking.seen or bool(like),
    }
    return modal(
        "ask",
        _("Ask a question"),
        blocks,
        submit=_("Ask mine anyway") if like else _("Ask"),
        close=_("Cancel"),
        metadata=json.dumps(metadata),
    )


def question_block(number: int) -> str:
    """The block ID of the input of that number, counted from 0."""
    return f"question{number}"


def taken(session: Session, state: str) -> View:
    """The form after it was sent; `state` is the submission's."""
    return modal("done", _("Thank you"), [section(taken_text(session, state))], close=_("Close"))


def taken_text(session: Session, state: str) -> str:
    """What is said after a question was taken; `state` is the submission's."""
    title = escape_mrkdwn(session.event.title)
    if state == "delayed":
        return _(
            "Your question is kept, but it is delayed: Slack does not let me post in {channel} at "
            "the moment. The organizers know. My App Home shows it under My questions.",
            channel=f"<#{session.channel}>",
        )
    if state == "waiting":
        return _(
            "Your question is kept. It is posted when the session on *{title}* opens, {when}.",
            title=title,
            when=when(session.event.start),
        )
    return _(
        "Your question is on its way to {channel}. You are told when it is answered.",
        channel=f"<#{session.channel}>",
    )


def counted(question: Message, workspace_url: str) -> View:
    """The form after `This is mine too`."""
    link = permalink(workspace_url, question.channel, question.ts)
    text = _("Your vote counts, and you are told when the question is answered.")
    if link:
        text += "\n" + linked(link, _("Read it in the channel"))
    return modal(
        "done",
        _("Thank you"),
        [section(text)],
        close=_("Close"),
    )


def _about(asking: Form) -> Block:
    if len(asking.sessions) == 1:
        return section(_session_line(asking.sessions[0]))
    options = [
        option(
            session.event.title,
            str(session.id),
            _("open now")
            if session.state is State.OPEN
            else _("opens {day}", day=session.event.start.strftime("%Y-%m-%d")),
        )
        for session in asking.sessions
    ]
    return field(
        "session", _("Which book"), select("session", options, _("A book"), str(asking.session_id))
    )


def _session_line(session: Session) -> str:
    title = escape_mrkdwn(session.event.title)
    if session.state is State.OPEN:
        return _(
            "*{title}*: open in {channel} until {when}.",
            title=title,
            channel=f"<#{session.channel}>",
            when=when(session.event.end),
        )
    return _(
        "*{title}* opens {when}. Your question is kept until then, and posted in {channel}.",
        title=title,
        when=when(session.event.start),
        channel=f"<#{session.channel}>",
    )
