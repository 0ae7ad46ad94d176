"""Small pages of the kinds that went wrong on real ones, each about another subject."""

from __future__ import annotations

import pytest

from bot.sessions.pairing import Post, linked, pair

Line = tuple[str, str]

GARDEN = ("Tove Lund", "My tomatoes get brown spots at the blossom end. Is it a lack of calcium?")
SAILING = ("Ravi Nair", "When do you reef: by wind speed or by how far the boat heels?")
CHESS = ("Ottilie Frank", "Is the Caro-Kann too passive for club players under 1500?")
BEES = ("Kwame Boateng", "How late in autumn can I still treat a hive against varroa?")
GLAZE = ("Lena Moor", "Why does my celadon glaze crawl on the rim after the second firing?")

PAGES: dict[str, tuple[tuple[Line, ...], dict[str, str]]] = {
    "points, the asker named last": (
        (
            GARDEN,
            SAILING,
            ("A", "Three things against the spots:"),
            ("A", "1. Water evenly, never in bursts."),
            ("A", "2. Do not overfeed with nitrogen."),
            ("A", "3. Only then think of calcium. Hope it helps, Tove Lund!"),
        ),
        {"3": "1", "4": "1", "5": "1", "6": "1"},
    ),
    "the host thanks, and is thanked": (
        (
            CHESS,
            ("A", "Ottilie Frank, not at all: the Caro-Kann only looks passive."),
            ("Pim the host", "That was our week! Thanks everyone for all your questions."),
            ("A", "Thank you Pim the host for having me, what a lovely community."),
        ),
        {"2": "1"},
    ),
    "the author is there, and leaves": (
        (
            BEES,
            ("A", "I'm online for the next two hours."),
            ("A", "Kwame Boateng: treat before the first frost, oxalic acid works in winter too."),
            ("A", "Off to dinner, more tomorrow!"),
        ),
        {"3": "1"},
    ),
    "an advert after an answer": (
        (
            GLAZE,
            ("A", "Lena Moor, glaze crawls where dust or oil lies on the rim. Wash it first."),
            GARDEN,
            ("A", "The e-book is half price until Sunday: https://example.org/offer"),
        ),
        {"2": "1"},
    ),
    "a co-author is ill": (
        (
            ("Ravi Nair", "Hi Abel and Ines, which of you two sails more?"),
            SAILING,
            ("A", "Ines has a fever and cannot join us today."),
            ("A", "Ravi Nair: by how far she heels. Reef when you first think of it."),
        ),
        {"4": "2"},
    ),
    "the author asks the readers": (
        (
            CHESS,
            BEES,
            ("A", "Now tell me: which opening do you play, and why?"),
        ),
        {},
    ),
    "three questions of one asker, one answer": (
        (
            ("Lena Moor", "Which kiln should a beginner buy?"),
            ("Lena Moor", "How long does a bisque firing take?"),
            ("Lena Moor", "Do you mix your own clay?"),
            GARDEN,
            ("A", "Lena Moor: all of this depends on your studio, so visit one nearby first."),
        ),
        {"5": "1 2 3"},
    ),
    "the end of the week stands first": (
        (
            (
                "A",
                "Kwame Boateng, in autumn treat a hive as soon as the honey is off, varroa is worst.",
            ),
            SAILING,
            CHESS,
            BEES,
        ),
        {"1": "4"},
    ),
    "thanks by name answer nothing": (
        (
            GARDEN,
            SAILING,
            ("A", "Congratulations to Tove Lund and Ravi Nair, enjoy the book!"),
        ),
        {},
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_answers_move_and_talk_stays(name: str) -> None:
    lines, right = PAGES[name]
    posts = [
        Post(str(place), who, "Abel Author" if who == "A" else who, who == "A", text)
        for place, (who, text) in enumerate(lines, 1)
    ]
    moved = linked(pair(posts))
    assert set(moved) == set(right)
    assert all(question in right[post].split() for post, question in moved.items())
