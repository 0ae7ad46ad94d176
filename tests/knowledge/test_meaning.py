"""Answered questions are found by what they mean, too, where the model is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.laboratory.retrieval import evaluate
from bot.meaning import Model
from bot.services import knowledge
from bot.services.knowledge import Knowledge
from bot.sessions.model import Hidden, Session, Talk
from bot.store.database import Database
from tests.knowledge.test_evaluate import OWN, SET
from tests.knowledge.test_index import (
    ASKED,
    OTHER,
    PASSES,
    SMALL,
    UNRELATED,
    indexed,
    offers,
    small_library,
)

__all__ = ["indexed"]

MUSIC = "Do the giants of the sea make tunes?"
"""Asks what the question at OTHER asks, without a word of it."""


@pytest.fixture
def read(database: Database, indexed: Session, model: Model) -> Session:
    assert knowledge.read_meanings(database, model) == 2
    return indexed


def test_other_words_find_the_same_question(
    database: Database, read: Session, model: Model
) -> None:
    with database.reading() as uow:
        assert Knowledge().search(uow, MUSIC) == []
        hit = Knowledge(model).search(uow, MUSIC)[0]
    assert (hit.place, hit.question) == (OTHER, "Are whales musical?")
    assert 0 < hit.score <= 1


def test_what_is_hidden_is_out_though_its_vectors_are_in_memory(
    database: Database, read: Session, model: Model
) -> None:
    search = Knowledge(model)
    with database.unit_of_work() as uow:
        assert [hit.place for hit in search.search(uow, MUSIC)] == [OTHER, ASKED]
        uow.messages.set_hidden("C1", OTHER, Hidden.WITHDRAWN, True)
        assert [hit.place for hit in search.search(uow, MUSIC)] == [ASKED]


def test_only_what_is_new_is_read(database: Database, read: Session, model: Model) -> None:
    search = Knowledge(model)
    with database.reading() as uow:
        search.search(uow, MUSIC)
    assert knowledge.read_meanings(database, model) == 0
    with database.unit_of_work() as uow:
        uow.messages.set_talk("C1", ASKED, Talk.YES)
        uow.messages.set_talk("C1", ASKED, Talk.NO)
    knowledge.update(database, [])
    assert knowledge.read_meanings(database, model) == 1
    with database.reading() as uow:
        assert {hit.place for hit in search.search(uow, MUSIC)} == {OTHER, ASKED}


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "\0", "…", "?!", "a" * 5000, "Why? " * 2000])
def test_any_text_can_be_looked_for(
    text: str, database: Database, read: Session, model: Model
) -> None:
    with database.reading() as uow:
        assert len(Knowledge(model).search(uow, text)) <= 2


def test_before_anything_is_read_words_find(
    database: Database, indexed: Session, model: Model
) -> None:
    with database.reading() as uow:
        [hit] = Knowledge(model).search(uow, "whales")
    assert hit.place == OTHER


@pytest.mark.parametrize("archive", SMALL)
def test_a_small_library_offers_nothing_that_does_not_answer(
    archive: str, tmp_path: Path, model: Model
) -> None:
    with small_library(archive, tmp_path) as database:
        knowledge.read_meanings(database, model)
        offered = offers(database, model)
        assert offered(PASSES) == [PASSES]
        assert offered("When does one pass become two passes for you?") == [PASSES]
        assert [other for other in UNRELATED if offered(other)] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_reached_on_the_set(format_folder: Path, model: Model) -> None:
    report = evaluate(SET, [format_folder / "samples", OWN], model)
    assert report.found.hit[5] >= 0.85
    assert report.found.hit[5] >= 1.5 * report.baseline.hit[5]
    assert report.false <= 0.1
