"""What organizers see when they moderate: the form of a message, and the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.markup import escape_mrkdwn
from bot.sessions.anonymity import is_anonymous
from bot.sessions.logbook import Entry
from bot.sessions.model import Hidden, Message
from bot.slack.blocks.kit import (
    Block,
    View,
    box,
    field,
    header,
    modal,
    note,
    section,
    text_input,
)
from bot.slack.blocks.limits import cut, pieces, when
from bot.slack.text import address, linked, quoted
from bot.texts import N_, _

MODERATE = "moderate"
"""The callback ID of the shortcut and of its form."""
HIDE, MUTE = "hide", "mute"
PART = 2500
"""Characters of a text that are put into one input, which takes 3,000: there is room to add."""
PARTS = 60
LONGEST = 150_000
"""Bytes of the JSON of a text that is edited in a form; a view takes 250,000."""
LOGGED = 30
"""Entries of the log that are shown."""
EXCERPT = 60
"""Characters of a message that the log shows."""
DETAIL = 200
"""Characters of a reason that it shows."""

WORDS = {
    "planned": N_("planned {event}: {start} to {end}"),
    "moved": N_("moved {event} to {start} – {end}"),
    "extended": N_("extended {event} to {end}"),
    "cancelled": N_("cancelled {event}"),
    "restored": N_("restored {event} to the schedule"),
    "opened": N_("opened {event} early"),
    "closed": N_("closed {event} early"),
    "hid": N_("hid {message} from the archive: {reason}"),
    "showed": N_("put {message} back into the archive"),
    "edited": N_("edited the archive's text of {message}"),
    "unedited": N_("restored the original text of {message} in the archive"),
    "muted": N_("muted {subject} in {event}{because}"),
    "unmuted": N_("unmuted {subject} in {event}"),
    "drew": N_("drew the winners of {event}: {people} (draw {number})"),
    "picked": N_("chose the winners of {event}: {people} (draw {number})"),
    "taken": N_("took {message}"),
    "elsewhere": N_("marked {message} as answered elsewhere"),
    "skipped": N_("skipped {message}"),
    "found": N_("found their answer in “{title}” and did not ask ({event})"),
    "pointed": N_("replied to {message} with an answer from “{title}”"),
    "put_back": N_("put {message} back into the queue"),
    "answers": N_("marked {message} as an answer to {question}"),
    "answers_undone": N_("unmarked {message} as an answer"),
    "answers_none": N_("marked {message} as not answering a question"),
    "merge": N_("merged {message} with {question}"),
    "merge_undone": N_("separated {message} from the question it was merged with"),
    "not_a_question": N_("left {message} out of the archive"),
    "a_question": N_("put {message} back into the archive"),
    "talk": N_("marked {message} as talk, which is not counted as a question"),
    "no_talk": N_("marked {message} as a question"),
    "author_added": N_("added {people} as author of {event}"),
    "author_removed": N_("removed {people} as author of {event}"),
    "withdrawn": N_("withdrew their own question: {message}"),
    "withdrawal_undone": N_("put their own question back: {message}"),
    "forgotten": N_("made {person} permanently anonymous"),
    "refused": N_("was not allowed to use `{what}`"),
}
"""By `Action.what`; another is shown as it is."""
SHORTCUTS = {
    "moderate": N_("Moderate…"),
    "answers": N_("This answers…"),
    "merge": N_("Merge with…"),
    "not_a_question": N_("Leave out of the archive"),
}
"""The names that people see of the shortcuts not everybody may use."""


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
        section(f"*{escape_mrkdwn(cut(name, 200))}*: {quoted(message.content, 300)}"),
        box(
            HIDE,
            _("Archive"),
            _("Leave it out of the archive"),
            hidden,
            _("If it is a question, its whole thread is left out. Nothing changes in Slack."),
        ),
        field(
            "reason",
            _("Reason"),
            text_input("reason", initial=reason, most=500),
            _("For the log. Required if you leave something out or mute somebody."),
            optional=True,
        ),
    ]
    for number, part in enumerate(parts):
        label = _("Text in the archive")
        hint = _("In Markdown. The original is kept; to restore it, clear this field.")
        if len(parts) > 1:
            label = _(
                "Text in the archive, part {number} of {count}", number=number + 1, count=len(parts)
            )
            hint = _("In Markdown. The original is kept; to restore it, clear all parts.")
        name_of = part_name(number)
        typed = text_input(name_of, multiline=True, initial=part)
        blocks.append(field(name_of, label, typed, hint, optional=True))
    if not parts:
        blocks.append(note(_("The text is too long to edit here; edit it in the file.")))
    blocks.append(
        box(
            MUTE,
            _("The person"),
            _("Mute for this session"),
            muted,
            _("What a muted person writes from now on is not collected. The person is told once."),
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


def log(found: Sequence[Entry], workspace_url: str = "") -> tuple[str, list[Block]]:
    """The log, newest first, as `(text, blocks)`."""
    heading = _("Who did what")
    blocks = [header(heading)]
    way = InSlack(workspace_url)
    lines = [
        f"{when(entry.action.at)} · {way.person(entry.action.who)} {said(entry, way)}"
        for entry in found[:LOGGED]
    ]
    if not lines:
        blocks.append(section(_("There are no entries yet.")))
    # A section takes 3,000 characters; a few entries in each keep every one of them whole.
    for start in range(0, len(lines), 5):
        blocks.append(section("\n".join(cut(item, 590) for item in lines[start : start + 5])))
    if len(found) > LOGGED:
        blocks.append(note(_("Older entries: `marginalia log`.")))
    return heading, blocks


@dataclass(frozen=True, slots=True)
class InSlack:
    """How the log says whom and what in Slack: people as mentions, messages as links."""

    workspace_url: str

    def person(self, who: str) -> str:
        """A member ID, or the key of somebody who asks anonymously."""
        if who[:1] in {"U", "W"} and who.isalnum():
            return f"<@{who}>"
        return _nobody(who)

    def message(self, message: Message, text: str) -> str:
        """A message by an excerpt of it."""
        return linked(address(self.workspace_url, message), text)

    def moment(self, at: datetime) -> str:
        """A moment (aware)."""
        return when(at)


@dataclass(frozen=True, slots=True)
class InTerminal:
    """The same where there are no mentions and no links: `names` are by member ID."""

    names: Mapping[str, str]
    workspace_url: str = ""

    def person(self, who: str) -> str:
        """A member's name; the ID where no name is known."""
        if who[:1] in {"U", "W"} and who.isalnum():
            return escape_mrkdwn(self.names.get(who) or who)
        return _nobody(who)

    def message(self, message: Message, text: str) -> str:
        """A message by an excerpt of it, its address behind it."""
        link = address(self.workspace_url, message)
        return f"{text} <{link}>" if link else text

    def moment(self, at: datetime) -> str:
        """A moment (aware), in UTC."""
        return f"{at:%Y-%m-%d %H:%M} UTC"


def said(entry: Entry, way: InSlack | InTerminal) -> str:
    """What was done, in words, without who did it and when: mrkdwn, or escaped like it."""
    action = entry.action
    words = WORDS.get(action.what)
    plain = {k: escape_mrkdwn(cut(str(v), DETAIL)) for k, v in action.details.items()}
    if words is None:
        details = ", ".join(f"{k}: {v}" for k, v in plain.items())
        return escape_mrkdwn(action.what) + (f" ({details})" if details else "")
    shortcut = SHORTCUTS.get(plain.get("what", ""))
    if shortcut is not None:
        plain["what"] = _(shortcut)
    values = _Details(plain)
    values["event"] = f"`{escape_mrkdwn(action.event_id or '')}`"
    values["because"] = f": {plain['reason']}" if plain.get("reason") else ""
    for key in ("subject", "person"):
        if key in action.details:
            values[key] = way.person(str(action.details[key]))
    if action.details.get("people"):
        values["people"] = ", ".join(way.person(str(who)) for who in action.details["people"])
    for key in ("start", "end"):
        if key in action.details:
            values[key] = way.moment(datetime.fromisoformat(str(action.details[key])))
    values["message"] = _shown(entry.message, way)
    values["question"] = _shown(entry.question, way)
    # Not `str.format` on data: the words are the catalogue's, the values are put in as they are.
    return _(words).format_map(values)


class _Details(dict[str, str]):
    """Details of an entry; one that an older version did not write is a dash."""

    def __missing__(self, key: str) -> str:
        return "–"


def _shown(message: Message | None, way: InSlack | InTerminal) -> str:
    """A message of which the log tells; nothing of what its writer took back."""
    if message is None or message.deleted:
        return _("a message that was deleted")
    if Hidden.WITHDRAWN in message.hidden:
        return way.message(message, _("a withdrawn question"))
    text = f"“{quoted(message.content, EXCERPT)}”"
    return _("{text} by {name}", text=way.message(message, text), name=way.person(message.author))


def _nobody(who: str) -> str:
    return _("somebody who asks anonymously") if is_anonymous(who) else _("Somebody")
