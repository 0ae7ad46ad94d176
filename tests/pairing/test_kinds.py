"""What went wrong on real pages, by kind, on small sessions of invented texts (bread again)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.library.formats import Entry
from bot.library.mending import Page, perhaps_authors, posts_of
from bot.sessions.pairing import linked, pair, talk
from bot.sessions.pairing.names import Directory, Named
from tests.pairing.generator import COAUTHOR, TOPICS
from tests.pairing.test_pair import ODILE, posts

HANA, INES, PEKKA = "Hana Kubo", "Ines Calado", "pekka"
RYE, STARTER, STONE = ((INES, TOPICS[0][0]), (PEKKA, TOPICS[1][0]), (HANA, TOPICS[3][0]))
POINTS = (
    "A beginner should buy these first:",
    "1. A scale that shows single grams.",
    "2. A scraper, the cheap kind.",
    "3. A tin, since shapes go flat without one.",
    "4. A jar with a lid for the starter.",
    "5. A lamp, to see the crust.",
    "6. A thermometer. That can wait, Hana Kubo!",
)


def test_a_chain_is_one_decision_with_the_evidence_of_all_its_messages() -> None:
    lines = posts(
        (HANA, "What should a beginner buy first, and what can wait?"),
        RYE,
        STARTER,
        *((ODILE, point) for point in POINTS),
    )
    found = pair(lines)
    chain = [str(number) for number in range(4, 4 + len(POINTS))]
    assert [found.of(post).question for post in chain] == ["1"] * len(chain)  # type: ignore[union-attr]
    assert set(linked(found)) == set(chain), (
        "the name in the last message is evidence for the first"
    )


def test_the_rest_of_a_chain_is_never_surer_than_what_it_continues() -> None:
    lines = posts(RYE, STARTER, STONE, *((ODILE, point) for point in POINTS[:-1]))
    found = [d.confidence for d in pair(lines).decisions if d.by_author]
    assert found == sorted(found, reverse=True)
    assert linked(pair(lines)) == {}


def test_a_chain_without_evidence_stays_to_its_end() -> None:
    lines = posts(RYE, STARTER, STONE, *((ODILE, "Then there is that, too.") for _ in range(8)))
    assert linked(pair(lines)) == {}, "its place alone is not enough, at the end, too"


@pytest.mark.parametrize(
    "text",
    [
        "Thank you Ines Calado for hosting us, it was a pleasure.",
        "Thanks to everybody who took part, and to Hana Kubo for having me here!",
        "I am online now, ask away.",
        "We are giving away five copies on Friday, sign up here: https://example.org/win",
        "What is your favourite rye, everybody? I would love to know.",
        "Good night all, I will answer the rest tomorrow.",
        "Not related to any question, but the bakery of chapter two has opened again.",
        "Teun is ill this week, so you have to make do with me.",
        "It has been a great week. Have a nice weekend, folks!",
        "Who here has baked one that nobody could eat? I collect such stories.",
        "I write down all of your suggestions for the next printing, nothing gets lost.",
    ],
)
def test_talk_stays_where_it_is(text: str) -> None:
    hello = ("Milo", "Hi Odile and Teun, how did you meet, and who of you bakes better?")
    found = pair(posts(hello, RYE, STARTER, STONE, (ODILE, "It is.", 4), (ODILE, text)))
    assert "6" not in linked(found)


def test_a_post_of_the_host_is_no_question() -> None:
    host = ("Orla", "That was the week! Thanks everyone for your great questions on rye and tins.")
    lines = posts(RYE, (ODILE, "In a tin.", 1), STARTER, host, (ODILE, "It only is hungry."))
    assert linked(pair(lines)).get("5") in (None, "3")
    assert pair(lines).of("5").candidates[0].question == "3"  # type: ignore[union-attr]


def test_code_and_links_stay_with_the_message_before() -> None:
    lines = posts(
        STONE,
        RYE,
        (ODILE, "Ines Calado: ninety percent hydration in a tin, rye takes that."),
        (ODILE, "flour = 500; water = flour * 0.9"),
        (ODILE, "https://example.org/rye"),
    )
    assert linked(pair(lines)) == {"3": "2", "4": "2", "5": "2"}


def test_the_points_after_a_line_that_announces_them_go_with_it() -> None:
    lines = posts(
        STONE,
        RYE,
        (ODILE, "Hana Kubo: steam is what matters. Three ways to make it on a stone:"),
        (ODILE, "Lava rocks on a tray"),
        (ODILE, "A wet towel below"),
        (ODILE, "A bowl of ice cubes"),
    )
    assert linked(pair(lines)) == dict.fromkeys("3456", "1")


def test_what_a_coauthor_adds_goes_with_the_answer_before() -> None:
    lines = posts(
        STONE,
        RYE,
        (ODILE, "Ines Calado: ninety percent hydration in a tin, rye takes that."),
        (COAUTHOR, "And let it rest for an hour, I'd add."),
    )
    lines[-1] = replace(lines[-1], is_author=True)
    assert linked(pair(lines)) == {"3": "2", "4": "2"}


def test_two_messages_are_not_both_the_answer_to_one_question() -> None:
    lines = posts(
        STONE,
        RYE,
        (ODILE, "Ines Calado: rye holds far more water, up to ninety percent in a tin."),
        ("Bo", "Thanks, all!"),
        (ODILE, "A heavy one, since it keeps the heat."),
    )
    found = pair(lines)
    assert found.of("3").question == "2"  # type: ignore[union-attr]
    assert found.of("5").candidates[0].question == "1"  # type: ignore[union-attr]


def test_who_is_named_is_answered_where_they_still_wait() -> None:
    lines = posts(
        STONE,
        (INES, "Does anybody bake rye in a tin?"),
        (PEKKA, "I do: it takes an hour, with a lid for half of it.", 2),
        (COAUTHOR, "I would like to see that tin!", 2),
        (INES, "How do you know that the dough is proofed? Mine went flat, and I saw it too late."),
        (ODILE, "Ines Calado: with a piece of it in a jar, half an hour ahead of the rest."),
        (ODILE, "and it goes flat long after you see it there 😉"),
    )
    lines[3] = replace(lines[3], is_author=True)
    assert linked(pair(lines)) == {"6": "5", "7": "5"}
    assert linked(pair(lines[:-1])) == {"6": "5"}, "before the rest of it came, too"


def test_what_is_asked_again_in_a_thread_is_answered_there_though_it_was_answered_once() -> None:
    lines = posts(
        RYE,
        (INES, "And does that hold for einkorn, too?", 1),
        STARTER,
        (ODILE, "Rye holds far more water than wheat; I go up to ninety percent in a tin."),
        (PEKKA, "Thank you all!"),
        (ODILE, "For einkorn I would do just the same, a bit longer."),
    )
    assert linked(pair(lines)) == {"4": "1", "6": "1"}


def test_a_colon_before_a_link_or_in_the_name_of_an_emoji_begins_no_list() -> None:
    said = "Here is a recording of what I said on it: https://example.org/talk"
    for text in (said, "It was a good day :wink:"):
        lines = posts(STARTER, STONE, (ODILE, text), (ODILE, "Only hungry, feed it twice."))
        found = pair(lines)
        assert "3" not in linked(found)
        assert found.of("4").question != found.of("3").question  # type: ignore[union-attr]


def test_one_of_the_choices_answers_the_question_that_has_them() -> None:
    lines = posts(
        (PEKKA, "Do you prefer spelt or einkorn?"),
        (HANA, "What is in the second chapter?"),
        (ODILE, "Einkorn. It has more taste."),
    )
    assert pair(lines).of("3").candidates[0].question == "1"  # type: ignore[union-attr]


def test_any_of_an_askers_posts_in_a_row_is_right() -> None:
    lines = posts(
        RYE,
        (HANA, "Hi Odile Brandt! How hot should an oven be?"),
        (HANA, "How long does a loaf bake?"),
        (HANA, "What do you bake at home?"),
        STARTER,
        (ODILE, "Hana Kubo: that depends on you, really. Follow what your nose says."),
    )
    decision = pair(lines).of("6")
    assert decision is not None
    assert decision.question in ("2", "3", "4")
    assert linked(pair(lines))["6"] == decision.question


def test_two_answers_to_an_askers_posts_are_told_apart() -> None:
    lines = posts(
        (HANA, "How hot should the oven be for baguettes?"),
        (HANA, "Which flour goes into your brioche?"),
        (ODILE, "Hana Kubo: 250 degrees, the oven cannot be too hot for baguettes."),
        (ODILE, "Hana Kubo: a fine white flour, brioche likes it weak."),
    )
    assert linked(pair(lines)) == {"3": "1", "4": "2"}


@pytest.mark.parametrize(
    ("text", "person", "least"),
    [
        ("On Aleix question of the tins: yes.", "Aleix Roca", Named.SHORT),
        ("Rica the book mostly has loaves.", "Ma. Rica Santos", Named.SHORT),
        ("What Rica asked is simple.", "Ma. Rica Santos", Named.SHORT),
        ("I would say what Aleix said holds.", "Aleix Roca", Named.INSIDE),
        ("The books of Aleix Vila say more.", "Aleix Roca", None),
    ],
)
def test_names_within_a_sentence(text: str, person: str, least: Named | None) -> None:
    people = Directory({name: name for name in ("Aleix Roca", "Ma. Rica Santos", "pekka")})
    how = people.find(text).how
    if least is None:
        assert how.get(person, Named.NOT) is Named.NOT
    else:
        assert how.get(person, Named.NOT) >= least


def test_a_list_that_begins_with_the_end_of_the_week() -> None:
    lines = posts(
        (ODILE, "Hana Kubo, a heavy pot traps its own steam, which is why I prefer a Dutch oven."),
        RYE,
        (ODILE, "In a tin.", 2),
        STARTER,
        (ODILE, "Hungry.", 4),
        STONE,
    )
    assert linked(pair(lines)) == {"1": "6"}
    in_order = [*lines[1:3], lines[0], *lines[3:5]]
    assert linked(pair(in_order)) == {}, "Hana Kubo asked nothing"


def test_the_rest_of_an_answer_goes_with_it() -> None:
    lines = posts(
        STONE,
        (ODILE, "Hana Kubo: a stone will do. Steam is what matters."),
        (ODILE, "I throw a cup of water on a hot tray, then shut the door."),
        RYE,
    )
    assert linked(pair(lines)) == {"2": "1", "3": "1"}


def test_an_author_under_another_account_is_offered_and_not_moved() -> None:
    entries = (
        Entry(HANA, TOPICS[3][0], (Entry("Crumb Press", "I wrote chapter 3 of the book on it."),)),
        Entry(INES, TOPICS[0][0], (Entry("Crumb Press", "Our book says ninety percent."),)),
        Entry(PEKKA, TOPICS[1][0]),
        Entry("Crumb Press", "pekka, acetone only means that the starter is hungry."),
    )
    perhaps = perhaps_authors(entries, frozenset({ODILE}))
    assert perhaps == {"Crumb Press"}
    page = Page(__file__, entries, frozenset({ODILE}), perhaps=perhaps)  # type: ignore[arg-type]
    found = pair(page.posts())
    assert linked(found) == {"4": "3"}
    assert page.moves(found) == {}
    assert not pair(posts_of(entries, frozenset({ODILE}))).of("4").by_author  # type: ignore[union-attr]


def test_an_asker_who_speaks_of_the_book_is_no_author() -> None:
    entries = (
        Entry(HANA, "Is it in the book? I read your book twice.", (Entry(ODILE, "It is."),)),
        Entry(
            INES, "Why?", (Entry(HANA, "In the book I found it."), Entry(HANA, "My book has it"))
        ),
    )
    assert perhaps_authors(entries, frozenset({ODILE})) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "Rye holds far more water than wheat.",
        "Yes, twice at room temperature. Does that make sense?",
        "You can buy it in any shop; mine is thirty years old.",
    ],
)
def test_an_answer_has_no_mark_of_talk(text: str) -> None:
    assert talk.marks(text) == frozenset()
