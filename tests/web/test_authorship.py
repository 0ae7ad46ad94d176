"""Who of the names in an archive is an author."""

from __future__ import annotations

import pytest

from bot.web.site.authorship import Authorship

AUTHORS = ("Savaş Yıldırım", "Joe Reis", "Matthew Housley", "Łukasz O'Brien")


@pytest.mark.parametrize(
    "name",
    [
        *("Savaş Yıldırım", "Savas Yıldırım", "savas yildirim", "Yıldırım Savaş", "SAVAS"),
        *("Joseph Reis", "J. Reis", "joe", "Reis", "Dr. Joe Reis (he/him)", "JoeReis"),
        *("Matt Housley", "matthew", "Lukasz O’Brien", "Łukasz O'Brien [author]"),
    ],
)
def test_an_author_is_known_under_the_names_people_use(name: str) -> None:
    assert Authorship(AUTHORS).has(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "…",
            "Dr",
            "Tim Becker",
            "Ana Reis",
            "Mark Housley Junior",
            "Joe Smith",
            "Joe Reisman",
        ),
        *("Max Payne", "Savas", "Sav Yildiz"),
    ],
)
def test_nobody_else_is(name: str) -> None:
    assert not Authorship(["Joe Reis", "Matthew Housley", "Jo Savas-Reis"]).has(name)


def test_a_first_name_that_two_authors_have_tells_neither() -> None:
    authors = Authorship(["Ana Silva", "Ana Costa"])
    assert not authors.has("Ana")
    assert authors.has("Costa")


def test_a_handle_that_is_the_authors_whole_name_is_theirs() -> None:
    assert Authorship(["xnot"]).has("xnot")
    assert not Authorship(["xnot"]).has("xnot fan")
