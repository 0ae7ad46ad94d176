"""Who is named in a text."""

from __future__ import annotations

import pytest

from bot.sessions.pairing.names import Named, find

PEOPLE = {
    name: name
    for name in (
        "Rhiannon Ap Huw",
        "Dr Amara Eze",
        "Józef Wiśniak",
        "pekka",
        "Will Tanner",
        "Paul Berg",
        "Till",
        "Anne-Marie Okoro",
        "Matthew Lowe",
    )
}


@pytest.mark.parametrize(
    ("text", "who", "how"),
    [
        ("Hi Rhiannon Ap Huw, it depends.", "Rhiannon Ap Huw", Named.WHOLE),
        ("Hi rhiannon, it depends.", "Rhiannon Ap Huw", Named.SHORT),
        ("Hi Rhianon - it depends.", "Rhiannon Ap Huw", Named.SHORT),
        ("Hi Rhinanon - it depends.", "Rhiannon Ap Huw", Named.SHORT),
        ("It depends on the flour and on the oven, pekka", "pekka", Named.WHOLE),
        ("Thanks for asking, Amara!", "Dr Amara Eze", Named.SHORT),
        ("Amara Eze: no.", "Dr Amara Eze", Named.WHOLE),
        ("Hello Jozef Wisniak", "Józef Wiśniak", Named.WHOLE),
        ("@Anne-Marie Okoro yes", "Anne-Marie Okoro", Named.WHOLE),
        ("Hey Matt, sure", "Matthew Lowe", Named.SHORT),
        ("Hi Till, sure", "Till", Named.WHOLE),
        ("See what I told Paul Berg above about this very thing.", "Paul Berg", Named.INSIDE),
        ("For more, see my answer to Paul Berg above.", "Paul Berg", Named.INSIDE),
    ],
)
def test_names(text: str, who: str, how: Named) -> None:
    assert find(text, PEOPLE).how == {who: how}


@pytest.mark.parametrize(
    "text",
    [
        "It will rise. Will it rise twice? You wait till it does.",
        "There was a saint, Saint Paul, on the mill.",
        "matter of taste",
    ],
)
def test_words_that_are_names_too_name_nobody(text: str) -> None:
    assert not find(text, PEOPLE).how


def test_the_longer_name_wins() -> None:
    people = {"a": "Paul Berg", "b": "Paul Winter"}
    assert set(find("Hi Paul Winter, no.", people).how) == {"b"}
    assert set(find("Hi Paul, no.", people).how) == {"a", "b"}


def test_a_mention_names_without_a_name_in_the_text() -> None:
    assert find("Sure.", {"U1": "Paul Berg"}, mentions=("U1",)).how == {"U1": Named.INSIDE}
