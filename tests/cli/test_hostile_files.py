"""A bot that runs, while somebody drops into `schedules/` what no schedule is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from slackbox.server import Sandbox
from tests.cli.running import started
from tests.cli.test_run import BOOK
from tests.processes import MANIFEST
from tests.waiting import until

MIB = 2**20
MEMORY = 64 * MIB
"""What all of it together may cost: less than the file that must not be read, and far less than
what the bomb grows to."""


def event(title: str) -> str:
    now = datetime.now(UTC)
    text = BOOK.format(start=now - timedelta(minutes=1), end=now + timedelta(hours=1))
    return text.replace("title: The Book", f"title: {title}")


def drop(folder: Path, outside: Path) -> dict[str, str]:
    """Puts everything there; gives what organizers must be told of each, by its name there."""
    said = {}

    def put(name: str, what: str | bytes, text: str, shown: str | None = None) -> None:
        (folder / name).write_bytes(what.encode() if isinstance(what, str) else what)
        said[shown or name] = text

    def front(title: str, line: str) -> str:
        return event(title).replace("title:", f"{line}\ntitle:", 1)

    put("20260101-binary.md", Random(1).randbytes(MIB), "is a binary file")
    put("20260101-nul.md", event("NUL \0 inside"), "contains a NUL character")
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]  # ten levels of ten: 10,000,000,000 values
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    put("20260101-bomb.md", front("A bomb", "\n".join(bomb)), "aliases")
    put("20260101-deep.md", front("Deep", "x: " + "[" * 5000), "maximum nesting depth")
    put("20260101-many.md", front("Many", "x: [" + "1, " * MIB + "1]"), "too many values")
    touch = f"x: !!python/object/apply:os.system ['touch {outside / 'touched'}']"
    put("20260101-tag.md", front("Tag", touch), "YAML tags are not allowed")
    with (folder / "20260101-huge.md").open("wb") as file:
        file.truncate(100 * MIB)
    said["20260101-huge.md"] = "is larger than 64 MiB"
    (folder / "20260101-loop.md").symlink_to(folder / "20260101-pool.md")
    (folder / "20260101-pool.md").symlink_to(folder / "20260101-loop.md")
    said["20260101-loop.md"] = said["20260101-pool.md"] = (
        "a symbolic link to a file that does not exist"
    )
    (folder / "round").mkdir()
    (folder / "round" / "and-round").symlink_to(folder)  # nothing there is not here, too
    (outside / "20260101-secret.md").write_text(event("A secret"))
    (folder / "20260101-secret.md").symlink_to(outside / "20260101-secret.md")
    said["20260101-secret.md"] = "a symbolic link to a file outside the folder"
    (folder / "elsewhere").symlink_to(outside)
    said["elsewhere"] = "is not followed"
    os.mkfifo(folder / "20260101-pipe.md")
    said["20260101-pipe.md"] = "is not a regular file"
    put("20260101-..\\..\\up.md", "up", "no front matter")
    put(
        "20260101-two\nlines <!here>.md", "lines", "no front matter", "two\ufffdlines &lt;!here&gt;"
    )
    (Path(os.fsdecode(os.fsencode(folder) + b"/20260101-\xff\xfe.md"))).write_text("no text")
    said["20260101-\ufffd\ufffd.md"] = "no front matter"
    return said


def grown(pid: int) -> Callable[[], int]:
    """How many bytes the most memory of a process has grown by since now."""

    def most() -> int:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    before = most()
    return lambda: most() - before


@pytest.mark.slow
async def test_what_is_dropped_into_the_folder_disturbs_nobody(tmp_path: Path) -> None:
    schedules, outside = tmp_path / "schedules", tmp_path / "outside"
    schedules.mkdir()
    outside.mkdir()
    (schedules / "20260105-first.md").write_text(event("The first"))
    async with Sandbox(MANIFEST) as box:
        workspace = box.workspace
        channel = workspace.channel("book-of-the-week")
        organizer = workspace.member("mirela").id

        def told() -> list[str]:
            place = workspace.im(organizer)
            return [m.text for m in place.messages.values() if m.user == workspace.bot.user_id]

        def said(title: str) -> bool:
            return any(title in m.text for m in channel.messages.values())

        env = {
            "SLACK_BOT_TOKEN": box.bot_token,
            "SLACK_APP_TOKEN": box.app_token,
            "SLACK_API_URL": box.api_url,
            "MARGINALIA_ORGANIZERS": organizer,
            "MARGINALIA_POST_INTERVAL": "0",
            "MARGINALIA_SWEEP_INTERVAL": "0.2",
        }
        with started("run", cwd=tmp_path, env=env) as bot:
            await until(lambda: said("The first"), "the first is announced")
            growth = grown(bot.process.pid or 0)
            expected = drop(schedules, outside)
            late = event("The second").replace("authors:", "channel: general\nauthors:")
            (schedules / "20260106-second.md").write_text(late)
            general = workspace.channel("general")
            await until(
                lambda: any("The second" in m.text for m in general.messages.values()),
                "the other event goes on",
            )
            await until(lambda: len(told()) >= len(expected), "organizers are told of each")
            for name, what in expected.items():
                (line,) = [text for text in told() if name in text]
                assert what in line
                assert "\n" not in line
            assert len(told()) == len(expected)
            assert growth() < MEMORY
            assert not said("A secret")
            bot.signal(signal.SIGTERM)
            assert await bot.ended() == 0
    assert [path.name for path in outside.iterdir()] == ["20260101-secret.md"]
    assert "archive" not in (outside / "20260101-secret.md").read_text()
    log = (tmp_path / "stderr.log").read_text(errors="replace")
    assert "Traceback" not in log
