"""A person is erased, and nothing of it is left: in the database's files, archives and the site."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.cli.main import app
from bot.sessions.forgetting import forget
from bot.sessions.model import Action, Edit, Mute, Person, Reaction, Submission
from bot.sessions.personal import stored
from bot.sessions.ports import Outgoing, QueuedCommit
from bot.slack.erasing import erase
from bot.store.database import Database
from bot.store.personal import OWN
from bot.store.tables import forgotten, metadata, secrets
from tests.scene import END, EVENT, Scene
from tests.slack.member_driver import MemberDriver, asked, open_session
from tests.store.builders import T0, question, reply, session
from tests.waiting import until

NAME, DISPLAY = "Zelda Quackenbush", "zeldaq"
ASKED = "Why do translated proverbs limp so?"
ANSWERED = "Because kitchens differ, I suppose."
TOLD = "She keeps her dictionaries in the bath."


def traces(database: Database, *needles: str) -> set[str]:
    """Those of the needles that stand in the files of the database, those of its log included.

    Of PostgreSQL's the files of all tables, indexes and long values, and the server's samples.
    """
    found = set()
    for _name, data in _files(database):
        found |= {needle for needle in needles if needle.encode() in data}
    return found


def _files(database: Database) -> Iterator[tuple[str, bytes]]:
    """Those of a database, by name."""
    if not database.shared:
        found = Path(database.place).parent.glob("*.db*")
        yield from ((path.name, path.read_bytes()) for path in found)
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        of = (
            "SELECT c.relname, pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'i', 't', 'm') "
            "AND (n.nspname IN ('public', 'pg_toast') OR c.relname LIKE 'pg_statistic%') "
            "AND pg_relation_filepath(c.oid) IS NOT NULL"
        )
        for name, data in connection.execute(text(of)):
            yield name, bytes(data)


def wiped(database: Database) -> None:
    """Writes the files anew; other tests may write in other databases of the server meanwhile."""
    asyncio.run(until(lambda: database.wipe(whole=True), "the tables are written anew"))


def lived(database: Database, person: str) -> int:
    """A session in which a person did all that one can do; gives its number."""
    with database.unit_of_work() as uow:
        number = session(uow).id
        uow.people.put(Person(person, DISPLAY, NAME, tz="Europe/Berlin"))
        uow.people.put(Person("U2", "bob"))
        uow.member_names.put([Person(person, DISPLAY, NAME)])
        uow.messages.put(question(number, "10.0", ASKED, author=person, posted_name=DISPLAY))
        uow.messages.put(question(number, "11.0", f"<@{person}> and {NAME}'s cat?", author="U2"))
        uow.messages.put(reply(number, "12.0", "11.0", ANSWERED, author=person))
        uow.messages.put(reply(number, "12.0", "11.0", TOLD, author=person, edited_ts="13.0"))
        mention = {"type": "rich_text", "elements": [{"type": "user", "user_id": person}]}
        uow.messages.put(
            reply(number, "14.0", "10.0", content={"text": f"{NAME} asks", "blocks": [mention]})
        )
        for who in (person, "U2"):
            uow.reactions.add(Reaction("C1", "11.0", "+1", who))
            uow.members.follow("C1", "11.0", who)
            uow.members.support("C1", "11.0", who)
        uow.members.submit(
            Submission("t1", number, person, ASKED, T0, DISPLAY, "https://x/zeldaq.png", "owed")
        )
        uow.members.submit(Submission("t2", number, person, TOLD, T0, DISPLAY))
        uow.members.opened_home(person, T0)
        uow.members.turn(person, "mine", 2)
        uow.mutes.add(Mute(number, person, person, T0, f"{NAME} is loud"))
        uow.edits.put(Edit("C1", "12.0", TOLD, person, T0))
        uow.edits.put(Edit("C1", "11.0", f"As {NAME} says", person, T0))
        uow.actions.add(Action(T0, person, "muted", number, details={"text": f"{NAME}: {ASKED}"}))
        uow.outbox.add(Outgoing("question t1", "chat.postMessage", {"text": ASKED}, "C1"), T0)
        uow.outbox.add(Outgoing("told", "chat.postMessage", {"text": f"Hi <@{person}>"}, "C1"), T0)
        uow.outbox.add(Outgoing(f"to {person}", "chat.postMessage", {"text": TOLD}, person), T0)
        uow.requests.begin(f"draw {person}", T0)
        uow.requests.finish(f"draw {person}", {"who": [person], "text": NAME})
        uow.labels.put("copied", {person: "2026"})
        commit = QueuedCommit((Path("a.md"),), f"As {NAME} asked", NAME, "z@x")
        uow.commits.add(Path("schedules"), commit, T0)
        event = {"user": person, "text": TOLD, "name": DISPLAY}
        uow.inbox.add([("Ev1", {"event": event}), (f"Ev {person}", {"event": event})], T0)
    return number


class TestInTheDatabase:
    @pytest.mark.parametrize("texts", [True, False])
    def test_nothing_of_the_person_is_in_the_files(self, database: Database, texts: bool) -> None:
        number = lived(database, "UZELDA")
        needles = ("UZELDA", NAME, DISPLAY, ASKED, TOLD)
        assert traces(database, *needles) == set(needles), "or else this test shows nothing"
        with database.unit_of_work() as uow:
            touched = erase(uow, "UZELDA", T0, texts=texts)
        assert touched == {number}
        wiped(database)
        left = traces(database, *needles, ANSWERED)
        assert left == (set() if texts else {ASKED, TOLD}), "an edit had replaced ANSWERED"

    def test_what_others_did_stays(self, database: Database) -> None:
        number = lived(database, "UZELDA")
        with database.unit_of_work() as uow:
            forget(uow, "UZELDA", texts=True, at=T0)
        with database.reading() as uow:
            threads = list(uow.messages.iter_threads(number))
            assert [t.question.deleted for t in threads] == [True, False]
            assert [r.content["text"] for r in threads[0].replies] == ["Anonymous asks"]
            assert uow.members.followers("C1", "11.0") == {"U2"}
            assert len(uow.reactions.of_session(number)) == 2, "a vote counts, whoever gave it"
            assert uow.people.get("U2") == Person("U2", "bob")
            assert uow.members.submission("t2").state == "withdrawn"  # type: ignore[union-attr]

    @pytest.mark.slow
    def test_again_it_changes_nothing(self, database: Database) -> None:
        lived(database, "UZELDA")
        with database.unit_of_work() as uow:
            forget(uow, "UZELDA", texts=True, at=T0)
        before = _rows(database)
        with database.unit_of_work() as uow:
            assert forget(uow, "UZELDA", texts=True, at=T0).touched == frozenset()
        assert _rows(database) == before

    def test_what_comes_later_does_not_bring_it_back(self, database: Database) -> None:
        number = lived(database, "UZELDA")
        with database.unit_of_work() as uow:
            forget(uow, "UZELDA", texts=True, at=T0)
        with database.unit_of_work() as uow:
            assert not uow.messages.revive("C1", "10.0", T0 + timedelta(days=9))
            assert not uow.messages.put(question(number, "10.0", ASKED, author="UZELDA"))
            uow.people.put(Person("UZELDA", DISPLAY, NAME))
            uow.people.set_privacy("UZELDA", "full")
            uow.people.set_quiet("UZELDA", True)
            uow.member_names.put([Person("UZELDA", DISPLAY, NAME)])
            assert not uow.reactions.add(Reaction("C1", "11.0", "+1", "UZELDA"))
            uow.reactions.add(Reaction("C1", "14.0", "+1", "UZELDA"))
            person = uow.people.get("UZELDA")
            assert person is not None
            assert (person.name, person.privacy, person.quiet) == ("Anonymous", "forgotten", True)
        rows = str(_rows(database))
        assert not [n for n in ("UZELDA", NAME, DISPLAY, ASKED) if n in rows]

    @pytest.mark.slow
    def test_an_author_keeps_the_id_that_the_file_names(self, database: Database) -> None:
        number = lived(database, "UZELDA")
        with database.unit_of_work() as uow:
            made = uow.sessions.get(number)
            assert made is not None
            made.added_authors = frozenset({"UZELDA"})
            uow.sessions.save(made)
            forget(uow, "UZELDA", at=T0)
        with database.reading() as uow:
            assert [m.ts for m in uow.messages.of_author("UZELDA")] == ["10.0", "12.0"]
        rows = str(_rows(database))
        assert NAME not in rows
        assert DISPLAY not in rows

    def test_the_export_has_all_that_names_the_person_as_its_own(self, database: Database) -> None:
        lived(database, "UZELDA")
        with database.reading() as uow:
            found = stored(uow, "UZELDA")
        named = {name for name, rows in _rows(database).items() if "UZELDA" in str(rows)}
        # What is on its way, what marks requests and copies, and what others wrote.
        passing = {"inbox", "outbox", "requests", "labels"}
        assert named - passing == {name for name, rows in found.rows.items() if rows}
        assert [m.ts for m in found.questions] == ["10.0"]
        assert [m.ts for m in found.replies] == ["12.0"]
        assert [s.token for s in found.unposted] == ["t1", "t2"]
        assert len(found.votes) == 2
        assert [s.event.id for s in found.sessions] == ["20260105-a-book"]

    def test_every_table_that_may_name_a_person_is_known(self) -> None:
        """A new table with a column of this kind belongs into `OWN`."""
        of_persons = {"member", "author", "asker", "who", "by", "subject", "slack_id"}
        for table in metadata.sorted_tables:
            names = {c.name for c in table.columns} & of_persons
            if table not in (forgotten, secrets) and table.name not in ("labels", "draws"):
                assert names == set(OWN.get(table, ())), table.name


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.engine.connect() as connection:
        return {
            name: sorted(
                (tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}"'))), key=str
            )
            for name in metadata.tables
        }


def files(folder: Path, *needles: str) -> set[str]:
    """Those of the needles that stand in any file below the folder."""
    whole = [p.read_bytes() for p in folder.rglob("*") if p.is_file()]
    return {needle for needle in needles if any(needle.encode() in data for data in whole)}


async def site(world: Scene, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds the website from the archives."""
    monkeypatch.setenv("MARGINALIA_SCHEDULES", str(world.schedules))
    done = await asyncio.to_thread(CliRunner().invoke, app, ["site", "--output", str(target)])
    assert done.exit_code == 0, done.output


class TestInTheAppHome:
    @pytest.mark.slow
    async def test_two_clicks_erase_all_of_it(
        self, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_session(tmp_path, database_url=database_url) as world:
            ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
            database = world.stage.bot.database
            await cleo.types("/ask", ASKED)
            await world.hear()
            posted = asked(world, ASKED)
            other = world.say("ben", "What would Cleo Reader say?")
            world.say("cleo", ANSWERED, other)
            world.say("ben", f"<@{cleo.id}> knows.", posted.ts)
            world.react("cleo", other, "+1")
            await world.hear()
            await ben.home()
            await cleo.home()
            needles = (cleo.id, "Cleo Reader", ASKED, ANSWERED)
            assert traces(database, *needles) == set(needles)

            form = await cleo.opens(cleo.person.act("mine_stored", view="home", block_id="stored"))
            shown = json.dumps(form.content, ensure_ascii=False)
            for said in (
                "Name: Cleo Reader",
                "Questions and other posts: 1",
                "replies: 1",
                "reactions: 1",
            ):
                assert said in shown
            for said in (ASKED, ANSWERED, "The Book"):
                assert said in shown
            assert "initial_option" not in shown, "nothing is erased by just pressing Enter"
            cleo.person.fill("mine_erase", "texts", "mine_erase")
            outcome = await cleo.person.submit()
            assert outcome.acknowledged
            assert "I have erased your data" in json.dumps(cleo.form.content)  # type: ignore[union-attr]
            await world.look()

            assert ASKED not in [m.text for m in world.posted()], (
                "the bot posted it, and deletes it"
            )
            assert ASKED not in cleo.home_now()
            await world.to(END + timedelta(minutes=1))
            await site(world, tmp_path / "site", monkeypatch)
            assert files(world.schedules, *needles) == set()
            assert files(tmp_path / "site", *needles) == set()
            assert files(tmp_path / "site", "What would Anonymous say?") != set()
            # Slack's notice that the bot's copy is deleted has the text, and may come late.
            for _attempt in range(5):
                await world.hear()
                await asyncio.to_thread(wiped, database)
                if not (left := traces(database, *needles)):
                    break
            assert left == set()

    @pytest.mark.slow
    async def test_slacks_history_does_not_bring_it_back(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            cleo = MemberDriver(world, "cleo")
            other = world.say("ben", "Who else?")
            world.say("cleo", ANSWERED, other)
            await world.hear()
            with world.stage.bot.database.unit_of_work() as uow:
                erase(uow, cleo.id, world.stage.clock.now(), texts=True)
            world.say("cleo", "Nobody, it seems.", other)
            await world.hear()
            # The close reads the whole session from Slack's history.
            await world.to(END + timedelta(minutes=1))
            assert world.threads() == [("Ben", "Who else?", [("Anonymous", "Nobody, it seems.")])]
            rows = _rows(world.stage.bot.database)
            assert cleo.id not in str([rows["messages"], rows["people"], rows["reactions"]])

    async def test_what_was_written_can_stay_without_the_name(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            cleo = MemberDriver(world, "cleo")
            world.say("cleo", ASKED)
            await world.hear()
            await cleo.home()
            await cleo.opens(cleo.person.act("mine_stored", view="home", block_id="stored"))
            cleo.person.fill("mine_erase", "names", "mine_erase")
            assert (await cleo.person.submit()).acknowledged
            await world.to(END + timedelta(minutes=1))
            assert world.threads() == [("Anonymous", ASKED, [])]
            log = world.stage.bot.database
            with log.reading() as uow:
                assert [a.what for a in uow.actions.listed(limit=5)][:1] == ["forgotten"]


@pytest.mark.slow
async def test_a_person_is_exported_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_session(tmp_path) as world:
        ben = MemberDriver(world, "ben")
        ts = world.say("ben", ASKED)
        world.react("ben", ts, "eyes")
        await world.hear()
        monkeypatch.setenv("MARGINALIA_DATABASE_URL", f"sqlite:///{tmp_path}/marginalia.db")
        done = await asyncio.to_thread(CliRunner().invoke, app, ["export-person", ben.id])
        assert done.exit_code == 0, done.output
        data = json.loads(done.stdout)
        assert (data["member"], data["name"], data["real_name"]) == (ben.id, "Ben", "Ben Reader")
        assert [q["content"]["text"] for q in data["questions"]] == [ASKED]
        assert [s["id"] for s in data["sessions"]] == [EVENT]
        assert [v["name"] for v in data["votes"]] == ["eyes"]
        done = await asyncio.to_thread(CliRunner().invoke, app, ["export-person", "U404"])
        assert done.exit_code == 1
        assert "nobody is known as `U404`" in str(done.exception)
