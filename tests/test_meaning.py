"""The language model that ships inside a package, and what we make of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import meaning
from bot.errors import UserError
from bot.meaning import Model, load, process
from bot.sessions.pairing import ShuttingDown
from tests.examples import examples

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


def test_each_answer_is_nearest_to_its_question(model: Model) -> None:
    found = model.likeness(QUESTIONS, ANSWERS)
    assert found is not None
    for at, answer in enumerate(ANSWERS):
        likely = [found.answers(question, answer) for question in QUESTIONS]
        assert max(likely) == likely[at]
        assert found.alike(answer, answer) == pytest.approx(1)
        assert all(found.alike(answer, other) < 0.9 for other in ANSWERS if other != answer)


TALK = [
    "Good evening from the night train, I'm with you until the battery dies.",
    "Danke euch allen, es war eine wunderbare Woche!",
    "Ya estoy por aquí, perdonad el retraso.",
]


def test_talk_is_told_from_answers(model: Model) -> None:
    found = model.likeness(QUESTIONS, [*ANSWERS, *TALK])
    assert found is not None
    assert min(map(found.talks, TALK)) > 0.5 > max(map(found.talks, ANSWERS))
    assert found.talks("never read") == 0


@pytest.fixture
def read(model: Model, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the model reads in a test, each as often as it reads it."""
    model.likeness(QUESTIONS, ANSWERS)
    found: list[str] = []
    real = model._reader.read

    def counted(text: str, asked: bool) -> Any:
        found.append(text)
        return real(text, asked)

    monkeypatch.setattr(model._reader, "read", counted)
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
    monkeypatch.setattr(meaning, "MAX_VECTORS", 0)
    model.likeness(["And now?"], [])
    model.likeness(QUESTIONS, ANSWERS)
    assert sorted(read) == sorted(["And now?", *QUESTIONS, *ANSWERS]), "what is ours is kept"


def test_a_text_without_words_is_like_nothing(model: Model) -> None:
    found = model.likeness([*QUESTIONS, "🙂 !"], ["", "—"])
    assert found is not None
    assert found.answers("🙂 !", "—") == found.answers(QUESTIONS[0], "") == 0


@pytest.mark.slow
@given(st.lists(st.text(max_size=40), min_size=1, max_size=2))
@examples(6)
def test_any_text_can_be_read(model: Model, texts: list[str]) -> None:
    # One character of the last becomes 18 in the model: it has no room for more than four.
    texts = [*texts, "a\0b", "half \ud83d a character", "long " * 3000, "\ufdfa" * 300]
    found = model.likeness(texts, texts)
    assert found is not None
    assert model._falls == 0
    for one in texts:
        for other in texts:
            for like in (found.answers(one, other), found.alike(one, other)):
                assert 0 <= like <= 1


def test_too_many_texts_are_not_compared(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setattr(meaning, "MAX_TEXTS", 2)
    assert model.likeness(QUESTIONS, ANSWERS) is None


FALLING = """
import base64, json, os, sys
from array import array
with open(__file__ + ".env", "w") as file:
    json.dump(sorted(os.environ), file)
print(flush=True)
for line in sys.stdin:
    text = json.loads(line)["text"]
    if "fall" in text:
        os._exit(1)
    while "stay" in text:
        pass
    numbers = array("f", [len(text), text.count("e"), text.count("a"), 1])
    print(base64.b64encode(numbers.tobytes()).decode(), flush=True)
"""


class TestProcess:
    """The process in which the model reads, with another in its place."""

    @pytest.fixture
    def stand_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The file that is run, and may be written anew."""
        path = tmp_path / "reader.py"
        path.write_text(FALLING, "utf-8")
        monkeypatch.setattr(process, "_FILE", path)
        return path

    def test_a_text_over_which_it_falls_is_like_nothing(
        self, stand_in: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        model = Model()
        said = ["fall over this secret", *ANSWERS]
        found = model.likeness(QUESTIONS, said)
        assert found is not None
        assert found.answers(QUESTIONS[0], said[0]) == 0
        assert found.alike(ANSWERS[0], ANSWERS[0]) == pytest.approx(1)
        assert model.likeness(QUESTIONS, said) is not None
        assert len(caplog.records) == 1, "it is not tried again"
        assert "secret" not in caplog.text

    def test_after_some_it_is_given_up(
        self, stand_in: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        model = Model()
        assert model.likeness(QUESTIONS, ["fall 1", "fall 2", "fall 3"]) is None
        assert model.likeness(QUESTIONS, ANSWERS) is None
        assert "no longer comparing texts" in caplog.text

    def test_one_that_cannot_be_loaded(
        self, stand_in: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        stand_in.write_text("raise SystemExit(7)", "utf-8")
        assert Model().likeness(QUESTIONS, ANSWERS) is None
        assert "ended with 7" in caplog.text
        monkeypatch.setattr(meaning, "missing", lambda: None)
        assert load("auto") is not None, "it is loaded when it is needed"
        with pytest.raises(UserError, match="cannot load"):
            load("on")

    def test_it_knows_no_secret(self, stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
        monkeypatch.setenv("MARGINALIA_DATABASE_URL", "postgresql://a:secret@b/c")
        Model().likeness(QUESTIONS, ANSWERS)
        known = json.loads(stand_in.with_suffix(".py.env").read_text("utf-8"))
        assert "PATH" in known
        assert not any(name.startswith(("SLACK_", "MARGINALIA_")) for name in known)

    def test_it_ends_with_the_program_whatever_it_is_at(self, stand_in: Path) -> None:
        model = Model()
        model.likeness(QUESTIONS, ANSWERS)
        with ThreadPoolExecutor() as pool:
            reading = pool.submit(model.likeness, QUESTIONS, ["stay here"])
            with pytest.raises(TimeoutError):
                reading.result(timeout=0.2)
            model.close()
            with pytest.raises(ShuttingDown):
                reading.result(timeout=20)
        with pytest.raises(ShuttingDown):
            model.likeness(["And now?"], [])


class TestSetting:
    def test_off_means_words_alone(self) -> None:
        assert load("off") is None

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(meaning, "PACKAGES", ("not_installed_here",))
        assert load("auto") is None
        with pytest.raises(UserError, match="install the extra"):
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
