"""Not even the most talkative log says who asks without a name."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.running import logs
from tests.slack.member_driver import MemberDriver, open_session


async def test_a_debugging_log_does_not_say_who_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = list(logging.root.handlers)
    try:
        logs.configure("DEBUG")
        async with open_session(tmp_path) as world:
            ben = MemberDriver(world, "ben")
            await ben.ask()
            outcome = await ben.submits("Who will know?", anonymous=["anonymous"])
            assert outcome.acknowledged
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(logging.WARNING)
    said = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "slackbox" not in line and ben.id in line
    ]
    assert said == []
