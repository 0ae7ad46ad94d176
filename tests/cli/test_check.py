"""`marginalia check` as organizers run it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import yaml

from bot.sessions.model import Person
from bot.slack import manifest
from bot.store.database import Database
from slackbox.manifest import parse
from slackbox.server import Sandbox
from tests.cli.running import Done, marginalia
from tests.store.builders import T0

GOOD = """\
---
title: The Book
start: 2026-01-05 00:00:00
end: 2026-01-09 22:59:59
authors: [Ada Author]
---
About it."""


def test_the_samples_pass(tmp_path: Path, format_folder: Path) -> None:
    done = marginalia("check", format_folder / "samples", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""


def test_every_problem_is_a_line_and_no_file_stops_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "schedules"
    (folder / "deep").mkdir(parents=True)
    bad = {
        "20260105-a.md": "no front matter",
        "20260112-b.md": "---\ntitle: [\n---\n",
        "20260119-c.md": GOOD.replace("end: 2026-01-09", "end: 2026-01-01"),
        "20260126-d.md": GOOD.replace("title: The Book\n", ""),
        "20260202-e.md": GOOD.replace("authors: [Ada Author]", "authors: Ada"),
        "20260209-f.md": GOOD.replace("authors", "timezone: Mars/Olympus\nauthors"),
        "deep/20260216-g.md": GOOD,
        "20260223-h.md": GOOD,
        "_template.md": "not looked at",
    }
    for name, text in bad.items():
        (folder / name).write_text(text)
    (folder / "20260302-i.md").write_bytes(b"\x00\xff\x00")
    done = marginalia("check", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    for file, line, what in [
        ("20260105-a.md", 1, "no front matter"),
        ("20260112-b.md", 2, "the list is not closed"),
        ("20260119-c.md", 4, "not after"),
        ("20260126-d.md", 1, "`title` is missing"),
        ("20260202-e.md", 5, "must be a list"),
        ("20260209-f.md", 5, "Mars/Olympus"),
        ("20260302-i.md", 1, "binary"),
    ]:
        assert any(f"{file}:{line}: " in found and what in found for found in lines), (file, lines)
    assert lines.pop() == "9 files, 8 errors, 2 warnings"
    assert any("overlaps" in found for found in lines)
    assert not any("_template" in found for found in lines)
    assert all("; " in found for found in lines), "each says what to do"


def test_what_is_wrong_as_data(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("nothing")
    done = marginalia("check", "--json", "a.md", cwd=tmp_path)
    assert done.returncode == 2
    (row,) = json.loads(done.stdout)
    assert (row["path"], row["line"], row["severity"]) == ("a.md", 1, "error")


def test_an_author_nobody_knows_in_slack_is_a_warning_before_the_start(tmp_path: Path) -> None:
    (tmp_path / "20990105-a.md").write_text(GOOD.replace("2026", "2099"))
    done = marginalia("check", "20990105-a.md", cwd=tmp_path)
    assert done.returncode == 0
    assert (
        "20990105-a.md:5: warning: the author `Ada Author` is not linked to a Slack member"
        in done.stdout
    )


def test_an_author_whom_the_bot_knows_by_name_needs_no_id(tmp_path: Path) -> None:
    coming = GOOD.replace("2026-01", "2099-01").replace("[Ada Author]", "[Ada Author, Nobody]")
    (tmp_path / "book.md").write_text(coming)
    env = {"MARGINALIA_DATABASE_URL": f"sqlite:///{tmp_path / 'm.db'}"}
    before = marginalia("check", "book.md", cwd=tmp_path, env=env)
    assert before.stdout.count("is not linked to a Slack member") == 2
    assert not (tmp_path / "m.db").exists()
    database = Database(env["MARGINALIA_DATABASE_URL"])
    database.upgrade()
    with database.unit_of_work() as uow:
        listing = uow.member_names.begin_listing(T0)
        uow.member_names.add_page(listing, [Person("UADA", "ada", "Ada Author")], "", T0)
    database.close()
    line, last = marginalia("check", "book.md", cwd=tmp_path, env=env).stdout.splitlines()
    assert "Nobody" in line
    assert last == "1 file, 1 warning"


def test_what_is_quoted_of_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "20261201-a.md").write_text(
        '---\ntitle: "A"\ndescription: "x"\nstart: 2026-12-01 00:00:00\nend: 2026-12-05 23:59:59\n'
        'authors: [A]\nlinks: []\nreminders: "\\e]0;owned\\a 1 day"\ntimezone: "\\e[31mNowhere"\n---\n'
    )
    done = marginalia("check", tmp_path, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert "reminder" in said
    assert "Nowhere" in said
    assert not [c for c in said if not c.isprintable() and c != "\n"]


def test_success_says_how_many_files_were_checked(tmp_path: Path) -> None:
    coming = GOOD.replace("2026-01", "2099-01").replace(
        "authors: [Ada Author]", "authors: [Ada]\nslack: {Ada: U0123ABCD}"
    )
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules/20990105-a.md").write_text(coming)
    assert marginalia("check", cwd=tmp_path).stdout == "1 file, no problems\n"
    (tmp_path / "schedules/20990112-b.md").write_text(coming.replace("-01-0", "-01-1"))
    assert marginalia("check", cwd=tmp_path).stdout == "2 files, no problems\n"
    done = marginalia("check", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == []
    (tmp_path / "empty").mkdir()
    done = marginalia("check", "empty", cwd=tmp_path)
    assert (done.returncode, done.stdout.startswith("There are no schedule files")) == (0, True)


async def test_slack_is_asked_for_authors_where_a_token_is_set(tmp_path: Path) -> None:
    coming = GOOD.replace("2026-01", "2099-01").replace("[Ada Author]", "[Ada Author, Nobody]")
    (tmp_path / "20990105-book.md").write_text(coming)

    def run(*options: str) -> Done:
        return marginalia("check", *options, "20990105-book.md", cwd=tmp_path, env=env)

    async with Sandbox(parse(yaml.safe_load(manifest.text()))) as sandbox:
        sandbox.workspace.add_person("Ada Author", "ada", "ada", "Europe/Berlin")
        env = {"SLACK_BOT_TOKEN": sandbox.bot_token, "SLACK_API_URL": sandbox.api_url}
        asked = await asyncio.to_thread(run)
        offline = await asyncio.to_thread(run, "--offline")
    assert asked.stdout.splitlines()[-1] == "1 file, 1 warning"
    assert "Nobody" in asked.stdout
    assert offline.stdout.splitlines()[-1] == "1 file, 2 warnings"
    unreached = await asyncio.to_thread(run)
    assert unreached.returncode == 0
    assert "use --offline" in unreached.stderr
    assert unreached.stdout == offline.stdout


def test_the_default_zone_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD.replace("00:00:00", "02:30:00").replace("01-05", "03-29"))
    env = {"MARGINALIA_TIMEZONE": "Europe/Berlin"}
    assert "the clocks go forward" in marginalia("check", "a.md", cwd=tmp_path, env=env).stdout
    assert "the clocks go forward" not in marginalia("check", "a.md", cwd=tmp_path).stdout
    wrong = marginalia("check", "a.md", cwd=tmp_path, env={"MARGINALIA_TIMEZONE": "Berlin"})
    assert (wrong.returncode, "MARGINALIA_TIMEZONE" in wrong.stderr) == (2, True)
