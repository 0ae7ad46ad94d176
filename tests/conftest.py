"""What every test may use."""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

from bot import meaning
from bot.meaning import Model
from tests.databases import (
    bare_url,
    database,
    database_url,
    postgres_bare,
    postgres_scratch,
    postgres_url,
    sqlite_url,
)
from tests.kramdown import website

__all__ = [
    "bare_url",
    "database",
    "database_url",
    "postgres_bare",
    "postgres_scratch",
    "postgres_url",
    "sqlite_url",
    "website",
]

# Words alone, where a test does not say else: the model takes its time, and is not everywhere.
os.environ["MARGINALIA_MEANING"] = "off"

ROOT = Path(__file__).resolve().parent.parent
FORMAT = ROOT.parent / "shared" / "format"
SLACK = ROOT.parent / "shared" / "slack"
CASES = ROOT.parent / "shared" / "cases"

# Few examples where people wait for them. In CI the same ones each time: a new one is found on the
# way (`make test-fresh`), and not when something lands.
_IN_CI = os.environ.get("CI") == "true"
settings.register_profile("default", max_examples=20, deadline=None, derandomize=_IN_CI)
settings.register_profile("full", max_examples=60, deadline=None, derandomize=_IN_CI)
_NEW: dict[str, Any] = {
    "deadline": None,
    "derandomize": False,
    "print_blob": True,
    "database": DirectoryBasedExampleDatabase(ROOT / ".hypothesis" / "examples"),
}
settings.register_profile("fresh", max_examples=60, **_NEW)
settings.register_profile("thorough", max_examples=10_000, **_NEW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_finish() -> None:
    """Keeps the garbage collector from what lives as long as the run: a sixth of the time."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores: tests wait for other processes a third of their time."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


@pytest.fixture(scope="session")
def slack_folder() -> Path:
    """The folder of facts about the real Slack; skips as `format_folder` does."""
    return _shared(SLACK)


@pytest.fixture(scope="session")
def format_folder() -> Path:
    """The folder of the format with its sample archives and the pages of people.

    Skips, saying so, where the folder is missing; with `CI=true` that is a failure.
    """
    return _shared(FORMAT)


def _shared(folder: Path) -> Path:
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the samples are missing: {folder}")
        pytest.skip(f"the samples are missing: {folder}")
    return folder


@pytest.fixture(scope="session")
def reported() -> dict[str, dict[str, Any]]:
    """Small inputs made from public bug reports, by their `id`.

    Skips, saying so, where they are missing; with `CI=true` that is a failure.
    """
    lines = (_shared(CASES) / "reported.jsonl").read_text(encoding="utf-8").splitlines()
    return {case["id"]: case for case in map(json.loads, lines)}


@pytest.fixture(scope="session")
def samples(format_folder: Path) -> list[Path]:
    """The sample files of the website, by name."""
    return sorted((format_folder / "samples").glob("*.md"))


@pytest.fixture(scope="session")
def model_installed() -> None:
    """Skips, saying so, where there is no model of the extra `meaning`; on the kind of machine for
    which it is built that is a failure."""
    missing = meaning.missing()
    if missing is not None:
        if sys.platform == "linux" and platform.machine() == "x86_64":
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture(scope="session")
def model(model_installed: None) -> Iterator[Model]:
    """The model of the extra `meaning`, which remembers what it has read. It takes one core, as
    tests run on all of them."""
    found = Model(threads=1)
    yield found
    found.close()
