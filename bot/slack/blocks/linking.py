"""The private notes about an author's answer outside a thread."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sessions.model import Message
from bot.slack.blocks.kit import Block, actions, button, note, section
from bot.slack.text import address, linked, quoted, writer
from bot.texts import _

EXCERPT = 240
"""Characters of a message that are shown."""


def done(answer: Message, question: Message, workspace_url: str) -> tuple[str, list[Block]]:
    """Says under which question a message was put, with a way back: `(text, blocks)`."""
    text = _(
        "I marked your message as an answer to the question from *{person}*.",
        person=writer(question),
    )
    value = f"{answer.channel} {answer.ts} {question.ts}"
    return text, [
        section(
            f"{text}\n{_quoted(question, workspace_url)}",
            button(_("Undo"), "link_undo", value),
            block_id=f"linked {answer.ts}",
        ),
        note(_("Your message: {text}", text=quoted(answer.content, 100))),
    ]


def offer(
    answer: Message, questions: Sequence[Message], workspace_url: str
) -> tuple[str, list[Block]]:
    """Asks which of the questions, likeliest first, a message answers: `(text, blocks)`."""
    text = _("Which question does your message answer?")
    blocks: list[Block] = [section(f"{text}\n> {quoted(answer.content, EXCERPT)}")]
    for question in questions:
        blocks.append(
            section(
                f"*{writer(question)}*\n{_quoted(question, workspace_url)}",
                button(_("This one"), "link_choose", f"{answer.channel} {answer.ts} {question.ts}"),
                block_id=f"link {answer.ts} {question.ts}",
            )
        )
    blocks.append(
        actions(
            button(_("None of these"), "link_none", f"{answer.channel} {answer.ts}"),
            block_id=f"none {answer.ts}",
        )
    )
    blocks.append(note(_("Only you can see this. If you do nothing, your message stays as it is.")))
    return text, blocks


def left(again: str = "") -> tuple[str, list[Block]]:
    """Says that a message stands on its own; `again` says something else before the way."""
    text = again or _("Your message stays where you posted it.")
    way = _(
        "To place it under a question later, choose “This answers…” in the menu of the message."
    )
    return text, [section(text), note(way)]


def _quoted(question: Message, workspace_url: str) -> str:
    link = address(workspace_url, question)
    quote = f"> {quoted(question.content, EXCERPT)}"
    return quote + "\n" + linked(link, _("open the message")) if link else quote
