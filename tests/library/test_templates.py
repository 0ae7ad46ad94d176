"""Templates of reminders: checked with their lines, run in a sandbox, escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.library import templates
from bot.library.library import load
from bot.library.templates import render
from bot.markup.ready import Mrkdwn
from tests.library.checking import check

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = dict.fromkeys(templates.VARIABLES, "x") | {
    "links": [{"text": "Page", "link": "https://example.com/"}]
}


def said(text: str) -> list[str]:
    return [f"{p.line}: {p.what}" for p in templates.check(text, Path("t.txt"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One\n{{ title }} in {{ left }}", []),
        ("{% for l in links %}{{ l.text }}{{ loop.index }}{% endfor %}", []),
        ("{% set a = title %}\n{{ a }}", []),
        ("One\n{{ titel }}", ["2: the variable `titel` is not known"]),
        (
            "\n\n{{ title ",
            ["3: broken template: unexpected end of template, expected 'end of print statement'."],
        ),
        ("{% if title %}\nx", ["2: broken template"]),
        ("{{ title | nofilter }}", ["1: broken template"]),
        ("{% include 'x' %}", ["1: a template cannot include other files"]),
        (" \n", ["1: the template is empty"]),
    ],
)
def test_check(text: str, expected: list[str]) -> None:
    found = said(text)
    assert len(found) == len(expected)
    for line, begin in zip(found, expected, strict=True):
        assert line.startswith(begin) or begin.startswith(line)


def test_what_is_put_in_is_escaped_and_what_is_written_is_not() -> None:
    values = {**VALUES, "title": "A <b> & *c*", "channel": Mrkdwn("<#C1>")}
    assert render("*{{ title }}* in {{ channel }} <!here>", values) == (
        "*A &lt;b&gt; &amp; *c** in <#C1> <!here>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ title.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ links.append(1) }}",
        "{{ title.nothing.more }}",
        "{{ 1 / 0 }}",
        "{{ '%s' % title.__init__.__globals__ }}",
    ],
)
def test_a_template_reaches_nothing(text: str) -> None:
    with pytest.raises(UserError, match="template"):
        render(text, VALUES)


def event(reminders: str) -> str:
    return (
        "---\ntitle: A\nstart: 2026-01-05 00:00:00\nend: 2026-01-09 00:00:00\nauthors: []\n"
        f"reminders:\n{reminders}---\n"
    )


def test_check_reads_templates_and_reminders(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "own.txt").write_text("{{ title }}\n{{ nothing }}\n")
    (folder / "teaser.txt").write_text("Soon: {{ title }}")
    (folder / "_draft.txt").write_text("{{")
    (folder / "latin.txt").write_bytes("ä".encode("latin-1"))
    (tmp_path / "a.md").write_text(
        event("- half-way\n- whenever\n- when: last day\n  template: own\n")
    )
    (tmp_path / "b.md").write_text(
        event("- when: last day\n  template: owl\n").replace("2026-01", "2026-02")
    )
    lines = [str(p).replace(f"{tmp_path}/", "") for p in check([tmp_path], now=NOW) if p.is_error]
    assert [line.partition(";")[0] for line in lines] == [
        "a.md:8: I don't understand the reminder “whenever”",
        "b.md:6: there is no template `owl`",
        "templates/latin.txt:1: is not UTF-8",
        "templates/own.txt:2: the variable `nothing` is not known",
    ]
    assert "did you mean `own`" in lines[1]
    loaded = load(tmp_path, now=NOW)
    assert loaded.templates.texts == {"teaser": "Soon: {{ title }}"}
    assert {str(p) for p in loaded.errors} == {str(p) for p in check([tmp_path]) if p.is_error}
    assert [p.line for p in check([folder / "own.txt"])] == [2]
    assert len(check([folder])) == 2


def test_our_example_is_right() -> None:
    path = Path(__file__).parents[2] / "schedules" / "templates" / "_example.txt"
    assert templates.check(path.read_text(), path) == []
    assert "Page" in render(path.read_text(), VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in title %}{% for b in title %}{% for c in title %}{% for d in title %}"
        "{% for e in title %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{{ title | center(10000000000) }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_a_template_that_does_not_end_or_grows_is_a_problem_within_seconds(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "teaser.txt").write_text(text)
    found = templates.load(tmp_path)
    assert found.texts == {}
    assert len(found.problems) == 1


def test_a_template_with_loops_that_end_is_used(tmp_path: Path) -> None:
    text = "{% for link in links %}{{ link.text | upper }} {{ link.link }}\n{% endfor %}"
    (tmp_path / "teaser.txt").write_text(text)
    assert templates.load(tmp_path).texts == {"teaser": text}
    links = [{"text": "a & b", "link": Mrkdwn("<https://example.org|it>")}]
    assert templates.render(text, {"links": links}) == "A &amp; B <https://example.org|it>"
