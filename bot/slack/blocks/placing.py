"""The form that says to which question a message belongs."""

from __future__ import annotations

import json

from bot.sessions.model import Message
from bot.slack.blocks.kit import Block, View, field, lookup, modal, section
from bot.slack.text import address, linked, quoted
from bot.texts import _


def done(message: Message, question: Message, what: str, workspace_url: str) -> str:
    """What somebody reads who put a message under a question (mrkdwn)."""
    shown = {
        "message": _quoted(message, workspace_url),
        "question": _quoted(question, workspace_url),
    }
    if what == "merge":
        return _(
            "{message} is merged with {question}; its answers and votes count there. To undo this, "
            "choose *Merge with…* in the menu ⋮ of the merged message, and leave the field empty.",
            **shown,
        )
    return _("{message} is now an answer to {question}.", **shown)


def undone(message: Message, workspace_url: str) -> str:
    """What somebody reads who put it back (mrkdwn)."""
    return _("{message} is back where it was posted.", message=_quoted(message, workspace_url))


def _quoted(message: Message, workspace_url: str) -> str:
    return linked(address(workspace_url, message), f"“{quoted(message.content, 60)}”")


def choose(message: Message, what: str, under: Message | None) -> View:
    """Chooses a question for a message: `what` is `answers` or `merge`.

    `under` is the question under which a person has put it already; leaving the menu empty puts
    the message back then.
    """
    merging = what == "merge"
    lead = _("Which question is the same as this one?") if merging else _("What does this answer?")
    blocks: list[Block] = [section(f"{lead}\n> {quoted(message.content, 400)}")]
    hint = (
        _(
            "The answers and votes of this question then count for the one that you choose. You "
            "can undo it."
        )
        if merging
        else _("The message becomes an answer to that question, also in the archive.")
    )
    if under is not None:
        now = _("It is under this question now:")
        blocks.append(section(f"{now}\n> {quoted(under.content, 400)}"))
        hint = _("To undo that, leave this field empty. The message goes back to where it was.")
    blocks.append(
        field(
            "question",
            _("Question"),
            lookup("pick_question", _("Type a few words of the question")),
            hint=hint,
            optional=under is not None,
        )
    )
    return modal(
        "place",
        _("Merge with…") if merging else _("This answers…"),
        blocks,
        submit=_("Save"),
        close=_("Cancel"),
        metadata=json.dumps({"channel": message.channel, "ts": message.ts, "what": what}),
    )
