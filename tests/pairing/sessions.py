"""Reads the invented sessions of tests/pairing/sessions, labelled by who wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.sessions.pairing import Post

FOLDER = Path(__file__).parent / "sessions"


@dataclass(frozen=True)
class Labelled:
    """A session; of each message by an author at top level its kind and the right questions (ids),
    any of them; and whom it names as perhaps an author."""

    title: str
    posts: tuple[Post, ...]
    labels: dict[str, tuple[str, frozenset[str]]]
    account: str | None


def sessions(file: str) -> Iterator[Labelled]:
    """The sessions of a file; held_out.txt says how they are written."""
    text = (FOLDER / file).read_text("utf-8")
    for block in text.split("== ")[1:]:
        head, *lines = (line for line in block.splitlines() if line.strip())
        title, authors, *more = head.split(" | ")
        yield _session(title, authors.split(", "), lines, more[0].split(": ")[1] if more else None)


def _session(title: str, authors: list[str], lines: list[str], account: str | None) -> Labelled:
    posts: list[Post] = []
    keys: dict[str, str] = {}
    tags: dict[str, tuple[str, list[str]]] = {}
    root = ""
    for number, line in enumerate(lines, 1):
        is_reply = line.startswith(" ")
        tag, _, said = ("", "", line.strip()) if is_reply else line.partition("| ")
        who, _, text = said.partition(": ")
        post = Post(str(number), who, who, who in authors, text.replace("\\n", "\n"))
        posts.append(replace(post, thread=root) if is_reply else post)
        if is_reply:
            continue
        root = post.id
        kind, *targets = tag.split()
        if kind[1:].isdigit():
            keys[kind] = post.id
        elif post.is_author and kind != "unclear":
            tags[post.id] = kind, targets
    labels = {
        post: (kind, frozenset(keys[target] for target in targets))
        for post, (kind, targets) in tags.items()
    }
    return Labelled(title, tuple(posts), labels, account)
