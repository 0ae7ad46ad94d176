"""What is a member's own: following, quiet, privacy, being forgotten."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.services import export
from bot.sessions.forgetting import Scrubber, forget, mark
from bot.sessions.model import Person
from bot.store.database import Database
from tests.scene import CHANNEL, END, EVENT, Scene
from tests.slack.member_driver import MemberDriver, asked, open_session, stored, words
from tests.waiting import until


def archive(world: Scene) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The archive as it would be now."""
    with world.stage.bot.database.reading() as uow:
        session = uow.sessions.by_event(EVENT)
        assert session is not None
        return [
            (t.name, t.text, [(r.name, r.text) for r in t.replies])
            for t in export.entries(uow, session)
        ]


class TestTold:
    async def test_the_asker_and_who_follows_are_told_of_an_answer(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("ben", "Who hears of this?")
            await world.hear()
            ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
            assert "You follow this question. I will send you" in await cleo.shortcut(
                "follow", question
            )
            assert "I follow" in await cleo.home()
            world.say("cleo", "I do not know.", question)
            await world.hear()
            assert ben.direct() == [], "only authors answer"
            reply = world.say("ada", "Both of you.", question)
            await world.hear()
            (to_ben,), (to_cleo,) = ben.direct(), cleo.direct()
            assert "answered your question" in to_ben.text
            assert "a question that you follow" in to_cleo.text
            assert "Both of you." in words(to_ben.blocks)
            assert f"p{reply.replace('.', '')}?thread_ts={question}" in words(to_ben.blocks)
            world.edit("ada", reply, "Both of you, indeed.")
            await world.hear()
            assert len(ben.direct()) == 1, "an edit is no answer"
            await cleo.clicks("mine_unfollow", f"followed {question}")
            world.say("ada", "One thing more.", question)
            await world.hear()
            assert (len(ben.direct()), len(cleo.direct())) == (2, 1)

    @pytest.mark.slow
    async def test_all_of_it_is_muted_and_comes_back(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("ben", "Quietly?")
            await world.hear()
            ben = MemberDriver(world, "ben")
            assert "no longer get direct messages" in await ben.qa("quiet")
            world.say("ada", "Quietly.", question)
            await world.hear()
            assert ben.direct() == []
            assert "don't get direct messages" in await ben.home()
            await ben.clicks("mine_quiet")
            world.say("ada", "Loudly.", question)
            await world.hear()
            assert len(ben.direct()) == 1


class TestMyQuestions:
    async def test_they_show_votes_and_answers(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            assert "You have not asked anything yet" in await ben.home()
            question = world.say("ben", "Is it mine?")
            await world.hear()
            await until(lambda: "waiting for an answer" in ben.home_now())
            world.react("cleo", question, "arrow_up")
            world.say("ada", "It is.", question)
            await until(lambda: "answered · 1 vote" in ben.home_now())
            assert "Is it mine?" in await ben.qa("mine")

    @pytest.mark.slow
    async def test_a_withdrawn_question_is_in_no_archive_and_can_be_put_back(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("ben", "Shall I regret this?")
            world.say("ada", "You will.", question)
            await world.hear()
            ben = MemberDriver(world, "ben")
            await ben.home()
            await ben.clicks("mine_withdraw", f"mine {question}")
            assert archive(world) == []
            assert "not in the archive" in ben.home_now()
            world.edit("ben", question, "Shall I?")
            await world.hear()
            assert archive(world) == [], "an edit does not bring it back"
            await ben.clicks("mine_put_back", f"mine {question}")
            assert archive(world) == [("Ben", "Shall I?", [("Ada Author", "You will.")])]

    @pytest.mark.slow
    async def test_one_that_the_form_posted_is_deleted_in_the_channel_too(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.types("/ask", "Delete me?")
            await world.hear()
            message = asked(world, "Delete me?")
            world.say("ada", "Gladly.", message.ts)
            await world.hear()
            await ben.home()
            world.stage.clock.run(100)  # a deletion is later than what led to it
            await ben.clicks("mine_withdraw", f"mine {message.ts}")
            await until(lambda: message.tombstone or message.deleted_at)
            await world.hear()
            assert archive(world) == []
            await until(lambda: "Delete me?" not in ben.home_now())

    @pytest.mark.slow
    async def test_nobody_withdraws_for_another(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("ben", "Mine alone?")
            await world.hear()
            cleo = MemberDriver(world, "cleo")
            await cleo.home()
            view = world.stage.box.surfaces.homes[cleo.id]
            view.content["blocks"].append(
                {
                    "type": "actions",
                    "block_id": "forged",
                    "elements": [
                        {
                            "type": "button",
                            "action_id": "mine_withdraw",
                            "text": {"type": "plain_text", "text": "x"},
                            "value": f"{world.channel.id} {question}",
                        }
                    ],
                }
            )
            await cleo.person.act("mine_withdraw", view="home", block_id="forged")
            assert "Somebody else asked" in (await until(cleo.direct))[0].text
            assert len(archive(world)) == 1


@pytest.mark.slow
class TestMine:
    async def test_many_questions_are_in_pages(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            texts = [f"Number {n:02}, please?" for n in range(23)]
            stamps = [world.say("cleo", text) for text in texts]
            await world.hear()
            ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
            for ts in stamps:
                await ben.shortcut("follow", ts)
            await cleo.home()
            assert _numbers(cleo.home_now(), "My questions") == texts[:12:-1]
            await cleo.clicks("mine_next", "pages mine mine")
            await cleo.clicks("mine_next", "pages mine mine")
            assert _numbers(cleo.home_now(), "My questions") == texts[2::-1]
            await ben.home()
            await ben.clicks("mine_next", "pages mine followed")
            assert _numbers(ben.home_now(), "I follow") == texts[12:2:-1]
            note = await cleo.answer(cleo.person.command("/qa", "mine", CHANNEL))
            await cleo.person.act("mine_next", channel=CHANNEL, ts=note.ts)
            await until(lambda: "Page 2 of 3" in words(note.blocks))
            gone = f"mine {stamps[12]}"
            await cleo.person.act("mine_withdraw", channel=CHANNEL, ts=note.ts, block_id=gone)
            await until(lambda: "not in the archive" in words(note.blocks))
            assert "Page 2 of 3" in words(note.blocks)


def _numbers(shown: str, heading: str) -> list[str]:
    """The questions below a heading of the home."""
    part = shown.partition(heading)[2].partition("Questions of others")[0].partition("Privacy")[0]
    return re.findall(r"Number \d\d, please\?", part)


class TestPrivacy:
    async def test_it_holds_for_questions_replies_and_mentions_in_later_exports(
        self, tmp_path: Path
    ) -> None:
        async with open_session(tmp_path) as world:
            question = world.say("cleo", "Do I want to be named?")
            world.say("ben", f"Do you, <@{world.id('cleo')}>?", question)
            world.say("cleo", "No.", question)
            await world.hear()
            await world.to(END)
            assert "Cleo Reader" in str(world.threads())
            world.stage.clock.advance(timedelta(minutes=1))
            cleo = MemberDriver(world, "cleo")
            assert "With the name you use" in await cleo.qa("privacy")
            assert "With your first name" in await cleo.qa("privacy first")
            await world.look()
            assert [world.threads()[0][0], world.threads()[0][2][1][0]] == ["Cleo", "Cleo"]
            assert "Cleo Reader" not in str(world.threads())
            world.stage.clock.advance(timedelta(minutes=1))
            await cleo.home()
            await cleo.clicks("mine_privacy", "privacy", "left_out")
            await world.look()
            assert "Cleo" not in str(world.threads())
            assert world.threads()[0][0] == "Anonymous"
            assert "Anonymous" in world.threads()[0][2][0][1]

    @pytest.mark.slow
    async def test_a_word_that_means_nothing_is_explained(self, tmp_path: Path) -> None:
        async with open_session(tmp_path) as world:
            said = await MemberDriver(world, "ben").qa("privacy hide")
            assert "Write `full`, `first`" in said


class TestForgotten:
    @pytest.mark.slow
    async def test_no_name_stays_and_none_comes_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_session(tmp_path) as world:
            ben, cleo = MemberDriver(world, "ben"), MemberDriver(world, "cleo")
            await cleo.types("/ask", "What do I leave behind?")
            await world.hear()
            question = asked(world, "leave behind?")
            world.say("ben", "I think Cleo  Reader asked that.", question.ts)
            world.say("ben", f"<@{cleo.id}|Cleo Reader> did, not Cleopatra.", question.ts)
            await world.hear()
            assert "Cleo Reader" in stored(world)

            monkeypatch.setenv("MARGINALIA_DATABASE_URL", f"sqlite:///{tmp_path}/marginalia.db")
            for _ in range(2):
                done = await asyncio.to_thread(
                    CliRunner().invoke, app, ["forget", "Cleo Reader" if not _ else cleo.id]
                )
                assert done.exit_code == 0, done.output
            assert "Cleo Reader" not in stored(world)
            assert "Cleo  Reader" not in stored(world)

            world.workspace.change_person(cleo.id, real_name="Cleo Reader")
            late = world.say("cleo", "I am still here.", question.ts)
            world.say("ben", "Cleo Reader is back!", question.ts)
            world.edit("ben", late_reply(world, "asked that"), "CLEO READER asked that.")
            await world.hear()
            await cleo.qa("privacy full")
            await world.to(END)
            whole = str(world.threads()).casefold()
            assert "cleo reader" not in whole
            assert "not Cleopatra" in str(world.threads())
            assert world.threads()[0][0] == "Anonymous"
            assert "Cleo Reader" not in stored(world)
            assert late
            assert ben.id in stored(world)

    @pytest.mark.parametrize("again", [False, True])
    def test_on_both_databases(self, database: Database, again: bool) -> None:
        with database.unit_of_work() as uow:
            uow.people.put(Person("U1", "Ann Other", "Ann B. Other"))
        for _ in range(2 if again else 1):
            with database.unit_of_work() as uow:
                forget(uow, "U1")
        with database.unit_of_work() as uow:
            uow.people.put(Person("U1", "Ann Other", "Ann Other", tz="UTC"))
            uow.people.set_privacy("U1", "full")
        with database.reading() as uow:
            person = uow.people.get("U1")
            assert person is not None
            assert (person.name, person.real_name, person.privacy) == (
                "Anonymous",
                None,
                "forgotten",
            )
            assert "U1" not in str(uow.forgotten.ids()) + str(uow.people.all())
            assert uow.forgotten.ids() == {uow.forgotten.alias("U1")}

    @pytest.mark.parametrize(
        ("text", "scrubbed"),
        [
            ("Ann Other said so", "Anonymous said so"),
            ("ann\u00a0other, Ann B. Other!", "Anonymous, Anonymous!"),
            ("Ann and other people", "Ann and other people"),
            ("*Ann Other* `Ann Other`", "*Anonymous* `Anonymous`"),
            ("<@U1|ann> and <@U2|bob>", "<@U1|Anonymous> and <@U2|bob>"),
            ("Joann Otherwise", "Joann Otherwise"),
            ("Ann Other's and Ann B. Other’s", "Anonymous's and Anonymous’s"),
        ],
    )
    def test_names_are_found_in_texts(self, text: str, scrubbed: str) -> None:
        salt = b"salt"
        names = ("Ann Other", "Ann B. Other")
        scrub = Scrubber(salt, frozenset({"U1"}), frozenset(mark(salt, n) for n in names))
        assert scrub.text(text) == scrubbed
        content: dict[str, Any] = {"text": text, "blocks": [{"type": "x", "text": text}]}
        assert scrub.content(content) == {
            "text": scrubbed,
            "blocks": [{"type": "x", "text": scrubbed}],
        }


def late_reply(world: Scene, text: str) -> str:
    """The `ts` of the reply with this text."""
    return asked(world, text).ts
