"""`marginalia export` and `status`, after a session that the bot ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import marginalia
from tests.scene import BOOK, END, EVENT, START, scene


async def ran(folder: Path) -> dict[str, str]:
    """A session from start to end; gives the settings that find its database."""
    async with scene(folder) as world, world.bot(archive_dir=folder / "elsewhere"):
        await world.to(START)
        asked = world.say("ben", "Was it *hard*?")
        world.say("ada", "Yes :smile:", asked)
        world.say("cleo", "And this?")
        await world.to(END)
    return {"MARGINALIA_DATABASE_URL": f"sqlite:///{folder / 'marginalia.db'}"}


BLOCK = """\
archive:
- name: Ben
  text: Was it **hard**?
  replies:
  - name: Ada Author
    text: "Yes \\U0001F604"
- name: Cleo Reader
  text: And this?
  replies: []
"""


async def test_export_to_the_terminal_to_a_file_and_in_place(tmp_path: Path) -> None:
    env = await ran(tmp_path)
    whole = BOOK.replace("&b=2\n---", f"&b=2\n\n{BLOCK}\n---")
    path = tmp_path / "schedules" / f"{EVENT}.md"

    shown = marginalia("export", "the-book", cwd=tmp_path, env=env)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == whole
    assert path.read_text() == BOOK

    done = marginalia("export", EVENT, "--output", "out.md", cwd=tmp_path, env=env)
    assert done.stdout == "out.md: written\n"
    assert (tmp_path / "out.md").read_text() == whole
    assert path.read_text() == BOOK

    marginalia("export", "0105", "--in-place", cwd=tmp_path, env=env)
    assert path.read_text() == whole
    again = marginalia("export", EVENT, "--in-place", cwd=tmp_path, env=env)
    assert "already up to date" in again.stdout
    assert path.read_text() == whole


@pytest.mark.slow
async def test_what_cannot_be_exported_is_one_line(tmp_path: Path) -> None:
    env = await ran(tmp_path)
    other = tmp_path / "schedules" / "20260112-the-other.md"
    other.write_text(BOOK.replace("01-05", "01-12").replace("01-09", "01-16"))
    for arguments, what in [
        (["nothing-like-it"], "No event matches"),
        (["the-other"], "no session yet"),
        ([EVENT, "--stdout", "--in-place"], "choose one"),
        ([EVENT, "--output", "missing/out.md"], "cannot be written"),
    ]:
        done = marginalia("export", *arguments, cwd=tmp_path, env=env)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert what in line
    (tmp_path / "schedules" / f"{EVENT}.md").unlink()
    gone = marginalia("export", EVENT, cwd=tmp_path, env=env)
    assert gone.returncode == 2
    assert "put it back" in gone.stderr


@pytest.mark.slow
async def test_status_says_how_much_was_asked(tmp_path: Path) -> None:
    env = await ran(tmp_path)
    (row,) = json.loads(marginalia("status", "--json", cwd=tmp_path, env=env).stdout)["events"]
    assert row["event"] == EVENT
    assert row["state"] == "archived"
    assert row["start"] == START.isoformat()
    assert (row["questions"], row["answered"], row["replies"], row["participants"]) == (2, 1, 1, 3)
    table = marginalia("status", cwd=tmp_path, env=env).stdout
    assert "archived" in table
    assert "2026-01-05 00:00" in table
