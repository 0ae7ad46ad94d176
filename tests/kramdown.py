"""The website's own conversion of a message: Liquid's `newline_to_br`, then kramdown."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_PROBE = "require 'kramdown'; require 'kramdown-parser-gfm'"
_SCRIPT = Path(__file__).with_name("kramdown.rb")


class Kramdown:
    """A running converter."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin
        assert process.stdout
        self._stdin, self._stdout = process.stdin, process.stdout

    def all(self, texts: Sequence[str], parser: str = "GFM") -> list[str]:
        """The HTML of each text; `parser` is `GFM`, as on the website, or `kramdown`."""
        self._stdin.write(json.dumps({"texts": texts, "input": parser}) + "\n")
        self._stdin.flush()
        found: list[str] = json.loads(self._stdout.readline())
        return found

    def __call__(self, text: str) -> str:
        """The HTML of one text, as on the website."""
        return self.all([text])[0]


def missing() -> bool:
    """Whether this machine lacks the website's converter."""
    try:
        return (
            subprocess.run(["ruby", "-e", _PROBE], capture_output=True, check=False).returncode != 0
        )
    except FileNotFoundError:
        return True


@contextmanager
def running() -> Iterator[Kramdown]:
    """Starts the converter, and ends it."""
    with subprocess.Popen(
        ["ruby", str(_SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ) as process:
        converter = Kramdown(process)
        yield converter
        assert process.stdin
        process.stdin.close()


@pytest.fixture(scope="session")
def website() -> Iterator[Kramdown]:
    """The website's converter; skips, saying so, where it is missing (with `CI=true` it fails)."""
    if missing():
        reason = "the website's converter is missing: install ruby-kramdown-parser-gfm"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with running() as converter:
        yield converter
