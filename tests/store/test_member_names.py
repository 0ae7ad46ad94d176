"""Members by name, as they are stored, and how far they have been listed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.sessions import forgetting
from bot.sessions.model import Person
from bot.sessions.ports import UnitOfWork
from bot.store.database import Database
from tests.store.builders import T0

ADA = Person("UADA", "ada", "Ada Author")


def listed(uow: UnitOfWork, *persons: Person) -> None:
    """All members are listed, and these are all of them."""
    assert uow.member_names.add_page(uow.member_names.begin_listing(T0), persons, "", T0)


def test_a_member_is_found_by_each_name_whatever_case_accents_and_blanks(
    database: Database,
) -> None:
    with database.unit_of_work() as uow:
        listed(uow, Person("UJOSE", "pepe", "José  Álvarez"), ADA)
    with database.reading() as uow:
        find = uow.member_names.find
        assert find("jose alvarez") == find(" JOSÉ ÁLVAREZ ") == find("Pepe") == "UJOSE"
        assert find("Jose") is None
        assert find("") is None
        assert uow.member_names.many(["Ada Author", "pepe", "Nobody"]) == {
            "Ada Author": "UADA",
            "pepe": "UJOSE",
        }


def test_two_of_one_name_are_neither(database: Database) -> None:
    with database.unit_of_work() as uow:
        listed(uow, ADA, Person("UADB", "Ada Author", "Ada B."))
    with database.reading() as uow:
        assert uow.member_names.find("Ada Author") is None
        assert uow.member_names.find("ada b.") == "UADB"


def test_nobody_is_found_before_all_have_been_listed(database: Database) -> None:
    """A namesake may be on a page that was not read yet."""
    with database.unit_of_work() as uow:
        uow.member_names.put([ADA])
        running = uow.member_names.begin_listing(T0)
        assert uow.member_names.add_page(running, [ADA], "more", T0)
        assert uow.member_names.find("Ada Author") is None
        assert uow.member_names.last_listing() is None


@pytest.mark.parametrize(
    "gone", [Person("UADA", "ada", "Ada Author", deleted=True), Person("UADA", "x", is_bot=True)]
)
def test_deactivated_accounts_and_bots_are_not_kept(database: Database, gone: Person) -> None:
    with database.unit_of_work() as uow:
        listed(uow, ADA)
        assert not uow.member_names.is_current(gone)
        uow.member_names.put([gone])
        assert uow.member_names.find("Ada Author") is None
        assert uow.member_names.is_current(gone)


def test_a_renamed_member_goes_by_the_new_name_alone(database: Database) -> None:
    renamed = Person("UADA", "ada", "Ada Newname")
    with database.unit_of_work() as uow:
        listed(uow, ADA)
        assert uow.member_names.is_current(ADA)
        assert not uow.member_names.is_current(renamed)
        uow.member_names.put([renamed])
        assert uow.member_names.find("Ada Author") is None
        assert uow.member_names.find("Ada Newname") == "UADA"


def test_names_that_no_person_can_have_are_no_trouble(database: Database) -> None:
    with database.unit_of_work() as uow:
        listed(uow, Person("U1", "x" * 40_000, "\0 \\ \ud800"), Person("U2", "\u0301", None))
        assert uow.member_names.find("x" * 40_000) is None
        assert uow.member_names.find("\0 \\ \ud800") == "U1"


def test_a_listing_goes_on_where_it_was_and_ends_with_those_who_are_there(
    database: Database,
) -> None:
    with database.unit_of_work() as uow:
        listed(uow, ADA, Person("UBEN", "Ben"))
    with database.unit_of_work() as uow:
        listing = uow.member_names.begin_listing(T0)
        listing = uow.member_names.add_page(listing, [Person("UCLEO", "Cleo")], "c1", T0)
    with database.unit_of_work() as uow:
        assert uow.member_names.running_listing() == listing
        assert listing is not None
        assert (listing.cursor, listing.members, listing.pages) == ("c1", 1, 1)
        # Joined after the page on which the member would have stood was read.
        uow.member_names.put([Person("UDORA", "Dora")])
        done = uow.member_names.add_page(listing, [ADA], "", T0 + timedelta(minutes=1))
    with database.reading() as uow:
        assert uow.member_names.running_listing() is None
        assert uow.member_names.last_listing() == done
        found = uow.member_names.many(["Ada Author", "Ben", "Cleo", "Dora"])
        assert found == {"Ada Author": "UADA", "Cleo": "UCLEO", "Dora": "UDORA"}


def test_a_slack_connect_member_whom_we_met_is_known_though_no_listing_has_them(
    database: Database,
) -> None:
    noor, gone = Person("UNOOR", "noor", "Noor Aldine"), Person("UGONE", "Gone", deleted=True)
    with database.unit_of_work() as uow:
        listed(uow, ADA)
        uow.people.put(noor)
        uow.people.put(gone)
        uow.member_names.put([noor, Person("UGONE", "Gone"), Person("UBEN", "Ben")])
        listed(uow, ADA)
        found = uow.member_names.many(["Noor Aldine", "noor", "Gone", "Ben"])
        assert found == {"Noor Aldine": "UNOOR", "noor": "UNOOR"}


def test_a_page_that_somebody_else_stored_is_not_stored_again(database: Database) -> None:
    with database.unit_of_work() as uow:
        first = uow.member_names.begin_listing(T0)
        assert uow.member_names.add_page(first, [ADA], "c1", T0)
    with database.unit_of_work() as uow:
        assert uow.member_names.add_page(first, [Person("UBEN", "Ben")], "c1", T0) is None
        again = uow.member_names.begin_listing(T0)
        assert again.number > first.number
        assert uow.member_names.add_page(first, [ADA], "", T0) is None


def test_who_is_forgotten_is_found_by_no_name_and_never_comes_back(database: Database) -> None:
    with database.unit_of_work() as uow:
        listed(uow, ADA)
        forgetting.forget(uow, "UADA", ["Ada Author"])
        assert uow.member_names.find("Ada Author") is None
        assert uow.member_names.find("ada") is None
        assert uow.member_names.is_current(ADA)
        listed(uow, ADA)
        assert uow.member_names.find("Ada Author") is None


@pytest.mark.slow
def test_replicas_that_write_the_same_members_do_not_stop_each_other(database: Database) -> None:
    members = [Person(f"U{n}", f"Name {n}") for n in range(50)]

    def write(order: list[Person]) -> None:
        for round_ in range(5):
            with database.unit_of_work() as uow:
                for person in order:
                    uow.member_names.put([Person(person.slack_id, f"{person.name} {round_}")])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (members, members[::-1])))
    with database.reading() as uow:
        assert all(uow.member_names.is_current(Person(m.slack_id, f"{m.name} 4")) for m in members)


def test_labels_follow_an_emoji_that_is_renamed(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.labels.put("emoji", {"yes": "tick", "ok": "yes", "tick": "white_check_mark"})
        uow.labels.put("channel", {"C1": "tick"})
        uow.labels.rename_alias("tick", "check")
        uow.labels.remove("emoji", ["ok"])
        assert uow.labels.get("emoji", "yes") == "check"
        assert uow.labels.get("emoji", "check") == "white_check_mark"
        assert uow.labels.get("emoji", "tick") is None
        assert uow.labels.get("emoji", "ok") is None
        assert uow.labels.get("channel", "C1") == "tick"
