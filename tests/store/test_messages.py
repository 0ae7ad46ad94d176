"""Messages: the same end in any order; threads, numbers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from bot.sessions.model import Handled, Handling, Kind, Message
from bot.sessions.ports import ConcurrentUpdate, Counts, UnitOfWork
from bot.store.database import Database
from bot.store.tables import metadata
from tests.store import builders
from tests.store.builders import T0, later, question, reply, session

Q1, Q2, Q3 = "1700000001.000000", "1700000002.000000", "1700000003.000000"
R1, R2, R3 = "1700000011.000000", "1700000012.000000", "1700000013.000000"


def edited(message: Message, second: int, text: str) -> Message:
    return replace(message, edited_ts=f"17000001{second:02}.000000", content={"text": text})


def is_stored(database: Database, content: str) -> bool:
    with database.engine.connect() as connection:
        found = (connection.execute(select(table)).all() for table in metadata.sorted_tables)
        return any(content in str(rows) for rows in found)


def test_put_inserts_then_edits_and_keeps_no_old_content(database: Database) -> None:
    with database.unit_of_work() as uow:
        post = question(session(uow).id, Q1, "Why green?", posted_name="Ada")
        first, second = edited(post, 1, "Why blue?"), edited(post, 2, "Why red?")
        assert uow.messages.put(post)
        assert not uow.messages.put(post)
        assert uow.messages.put(first)
        assert uow.messages.put(second)
        assert not uow.messages.put(first)
        assert not uow.messages.put(post)
    with database.reading() as uow:
        assert uow.messages.get("C1", Q1) == second
        assert uow.messages.get("C1", Q2) is None
        assert uow.messages.get("C2", Q1) is None
    texts = ("Why green?", "Why blue?", "Why red?")
    assert [is_stored(database, text) for text in texts] == [False, False, True]


def test_expected_messages_are_written_with_one_statement(database: Database) -> None:
    statements: list[str] = []

    def executed(*given: Any) -> None:
        statements.append(given[2])

    with database.unit_of_work() as uow:
        session_id = session(uow).id
        known = question(session_id, Q3, "known")
        uow.messages.put(known)
    new = [question(session_id, ts, "why?") for ts in (Q2, Q1)]
    with database.unit_of_work() as uow:
        uow.messages.expect("C1", {Q1, Q2, Q3})
        event.listen(database.engine, "before_cursor_execute", executed)
        try:
            assert [uow.messages.put(message) for message in new] == [True, True]
            assert uow.messages.get("C1", Q1) == new[1]
            assert statements == []
            assert not uow.messages.put(known)
            assert sum("INSERT INTO messages" in each for each in statements) == 2
            assert uow.messages.put(edited(new[0], 1, "how?"))
            assert uow.messages.of_session(session_id) == [new[1], edited(new[0], 1, "how?"), known]
        finally:
            event.remove(database.engine, "before_cursor_execute", executed)
    with database.reading() as uow:
        assert len(uow.messages.of_session(session_id)) == 3


def test_what_waits_is_not_written_when_the_transaction_fails(database: Database) -> None:
    with database.unit_of_work() as uow:
        session_id = session(uow).id

    def fail() -> None:
        with database.unit_of_work() as uow:
            uow.messages.expect("C1", {Q1})
            uow.messages.put(question(session_id, Q1))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with database.unit_of_work() as uow:
        assert uow.messages.of_session(session_id) == []


def test_who_writes_an_expected_message_second_must_decide_again(database: Database) -> None:
    if not database.shared:
        pytest.skip("one transaction writes at a time")
    with database.unit_of_work() as uow:
        message = question(session(uow).id, Q1)

    def come_second() -> None:
        with database.unit_of_work() as first:
            first.messages.expect("C1", {Q1})
            with database.unit_of_work() as second:
                second.messages.put(message)
            assert first.messages.put(message)

    with pytest.raises(ConcurrentUpdate):
        come_second()


def test_a_preview_that_slack_adds_without_an_edit_is_taken_in(database: Database) -> None:
    with database.unit_of_work() as uow:
        post = question(session(uow).id, Q1)
        more = replace(post, content={"text": "Why?", "attachments": [{"title": "A page"}]})
        uow.messages.put(post)
        assert uow.messages.put(more)
        assert uow.messages.get("C1", Q1) == more


def test_a_name_once_known_stays_and_an_edit_moves_nothing(database: Database) -> None:
    with database.unit_of_work() as uow:
        post = reply(session(uow).id, R1, Q1)
        uow.messages.put(post)
        assert uow.messages.put(replace(post, posted_name="Ada"))
        assert not uow.messages.put(replace(post, posted_name="Countess"))
        assert not uow.messages.put(replace(post, posted_name=None))
        uow.messages.put(
            replace(edited(post, 1, "two"), kind=Kind.QUESTION, question_ts=None, author="U9")
        )
        found = uow.messages.get("C1", R1)
        assert found == replace(edited(post, 1, "two"), posted_name="Ada")


def test_what_is_deleted_is_erased_and_stays_deleted(database: Database) -> None:
    with database.unit_of_work() as uow:
        post = question(session(uow).id, Q1, "private", posted_name="Ada")
        uow.messages.put(post)
        uow.messages.put(edited(post, 1, "more private"))
        assert uow.messages.delete("C1", Q1, post.session_id, T0)
        assert not uow.messages.delete("C1", Q1, post.session_id, T0)
        assert not uow.messages.put(edited(post, 2, "most private"))
        tombstone = Message(post.session_id, "C1", Q1, Kind.QUESTION, "", {}, deleted=True)
        assert uow.messages.get("C1", Q1) == tombstone
        assert uow.messages.of_session(post.session_id) == []
        assert uow.messages.delete("C1", Q2, post.session_id, T0)
        assert not uow.messages.put(question(post.session_id, Q2))
        assert uow.messages.get("C1", Q2) == replace(tombstone, ts=Q2)
    assert not is_stored(database, "private")


@pytest.mark.slow
@pytest.mark.hypothesis
def test_any_order_and_repetition_ends_the_same(database: Database) -> None:
    """Posts, edits and a deletion of one message, shuffled and doubled."""
    number = itertools.count(1)
    with database.unit_of_work() as uow:
        session_id = session(uow).id
    steps = st.lists(st.sampled_from(["post", "1", "2", "3"]), min_size=1, unique=True)

    @builders.tries(database, sqlite=80, postgresql=25)
    @given(st.data(), steps, st.booleans())
    def check(data: st.DataObject, versions: list[str], deleted: bool) -> None:
        def apply(uow: UnitOfWork, ts: str, step: str) -> None:
            post = reply(session_id, ts, Q1, "post", posted_name="Ada")
            if step == "delete":
                uow.messages.delete("C1", ts, session_id, T0)
            elif step == "post":
                uow.messages.put(post)
            else:
                uow.messages.put(edited(post, int(step), f"edit {step}"))

        steps = [*sorted(versions, key=lambda v: v.replace("post", "0"))]
        steps += ["delete"] if deleted else []
        again = data.draw(st.lists(st.sampled_from(steps), max_size=3))
        shuffled = data.draw(st.permutations([*steps, *again]))
        straight_ts = f"18{next(number):08}.000000"
        shuffled_ts = f"18{next(number):08}.000000"
        with database.unit_of_work() as uow:
            for step in steps:
                apply(uow, straight_ts, step)
            for step in shuffled:
                apply(uow, shuffled_ts, step)
            message = uow.messages.get("C1", straight_ts)
            assert message is not None
            assert uow.messages.get("C1", shuffled_ts) == replace(message, ts=shuffled_ts)
            assert message.deleted == deleted

    check()


@pytest.mark.hypothesis
def test_any_text_and_json_comes_back(database: Database) -> None:
    number = itertools.count(1)
    with database.unit_of_work() as uow:
        session_id = session(uow).id
    contents = st.dictionaries(builders.anything, builders.json_values, max_size=4)

    @builders.tries(database)
    @given(contents, builders.anything, builders.anything)
    def check(content: dict[str, Any], name: str, author: str) -> None:
        message = question(
            session_id,
            f"18{next(number):08}.000000",
            content=content,
            posted_name=name,
            author=author,
        )
        with database.unit_of_work() as uow:
            uow.messages.put(message)
        with database.reading() as uow:
            assert uow.messages.get("C1", message.ts) == message

    check()


def test_long_messages_are_kept_whole(database: Database) -> None:
    content = {"text": "ю😀\0\ud800" * 10_000, "blocks": [{"text": "\\" * 40_000}]}
    with database.unit_of_work() as uow:
        uow.messages.put(question(session(uow).id, Q1, content=content))
    with database.reading() as uow:
        found = uow.messages.get("C1", Q1)
        assert found is not None
        assert found.content == content


def test_messages_are_ordered_by_the_number_that_ts_is(database: Database) -> None:
    stamps = [
        "999999999.5",
        "1000000000.000001",
        "1000000000.00001",
        "1000000000.1",
        "1000000001.0",
    ]
    with database.unit_of_work() as uow:
        made = session(uow)
        for ts in reversed(stamps):
            uow.messages.put(question(made.id, ts))
        assert [m.ts for m in uow.messages.of_session(made.id)] == stamps
        assert [t.question.ts for t in uow.messages.iter_threads(made.id)] == stamps
        assert uow.messages.latest_ts(made.id) == stamps[-1]


def threads(uow: UnitOfWork, session_id: int) -> list[tuple[str, bool, list[str]]]:
    return [
        (thread.question.ts, thread.question.deleted, [reply.ts for reply in thread.replies])
        for thread in uow.messages.iter_threads(session_id)
    ]


def test_threads_are_questions_with_their_replies(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = session(uow)
        other = session(uow, "another", "C1")
        for message in (
            reply(made.id, R3, Q1),
            reply(made.id, R1, Q1),
            question(made.id, Q3),
            question(made.id, Q1),
            reply(made.id, R2, Q2),  # to what was never a question
            question(other.id, "1700000004.000000"),
        ):
            uow.messages.put(message)
        assert threads(uow, made.id) == [(Q1, False, [R1, R3]), (Q3, False, [])]
        uow.messages.delete("C1", Q1, made.id, T0)
        uow.messages.delete("C1", R3, made.id, T0)
        uow.messages.delete("C1", Q3, made.id, T0)
        assert threads(uow, made.id) == [(Q1, True, [R1])]
        uow.messages.delete("C1", Q2, made.id, T0)  # so it was one
        assert threads(uow, made.id) == [(Q1, True, [R1]), (Q2, True, [R2])]
        first = next(iter(uow.messages.iter_threads(made.id))).question
        assert first == uow.messages.get("C1", Q1)


def test_a_long_session_is_streamed_without_a_gap(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.messages.CHUNK", 7)
    with database.unit_of_work() as uow:
        made = session(uow)
        stamps = [f"17000000{n:02}.00000{n % 10}" for n in range(50)]
        for number, ts in enumerate(stamps):
            root = stamps[number - number % 9]
            uow.messages.put(question(made.id, ts) if ts == root else reply(made.id, ts, root))
        assert [m.ts for m in uow.messages.iter_session(made.id)] == stamps
        assert threads(uow, made.id) == [
            (stamps[n], False, stamps[n + 1 : n + 9]) for n in range(0, 50, 9)
        ]
        assert len(uow.messages.of_session(made.id)) == 50


def test_a_message_moves_under_a_question_and_back_with_its_replies(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = session(uow)
        for message in (
            question(made.id, Q1),
            question(made.id, Q2),
            question(made.id, Q3),
            reply(made.id, R1, Q2),
        ):
            uow.messages.put(message)
        uow.messages.set_question("C1", Q2, Q1)
        moved = uow.messages.get("C1", Q2)
        assert moved is not None
        assert (moved.kind, moved.question_ts) == (Kind.REPLY, Q1)
        assert threads(uow, made.id) == [(Q1, False, [Q2, R1]), (Q3, False, [])]
        # A reply to it that comes later stands there as well.
        uow.messages.put(reply(made.id, R2, Q2))
        assert threads(uow, made.id)[0] == (Q1, False, [Q2, R1, R2])
        uow.messages.set_question("C1", Q1, Q3)
        assert threads(uow, made.id) == [(Q3, False, [Q1, Q2, R1, R2])]
        uow.messages.set_question("C1", Q2, None)
        assert threads(uow, made.id) == [(Q2, False, [R1, R2]), (Q3, False, [Q1])]
        # An edit leaves it where it is.
        uow.messages.put(edited(question(made.id, Q1), 1, "edited"))
        assert threads(uow, made.id) == [(Q2, False, [R1, R2]), (Q3, False, [Q1])]


def test_a_message_cannot_stand_under_itself(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = session(uow)
        uow.messages.put(question(made.id, Q1))
        uow.messages.put(reply(made.id, R1, Q1))
        for under in (Q1, R1):
            with pytest.raises(ValueError, match="reply to itself"):
                uow.messages.set_question("C1", Q1, under)
        assert threads(uow, made.id) == [(Q1, False, [R1])]


def test_moving_what_is_not_there_does_nothing(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = session(uow)
        uow.messages.put(question(made.id, Q1))
        uow.messages.delete("C1", Q1, made.id, T0)
        uow.messages.set_question("C1", Q1, Q2)
        uow.messages.set_question("C1", Q3, Q2)
        found = uow.messages.get("C1", Q1)
        assert found is not None
        assert found.question_ts is None
        assert uow.messages.get("C1", Q3) is None


def test_a_session_is_counted(database: Database) -> None:
    with database.unit_of_work() as uow:
        made = session(uow)
        assert uow.messages.counts(made.id) == Counts(0, 0, 0, 0)
        assert uow.messages.latest_ts(made.id) is None
        for message in (
            question(made.id, Q1, author="U1"),
            question(made.id, Q2, author="U2"),
            question(made.id, Q3, author="A1"),  # an author's own post asks nothing
            reply(made.id, R1, Q1, author="A1"),
            reply(made.id, R2, Q1, author="A1"),
            reply(made.id, R3, Q2, author="U1"),
        ):
            uow.messages.put(message)
        assert uow.messages.counts(made.id, {"A1", "A2"}) == Counts(2, 1, 3, 3)
        assert uow.messages.counts(made.id) == Counts(3, 0, 3, 3)
        for ts, how in ((Q1, Handled.ELSEWHERE), (Q2, Handled.SKIPPED)):
            uow.members.handle(Handling("C1", ts, how, "A1", T0))
        assert uow.messages.counts(made.id, {"A1"}) == Counts(2, 1, 3, 3), "skipped still waits"
        uow.members.handle(Handling("C1", Q2, Handled.ELSEWHERE, "A1", T0))
        assert uow.messages.counts(made.id, {"A1"}) == Counts(2, 2, 3, 3)
        assert uow.members.unhandle("C1", Q1)
        uow.messages.delete("C1", R1, made.id, T0)
        uow.messages.delete("C1", R2, made.id, T0)
        uow.messages.delete("C1", Q2, made.id, T0)
        assert uow.messages.counts(made.id, {"A1"}) == Counts(1, 0, 1, 2)
        assert uow.messages.latest_ts(made.id) == R3


def test_a_deletion_is_forgotten_if_it_is_old_enough(database: Database) -> None:
    with database.unit_of_work() as uow:
        post = question(session(uow).id, Q1)
        uow.messages.put(post)
        assert not uow.messages.revive("C1", Q1, later(100))  # it stands
        uow.messages.delete("C1", Q1, post.session_id, later(10))
        assert not uow.messages.revive("C1", Q1, later(10))
        assert not uow.messages.put(post)
        assert uow.messages.revive("C1", Q1, later(11))
        assert uow.messages.get("C1", Q1) is None
        assert not uow.messages.revive("C1", Q1, later(11))
        assert uow.messages.put(post)
        assert uow.messages.get("C1", Q1) == post


def test_what_a_channel_and_its_threads_show(database: Database) -> None:
    with database.unit_of_work() as uow:
        made, other = session(uow), session(uow, "another")
        for message in (
            question(made.id, Q1, author="U1"),
            question(made.id, Q2, author="U2"),
            question(made.id, Q3, author="U3"),
            reply(made.id, R1, Q1, author="U4"),
            reply(made.id, R2, Q1, author="U4", broadcast=True),
            reply(made.id, R3, Q2, author="U5"),
            question(other.id, "1700000004.000000", author="U6"),
        ):
            uow.messages.put(message)
        uow.messages.delete("C1", Q3, made.id, T0)
        uow.messages.delete("C1", R3, made.id, T0)
        assert uow.messages.standing(made.id, Q1, R2) == {Q1, Q2, R2}
        assert uow.messages.standing(made.id, Q2, R1) == {Q2}
        assert uow.messages.replies("C1", Q1) == {R1, R2}
        assert uow.messages.replies("C2", Q1) == uow.messages.replies("C1", Q2) == set()
        assert uow.messages.thread_sizes("C1", [Q1, Q2, Q3]) == {Q1: 2}
        assert uow.messages.roots(made.id) == {Q1}
        assert uow.messages.authors(made.id) == {"U1", "U2", "U4"}
        found = uow.messages.many("C1", [Q1, Q3, "1.000000"])
        assert {ts: message.deleted for ts, message in found.items()} == {Q1: False, Q3: True}
        assert uow.messages.many("C2", [Q1]) == {}


def test_a_name_is_filled_in_where_none_was_known(database: Database) -> None:
    with database.unit_of_work() as uow:
        one, two = session(uow), session(uow, "another")
        for message in (
            question(one.id, Q1, author="U1"),
            question(one.id, Q2, author="U1", posted_name="Then"),
            question(one.id, Q3, author="U2"),
            question(two.id, R1, author="U1"),
        ):
            uow.messages.put(message)
        assert uow.messages.named("U1", "Now") == {one.id, two.id}
        assert uow.messages.named("U1", "Later") == set()
        found = uow.messages.many("C1", [Q1, Q2, Q3, R1])
        names = [found[ts].posted_name for ts in (Q1, Q2, Q3, R1)]
        assert names == ["Now", "Then", None, "Now"]


def test_what_a_person_wrote_is_found_in_all_sessions(database: Database) -> None:
    with database.unit_of_work() as uow:
        one, two = session(uow), session(uow, "another", "C2")
        uow.messages.put(question(two.id, Q1, channel="C2", author="U7"))
        uow.messages.put(question(one.id, Q2, author="U7"))
        uow.messages.put(question(one.id, Q3, author="U8"))
        uow.messages.put(reply(one.id, R1, Q3, author="U7"))
        uow.messages.delete("C1", R1, one.id, T0)
        assert [(m.channel, m.ts) for m in uow.messages.of_author("U7")] == [
            ("C2", Q1),
            ("C1", Q2),
        ]


def test_a_message_belongs_to_a_session(database: Database) -> None:
    with pytest.raises(IntegrityError), database.unit_of_work() as uow:
        uow.messages.put(question(99, Q1))
