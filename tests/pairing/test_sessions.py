"""What moves in sessions that people might have held, kind by kind of what goes wrong on real pages."""

from __future__ import annotations

import pytest

from bot.laboratory.labels import Judged, Label, figures
from bot.library.formats import Entry
from bot.library.mending import perhaps_authors
from bot.meaning import Model
from bot.sessions.pairing import Meaning, linked, pair
from tests.pairing.sessions import Labelled, sessions

KINDS = {
    "chain": (0, 17),
    "name": (0, 5),
    "order": (1, 9),
    "plain": (2, 26),
    "rest": (0, 4),
    "run": (0, 6),
    "talk": (0, 0),
}
"""Of each kind, in the sessions that were looked at: how many may move wrongly, and how many have to
move rightly, by words. They are harder than real pages: hardly anybody is named."""

SESSIONS = [
    ("held_out.txt", (49, 20), (2, 1), 42),
    ("held_out_2.txt", (63, 18), (5, 1), 49),
    ("held_out_3.txt", (69, 46), (2, 1), 61),
    ("held_out_4.txt", (55, 65), (2, 2), 52),
    ("held_out_5.txt", (59, 64), (3, 3), 52),
    ("held_out_6.txt", (68, 91), (4, 4), 60),
    ("held_out_7.txt", (80, 108), (5, 5), 71),
    ("tuned_2.txt", (72, 20), (2, 0), 45),
]
"""Of each file, how many answers and how much talk it has; how many messages, and how many of talk,
may move wrongly; how many answers have to move rightly, by words."""


def judged(file: str, meaning: Meaning | None = None) -> list[Judged]:
    """What moves in the sessions of a file."""
    return [
        Judged(Label(session.title, post, kind, questions), links.get(post))
        for session in sessions(file)
        for links in [linked(pair(session.posts, meaning=meaning))]
        for post, (kind, questions) in session.labels.items()
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_what_went_wrong(kind: str, looked_at: list[Judged]) -> None:
    mine = [one for one in looked_at if one.label.kind == kind]
    wrong = [one.label for one in mine if one.moved_to is not None and not one.is_right]
    most, least = KINDS[kind]
    assert len(mine) >= 6
    assert len(wrong) <= most, wrong
    assert sum(one.is_right for one in mine) >= least


@pytest.fixture(scope="module")
def looked_at() -> list[Judged]:
    return judged("tuned.txt")


@pytest.mark.parametrize(("file", "whole", "most", "least"), SESSIONS)
def test_sessions_as_a_whole(
    file: str, whole: tuple[int, int], most: tuple[int, int], least: int
) -> None:
    found = figures(judged(file))
    assert (found.coverage.whole, found.talk_moved.whole) == whole
    assert found.coverage.part >= least
    assert found.precision.whole - found.precision.part <= most[0]
    assert found.talk_moved.part <= most[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "least", "talk"),
    [
        (("held_out.txt", "held_out_2.txt"), 89, 1),
        (("held_out_7.txt",), 74, 3),
    ],
)
def test_with_the_model_more_moves_in_them(
    files: tuple[str, ...], least: int, talk: int, model: Model
) -> None:
    found = figures([one for file in files for one in judged(file, model)])
    assert found.precision.part >= found.precision.whole * 0.94
    assert found.coverage.part >= least
    assert found.talk_moved.part <= talk


@pytest.mark.parametrize("session", list(sessions("accounts.txt")), ids=lambda one: one.title)
def test_who_writes_like_an_author(session: Labelled) -> None:
    entries = [
        Entry(
            post.name,
            post.text,
            tuple(Entry(r.name, r.text) for r in session.posts if r.thread == post.id),
        )
        for post in session.posts
        if post.thread is None
    ]
    authors = frozenset(post.name for post in session.posts if post.is_author)
    assert perhaps_authors(entries, authors) == {session.account} - {None}
