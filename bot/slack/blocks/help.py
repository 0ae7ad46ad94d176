"""`/qa help`, made from the subcommands there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sessions.model import Who
from bot.slack.blocks.kit import Block, header, note, section
from bot.texts import N_, _

TITLES = {
    Who.MEMBER: N_("For everyone"),
    Who.AUTHOR: N_("For authors"),
    Who.ORGANIZER: N_("For organizers"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """`/qa NAME …`. `usage` is what follows the name; `help` is one line, from the catalogue."""

    name: str
    usage: str
    help: str
    who: Who


def help_message(commands: Sequence[Command]) -> tuple[str, list[Block]]:
    """The commands that a person may use, as `(text, blocks)`."""
    ask = _("`/ask [question]` Ask the author. Without a question, it opens the form.")
    blocks: list[Block] = [header(_("Marginalia"))]
    lines: list[str] = []
    for who, title in TITLES.items():
        own = [line(command) for command in commands if command.who is who]
        if who is Who.MEMBER:
            own.insert(0, ask)
        if own:
            lines += own
            blocks.append(section(f"*{_(title)}*\n" + "\n".join(own)))
    menu = (
        _("More is in the ⋮ menu of each message, such as *Moderate…*.")
        if any(command.who is Who.ORGANIZER for command in commands)
        else _("More is in the ⋮ menu of each message, such as *Follow the answers*.")
    )
    return "\n".join([*lines, menu]), [*blocks, note(menu)]


def line(command: Command) -> str:
    """One command: how it is typed and what it does."""
    typed = " ".join(["/qa", command.name, *([_(command.usage)] if command.usage else ())])
    return f"`{typed}` {_(command.help)}"
