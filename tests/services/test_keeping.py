"""Pictures and files kept beside the archive: what is downloaded, from whom, and what goes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.services.keeping import File, Keeper, _NotKeptError
from bot.settings import Settings
from bot.slack.manifest import text as manifest_text
from slackbox.actor import Actor
from tests.cli.running import marginalia
from tests.library.test_git import git
from tests.scene import END, EVENT, START, Scene, scene

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
FILE = File(
    "F0123", "F0123-plot.png", "https://files.slack.com/files-pri/T1-F0123/plot.png", "image/png"
)


def keeper(**changed: Any) -> Keeper:
    values = {"_env_file": None, "SLACK_BOT_TOKEN": "xoxb-secret", "keep_files": "all"}
    return Keeper(Settings(**{**values, **changed}))


class Answer:
    """What Slack answers to one request."""

    def __init__(self, data: bytes = b"", status: int = 200, kind: str = "image/png", to: str = ""):
        self.status, self.content_type, self._data = status, kind, data
        self.headers = {"Location": to} if to else {}
        self.content = self

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), size):
            yield self._data[at : at + size]


class Client:
    """Answers one request after another, and keeps what it was asked."""

    def __init__(self, *answers: Answer):
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None]] = []

    @asynccontextmanager
    async def get(self, url: str, headers: dict[str, str], allow_redirects: bool) -> Any:
        assert not allow_redirects
        self.asked.append((url, headers.get("Authorization")))
        yield self.answers.pop(0)


async def test_the_token_goes_to_slack_alone() -> None:
    client = Client(
        Answer(status=302, to="https://files-edge.slack.com/x"),
        Answer(status=302, to="https://slack.com.evil.example/y"),
        Answer(status=302, to="https://slack-edge.example.net/z"),
        Answer(PNG),
    )
    assert await keeper()._download(client, FILE) == PNG  # type: ignore[arg-type]
    assert client.asked == [
        (FILE.url, "Bearer xoxb-secret"),
        ("https://files-edge.slack.com/x", "Bearer xoxb-secret"),
        ("https://slack.com.evil.example/y", None),
        ("https://slack-edge.example.net/z", None),
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/x",
        "http://files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://user@files.slack.com/x",
        "https://evil.example\\@files.slack.com/x",
        "https://filesXslack.com/x",
        "https://[broken/x",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_fetched_from_elsewhere(url: str) -> None:
    assert not keeper()._is_slacks(url)
    shared = {"files": [{"id": "F0123", "name": "x.png", "url_private": url, "mode": "hosted"}]}
    assert list(keeper()._files_of(shared)) == []


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([Answer(b"<html>", kind="text/html")], "files:read"),
        ([Answer(status=404)], "404"),
        ([Answer(status=302, to="http://plain.example/")], "not https"),
        ([Answer(status=302, to=FILE.url)] * 9, "too many times"),
        ([Answer(b"x" * (2 * 1024 * 1024))], "larger than 1 MiB"),
    ],
)
async def test_what_cannot_be_had_is_said(answers: list[Answer], why: str) -> None:
    with pytest.raises(_NotKeptError, match=why):
        await keeper(keep_files_mib=1)._download(Client(*answers), FILE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("which", "kept"), [("none", []), ("images", ["F0PIC"]), ("all", ["F0PIC", "F0DOC"])]
)
def test_the_settings_say_which_files_are_kept(which: str, kept: list[str]) -> None:
    url = "https://files.slack.com/x"
    content = {
        "files": [
            {"id": "F0PIC", "name": "Plot One.PNG", "mimetype": "image/png", "url_private": url},
            {"id": "F0DOC", "name": "a.pdf", "mimetype": "application/pdf", "url_private": url},
            {"id": "F0BIG", "name": "b.png", "mimetype": "image/png", "url_private": url, "size": 1e9},
            {"id": "F0HUGE", "name": "b.png", "mimetype": "image/png", "url_private": url,
             "size": 10**9},
            {"id": "F0GONE", "mode": "tombstone", "url_private": url},
            {"id": "../../F0", "name": "x.png", "mimetype": "image/png", "url_private": url},
            "no file",
        ]
    }  # fmt: skip
    content["files"].pop(2)
    found = list(keeper(keep_files=which)._files_of(content)) if which != "none" else []
    assert [file.id for file in found] == kept
    assert keeper(keep_files=which).is_on == bool(kept)
    if kept:
        assert found[0].name == "F0PIC-plot-one.png"


async def test_an_archive_links_to_what_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "images" / "books"
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(manifest_text(files_are_kept=True))
    async with (
        scene(tmp_path, manifest=manifest) as world,
        world.bot(keep_files="all", files_dir=folder),
    ):
        await world.to(START + timedelta(hours=1))
        ben = Actor(world.workspace, world.id("ben"))
        picture = {"name": "Plot [1].png", "content": "not really one"}
        with_file = ben.post(world.channel.id, "See *this*", files=[picture]).ts
        gone = ben.post(world.channel.id, "Wrong", files=[{"name": "b.txt", "content": "b"}]).ts
        await world.hear()
        world.delete(gone)
        await world.to(END)
        for _ in range(2):
            await world.look()
        (kept,) = (folder / EVENT).iterdir()
        assert kept.name.endswith("-plot-1.png")
        assert kept.read_bytes() == b"not really one"
        ((_name, text, _replies),) = world.threads()
        assert f"](/images/books/{EVENT}/{kept.name})" in text
        assert "slack.com" not in text
        world.delete(with_file)
        await world.look()
        assert list((folder / EVENT).iterdir()) == []
        assert world.threads() == []


@pytest.mark.slow
async def test_a_file_that_slack_does_not_give_holds_nothing_up(tmp_path: Path) -> None:
    folder = tmp_path / "images" / "books"
    async with scene(tmp_path) as world:  # the app has no files:read
        organizers = (world.stage.organizer,)
        async with world.bot(keep_files="images", files_dir=folder, organizers=organizers):
            await world.to(START + timedelta(hours=1))
            ben = Actor(world.workspace, world.id("ben"))
            ben.post(world.channel.id, "See", files=[{"name": "a.png", "content": "x"}])
            await world.to(END)
            for _ in range(3):
                await world.look()
            ((_name, text, _replies),) = world.threads()
            assert "slack.com/files/" in text
            (told,) = [line for line in world.told() if "was not saved" in line]
            assert "403" in told
            assert "will try again" in told
        assert not folder.exists()


async def committed(world: Scene) -> None:
    """Waits for the commits that are due, also for those that came while others were made."""
    for _ in range(2):
        await world.stage.bot.commits.wait_idle()


@pytest.mark.slow
async def test_kept_files_are_in_the_commit_of_their_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    folder = tmp_path / "images" / "books"
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(manifest_text(files_are_kept=True))
    async with scene(tmp_path, manifest=manifest) as world:
        git(tmp_path, "init", "-q")
        async with world.bot(keep_files="all", files_dir=folder, git_commit=True):
            await world.to(START + timedelta(hours=1))
            ben = Actor(world.workspace, world.id("ben"))
            posted = ben.post(world.channel.id, "See", files=[{"name": "a.png", "content": "x"}]).ts
            await world.hear()
            await world.to(END)
            for _ in range(2):
                await world.look()
            await committed(world)
            (kept,) = (folder / EVENT).iterdir()
            world.delete(posted)
            await world.look()
            await committed(world)
            archive = f"./{world.schedules.name}/{EVENT}.md"
            linked = []
            for commit in git(tmp_path, "log", "--format=%H").split():
                held = git(tmp_path, "ls-tree", "-r", "--name-only", commit).split()
                text = git(tmp_path, "show", f"{commit}:{archive}")
                linked.append(kept.name in text)
                assert (str(kept.relative_to(tmp_path)) in held) or not linked[-1]
            assert not linked[0]
            assert any(linked)
            assert kept.name not in git(tmp_path, "ls-files")


@pytest.mark.slow
async def test_an_export_in_place_keeps_files_too(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(manifest_text(files_are_kept=True))
    async with scene(tmp_path, manifest=manifest) as world:
        async with world.bot():
            await world.to(START + timedelta(hours=1))
            ben = Actor(world.workspace, world.id("ben"))
            ben.post(world.channel.id, "See", files=[{"name": "a.png", "content": "x"}])
            await world.hear()
            await world.to(END)
        env = {
            "MARGINALIA_DATABASE_URL": f"sqlite:///{tmp_path / 'marginalia.db'}",
            "MARGINALIA_KEEP_FILES": "images",
            "SLACK_API_URL": world.stage.box.api_url,
            "SLACK_BOT_TOKEN": world.stage.box.bot_token,
        }
        # What prints alone keeps nothing.
        shown = await asyncio.to_thread(marginalia, "export", EVENT, cwd=tmp_path, env=env)
        assert "slack.com/files/" in shown.stdout
        assert not (tmp_path / "images").exists()
        done = await asyncio.to_thread(
            marginalia, "export", EVENT, "--in-place", cwd=tmp_path, env=env
        )
        assert (done.returncode, done.stderr) == (0, "")
        (kept,) = (tmp_path / "images" / "books" / EVENT).iterdir()
        assert kept.read_bytes() == b"x"
        ((_name, text, _replies),) = world.threads()
        assert f"](/images/books/{EVENT}/{kept.name})" in text
