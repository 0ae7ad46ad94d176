"""`marginalia import`: five past sessions out of a Slack export, twice."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import marginalia

WEEKS = [datetime(2021, 3, 1, tzinfo=UTC) + timedelta(days=7 * n) for n in range(5)]


def ts(at: datetime, number: int = 0) -> str:
    return f"{int(at.timestamp())}.{number:06d}"


def dump(folder: Path) -> dict[str, Any]:
    """An export with five sessions, two members who are not in users.json, and an orphan."""
    export = folder / "export"
    days: dict[str, list[dict[str, Any]]] = {}

    def put(at: datetime, message: dict[str, Any]) -> None:
        days.setdefault(f"{at:%Y-%m-%d}", []).append({"type": "message", **message})

    for number, week in enumerate(WEEKS):
        at = week + timedelta(hours=9)
        asked = ts(at)
        put(
            at,
            {
                "user": "U1BEN",
                "ts": asked,
                "thread_ts": asked,
                "text": f"Question {number}?",
                "reply_count": 2,
            },
        )
        put(
            at,
            {
                "user": "U2ADA",
                "ts": ts(at, 5),
                "thread_ts": asked,
                "text": f"Answer <@U1BEN> {number}.",
            },
        )
        late = week + timedelta(days=6)
        put(late, {"user": "U2ADA", "ts": ts(late), "thread_ts": asked, "text": "After the end."})
        put(late, {"user": "U1BEN", "ts": ts(late, 1), "text": "Between two books?"})
    at = WEEKS[1] + timedelta(hours=20)
    put(
        at,
        {
            "user": "U8GONE",
            "ts": ts(at),
            "text": "I left.",
            "user_profile": {"display_name": "Gone Girl", "real_name": "G. G."},
        },
    )
    put(at, {"user": "U9GONE", "ts": ts(at, 1), "text": "So did I."})
    put(
        at,
        {
            "user": "U1BEN",
            "ts": ts(at, 2),
            "thread_ts": ts(at - timedelta(hours=1)),
            "text": "An orphan.",
        },
    )
    put(at, {"subtype": "bot_message", "bot_id": "B1", "ts": ts(at, 3), "text": "Stand up!"})
    put(at, {"subtype": "channel_join", "user": "U1BEN", "ts": ts(at, 4), "text": "joined"})
    put(at, {"user": 7, "ts": "never"})
    (export / "book-of-the-week").mkdir(parents=True)
    users = [
        {"id": "U1BEN", "name": "ben", "profile": {"display_name": "Ben", "real_name": "Ben R."}},
        {"id": "U2ADA", "name": "ada", "profile": {"display_name": "", "real_name": "Ada Author"}},
        {"name": "has no id"},
    ]
    (export / "users.json").write_text(json.dumps(users))
    (export / "channels.json").write_text(
        json.dumps([{"id": "C0BOOK", "name": "book-of-the-week"}])
    )
    for day, messages in days.items():
        (export / "book-of-the-week" / f"{day}.json").write_text(json.dumps(messages))
    (export / "book-of-the-week" / "2021-03-09.json").write_text("{broken")
    schedules = folder / "schedules"
    schedules.mkdir()
    for number, week in enumerate(WEEKS):
        end = week + timedelta(days=4, hours=22)
        (schedules / f"{week:%Y%m%d}-book-{number}.md").write_text(
            f"---\ntitle: Book {number}\nstart: {week:%Y-%m-%d %H:%M:%S}\n"
            f"end: {end:%Y-%m-%d %H:%M:%S}\nauthors: [Ada Author]\n---\nText.\n"
        )
    return {"export": export}


def run(folder: Path, *more: str) -> dict[str, Any]:
    done = marginalia(
        "import", "export", "--channel", "book-of-the-week", "--json", *more, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def exported(folder: Path, number: int) -> str:
    return marginalia("export", f"book-{number}", cwd=folder).stdout


@pytest.mark.slow
def test_importing_twice_gives_the_same_and_it_exports_like_a_live_session(tmp_path: Path) -> None:
    dump(tmp_path)
    rehearsed = run(tmp_path, "--dry-run")
    assert not (tmp_path / "var").exists(), "a rehearsal keeps nothing"
    first = run(tmp_path)
    files = {p.name: p.read_text() for p in (tmp_path / "schedules").iterdir()}
    archives = [exported(tmp_path, number) for number in range(5)]
    again = run(tmp_path)
    assert first == again == rehearsed
    assert [exported(tmp_path, number) for number in range(5)] == archives
    assert {p.name: p.read_text() for p in (tmp_path / "schedules").iterdir()} == files

    assert {name: (c["questions"], c["replies"]) for name, c in first["sessions"].items()} == {
        f"{week:%Y%m%d}-book-{number}": (3 if number == 1 else 1, 2)
        for number, week in enumerate(WEEKS)
    }
    assert first["sessions"]["20210308-book-1"]["orphans"] == 1
    assert first["outside"] == 5
    assert first["notices"] == 2
    assert first["unknown_people"] == ["U9GONE"]
    assert any("2021-03-09.json" in problem for problem in first["problems"])
    assert any("users.json" in problem for problem in first["problems"])

    block = archives[1].partition("archive:\n")[2].partition("\n---")[0]
    assert block.strip() == (
        "- name: Ben\n  text: Question 1?\n  replies:\n"
        "  - name: Ada Author\n    text: Answer Ben 1.\n"
        "  - name: Ada Author\n    text: After the end.\n"
        "- name: Gone Girl\n  text: I left.\n  replies: []\n"
        "- name: Unknown\n  text: So did I.\n  replies: []"
    )


def test_a_zip_and_one_event(tmp_path: Path) -> None:
    export = dump(tmp_path)["export"]
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in export.rglob("*.json"):
            archive.write(path, path.relative_to(export))
    done = marginalia(
        "import", "export.zip", "--channel", "book-of-the-week", "--event", "book-3", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "20210322-book-3: 1 question, 2 replies" in done.stdout
    assert "book-2" not in done.stdout
    assert "messages outside any session" in done.stdout


def test_what_is_no_export_is_one_line(tmp_path: Path) -> None:
    dump(tmp_path)
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    for source, channel, what in [
        ("nowhere", "x", "cannot be read as a Slack export"),
        ("text.zip", "x", "neither a folder nor a zip"),
        ("empty", "x", "no users.json"),
        ("export", "random", "has no channel `random`; there are: book-of-the-week"),
    ]:
        done = marginalia("import", source, "--channel", channel, cwd=tmp_path)
        assert done.returncode == 2, source
        (line,) = done.stderr.strip().splitlines()
        assert what in line
