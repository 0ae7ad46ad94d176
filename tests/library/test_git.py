"""Commits and pushes, in repositories of the test's own."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.library.git import Author, Backoff, Repository

ADA = Author.of("Ada Organizer", "U01ADA")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        check=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
    )
    return done.stdout.decode().strip()


@pytest.fixture
def schedules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of schedules in a fresh repository, with something a person has staged."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    root = tmp_path / "site"
    folder = root / "schedules"
    folder.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "index.html").write_text("half done")
    git(root, "add", "index.html")
    (folder / "a.md").write_text("a")
    return folder


def test_a_commit_is_the_named_file_alone(schedules: Path) -> None:
    repository = Repository(schedules)
    repository.check()
    a, b = schedules / "a.md", schedules / "b.md"
    b.write_text("b")
    assert repository.commit([a], "Plan “A”\n\nBy /qa new", ADA)
    assert not repository.commit([a], "again", ADA)
    assert git(schedules, "log", "--format=%an|%ae|%cn|%s", "--name-only").split("\n") == [
        "Ada Organizer|u01ada@marginalia.invalid|Marginalia|Plan “A”",
        "",
        "schedules/a.md",
    ]
    assert git(schedules, "status", "--short").split("\n") == ["A  ../index.html", "?? b.md"]
    a.rename(schedules / "_a.md")
    assert repository.commit([a, schedules / "_a.md"], "Cancel A", ADA)
    assert git(schedules, "ls-files").split("\n") == ["_a.md"]
    assert not repository.waits()


def test_what_is_said_is_data(schedules: Path) -> None:
    repository = Repository(schedules)
    odd = schedules / "--amend.md"
    odd.write_text("x")
    evil = Author.of("--amend <x@y>\n; rm -rf", "U1 <z>")
    assert repository.commit([odd], "--amend\n$(touch /tmp/x) `id`", evil)
    assert git(schedules, "log", "-1", "--format=%s") == "--amend $(touch /tmp/x) `id`"
    assert "<" not in git(schedules, "log", "-1", "--format=%an%ae")
    with pytest.raises(UserError, match="outside"):
        repository.commit([schedules.parent / "index.html"], "no", ADA)
    with pytest.raises(UserError, match="outside"):
        repository.commit([schedules / ".." / "index.html"], "no", ADA)


def test_files_beside_are_committed_where_they_lie_in_the_repository(
    schedules: Path, tmp_path: Path
) -> None:
    images = schedules.parent / "images" / "books"
    repository = Repository(schedules, beside=images)
    kept = images / "a" / "F01-plot.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"1")
    assert repository.holds(kept)
    assert not repository.holds(images.parent / "other.png")
    assert repository.commit([schedules / "a.md", kept], "Archive", ADA)
    kept.unlink()
    assert repository.commit([schedules / "a.md", kept], "Archive", ADA)
    assert git(schedules, "log", "--format=%s", "--name-status").split("\n") == [
        "Archive",
        "",
        "D\timages/books/a/F01-plot.png",
        "Archive",
        "",
        "A\timages/books/a/F01-plot.png",
        "A\tschedules/a.md",
    ]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert not Repository(schedules, beside=elsewhere).holds(elsewhere / "F01-plot.png")


def test_a_push_that_fails_loses_nothing(schedules: Path, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    repository = Repository(schedules, str(remote), "bot/changes")
    assert repository.commit([schedules / "a.md"], "Plan A", ADA)
    assert repository.waits()
    with pytest.raises(UserError, match="git push"):
        repository.push()
    # Another process, later: it is still known.
    later = Repository(schedules, str(remote), "bot/changes")
    assert later.waits()
    tmp_path.joinpath("remote.git").mkdir()
    git(remote, "init", "-q", "--bare")
    later.push()
    assert not later.waits()
    assert git(remote, "log", "--format=%s", "bot/changes") == "Plan A"
    later.push()


def test_a_push_overwrites_nothing(schedules: Path, tmp_path: Path) -> None:
    remote, other = tmp_path / "remote.git", tmp_path / "other"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(tmp_path, "clone", "-q", str(remote), str(other))
    (other / "x").write_text("theirs")
    git(other, "add", "x")
    git(other, "-c", "user.name=X", "-c", "user.email=x@x", "commit", "-q", "-m", "Theirs")
    git(other, "push", "-q", "origin", "HEAD:refs/heads/marginalia")
    repository = Repository(schedules, f"file://user:secret@{remote}")
    repository.commit([schedules / "a.md"], "Plan A", ADA)
    with pytest.raises(UserError) as refused:
        repository.push()
    assert "secret" not in str(refused.value)
    repository.remote = str(remote)
    with pytest.raises(UserError, match="git push"):
        repository.push()
    assert git(remote, "log", "--format=%s", "marginalia") == "Theirs"
    assert repository.waits()


def test_what_cannot_be_used(
    tmp_path: Path, schedules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="not in a Git repository"):
        Repository(tmp_path).check()
    for branch in ("--force", "a b", "a..b", "", "x.lock"):
        with pytest.raises(UserError, match="not a name for a branch"):
            Repository(schedules, branch=branch).check()
    with pytest.raises(UserError, match="REMOTE"):
        Repository(schedules, "--upload-pack=x").check()
    (schedules.parent / ".git" / "index.lock").touch()
    with pytest.raises(UserError, match="failed: fatal") as locked:
        Repository(schedules).commit([schedules / "a.md"], "x", ADA)
    assert "\n" not in str(locked.value)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="not installed"):
        Repository(schedules).check()


def test_backoff() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    backoff = Backoff()
    assert backoff.due(now)
    pauses = []
    for _ in range(9):
        backoff.failed(now)
        pauses.append(next(s for s in range(5000) if backoff.due(now + timedelta(seconds=s))))
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    backoff.done()
    assert backoff.due(now)
