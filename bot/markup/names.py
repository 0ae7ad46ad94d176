"""Who or what a Slack ID names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from bot.markup import emoji as standard
from bot.markup.emoji import from_unicode
from bot.markup.normal import clean
from bot.markup.tree import Emoji, Inline, Link, Mention, Text


class Names(Protocol):
    """The names behind the IDs in a message; each may answer '' where it knows none."""

    def user(self, id: str, /) -> str:
        """A person's display name, without `@`."""

    def channel(self, id: str, /) -> str:
        """A channel's name, without `#`."""

    def usergroup(self, id: str, /) -> str:
        """A user group's handle, without `@`."""

    def emoji(self, name: str, /) -> str | None:
        """What the workspace's emoji `name` is an alias of (`emoji.list` has `alias:NAME`).

        The name alone or as Slack writes it; None for one that is a picture, or unknown.
        """
        return None


class NoNames(Names):
    """Names for texts that mention nobody: every ID stays what it is."""

    def user(self, id: str, /) -> str:
        return id

    channel = usergroup = user


def shown(pieces: Iterable[Inline], names: Names) -> str:
    """What inline pieces show, without their marks."""
    return "".join(
        # Most are text, and a call for each takes as long as all else.
        [piece.text if isinstance(piece, Text) else piece_shown(piece, names) for piece in pieces]
    )


def piece_shown(piece: Inline, names: Names) -> str:
    """What one piece shows."""
    match piece:
        case Text():
            return piece.text
        case Link():
            return piece.label or piece.url
        case Mention():
            return clean(mention(piece, names))
        case Emoji():
            return emoji(piece, names)


def mention(piece: Mention, names: Names) -> str:
    """What a mention shows: the person's name without `@`, `#channel`, `@group`.

    FORMAT.md, "Text". Without a name it is the label that the message carries, else the ID.
    """
    match piece.kind:
        case "user":
            return _name(names.user, piece)
        case "channel":
            return "#" + _name(names.channel, piece).removeprefix("#")
        case _:
            return "@" + _name(names.usergroup, piece).removeprefix("@")


def emoji(piece: Emoji, names: Names) -> str:
    """What an emoji shows: its characters, or `:name:` for a picture of the workspace's own."""
    characters = standard.standard(piece.name, piece.tone)
    if characters is None:
        characters = _alias(piece, names)
    if characters is None and piece.unicode:
        characters = from_unicode(piece.unicode)
    if characters:
        return characters
    tone = f":skin-tone-{piece.tone}:" if piece.tone else ""
    return _one_line(f":{piece.name}:{tone}")


def _alias(piece: Emoji, names: Names) -> str | None:
    name = piece.name
    for _ in range(8):  # an alias of an alias; Slack makes no longer chains, a broken list may
        target = names.emoji(name)
        if not target:
            return None
        name = target.removeprefix("alias:").strip(":")
        found = standard.standard(name, piece.tone)
        if found is not None:
            return found
    return None


def _name(known: Callable[[str], str | None], piece: Mention) -> str:
    return _one_line(known(piece.id)) or _one_line(piece.label) or _one_line(piece.id)


def _one_line(name: str | None) -> str:
    return " ".join((name or "").split())
