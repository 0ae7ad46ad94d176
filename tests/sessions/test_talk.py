"""What is talk and what is a question, in each language; and how often that is right."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions import languages
from bot.sessions.talk import is_talk

TALK = {
    "en": """
        Hi all 👋
        thanks for doing this everyone!
        👋
        Hello everyone, how are you?
        Good morning!
        Thanks, that helps a lot!
        Thank you for the amazing reply. 🙂
        I agree with Ben
        Me too!
        U0123ABCD haha same here
        Just joined, excited to be here :tada:
        Great book
        Looking forward to the session. See you on Monday!
        Reminder: the session ends tomorrow, keep the questions coming!
        Welcome everyone, today we start the Book of the Week with @U0123ABCD
        Congratulations to the winners!
        Have a great weekend, all
    """,
    "es": """
        ¡Hola a todos! 👋
        Muchas gracias por la respuesta
        Hola, ¿qué tal estáis?
        Buenos días
        Enhorabuena a los ganadores
        Yo también, ¡qué ilusión!
        Nos vemos la próxima semana
        Thanks everyone!
    """,
    "de": """
        Hallo zusammen 👋
        Vielen Dank für die ausführliche Antwort!
        Guten Morgen, wie geht's?
        Glückwunsch an die Gewinner!
        Ich freue mich auf die Runde
        Schönes Wochenende
        Geht mir auch so
        Thanks everyone!
    """,
}
QUESTIONS = {
    "en": """
        What is it about
        Any tips for a beginner
        Hi Ada, thanks for doing this! Does it cover Rust
        Could you explain traits
        Thanks! I'd love to hear about chapter 3
        My question: compiler passes
        Hello, I have a question on parsers.
        Hi, I am stuck on chapter 4
        This one too
        compiler passes
        Thanks for the answer, but my parser still loses the last token of every line
        Hi everyone! Which chapter should I read first?
        Hi all 👋 1. compilers 2. parsers
        https://example.com/a
        How are you? And how did you begin?
        And how was that for you?
        How is it going to compile?
    """,
    "es": """
        ¿Cómo empezaste a escribir?
        Hola, gracias. Me gustaría saber cómo empezar
        Cuál es tu capítulo favorito
        Gracias, tengo una duda sobre el capítulo 3
        Hola, what is your favourite chapter
        Es útil para principiantes
    """,
    "de": """
        Wie lange hast du geschrieben
        Danke! Kannst du das erklären
        Hallo, welches Kapitel ist das wichtigste?
        Hallo zusammen, eine Frage zum dritten Kapitel
        Gibt es eine zweite Auflage
        Danke, what is your favourite chapter
    """,
}


def lines(texts: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, t.strip()) for code, text in texts.items() for t in text.strip().splitlines()]


@pytest.mark.parametrize(("code", "text"), lines(TALK))
def test_talk(code: str, text: str) -> None:
    assert is_talk(text, languages.of(code))


@pytest.mark.parametrize(("code", "text"), lines(QUESTIONS))
def test_questions_and_what_is_unsure(code: str, text: str) -> None:
    assert not is_talk(text, languages.of(code))


def test_names_say_nothing() -> None:
    text = "Thank you, Odile Vasseur-Ngono and Teun van der Linden Brouwer!"
    names = ["Odile Vasseur-Ngono", "Teun van der Linden Brouwer"]
    assert is_talk(text, languages.of("en"), names)
    assert not is_talk("Odile Vasseur-Ngono", languages.of("en"), [])


def test_a_language_is_known_by_its_code() -> None:
    assert languages.of("de_AT").code == languages.of("DE").code == "de"
    assert languages.of("xx").code == ""
    assert is_talk("Thanks everyone!", languages.of("xx")), "English is understood everywhere"
    assert not is_talk("Hallo zusammen", languages.of("xx"))


@given(st.text(max_size=200), st.sampled_from(["en", "es", "de", "xx"]))
def test_whoever_writes_a_question_mark_behind_words_asks(text: str, code: str) -> None:
    assert not is_talk(f"{text} compiler passes?", languages.of(code))


@given(st.text(max_size=2000), st.sampled_from(["en", "es", "de", "xx"]))
def test_any_text_is_one_or_the_other(text: str, code: str) -> None:
    assert is_talk(text, languages.of(code)) in (True, False)


def test_the_samples_are_told_apart_no_worse_than_measured(format_folder: Path) -> None:
    script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "talk.py"))
    labels = Path(__file__).parent / "talk_labels.tsv"
    found = script["judged"](format_folder / "samples", labels)
    questions, talk = script["figures"](found, "question"), script["figures"](found, "talk")
    assert (questions.there, talk.there) == (132, 17)
    assert questions.right == questions.there, "no question is taken for talk"
    assert questions.called <= 138
    assert talk.right == talk.called >= 11
