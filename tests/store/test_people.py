"""People, reactions and labels."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sessions.model import Person, Reaction
from bot.store.database import Database
from tests.store import builders
from tests.store.builders import T0, question, session

TS = "1700000001.000000"


def test_a_person_is_updated_but_a_known_name_stays(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.people.put(Person("U1", "ada", "Ada Lovelace", tz="Europe/London"))
        uow.people.put(Person("U1", None, None, is_bot=True, deleted=True, tz="UTC"))
        assert uow.people.get("U1") == Person(
            "U1", "ada", "Ada Lovelace", is_bot=True, deleted=True, tz="UTC"
        )
        uow.people.put(Person("U1", "countess", "Ada King"))
        assert uow.people.get("U1") == Person("U1", "countess", "Ada King")
        assert uow.people.get("U2") is None


def test_privacy_is_set_by_its_own_door_alone(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.people.put(Person("U1", "ada", privacy="left_out"))
        assert uow.people.get("U1") == Person("U1", "ada", privacy="full")
        uow.people.set_privacy("U1", "first_name")
        uow.people.put(Person("U1", "ada", privacy="full"))
        assert uow.people.get("U1") == Person("U1", "ada", privacy="first_name")
        uow.people.set_privacy("U2", "left_out")
        uow.people.put(Person("U2", "bob"))
        assert uow.people.get("U2") == Person("U2", "bob", privacy="left_out")


def test_those_without_a_name_are_unknown(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.people.put(Person("U1", "ada"))
        uow.people.put(Person("U2", None))
        assert uow.people.unknown(["U1", "U2", "U3"]) == {"U2", "U3"}
        assert uow.people.unknown([]) == set()
        assert set(uow.people.many(["U1", "U2", "U3"])) == {"U1", "U2"}


def test_thousands_are_asked_for_at_once(database: Database) -> None:
    ids = [f"U{n}" for n in range(3000)]
    with database.unit_of_work() as uow:
        uow.people.put(Person("U2999", "last"))
        assert uow.people.many(ids) == {"U2999": Person("U2999", "last")}
        assert uow.people.unknown(ids) == set(ids[:-1])


def test_people_are_found_by_id_and_by_name(database: Database) -> None:
    ada, jose = Person("U1", "Ada", "Ada Lovelace"), Person("U2", "JOSÉ", "José Ñandú")
    other = Person("U3", "ada", None)
    with database.unit_of_work() as uow:
        for person in (jose, other, ada, Person("U4")):
            uow.people.put(person)
        assert uow.people.all() == [ada, jose, other, Person("U4")]
        assert uow.people.find("@ADA") == [ada, other]
        assert uow.people.find(" josé ñandú ") == [jose]
        assert uow.people.find("U1") == [ada]
        assert uow.people.find("u1") == []
        assert uow.people.find("nobody") == uow.people.find("") == uow.people.find("@") == []


@pytest.mark.hypothesis
def test_any_name_comes_back(database: Database) -> None:
    number = itertools.count()

    @builders.tries(database, sqlite=30, postgresql=10)
    @given(builders.anything, builders.anything)
    def check(name: str, emoji: str) -> None:
        slack_id = f"U{next(number)} {name}"
        person = Person(slack_id, name, emoji, tz=name)
        reaction = Reaction("C1", TS, f"{slack_id}{emoji}", slack_id)
        with database.unit_of_work() as uow:
            made = session(uow)
            uow.messages.put(question(made.id, TS))
            uow.people.put(person)
            assert uow.reactions.add(reaction)
            uow.labels.put("emoji", {slack_id: name})
        with database.reading() as uow:
            assert uow.people.get(slack_id) == person
            assert reaction in uow.reactions.of_session(made.id)
            assert uow.labels.get("emoji", slack_id) == name

    check()


def test_reactions_are_a_set(database: Database) -> None:
    up, down = Reaction("C1", TS, "+1", "U1"), Reaction("C1", TS, "-1", "U1")
    with database.unit_of_work() as uow:
        made = session(uow)
        assert uow.reactions.add(up)
        assert not uow.reactions.add(up)
        assert uow.reactions.add(down)
        assert uow.reactions.of_session(made.id) == []  # its message is not known yet
        uow.messages.put(question(made.id, TS))
        assert uow.reactions.of_session(made.id) == [up, down]
        assert uow.reactions.remove(up)
        assert not uow.reactions.remove(up)
        uow.messages.delete("C1", TS, made.id, T0)
        assert uow.reactions.of_session(made.id) == []


def test_reactions_are_replaced_as_a_whole(database: Database) -> None:
    up, down = Reaction("C1", TS, "+1", "U1"), Reaction("C1", TS, "-1", "U1")
    heart, elsewhere = Reaction("C1", TS, "heart", "U2"), Reaction("C1", "1.0", "heart", "U2")
    with database.unit_of_work() as uow:
        made = session(uow)
        uow.messages.put(question(made.id, TS))
        uow.messages.put(question(made.id, "1.0"))
        for reaction in (up, down, elsewhere):
            uow.reactions.add(reaction)
        assert uow.reactions.replace("C1", TS, [heart, up])
        assert not uow.reactions.replace("C1", TS, [up, heart, up])
        assert uow.reactions.of_session(made.id) == [elsewhere, up, heart]
        assert uow.reactions.replace("C1", TS, [])
        assert uow.reactions.of_session(made.id) == [elsewhere]
        with pytest.raises(ValueError, match="another message"):
            uow.reactions.replace("C1", TS, [elsewhere])


@pytest.mark.hypothesis
def test_reactions_added_and_removed_in_any_order_end_the_same(database: Database) -> None:
    number = itertools.count()

    @builders.tries(database, sqlite=60, postgresql=20)
    @given(st.data(), st.lists(st.booleans(), min_size=1, max_size=5))
    def check(data: st.DataObject, steps: list[bool]) -> None:
        happened = list(enumerate(steps, 1))
        again = data.draw(st.lists(st.sampled_from(happened), max_size=3))
        shuffled = data.draw(st.permutations([*happened, *again]))
        reaction = Reaction("C1", TS, f"emoji{next(number)}", "U1")
        with database.unit_of_work() as uow:
            for second, added in shuffled:
                event_ts = f"17000000{second:02}.000000"
                if added:
                    uow.reactions.add(reaction, event_ts)
                else:
                    uow.reactions.remove(reaction, event_ts)
            found = uow.reactions.of_messages("C1", [TS]).get(TS, set())
        assert (reaction in found) == steps[-1]

    check()


def test_what_history_shows_is_older_than_what_happened_since(database: Database) -> None:
    up, down = Reaction("C1", TS, "+1", "U1"), Reaction("C1", TS, "-1", "U1")
    with database.unit_of_work() as uow:
        uow.reactions.add(up, "1700000010.000000")
        uow.reactions.remove(down, "1700000010.000000")
        assert not uow.reactions.replace("C1", TS, [down], "1700000009.000000")
        assert uow.reactions.of_messages("C1", [TS, "1.0"]) == {TS: {up}}
        assert uow.reactions.replace("C1", TS, [down], "1700000011.000000")
        assert uow.reactions.of_messages("C1", [TS]) == {TS: {down}}
        assert uow.reactions.of_messages("C2", [TS]) == {}


def test_labels_are_kept_by_kind(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.labels.put("channel", {"C2": "random", "C1": "general"})
        uow.labels.put("emoji", {"C1": "tada"})
        uow.labels.put("channel", {"C1": "everyone"})
        uow.labels.put("channel", {})
        assert uow.labels.get("channel", "C1") == "everyone"
        assert uow.labels.get("channel", "C2") == "random"
        assert uow.labels.get("emoji", "C1") == "tada"
        assert uow.labels.get("usergroup", "C1") is None
