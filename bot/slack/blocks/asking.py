"""The form to ask with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.markup import escape_mrkdwn
from bot.sessions.anonymity import is_anonymous
from bot.sessions.knowledge import Hit
from bot.sessions.model import Message, Session, State, Submission
from bot.slack.blocks import finding, limits
from bot.slack.blocks.kit import (
    Block,
    View,
    actions,
    box,
    button,
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
from bot.slack.text import address, linked, quoted, writer
from bot.texts import _, n_

MOST_INPUTS = 4
"""Inputs of 3,000 characters: what a message's blocks take together."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a form shows and keeps.

    `token` names the question; `inputs` is how many there are to type in; `text` is what they
    hold at first (as typed, not mrkdwn); `like` are questions that look alike, with their links;
    `seen` says that they were shown. `lead` (mrkdwn) is what the asker reads first.
    """

    token: str
    sessions: tuple[Session, ...]
    session_id: int
    inputs: int = 1
    text: str = ""
    anonymous: bool = False
    seen: bool = False
    lead: str = ""

    @property
    def session(self) -> Session | None:
        """The session that is asked in; None if it takes no questions any more."""
        return next((s for s in self.sessions if s.id == self.session_id), None)

    def more(self) -> Form:
        """The form with more room."""
        return replace(self, inputs=min(MOST_INPUTS, self.inputs + 1))


@dataclass(frozen=True, slots=True)
class Before:
    """What looks like a question: `hits` were answered, in any book; `like` wait in this one."""

    hits: Sequence[Hit] = ()
    like: Sequence[Message] = ()

    def __bool__(self) -> bool:
        return bool(self.hits or self.like)


def form(asking: Form, before: Before | None = None, workspace_url: str = "") -> View:
    """The form; with questions that look alike, it shows these first."""
    blocks: list[Block] = [section(asking.lead)] if asking.lead else []
    if before:
        blocks += _answered(before.hits, asking.session_id)
        blocks += _like(before.like, workspace_url)
        blocks += [note(_below(before)), divider()]
    if not asking.lead or len(asking.sessions) > 1:  # which says the same of the only one
        blocks.append(_about(asking))
    texts = limits.parts(asking.text, limits.INPUT)[:MOST_INPUTS]
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
                    placeholder=_("Please ask one question at a time.") if not number else "",
                ),
                optional=number > 0,
            )
        )
    if inputs < MOST_INPUTS:
        blocks.append(actions(button(_("Add more space"), "ask_more"), block_id="ask_more"))
    blocks.append(
        box(
            "anonymous",
            _("Anonymity"),
            _("Ask anonymously"),
            asking.anonymous,
            _(
                "I cannot tell you when an anonymous question is answered, because I do not store "
                "who asked it. You will find the answer in the channel."
            ),
            _("Your name is neither shown nor stored."),
        )
    )
    metadata = {
        "token": asking.token,
        "inputs": inputs,
        "session": asking.session_id,
        "seen": asking.seen or bool(before),
    }
    return modal(
        "ask",
        _("Ask a question"),
        blocks,
        submit=_("Ask mine anyway") if before else _("Ask"),
        close=_("Cancel"),
        metadata=json.dumps(metadata),
    )


def _answered(hits: Sequence[Hit], session_id: int) -> list[Block]:
    if not hits:
        return []
    lead = _(
        "*Authors have already answered questions like yours.* Does one of these answers help?"
    )
    shown = [
        section(
            finding.answered(hit),
            button(_("That answers it"), "ask_answered", f"{session_id} {hit.key}"),
            block_id=f"answered {number}",
        )
        for number, hit in enumerate(hits)
    ]
    return [section(lead), *shown]


def _like(like: Sequence[Message], workspace_url: str) -> list[Block]:
    if not like:
        return []
    lead = n_(
        "*Somebody has already asked a question like yours.* Is it this one?",
        "*Somebody has already asked questions like yours.* Is it one of these?",
        len(like),
    )
    shown = []
    for question in like:
        name = linked(address(workspace_url, question), writer(question))
        value = f"{question.channel} {question.ts}"
        shown.append(
            section(
                f"{name}: {quoted(question.content, 400)}",
                button(_("This is mine too"), "ask_mine_too", value),
                block_id=f"like {question.ts}",
            )
        )
    return [section(lead), *shown]


def _below(before: Before) -> str:
    """What the buttons do, below the questions that look alike."""
    send = _("Otherwise, choose *Ask mine anyway*.")
    if not before.like:
        return send
    return (
        _("*This is mine too* adds your vote to that question, and yours is not sent.") + f" {send}"
    )


def question_block(number: int) -> str:
    """The block ID of the input of that number, counted from 0."""
    return f"question{number}"


def which_book(session: Session) -> str:
    """What somebody reads first whose question may be for another book than this (mrkdwn)."""
    title = escape_mrkdwn(session.event.title)
    if session.state is State.OPEN:
        return _(
            "*Your question has not been sent yet.* Is it for *{title}*, in {channel}?",
            title=title,
            channel=f"<#{session.channel}>",
        )
    return _(
        "*Your question has not been sent yet.* No session is open here right now. The "
        "next one is on *{title}* and opens {when}. If you send your question now, I "
        "will keep it until then; you can withdraw it on my Home tab, under My "
        "questions.",
        title=title,
        when=when(session.event.start),
    )


def taken(session: Session, submission: Submission, is_quiet: bool) -> View:
    """The form after it was sent."""
    text = taken_text(session, submission, is_quiet)
    return modal("done", _("Thank you"), [section(text)], close=_("Close"))


def taken_text(session: Session, submission: Submission, is_quiet: bool) -> str:
    """What is said after a question was taken; `is_quiet` of somebody without direct messages."""
    title = escape_mrkdwn(session.event.title)
    channel = f"<#{session.channel}>"
    anonymous = is_anonymous(submission.asker)
    if submission.state == "delayed":
        late = _(
            "Your question is saved, but it is delayed because Slack doesn't let me post "
            "in {channel} at the moment.",
            channel=channel,
        )
        how = (
            _(
                "The organizers know about the delay, but not who asked. You can see and "
                "withdraw the question on my Home tab, under My questions, while the session "
                "is open."
            )
            if anonymous
            else _(
                "The organizers know about the delay. You can see and withdraw your question "
                "on my Home tab, under My questions."
            )
        )
        return f"{late} {how}"
    if submission.state == "waiting":
        kept = (
            _("Your question is saved without your name.")
            if anonymous
            else _("Your question is saved.")
        )
        opens = _(
            "I will post it when the session on *{title}* opens, {when}. Until then you "
            "can withdraw it on my Home tab, under My questions.",
            title=title,
            when=when(session.event.start),
        )
        return f"{kept} {opens}"
    if anonymous:
        return _(
            "Your question is on its way to {channel}, without your name. Neither your "
            "name nor your member ID is stored with it, so I cannot tell you when it is "
            "answered; check the channel. While the session is open, you can find it on my "
            "Home tab, under My questions, where nobody else sees it.",
            channel=channel,
        )
    sent = _("Your question is on its way to {channel}.", channel=channel)
    return f"{sent} {told(is_quiet)}"


def told(is_quiet: bool) -> str:
    """How somebody learns of the answer to a question."""
    if is_quiet:
        return _(
            "You have turned my direct messages off, so check the thread for the answer. "
            "To turn them back on, type `/qa quiet`."
        )
    return _("I will send you a direct message when an author answers the question.")


def counted(question: Message, workspace_url: str, *, anonymous: bool, is_quiet: bool) -> View:
    """The form after `This is mine too`."""
    text = (
        _(
            "Your vote is counted without your name. I cannot tell you when the question "
            "is answered, so check its thread."
        )
        if anonymous
        else _("Your vote is counted.") + f" {told(is_quiet)}"
    )
    return _about_asked(_("Thank you"), text, question, workspace_url)


def answered(hit: Hit | None) -> View:
    """The form after `That answers it`, with the answer where it is still there."""
    text = _("I am glad that helps. Your question was not sent.")
    shown = [section(text), *([section(finding.answered(hit))] if hit else ())]
    return modal("done", _("Answered"), shown, close=_("Close"))


def own(question: Message, workspace_url: str) -> View:
    """The form after `This is mine too` on one's own question."""
    text = _("You asked this question yourself, so there is nothing to vote for.")
    return _about_asked(_("Your own question"), text, question, workspace_url)


def _about_asked(title: str, text: str, question: Message, workspace_url: str) -> View:
    link = address(workspace_url, question)
    if link:
        text += "\n" + linked(link, _("Read it in the channel"))
    return modal("done", title, [section(text)], close=_("Close"))


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
        "session",
        _("Which book?"),
        select("session", options, _("Choose a book"), str(asking.session_id)),
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
        "*{title}* opens {when}. I will keep your question until then and post it in {channel}.",
        title=title,
        when=when(session.event.start),
        channel=f"<#{session.channel}>",
    )
