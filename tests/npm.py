"""Packages of npm for tests: those of a folder's `package-lock.json` and no others."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

REQUIRED = pytest.mark.skipif(
    shutil.which("npm") is None and not os.environ.get("CI"),
    reason="Node.js and npm are not installed",
)
"""Skips a test where there is no npm; in CI it fails."""


def install(folder: Path) -> None:
    """Installs what `package-lock.json` in `folder` pins, once for all processes that test.

    Where npm cannot, the test is skipped; in CI it fails.
    """
    installed = folder / "node_modules" / ".installed"
    lock = (folder / "package-lock.json").read_bytes()
    with (folder / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if installed.is_file() and installed.read_bytes() == lock:
            return
        _install(folder)
        installed.write_bytes(lock)


def _install(folder: Path) -> None:
    """Runs `npm ci`: nothing but the packages of the lock, whose hashes it checks."""
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(npm, cwd=folder, check=False, capture_output=True, text=True, timeout=110)
    if done.returncode != 0 and not os.environ.get("CI"):
        pytest.skip(f"npm cannot install the packages: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
