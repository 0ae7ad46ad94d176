"""What the documentation names is there: settings, commands, options, files, links, make targets."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from bot.cli.main import app
from bot.settings import Settings
from tests.conftest import ROOT

PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    ROOT / ".env.example",
]
MADE_BY_COMPOSE = {"MARGINALIA_USER"}
"""Variables of the container files, which are no settings."""
SHOWN = {("fidelity.md", "b")}
"""Links that are examples of what people type."""
GROUP = typer.main.get_command(app)


def texts() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        yield page, page.read_text(encoding="utf-8")


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return words.replace(" ", "-")


@cache
def command(name: str) -> object:
    return GROUP.get_command(typer.Context(GROUP), name)  # type: ignore[attr-defined]


def test_the_page_of_settings_is_that_of_the_program() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "settings_page.py"))
    kept = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert script["page"]() == kept, "docs/settings.md is out of date: run `make settings`"
    assert "## Other" not in kept, "put the new setting into a group of scripts/settings_page.py"


def test_every_setting_that_is_named_exists() -> None:
    known = {
        str(field.validation_alias or f"MARGINALIA_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    for page, text in texts():
        named = set(re.findall(r"\bMARGINALIA_[A-Z_]+\b", text)) - MADE_BY_COMPOSE
        assert named <= known, page
    for name in GROUP.list_commands(typer.Context(GROUP)):  # type: ignore[attr-defined]
        given = command(name)
        helps = [given.help, *(getattr(option, "help", None) for option in given.params)]  # type: ignore[attr-defined]
        named = set(re.findall(r"\bMARGINALIA\w+\b", "\n".join(filter(None, helps))))
        assert named <= known, name


def test_every_command_and_option_that_is_named_exists() -> None:
    for page, text in texts():
        for line in re.findall(r"(?:`|bin/|\$ )marginalia ([a-z][a-z-]+(?: [^`\n|]*)?)", text):
            name, *rest = line.split()
            found = command(name)
            assert found is not None, (page, line)
            options = {o for p in found.params for o in (*p.opts, *p.secondary_opts)}  # type: ignore[attr-defined]
            given = {word.partition("=")[0].rstrip("`,.;:)]") for word in rest}
            given = {word.lstrip("[") for word in given if word.lstrip("[").startswith("--")}
            assert given <= options | {"--help"}, (page, line)


def test_readme_lists_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = "\n".join(line for line in readme.splitlines() if line.startswith("| `"))
    for name in GROUP.list_commands(typer.Context(GROUP)):  # type: ignore[attr-defined]
        assert re.search(rf"`{name}\b", table), name


def test_every_file_and_link_that_is_named_exists() -> None:
    for page, text in texts():
        prose = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target) or (page.name, target) in SHOWN:
                continue
            path, _mark, part = target.partition("#")
            file = (page.parent / path) if path else page
            assert file.exists(), (page, target)
            if part:
                there = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                assert part in {anchor(heading) for heading in there}, (page, target)
        for named in re.findall(r"`((?:bot|scripts|tests|docs|deploy|migrations)/[\w./-]+)`", text):
            assert (ROOT / named).exists(), (page, named)


def test_every_test_that_is_named_exists() -> None:
    for page, text in texts():
        for file, name in re.findall(r"`([\w/]+\.py)::(\w+)`", text):
            test = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert f"def {name}(" in test, (page, name)


def test_every_target_of_make_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page, text in texts():
        assert set(re.findall(r"`make ([a-z-]+)`", text)) <= targets, page


@pytest.mark.parametrize("page", ["members", "authors", "organizers", "operations"])
def test_there_is_a_page_for_each_kind_of_person(page: str) -> None:
    """And README leads to it."""
    assert f"(docs/{page}.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert text.partition("## ")[0].count("\n- ") > 3, "it begins with what they want to do"
