"""The language model that ships inside a package, and what we make of it."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import meaning
from bot.errors import UserError
from bot.meaning import Model, load
from bot.sessions.pairing import Closing

QUESTIONS = [
    "How do I look after a banneton that lives in a damp cellar?",
    "Which graphics card do I need for the last chapter?",
    "Will there be a second edition?",
]
ANSWERS = [
    "Let the basket dry on a radiator before it is put away, or mould will grow on it.",
    "Anything with 24 GB of memory will do; I trained on a rented one.",
    "The publisher and I are talking about it, perhaps next year.",
]


@pytest.fixture(scope="module")
def model(model_installed: None) -> Model:
    """The model, loaded once."""
    return Model()


def test_each_answer_is_nearest_to_its_question(model: Model) -> None:
    found = model.likeness(QUESTIONS, ANSWERS)
    assert found is not None
    for at, answer in enumerate(ANSWERS):
        likely = [found.answers(question, answer) for question in QUESTIONS]
        assert max(likely) == likely[at]
        assert found.alike(answer, answer) == pytest.approx(1)
        assert all(found.alike(answer, other) < 0.9 for other in ANSWERS if other != answer)


@pytest.fixture
def read(model: Model, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the model reads in a test, each as often as it reads it."""
    model.likeness(QUESTIONS, ANSWERS)
    found: list[str] = []
    encode = model._engine.encode

    def counted(texts: list[str], **more: Any) -> Any:
        found.extend(texts)
        return encode(texts, **more)

    monkeypatch.setattr(model._engine, "encode", counted)
    return found


def test_the_same_is_read_once(model: Model, read: list[str]) -> None:
    new = ["Is rye flour easier than wheat?"]
    first = model.likeness(new, ANSWERS)
    again = model.likeness(new, ANSWERS)
    assert read == new
    assert first is not None
    assert again is not None
    assert first.answers(new[0], ANSWERS[0]) == again.answers(new[0], ANSWERS[0])


def test_old_vectors_make_room(
    model: Model, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning, "KEPT", 0)
    model.likeness(["And now?"], [])
    model.likeness(QUESTIONS, ANSWERS)
    assert sorted(read) == sorted(["And now?", *QUESTIONS, *ANSWERS]), "what is ours is kept"


def test_a_text_without_words_is_like_nothing(model: Model) -> None:
    found = model.likeness([*QUESTIONS, "🙂 !"], ["", "—"])
    assert found is not None
    assert found.answers("🙂 !", "—") == found.answers(QUESTIONS[0], "") == 0


@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
@settings(max_examples=20)
def test_any_text_can_be_read(model: Model, texts: list[str]) -> None:
    texts = [*texts, "a\0b", "half \ud83d a character", "long " * 3000]
    found = model.likeness(texts, texts)
    assert found is not None
    for one in texts:
        for other in texts:
            for like in (found.answers(one, other), found.alike(one, other)):
                assert math.isfinite(like)
                assert 0 <= like <= 1.0001


def test_too_many_texts_are_not_compared(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setattr(meaning, "MOST", 2)
    assert model.likeness(QUESTIONS, ANSWERS) is None


def test_a_model_that_fails_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __init__(self, **_: Any):
            raise MemoryError

    monkeypatch.setattr(meaning.importlib, "import_module", lambda _: type("M", (), {"E5": Broken}))
    model = Model()
    with caplog.at_level(logging.ERROR):
        assert model.likeness(QUESTIONS, ANSWERS) is None
        assert model.likeness(QUESTIONS, ANSWERS) is None
    assert "not compared any more" in caplog.text
    assert ANSWERS[0] not in caplog.text


@pytest.mark.usefixtures("model_installed")
def test_it_ends_with_the_program() -> None:
    ending = Model()
    ending.close()
    with pytest.raises(Closing):
        ending.likeness(QUESTIONS, ANSWERS)


class TestSetting:
    def test_off_means_words_alone(self) -> None:
        assert load("off") is None

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(meaning, "PACKAGE", "not_installed_here")
        assert load("auto") is None
        with pytest.raises(UserError, match="install it"):
            load("on")

    def test_on_a_processor_on_which_it_would_crash(
        self, monkeypatch: pytest.MonkeyPatch, model: Model, tmp_path: Path
    ) -> None:
        cpu = tmp_path / "cpuinfo"
        cpu.write_text("flags : fpu sse2\n", "ascii")
        monkeypatch.setattr(meaning, "_CPU", cpu)
        monkeypatch.setattr(meaning.platform, "machine", lambda: "x86_64")
        assert load("auto") is None
        with pytest.raises(UserError, match="AVX2"):
            load("on")
