"""What single posts are taken for, on small sessions of invented texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.laboratory.detach import detach
from bot.sessions.pairing import Decision, Kind, Post, likeliest, linked, pair, sure
from bot.sessions.pairing.weights import CONFIDENT
from tests.pairing.generator import STYLES, TOPICS, session

ODILE = "Odile Brandt"
Line = tuple[str, str]


def posts(*lines: Line | tuple[str, str, int]) -> list[Post]:
    """Posts numbered from 1; a third value is the number of the thread."""
    return [
        Post(
            str(number),
            line[0],
            line[0],
            line[0] == ODILE,
            line[1],
            thread=str(line[2]) if len(line) > 2 else None,
        )
        for number, line in enumerate(lines, 1)
    ]


RYE = ("Ines Calado", TOPICS[0][0])
STARTER = ("pekka", TOPICS[1][0])
STONE = ("Hana Kubo", TOPICS[3][0])


def test_the_one_who_is_named() -> None:
    decision = pair(posts(RYE, STARTER, STONE, (ODILE, "Hi pekka, that is quite normal."))).of("4")
    assert decision is not None
    assert decision.question == "2"
    assert decision.kind is Kind.ANSWERS
    assert "names the asker (pekka)" in decision.reason
    assert "\n" not in decision.reason


def test_a_first_name_misspelt() -> None:
    decision = pair(posts(RYE, STARTER, STONE, (ODILE, "Hi Hanna, that is quite normal."))).of("4")
    assert decision is not None
    assert decision.question == "3"


def test_shared_rare_words() -> None:
    answer = (ODILE, "Acetone only means that your starter is hungry; feed it.")
    decision = pair(posts(RYE, STARTER, STONE, answer)).of("4")
    assert decision is not None
    assert decision.question == "2"
    assert sure(decision)
    assert "'Acetone'" in decision.reason


def test_a_quotation() -> None:
    answer = (ODILE, "> is a baking stone with steam enough?\nIt is.")
    decision = pair(posts(STONE, RYE, STARTER, answer)).of("4")
    assert decision is not None
    assert decision.question == "1"
    assert "quotes it" in decision.reason


def test_who_is_still_unanswered() -> None:
    decision = pair(
        posts(
            RYE,
            STARTER,
            (ODILE, "Only hungry.", 2),
            STONE,
            (ODILE, "It is.", 4),
            (ODILE, "Ninety."),
        )
    ).of("6")
    assert decision is not None
    assert decision.candidates[0].question == "1"
    assert "still unanswered" in decision.candidates[0].reason


def test_one_message_split_over_several_posts() -> None:
    found = pair(
        posts(
            RYE,
            STARTER,
            (ODILE, "Hi pekka"),
            (ODILE, "Thanks for the question"),
            (ODILE, "The smell only means that it is hungry."),
            (ODILE, "Also, feed it twice."),
            (ODILE, "🙂"),
        )
    )
    assert [d.question for d in found.decisions if d.by_author] == ["2"] * 5
    assert found.decisions[3].kind is Kind.CONTINUES
    assert found.decisions[3].continues == "3"
    assert set(linked(found)) == {"3", "4", "5", "6", "7"}


def test_two_questions_of_one_asker_answered_in_their_order() -> None:
    also = ("Ines Calado", TOPICS[1][0])
    found = pair(
        posts(
            RYE,
            also,
            (ODILE, "Hi Ines Calado, rye holds up to ninety percent."),
            (ODILE, "It is only hungry. Ines Calado"),
        )
    )
    assert [d.question for d in found.decisions if d.by_author] == ["1", "2"]


def test_numbered_answers_to_a_question_in_several_posts() -> None:
    found = pair(
        posts(
            ("Hana Kubo", "Hi Odile Brandt, I have some questions."),
            ("Hana Kubo", "- How hot should it be?"),
            ("Hana Kubo", "- How long does it take?"),
            (ODILE, "Hi Hana Kubo!\n1) As hot as it goes.\n2) Forty minutes."),
        )
    )
    decision = found.of("4")
    assert decision is not None
    assert decision.kind is Kind.SEVERAL
    assert set(decision.questions) >= {"2", "3"}
    assert [(d.kind, d.question, d.continues) for d in found.decisions[1:3]] == [
        (Kind.CONTINUES, "1", "1"),
        (Kind.CONTINUES, "1", "2"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "1) Ines: ninety percent.\n2) @pekka: it is only hungry.",
        "Hi Ines, ninety percent.\n\nHi pekka, it is only hungry.",
    ],
)
def test_one_answer_to_several_askers(text: str) -> None:
    found = pair(posts(RYE, STARTER, STONE, (ODILE, text)))
    decision = found.of("4")
    assert decision is not None
    assert decision.kind is Kind.SEVERAL
    assert decision.questions == ("1", "2")
    assert linked(found) == {"4": "1"}


def test_an_asker_who_is_only_mentioned_is_not_answered() -> None:
    text = "Hi Ines, ninety percent.\nWhat I told pekka of the starter holds too."
    decision = pair(posts(RYE, STARTER, STONE, (ODILE, text))).of("4")
    assert decision is not None
    assert (decision.kind, decision.questions) == (Kind.ANSWERS, ("1",))


def test_a_reply_that_answers_the_neighbours_too() -> None:
    also = ("Ines Calado", TOPICS[1][0])
    found = pair(posts(RYE, (ODILE, "Two good questions! Ninety percent; only hungry.", 1), also))
    assert [(c.question, c.by) for c in found.covered] == [("3", "2")]
    decision = pair(
        posts(RYE, (ODILE, "Two good questions!", 1), also, STONE, (ODILE, "It is enough."))
    ).of("5")
    assert decision is not None
    assert decision.question == "4"


@pytest.mark.parametrize(
    "text",
    [
        "Hi all, thanks for all the great questions so far!",
        "Thanks everyone!",
        "Hello everybody, happy to be here. I will answer your questions tonight.",
    ],
)
def test_talk_of_an_author(text: str) -> None:
    decision = pair(posts(RYE, STARTER, (ODILE, text))).of("3")
    assert decision is not None
    assert decision.kind is Kind.TALK
    assert not decision.questions


def test_an_author_before_any_question() -> None:
    found = pair(posts((ODILE, "Rye holds more water."), RYE))
    assert found.decisions[0].kind is Kind.TALK
    assert linked(found) == {}


def test_thanks_of_an_asker() -> None:
    found = pair(
        posts(RYE, (ODILE, "Hi Ines Calado, ninety percent."), ("Ines Calado", "Thank you!"))
    )
    thanks = found.decisions[2]
    assert (thanks.kind, thanks.question, thanks.by_author) == (Kind.TALK, "1", False)


def test_a_reply_that_was_also_sent_to_the_channel() -> None:
    said = "Rye holds far more water than wheat, I go up to ninety."
    found = pair(posts(RYE, (ODILE, said, 1), STARTER, STONE, (ODILE, said)))
    decision = found.of("5")
    assert decision is not None
    assert decision.question == "1"
    assert "stands in its thread too" in decision.reason


def test_a_follow_up_that_was_thanked_for_but_not_answered() -> None:
    lines = posts(
        RYE,
        STARTER,
        (ODILE, "Ninety.", 1),
        ("Ines Calado", "And for spelt?", 1),
        ("Ines Calado", "Thank you!", 1),
        (ODILE, "It is hungry.", 2),
        (ODILE, "Just the same."),
    )
    likeliest_one = likeliest(lines, "7").candidates[0]
    assert likeliest_one.question == "1"
    assert "thanks again" in likeliest_one.reason
    no_follow_up = [line for line in lines if line.id not in ("4", "5")]
    assert likeliest(no_follow_up, "7").candidates[0].question != "1"


@pytest.mark.parametrize("kind", [Kind.ANSWERS, Kind.CONTINUES])
def test_sure_from_the_level_on(kind: Kind) -> None:
    def decision(confidence: float, question: str | None = "1") -> Decision:
        questions = () if question is None else (question,)
        return Decision("2", kind, questions, confidence, "", True)

    assert sure(decision(CONFIDENT))
    assert not sure(decision(CONFIDENT - 0.01))
    assert sure(replace(decision(0.21), level=0.2))
    assert not sure(decision(1.0, None))


def test_corrections_stand() -> None:
    lines = posts(RYE, STARTER, STONE, (ODILE, "Hi pekka, feed the starter."), (ODILE, "Feed it."))
    decision = pair(lines, {"4": "1"}).of("4")
    assert decision is not None
    assert (decision.question, decision.confidence, decision.reason) == (
        "1",
        1.0,
        "set by a person",
    )
    assert "4" not in linked(pair(lines, {"4": None}))
    assert linked(pair(lines, {"4": "1"}))["4"] == "1"


def test_times_tell_of_an_answer_begun_in_a_thread() -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def at(minutes: float) -> datetime:
        return start + timedelta(minutes=minutes)

    def post(number: str, who: str, text: str, minutes: float, thread: str | None = None) -> Post:
        return Post(number, who, who, who == ODILE, text, at=at(minutes), thread=thread)

    first = post("a", "Ines Calado", TOPICS[0][0], 0)
    second = post("b", "pekka", TOPICS[1][0], 5)
    begun = post("c", ODILE, "There are three things to it:", 300, thread="a")
    rest = post("d", ODILE, "And one more thing: it takes long.", 300.5)
    decision = likeliest([first, begun, second, rest], "d")
    assert decision.question == "a"
    assert decision.kind is Kind.CONTINUES


def test_the_three_likeliest_at_the_moment_a_post_comes() -> None:
    lines = posts(RYE, STARTER, STONE, (ODILE, "It depends."), ("Bo", "Is a Dutch oven round?"))
    decision = likeliest(lines, "4")
    assert len(decision.candidates) == 3
    assert {c.question for c in decision.candidates} == {"1", "2", "3"}
    confidences = [c.confidence for c in decision.candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert all(c.reason for c in decision.candidates)
    with pytest.raises(KeyError):
        likeliest(lines, "99")


@given(st.integers(0, 10_000), st.sampled_from(sorted(STYLES)), st.floats(0.1, 1.0))
def test_deterministic_and_sane(seed: int, style: str, share: float) -> None:
    detached = detach(session(seed, STYLES[style])[:40], Random(seed), share)
    found = pair(detached.posts)
    assert found == pair(detached.posts)
    top = [post.id for post in detached.posts if post.thread is None]
    authors = {post.id for post in detached.posts if post.is_author}
    assert [decision.post for decision in found.decisions] == top
    for decision in found.decisions:
        assert 0 <= decision.confidence <= 1.000001
        assert "\n" not in decision.reason
        for question in decision.questions:
            assert question not in authors
            assert top.index(question) < top.index(decision.post)


@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.text(max_size=60), st.integers(0, 4)), max_size=12
    )
)
def test_any_text_is_paired(lines: list[tuple[str, str, int]]) -> None:
    entries = [
        Post(str(n), who, f"{who} Name", who == "A", text, thread=str(t) if 0 < t < n else None)
        for n, (who, text, t) in enumerate(lines, 1)
    ]
    found = pair(entries)
    assert len(found.decisions) == sum(entry.thread is None for entry in entries)
