"""What organizers see when they moderate: the form of a message, and the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from bot.markup import escape_mrkdwn
from bot.sessions.model import Action, Message
from bot.slack.blocks.kit import (
    Block,
    View,
    checkboxes,
    field,
    header,
    modal,
    note,
    option,
    section,
    text_input,
)
from bot.slack.blocks.limits import cut, pieces, when
from bot.slack.text import excerpt
from bot.texts import N_, _

MODERATE = "moderate"
"""The callback ID of the shortcut and of its form."""
HIDE, MUTE = "hide", "mute"
PART = 2500
"""Characters of a text that are put into one input, which takes 3,000: there is room to add."""
PARTS = 60
LONGEST = 150_000
"""Bytes of the JSON of a text that is edited in a form; a view takes 250,000."""
LOGGED = 40
"""Entries of the log that are shown."""

WORDS = {
    "planned": N_("planned {event}"),
    "moved": N_("moved {event}"),
    "extended": N_("extended {event}"),
    "cancelled": N_("cancelled {event}"),
    "restored": N_("took {event} back into the plan"),
    "opened": N_("opened {event} now"),
    "closed": N_("closed {event} now"),
    "hid": N_("hid a message from the archive: {reason}"),
    "showed": N_("put a message back into the archive"),
    "edited": N_("edited a text in the archive"),
    "unedited": N_("gave a text in the archive its original back"),
    "muted": N_("muted {subject}"),
    "unmuted": N_("let {subject} speak again"),
    "drew": N_("drew {count} winners (draw {number})"),
    "picked": N_("chose {count} winners (draw {number})"),
    "taken": N_("took a question"),
    "elsewhere": N_("said that a question is answered elsewhere"),
    "skipped": N_("skipped a question"),
    "put_back": N_("put a question back into the queue"),
    "answers": N_("said which question a message answers"),
    "answers_undone": N_("said that a message does not answer that question"),
    "answers_none": N_("said that a message answers no question"),
    "merge": N_("merged two questions"),
    "merge_undone": N_("took two questions apart again"),
    "not_a_question": N_("said that a message is no question"),
    "a_question": N_("said that a message is a question after all"),
    "author_added": N_("named {people} as an author of {event}"),
    "author_removed": N_("named {people} as no author of {event} any more"),
    "withdrawn": N_("withdrew a question of their own"),
    "withdrawal_undone": N_("put a question of their own back"),
    "forgotten": N_("made {person} anonymous for good"),
    "refused": N_("was refused `{what}`"),
}
"""By `Action.what`; another is shown as it is."""


def form(
    message: Message,
    name: str,
    parts: Sequence[str],
    hidden: bool,
    reason: str,
    muted: bool,
    metadata: str,
) -> View:
    """The form of one message: what it shows is as it is now, so undoing is unticking.

    `parts` are what the archive says of it, in Markdown, as `parted` gives it: an input each.
    None are given of a text that is too long for a form.
    """
    blocks: list[Block] = [
        section(
            f"*{escape_mrkdwn(cut(name, 200))}*: {escape_mrkdwn(excerpt(message.content, 300))}"
        ),
        field(
            HIDE,
            _("Archive"),
            checkboxes(
                HIDE,
                [option(_("Leave it out of the archive"), HIDE)],
                [HIDE] if hidden else [],
            ),
            _("With a question its whole thread is left out. In Slack it stays."),
            optional=True,
        ),
        field(
            "reason",
            _("Reason"),
            text_input("reason", initial=reason, most=500),
            _("For the log. Needed if you leave something out or mute somebody."),
            optional=True,
        ),
    ]
    for number, part in enumerate(parts):
        label = _("Text in the archive")
        hint = _("In Markdown. The original is kept; empty this to have it back.")
        if len(parts) > 1:
            label = _(
                "Text in the archive, part {number} of {count}", number=number + 1, count=len(parts)
            )
            hint = _("In Markdown. The original is kept; empty all parts to have it back.")
        name_of = part_name(number)
        typed = text_input(name_of, multiline=True, initial=part)
        blocks.append(field(name_of, label, typed, hint, optional=True))
    if not parts:
        blocks.append(note(_("The text is too long to be edited here; edit it in the file.")))
    blocks.append(
        field(
            MUTE,
            _("The person"),
            checkboxes(
                MUTE,
                [option(_("Mute for this session"), MUTE)],
                [MUTE] if muted else [],
            ),
            _("What a muted person writes from then on is not collected. The person is told once."),
            optional=True,
        )
    )
    return modal(
        MODERATE, _("Moderate"), blocks, submit=_("Save"), close=_("Cancel"), metadata=metadata
    )


def parted(text: str) -> tuple[list[str], list[str]]:
    """A text in parts, an input each, and what stands behind each of them (`joined`).

    No parts where all of it does not fit into a form.
    """
    found = pieces(text, PART)
    size = len(json.dumps(text, ensure_ascii=False).encode())
    if size > LONGEST or len(found) > PARTS:
        return [], []
    return [part for part, _behind in found], [behind for _part, behind in found]


def joined(parts: Sequence[str], between: Sequence[str]) -> str:
    """The text of the parts again; one that was emptied leaves nothing behind."""
    behind = [*between, *[""] * len(parts)]
    return "".join(
        part + after for part, after in zip(parts, behind, strict=False) if part.strip()
    ).strip()


def part_name(number: int) -> str:
    """The name of the input of a part, from 0 on."""
    return f"text{number or ''}"


def log(actions: Sequence[Action], more: bool = False) -> tuple[str, list[Block]]:
    """The log, newest first, as `(text, blocks)`."""
    heading = _("Who did what")
    blocks = [header(heading)]
    lines = [f"{when(action.at)} · {line(action)}" for action in actions[:LOGGED]]
    if not lines:
        blocks.append(section(_("Nothing has been done yet.")))
    # A section takes 3,000 characters; a few entries in each keep every one of them whole.
    for start in range(0, len(lines), 5):
        blocks.append(section("\n".join(cut(item, 590) for item in lines[start : start + 5])))
    if more or len(actions) > LOGGED:
        blocks.append(note(_("Older entries: `marginalia log`.")))
    return heading, blocks


def line(action: Action) -> str:
    """An entry of the log as mrkdwn, without its moment."""
    who = f"<@{action.who}>" if action.who else _("Somebody")
    return f"{who} {said(action)}"


def said(action: Action, mentions: bool = True) -> str:
    """What was done, in words; `mentions` as Slack's, else as IDs."""
    words = WORDS.get(action.what)
    if words is None:
        details = ", ".join(f"{k}: {v}" for k, v in action.details.items())
        return escape_mrkdwn(action.what + (f" ({details})" if details else ""))
    values: Mapping[str, str] = _Details(
        {
            **{k: escape_mrkdwn(str(v)) for k, v in action.details.items()},
            "event": f"`{escape_mrkdwn(action.event_id or '')}`",
            "subject": _subject(str(action.details.get("subject", "")), mentions),
            "people": ", ".join(
                _subject(str(one), mentions) for one in action.details.get("people", ())
            ),
        }
    )
    # Not `str.format` on data: the words are the catalogue's, the values are put in as they are.
    return _(words).format_map(values)


class _Details(dict[str, str]):
    """Details of an entry; one that an older version did not write is a dash."""

    def __missing__(self, key: str) -> str:
        return "–"


def _subject(subject: str, mentions: bool) -> str:
    if subject[:1] in {"U", "W"} and subject.isalnum():
        return f"<@{subject}>" if mentions else subject
    return _("somebody who asks anonymously")
