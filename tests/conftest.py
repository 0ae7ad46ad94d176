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
SHARED = ROOT.parent / "shared"
"""Samples and facts that are not the project's own, beside the checkout where they are at all."""
FORMAT, SLACK, CASES = SHARED / "format", SHARED / "slack", SHARED / "cases"
SHARED_REQUIRED = os.environ.get("MARGINALIA_SHARED_REQUIRED") == "true"
"""Whether tests that read them fail where they are missing, instead of being skipped."""

# Few examples where people wait for them. In CI the same ones each time: a new one is found on the
# way (`make test-fresh`), and not when something lands.
_IN_CI = os.environ.get("CI") == "true"
settings.register_profile("default", max_examples=10, deadline=None, derandomize=_IN_CI)
settings.register_profile("full", max_examples=30, deadline=None, derandomize=_IN_CI)
_NEW: dict[str, Any] = {
    "deadline": None,
    "derandomize": False,
    "print_blob": True,
    "database": DirectoryBasedExampleDatabase(ROOT / ".hypothesis" / "examples"),
}
settings.register_profile("fresh", max_examples=30, **_NEW)
settings.register_profile("thorough", max_examples=10_000, **_NEW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


_ON_BOTH = {"store", "knowledge"}
"""Folders of tests about what is said to a database: `make test` runs them on both kinds."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves the runs on PostgreSQL of all other tests to `make test-slow`."""
    for item in items:
        call = getattr(item, "callspec", None)
        if call and "postgresql" in call.params.values() and item.path.parent.name not in _ON_BOTH:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Keeps the garbage collector from what lives as long as the run: a sixth of the time."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three workers for two cores: tests wait for other processes a third of their time. Five where
    the slow tests run: what they kill and freeze is waited for longer."""
    halves = 5 if config.option.markexpr.startswith("slow") else 3
    return max(2, (os.cpu_count() or 1) * halves // 2)


@pytest.fixture(scope="session")
def slack_folder() -> Path:
    """The folder of facts about the real Slack; as `shared`."""
    return shared(SLACK)


@pytest.fixture(scope="session")
def format_folder() -> Path:
    """The folder of the format with its sample archives and the pages of people; as `shared`."""
    return shared(FORMAT)


def shared(folder: Path) -> Path:
    """The folder, if it is there. Skips, saying so, where it is missing; with
    `MARGINALIA_SHARED_REQUIRED=true` that is a failure.
    """
    if not folder.is_dir():
        reason = f"{folder} is not there; it is no part of the repository"
        if SHARED_REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def reported() -> dict[str, dict[str, Any]]:
    """Small inputs made from public bug reports, by their `id`.

    Where they are missing, as `shared`.
    """
    lines = (shared(CASES) / "reported.jsonl").read_text(encoding="utf-8").splitlines()
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
