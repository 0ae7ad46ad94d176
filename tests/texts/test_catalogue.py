"""One catalogue for all texts; a language is one file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from bot import texts
from bot.errors import UserError
from bot.texts import TEMPLATE, _, n_, update


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    texts.use("en")


def language(folder: Path, code: str, **words: str) -> None:
    """A language with these translations."""
    catalogue = Catalog(locale=code, domain="marginalia")
    catalogue.add("Ask", words.get("ask", ""))
    catalogue.add(("{count} vote", "{count} votes"), ("{count} Stimme", "{count} Stimmen"))
    with (folder / f"{code}.po").open("wb") as file:
        write_po(file, catalogue)


def test_the_template_has_every_text_of_the_program() -> None:
    assert TEMPLATE.read_bytes() == update.written(update.gathered()), "run `make texts`"


def test_no_text_stands_where_the_template_cannot_find_it() -> None:
    """What is inside an f-string is not gathered, nor what is no plain text."""
    known = {one for m in update.gathered() for one in _ids(m.id)}
    missing = []
    for path in sorted(update.ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            count = {"_": 1, "N_": 1, "n_": 2}.get(node.func.id, 0)
            for argument in node.args[:count]:
                value = argument.value if isinstance(argument, ast.Constant) else None
                if isinstance(argument, ast.JoinedStr) or (
                    value is not None and value not in known
                ):
                    missing.append(f"{path.name}:{node.lineno}")
    assert missing == []


def _ids(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text) if isinstance(text, tuple) else ()


def test_another_language_is_a_file(tmp_path: Path) -> None:
    language(tmp_path, "de", ask="Fragen")
    texts.use("de", tmp_path)
    assert _("Ask") == "Fragen"
    assert _("Cancel") == "Cancel", "what is not translated yet is said in English"
    assert [n_("{count} vote", "{count} votes", n) for n in (1, 2)] == ["1 Stimme", "2 Stimmen"]


def test_what_people_wrote_is_never_read_as_a_text_with_places() -> None:
    assert _("Cover of {title}", title="{count} {0} {x.y}") == "Cover of {count} {0} {x.y}"


@pytest.mark.parametrize("code", ["xx", "nl", "../../etc/passwd", ""])
def test_a_language_there_is_not_is_one_line(tmp_path: Path, code: str) -> None:
    language(tmp_path, "de")
    with pytest.raises(UserError, match=r"MARGINALIA_LANGUAGE.*there are: de, en"):
        texts.use(code, tmp_path)


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text('msgid "Ask"\nwhat is this\n')
    with pytest.raises(UserError, match=r"de\.po: .*\(line 2\)"):
        texts.use("de", tmp_path)
    (tmp_path / "de.po").write_bytes(b'msgid "\xff"\n')
    with pytest.raises(UserError, match=r"de\.po: is not UTF-8"):
        texts.use("de", tmp_path)
