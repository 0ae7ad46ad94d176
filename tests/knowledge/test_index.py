"""What is in the index of answered questions, and what is out of it at once."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.library.library import load
from bot.meaning import Model
from bot.services import knowledge
from bot.services.indexing import Indexing
from bot.services.knowledge import Knowledge, Source
from bot.sessions.forgetting import forget
from bot.sessions.knowledge import PUBLIC, Hit
from bot.sessions.model import Author, Edit, Hidden, Person, Session, State, Talk
from bot.sessions.ports import UnitOfWork
from bot.settings import Settings
from bot.store.database import Database
from tests.cli.running import marginalia
from tests.databases import fresh_sqlite
from tests.store.builders import T0, event, later, question, reply, session

OWN = Path(__file__).parent / "own"
ASKED, ANSWER, SECOND = "100.000001", "101.000001", "102.000001"
OTHER, OTHER_ANSWER = "200.000001", "201.000001"
AUTHOR = "U9AUTHOR"
Removal = Callable[[UnitOfWork, int], object]

REMOVALS: dict[str, Removal] = {
    **{
        f"hidden: {why}": lambda uow, _id, why=why: uow.messages.set_hidden("C1", ASKED, why, True)
        for why in Hidden
    },
    "the answer hidden": lambda uow, _id: uow.messages.set_hidden(
        "C1", ANSWER, Hidden.MODERATED, True
    ),
    "deleted": lambda uow, id: uow.messages.delete("C1", ASKED, id, T0),
    "the answer deleted": lambda uow, id: uow.messages.delete("C1", ANSWER, id, T0),
    "erased": lambda uow, _id: uow.messages.erase("C1", ASKED, T0),
    "talk": lambda uow, _id: uow.messages.set_talk("C1", ASKED, Talk.YES),
    "moved": lambda uow, _id: uow.messages.set_question("C1", ASKED, OTHER),
    "the asker forgotten": lambda uow, _id: forget(uow, "U1"),
    "the author forgotten": lambda uow, _id: forget(uow, AUTHOR),
    "the asker's texts erased": lambda uow, _id: forget(uow, "U1", texts=True, at=T0),
}
"""What takes the question at ASKED out of the index, in the transaction that does it."""

CHANGES: dict[str, Removal] = {
    "edited in Slack": lambda uow, id: uow.messages.put(
        question(id, ASKED, "How do bees navigate?", edited_ts="103.000001")
    ),
    "edited for the archive": lambda uow, _id: uow.edits.put(
        Edit("C1", ASKED, "How do bees navigate?", "U8", T0)
    ),
}
"""What makes it another question."""


def stored(uow: UnitOfWork) -> Session:
    """An open session with two answered questions, one without an answer, and talk."""
    plan = event(authors=(Author("Ada", "Ada Author", AUTHOR),))
    made = uow.sessions.add(plan, "C1")
    made.state, made.collects_from = State.OPEN, T0
    uow.sessions.save(made)
    uow.labels.put(PUBLIC, {"C1": ""})
    uow.people.put(Person(AUTHOR, "Ada Author"))
    uow.people.put(Person("U1", "Ben Asker"))
    uow.people.put(Person("U5", "Cleo"))
    for message in (
        question(made.id, ASKED, "Which *compiler* did Greta Garbo like?"),
        reply(made.id, ANSWER, ASKED, "She preferred `gcc`, as everybody.", author=AUTHOR),
        reply(made.id, SECOND, ASKED, "I like llvm.", author="U5"),
        question(made.id, OTHER, "Are whales musical?", author="U5"),
        reply(made.id, OTHER_ANSWER, OTHER, "They sing for hours.", author=AUTHOR),
        question(made.id, "300.000001", "Does nobody answer zebras?", author="U5"),
    ):
        uow.messages.put(message)
    uow.sessions.touch(made.id, later(1))
    return made


PASSES = "How do you decide that a pass has become two?"
SMALL = {
    "one answered question": [PASSES],
    "three answered questions": [
        PASSES,
        "Does the lower pass run before or after the checker?",
        "What does the lexer do with tabs?",
    ],
}
UNRELATED = (
    "Will there be a second edition with Rust?",
    "What is a pass?",
    "Which compiler should I use at work?",
    "Why did you decide to write this book?",
    "I am a beginner and I never wrote a compiler. Where should I start?",
    "Do you have two favourite languages?",
    "How do you decide what goes into the type checker?",
    "What do you think of tabs?",
    "Is there a lexer generator that you recommend?",
)
"""What nothing in a small library answers, though it shares its words and its subject."""


@contextmanager
def small_library(name: str, folder: Path) -> Iterator[Database]:
    """The index of one archive with the questions of `SMALL[name]`, each answered."""
    entries = [
        {"name": "Mira", "text": text, "replies": [{"name": "Odalys", "text": "By its tests."}]}
        for text in SMALL[name]
    ]
    archive = json.dumps(entries)  # JSON is YAML
    (folder / "20260105-the-patient-compiler.md").write_text(
        "---\ntitle: The Patient Compiler\nstart: 2026-01-05 00:00:00\n"
        f"end: 2026-01-09 22:59:59\nauthors: [Odalys]\narchive: {archive}\n---\n"
    )
    database = Database(f"sqlite:///{folder / 'index.db'}")
    database.upgrade()
    try:
        knowledge.update(database, knowledge.sources(load(folder), None, "UTC"))
        yield database
    finally:
        database.close()


def offers(database: Database, model: Model | None = None) -> Callable[[str], list[str]]:
    """What gives the questions that are suggested to somebody who asks a text."""
    search = Knowledge(model)

    def offered(text: str) -> list[str]:
        with database.reading() as uow:
            return [hit.question for hit in search.search(uow, text) if hit.shown]

    return offered


@pytest.mark.parametrize("archive", SMALL)
def test_a_small_library_offers_nothing_that_does_not_answer(archive: str, tmp_path: Path) -> None:
    with small_library(archive, tmp_path) as database:
        offered = offers(database)
        assert offered(PASSES) == [PASSES]
        assert offered("When do you decide a pass has become two of them?") == [PASSES]
        assert [other for other in UNRELATED if offered(other)] == []


AFTER_THE_FILES: dict[str, Callable[[UnitOfWork, Session], object]] = {
    "the title": lambda uow, now: rewritten(uow, now, title="Another title"),
    "an author whom Slack names later": lambda uow, now: rewritten(
        uow, now, authors=(*now.event.authors, Author("Bea", "Bea", "U9OTHER"))
    ),
}
"""What is written into a session after its file was read."""


def rewritten(uow: UnitOfWork, now: Session, **changes: Any) -> None:
    now.event = replace(now.event, **changes)
    uow.sessions.save(now)


@pytest.fixture
def indexed(database: Database) -> Session:
    with database.unit_of_work() as uow:
        made = stored(uow)
    knowledge.update(database, [])
    return made


def found(uow: UnitOfWork, text: str) -> list[str]:
    return [hit.place for hit in Knowledge().search(uow, text)]


class TestWhatIsIn:
    def test_a_hit_says_all_that_is_known_of_the_question(
        self, database: Database, indexed: Session
    ) -> None:
        search = Knowledge(
            slack=lambda channel, ts: f"slack:{channel}/{ts}", page=lambda hit: hit.key
        )
        with database.reading() as uow:
            [hit] = search.search(uow, "Which compiler did Garbo like?")
        assert replace(hit, score=1.0) == Hit(
            event_id="20260105-a-book",
            place=ASKED,
            title="A Book",
            year=2026,
            question="Which compiler did Greta Garbo like?",
            quote="She preferred gcc, as everybody.",
            author="Ada Author",
            channel="C1",
            ts=ASKED,
            score=1.0,
            shown=True,
            slack=f"slack:C1/{ASKED}",
            page=f"20260105-a-book/{ASKED}",
        )

    def test_only_what_authors_said_is_an_answer(
        self, database: Database, indexed: Session
    ) -> None:
        with database.reading() as uow:
            assert found(uow, "llvm") == []
            assert found(uow, "zebras") == []
            assert found(uow, "gcc") == [ASKED]

    def test_what_was_said_in_a_private_channel_is_for_that_channel_until_it_is_archived(
        self, database: Database, indexed: Session
    ) -> None:
        def places(uow: UnitOfWork, channel: str = "") -> list[str]:
            return [hit.place for hit in Knowledge().search(uow, "whales", asked_in=channel)]

        with database.unit_of_work() as uow:
            assert places(uow) == places(uow, "C2") == [OTHER]
            uow.labels.remove(PUBLIC, ["C1"])  # it is private, or nobody noted that it is public
            assert places(uow) == places(uow, "C2") == []
            assert places(uow, "C1") == [OTHER]
            uow.sessions.save(replace(indexed, state=State.ARCHIVED))
            assert places(uow) == [OTHER]

    @pytest.mark.slow
    @pytest.mark.parametrize("text", ["", "  ", "the of and", "?!", "\0", "nothingofthekind"])
    def test_a_text_without_a_known_word_finds_nothing(
        self, text: str, database: Database, indexed: Session
    ) -> None:
        with database.reading() as uow:
            assert found(uow, text) == []


class TestWhatIsOut:
    @pytest.mark.slow
    @pytest.mark.parametrize("how", REMOVALS)
    def test_it_is_gone_in_the_same_transaction_and_stays_so(
        self, how: str, database: Database, indexed: Session
    ) -> None:
        with database.unit_of_work() as uow:
            assert found(uow, "compiler") == [ASKED]
            REMOVALS[how](uow, indexed.id)
            assert found(uow, "compiler") == []
        knowledge.update(database, [])
        with database.reading() as uow:
            assert found(uow, "compiler") == []

    @pytest.mark.slow
    @pytest.mark.parametrize("how", REMOVALS)
    def test_it_was_never_in_where_the_index_is_made_after(
        self, how: str, database: Database
    ) -> None:
        with database.unit_of_work() as uow:
            made = stored(uow)
            REMOVALS[how](uow, made.id)
        knowledge.update(database, [])
        with database.reading() as uow:
            assert found(uow, "compiler") == []

    def test_what_is_undone_changes_nothing(self, database: Database, indexed: Session) -> None:
        def hide(uow: UnitOfWork) -> None:
            uow.messages.set_hidden("C1", ASKED, Hidden.MODERATED, True)
            assert found(uow, "compiler") == []
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), database.unit_of_work() as uow:
            hide(uow)
        with database.reading() as uow:
            assert found(uow, "compiler") == [ASKED]

    def test_what_is_shown_again_is_found_again(self, database: Database, indexed: Session) -> None:
        for hidden, expected in ((True, []), (False, [ASKED])):
            with database.unit_of_work() as uow:
                uow.messages.set_hidden("C1", ASKED, Hidden.MODERATED, hidden)
                uow.sessions.touch(indexed.id, later(2))
            knowledge.update(database, [])
            with database.reading() as uow:
                assert found(uow, "compiler") == expected

    def test_a_forgotten_name_is_out_at_once(self, database: Database, indexed: Session) -> None:
        with database.unit_of_work() as uow:
            forget(uow, "U7", ["Greta Garbo"])
            assert found(uow, "compiler") == []
        knowledge.update(database, [])
        with database.reading() as uow:
            assert found(uow, "garbo") == []
            [hit] = Knowledge().search(uow, "compiler")
        assert "Greta" not in hit.question

    @pytest.mark.slow
    def test_a_forgotten_name_in_a_file_does_not_come_in(self, database: Database) -> None:
        knowledge.update(database, archives(OWN))
        with database.unit_of_work() as uow:
            forget(uow, "U7", ["Teo Varga"])
            assert Knowledge().search(uow, "Mercator") == []
        knowledge.update(database, archives(OWN))
        with database.reading() as uow:
            assert Knowledge().search(uow, "Mercator") == []
            assert len(Knowledge().search(uow, "tests", limit=50)) > 5

    @pytest.mark.parametrize("how", CHANGES)
    def test_a_changed_question_is_found_by_what_it_says_now(
        self, how: str, database: Database, indexed: Session
    ) -> None:
        with database.unit_of_work() as uow:
            CHANGES[how](uow, indexed.id)
            assert found(uow, "compiler") == []
        knowledge.update(database, [])
        with database.reading() as uow:
            assert found(uow, "compiler") == []
            assert found(uow, "bees") == [ASKED]


class TestUpToDate:
    def test_a_late_answer_is_found(self, database: Database, indexed: Session) -> None:
        with database.unit_of_work() as uow:
            uow.messages.put(
                reply(indexed.id, "301.000001", "300.000001", "Stripes.", author=AUTHOR)
            )
            uow.sessions.touch(indexed.id, later(2))
        assert knowledge.update(database, []).documents == 1
        with database.reading() as uow:
            assert found(uow, "zebras") == ["300.000001"]
        assert knowledge.update(database, []).documents == 0

    def test_an_archive_changes_goes_and_gives_way_to_its_session(
        self, database: Database, tmp_path: Path
    ) -> None:
        path = tmp_path / "20240506-maps-that-mislead.md"
        path.write_bytes((OWN / path.name).read_bytes())
        assert knowledge.update(database, archives(tmp_path)).documents == 16
        with database.reading() as uow:
            assert found(uow, "permission pictures") == ["11"]
        path.write_bytes(path.read_bytes().replace(b"permission", b"leave of absence"))
        assert knowledge.update(database, archives(tmp_path)).documents == 1
        with database.reading() as uow:
            assert found(uow, "permission") == []
        with database.unit_of_work() as uow:
            uow.labels.put(PUBLIC, {"C1": ""})
            made = session(uow, path.stem)
            made.state = State.CLOSED
            made.added_authors = frozenset([AUTHOR])
            uow.sessions.save(made)
            uow.messages.put(question(made.id, ASKED, "Which compiler?"))
            uow.messages.put(reply(made.id, ANSWER, ASKED, "gcc", author=AUTHOR))
        knowledge.update(database, archives(tmp_path))
        with database.reading() as uow:
            assert found(uow, "pie charts") == []
            assert found(uow, "compiler") == [ASKED]
            assert uow.knowledge.count() == 1

    def test_a_file_that_is_gone_takes_its_questions_along(
        self, database: Database, tmp_path: Path
    ) -> None:
        knowledge.update(database, archives(OWN))
        knowledge.update(database, archives(tmp_path))
        with database.reading() as uow:
            assert uow.knowledge.count() == 0

    def test_both_formats_give_the_same(self, database: Database, tmp_path: Path) -> None:
        name = "20240506-maps-that-mislead"
        (tmp_path / f"{name}.md").write_bytes((OWN / f"{name}.md").read_bytes())
        knowledge.update(database, archives(tmp_path))
        with database.reading() as uow:
            before = Knowledge().search(uow, "children school averages")
        done = marginalia("convert", ".", "--to", "record", "--output", "records", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        knowledge.update(database, archives(tmp_path / "records"))
        with database.reading() as uow:
            after = Knowledge().search(uow, "children school averages")
        assert [hit.question for hit in after] == [hit.question for hit in before] != []

    def test_nothing_is_read_again_for_what_is_no_part_of_it(
        self,
        database: Database,
        indexed: Session,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        updates: list[object] = []
        update = knowledge.update
        monkeypatch.setattr(
            knowledge, "update", lambda *a, **k: updates.append(update(*a, **k)) or updates[-1]
        )
        folder = tmp_path / "archives"
        folder.mkdir()
        settings = Settings(schedules=tmp_path, archive_dir=folder)
        indexing, library = Indexing(settings, database, None), load(tmp_path)

        def is_read(revision: int = 0) -> bool:
            before = len(updates)
            indexing.update(library, revision)
            return len(updates) > before

        assert is_read()
        assert not is_read()
        with database.unit_of_work() as uow:
            uow.labels.put("channel", {"C1": "books"})
            uow.inbox.add([("key", {})], T0)
        assert not is_read()
        with database.unit_of_work() as uow:
            uow.messages.set_hidden("C1", ASKED, Hidden.MODERATED, True)
        assert is_read()
        assert is_read()  # the first has taken its event in again
        assert not is_read()
        with database.unit_of_work() as uow:
            uow.sessions.touch(indexed.id, later(60))
        assert is_read()
        (folder / "2026-01-05-book.md").write_text("---\n---\n")
        assert is_read()
        assert is_read(revision=1)
        assert not is_read(revision=1)

    @pytest.mark.parametrize("name", AFTER_THE_FILES)
    def test_what_changes_after_the_files_were_read_is_noticed(
        self, database: Database, indexed: Session, tmp_path: Path, name: str
    ) -> None:
        indexing, library = Indexing(Settings(schedules=tmp_path), database, None), load(tmp_path)
        indexing.update(library, 1)
        with database.unit_of_work() as uow:
            before = uow.knowledge.made_of()
            now = uow.sessions.get(indexed.id)
            assert now is not None
            AFTER_THE_FILES[name](uow, now)
        indexing.update(library, 1)
        with database.reading() as uow:
            assert uow.knowledge.made_of()[indexed.event.id] != before[indexed.event.id]

    def test_a_change_whose_clock_is_behind_that_of_another_session_is_noticed(
        self, database: Database, indexed: Session, tmp_path: Path
    ) -> None:
        with database.unit_of_work() as uow:
            other = uow.sessions.add(event("another"), "C2")
            uow.sessions.touch(other.id, later(90))
        indexing, library = Indexing(Settings(schedules=tmp_path), database, None), load(tmp_path)
        indexing.update(library, 1)
        with database.unit_of_work() as uow:
            uow.messages.put(question(indexed.id, "400.000001", "Do bees dance?", author="U5"))
            uow.messages.put(reply(indexed.id, "401.000001", "400.000001", "Yes.", author=AUTHOR))
            uow.sessions.touch(indexed.id, later(60))
        indexing.update(library, 1)
        with database.reading() as uow:
            assert found(uow, "bees dance") == ["400.000001"]

    def test_a_question_with_a_word_without_end_is_found_by_its_others(
        self, database: Database, indexed: Session
    ) -> None:
        with database.unit_of_work() as uow:
            endless = "".join(random.Random(1).choices(string.ascii_letters, k=12_000))
            asked = question(indexed.id, "400.000001", f"What does {endless} decode to?")
            uow.messages.put(asked)
            uow.messages.put(reply(indexed.id, "401.000001", "400.000001", "Tea.", author=AUTHOR))
            uow.sessions.touch(indexed.id, later(60))
        knowledge.update(database, [])
        with database.reading() as uow:
            assert found(uow, f"decode {endless}") == ["400.000001"]

    def test_a_link_that_leads_nowhere_hides_no_change_of_an_archive(
        self, database: Database, tmp_path: Path
    ) -> None:
        folder = tmp_path / "archives"
        folder.mkdir()
        (folder / ".#lock.md").symlink_to("nobody@nowhere.1")
        name = "20240506-maps-that-mislead.md"
        settings = Settings(schedules=tmp_path, archive_dir=folder)
        indexing, library = Indexing(settings, database, None), load(tmp_path)
        indexing.update(library, 1)
        (folder / name).write_bytes((OWN / name).read_bytes())
        indexing.update(library, 1)
        with database.reading() as uow:
            assert uow.knowledge.count() > 0


def archives(folder: Path) -> list[Source]:
    library = load(folder, now=datetime(2026, 1, 1, tzinfo=UTC))
    return [(e, library.paths[name]) for name, e in library.events.items() if e.archived]


class TestCommand:
    def test_it_makes_the_index_and_says_how_much_is_in_it(self, tmp_path: Path) -> None:
        url = fresh_sqlite(tmp_path / "m.db")
        env = {"MARGINALIA_DATABASE_URL": url, "MARGINALIA_SCHEDULES": str(OWN)}
        for _again in range(2):
            done = marginalia("index", cwd=tmp_path, env=env)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout == "32 answered questions from 2 events are in the index\n"

    def test_a_folder_that_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        env = {
            "MARGINALIA_DATABASE_URL": fresh_sqlite(tmp_path / "m.db"),
            "MARGINALIA_SCHEDULES": "nowhere",
        }
        done = marginalia("index", cwd=tmp_path, env=env)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "nowhere" in done.stderr
