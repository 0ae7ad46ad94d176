"""Who is named in a text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        (unicodedata.normalize("NFD", "Hello Józef Wiśniak"), "Józef Wiśniak", Named.WHOLE),
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


def test_a_name_with_its_accents_as_characters_of_their_own_is_the_same_name() -> None:
    people = {"U1": unicodedata.normalize("NFD", "Renée Strömqvist")}
    for text in ("Hi Renée, it depends.", unicodedata.normalize("NFD", "Hi Renée, it depends.")):
        found = Directory(people).find(text)
        assert found.how == {"U1": Named.SHORT}
        assert not found.without(text).how


@given(name=st.text(), text=st.text())
def test_any_name_can_be_looked_for_in_any_text(name: str, text: str) -> None:
    assert Directory({"U1": name}).find(f"Hi {name}, {text}").how.keys() <= {"U1"}
    assert not Directory({"U1": "\u0301"}).find(f"Hi \u0301, {text}").how
