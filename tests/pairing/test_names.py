"""Who is named in a text."""

from __future__ import annotations

import pytest

from bot.sessions.pairing.names import Directory, Named

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
    assert Directory(PEOPLE).find(text).how == {who: how}


@pytest.mark.parametrize(
    "text",
    [
        "It will rise. Will it rise twice? You wait till it does.",
        "There was a saint, Saint Paul, on the mill.",
        "matter of taste",
    ],
)
def test_words_that_are_names_too_name_nobody(text: str) -> None:
    assert not Directory(PEOPLE).find(text).how


def test_the_longer_name_wins() -> None:
    people = {"a": "Paul Berg", "b": "Paul Winter"}
    assert set(Directory(people).find("Hi Paul Winter, no.").how) == {"b"}
    assert set(Directory(people).find("Hi Paul, no.").how) == {"a", "b"}


def test_a_mention_names_without_a_name_in_the_text() -> None:
    assert Directory({"U1": "Paul Berg"}).find("Sure.", mentions=("U1",)).how == {
        "U1": Named.INSIDE
    }
