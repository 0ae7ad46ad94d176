"""Files checked as `marginalia check` does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.library import library
from bot.library.problem import Problem


def check(paths: Sequence[Path], **how: Any) -> list[Problem]:
    """The problems that are found in files and folders."""
    return list(library.check(paths, **how).problems)
