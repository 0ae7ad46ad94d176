"""The draw: its form, its announcement, and what a winner reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.markup import escape_mrkdwn
from bot.sessions.model import Session
from bot.sessions.winners import Draw, Left, Way, Weights
from bot.slack.blocks.kit import (
    Block,
    View,
    choice,
    field,
    header,
    modal,
    note,
    section,
    text_input,
)
from bot.slack.blocks.limits import cut
from bot.texts import _, listed, n_

WINNERS = "qa_winners"
"""The callback ID of the form."""
MAX_WINNERS = 50
"""Winners of one draw at the most."""


def form(
    session: Session, asked: Sequence[tuple[str, int]], left: Left, count: int, metadata: str
) -> View:
    """The form. `asked` are those who take part with how many questions, most first."""
    title = escape_mrkdwn(cut(session.event.title, 300))
    names = [
        f"<@{who}> ({n_('{count} question', '{count} questions', n)})" for who, n in asked[:40]
    ]
    if len(asked) > len(names):
        names.append(_("and {count} more", count=len(asked) - len(names)))
    intro = [
        _("*{title}*", title=title),
        n_("{count} person takes part:", "{count} people take part:", len(asked))
        + (" " + ", ".join(names) if names else ""),
    ]
    blocks = [
        section("\n".join(intro)),
        note(_left(left)),
        choice(
            "way",
            _("How"),
            {Way.DRAWN: _("Draw them at random"), Way.PICKED: _("I'll choose them below")},
            Way.DRAWN,
        ),
        field(
            "count",
            _("How many?"),
            {
                "type": "number_input",
                "action_id": "count",
                "is_decimal_allowed": False,
                "min_value": "1",
                "max_value": str(MAX_WINNERS),
                "initial_value": str(max(1, min(MAX_WINNERS, count))),
            },
        ),
        choice(
            "weights",
            _("Chances"),
            {
                Weights.PERSON: _("The same for everyone who asked"),
                Weights.QUESTION: _("One ticket for each question"),
            },
            Weights.PERSON,
        ),
        field(
            "picked",
            _("Winners you choose"),
            {
                "type": "multi_users_select",
                "action_id": "picked",
                "max_selected_items": MAX_WINNERS,
            },
            _("Only if you choose them yourself. Choose from the people who take part."),
            optional=True,
        ),
        field(
            "note",
            _("Message to the winners"),
            text_input(
                "note",
                multiline=True,
                initial=_("Please reply with the email address to which we can send the book."),
                most=2000,
            ),
            _("Each winner gets it in a direct message."),
        ),
    ]
    return modal(
        WINNERS,
        _("Winners"),
        blocks,
        submit=_("Announce winners"),
        close=_("Cancel"),
        metadata=metadata,
    )


def announcement(session: Session, draw: Draw, asked: int) -> tuple[str, list[Block]]:
    """The announcement as `(text, blocks)`; it thanks everyone."""
    title = escape_mrkdwn(session.event.title)
    heading = n_("🎉 The winner", "🎉 The winners", len(draw.winners))
    if draw.number > 1:
        heading += " " + _("(draw {number})", number=draw.number)
    winners = listed([f"<@{winner}>" for winner in draw.winners])
    lead = _(
        "Thank you all for your questions about *{title}*, and the authors for their answers!",
        title=cut(title, 600),
    )
    said = _("Congratulations, {names}! Check your direct messages.", names=winners)
    blocks: list[Block] = [
        header(heading),
        section(f"{lead}\n{said}"),
    ]
    if draw.way is Way.DRAWN:
        blocks.append(
            note(
                n_(
                    "Drawn from {count} person who asked. Seed:",
                    "Drawn from {count} people who asked. Seed:",
                    asked,
                )
                + f" `{draw.seed}`. "
                + _("Anyone can repeat the draw with the record in the thread.")
            )
        )
    return f"{heading}: {said}", blocks


def how_to_repeat() -> str:
    """What stands beside the record."""
    return _(
        "The record of the draw. To repeat it, run `marginalia winners FILE`, or do it "
        "by hand: for each ticket, take the SHA-256 of the seed, a line feed and the "
        "ticket, and sort the tickets by it. The first people win."
    )


def file_title(session: Session, draw: Draw) -> str:
    """The title of the record as a file."""
    return cut(_("Draw {number} of {title}", number=draw.number, title=session.event.title), 250)


def congratulation(session: Session, wanted: str) -> tuple[str, list[Block]]:
    """What a winner reads. `wanted`, what is asked for, is mrkdwn."""
    title = escape_mrkdwn(cut(session.event.title, 300))
    lead = _("🎉 Congratulations, you are a winner of the session on *{title}*!", title=title)
    return lead, [section(lead), *([section(wanted)] if wanted.strip() else [])]


def refusals(way: Way, picked: Collection[str], eligible: Collection[str]) -> dict[str, str]:
    """What is wrong with a form, by its inputs."""
    if not eligible:
        return {
            "way": _(
                "Nobody can take part yet: nobody has asked a question, or everybody who asked "
                "is left out."
            )
        }
    if way is Way.PICKED and not picked:
        return {"picked": _("Choose the winners here, or have them drawn at random.")}
    strangers = [who for who in picked if who not in eligible]
    if way is Way.PICKED and strangers:
        return {
            "picked": n_(
                "{count} of them cannot take part; choose from those listed above.",
                "{count} of them cannot take part; choose from those listed above.",
                len(strangers),
            )
        }
    return {}


def _left(left: Left) -> str:
    parts = [
        (left.authors, n_("{count} author", "{count} authors", len(left.authors))),
        (left.organizers, n_("{count} organizer", "{count} organizers", len(left.organizers))),
        (left.bots, n_("{count} bot", "{count} bots", len(left.bots))),
        (
            left.former,
            n_("{count} previous winner", "{count} previous winners", len(left.former)),
        ),
        (
            left.private,
            n_(
                "{count} person who wants to stay private",
                "{count} people who want to stay private",
                len(left.private),
            ),
        ),
        (left.muted, n_("{count} muted person", "{count} muted people", len(left.muted))),
    ]
    shown = [text for who, text in parts if who]
    if not shown:
        return _("Everybody who asked takes part. The archive will contain nothing about the draw.")
    return _(
        "Left out: {who}. The archive will contain nothing about the draw.", who=", ".join(shown)
    )
