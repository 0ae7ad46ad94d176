"""`marginalia sandbox` as people run it."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time

import httpx
import pytest

from bot.cli import main
from slackbox.listening import NotLoopback
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, MANIFEST


@pytest.fixture
def ports() -> list[str]:
    """Two free ports."""
    with socket.socket() as one, socket.socket() as two:
        for it in (one, two):
            it.bind(("127.0.0.1", 0))
        return [str(one.getsockname()[1]), str(two.getsockname()[1])]


def test_it_runs_says_how_to_connect_and_stops(
    ports: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    found: dict[str, object] = {}

    def visit() -> None:
        control = httpx.Client(base_url=f"http://127.0.0.1:{ports[1]}/", timeout=60)
        try:
            while True:
                try:
                    found.update(control.get("").json())
                    break
                except httpx.ConnectError:
                    time.sleep(0.01)
            posted = {"person": "mirela", "channel": CHANNEL, "text": "Why?"}
            found["posted"] = control.post("act/post", json=posted).json()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.chdir(MANIFEST.parent)
    arguments = ["sandbox", "--port", ports[0], "--control-port", ports[1], "--seed", "5"]
    monkeypatch.setattr(sys, "argv", ["marginalia", *arguments])
    visitor = threading.Thread(target=visit, daemon=True)
    visitor.start()
    with pytest.raises(SystemExit) as ended:
        main()
    visitor.join()
    assert not ended.value.code
    assert "ts" in found["posted"]
    said = capsys.readouterr().out
    assert f"SLACK_API_URL=http://127.0.0.1:{ports[0]}/api/\n" in said
    assert f"SLACK_BOT_TOKEN={found['bot_token']}\n" in said
    assert f"SLACK_APP_TOKEN={found['app_token']}\n" in said
    assert f"http://127.0.0.1:{ports[1]}/" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.com"])
def test_it_listens_on_loopback_only(host: str):
    with pytest.raises(NotLoopback, match="loopback only"):
        Sandbox(MANIFEST, host)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "listens on loopback only, not on 0.0.0.0"),
        (["--manifest", "missing.yaml"], "missing.yaml: cannot be read"),
        (["--port", "TAKEN", "--control-port", "0"], "choose others with --port"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.chdir(MANIFEST.parent)
        given = [port if argument == "TAKEN" else argument for argument in arguments]
        monkeypatch.setattr(sys, "argv", ["marginalia", "sandbox", *given])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert message in said.err
    assert said.out == ""
