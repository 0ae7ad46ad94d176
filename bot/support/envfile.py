"""The file `.env`: what it says, and writing into it without losing what is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values, set_key

from bot.errors import UserError
from bot.support.remedies import not_written
from bot.texts import _

PRIVATE = 0o600


def read(path: Path) -> dict[str, str]:
    """The variables that a file sets, without empty ones; none where there is no file.

    Raises UserError for a file that cannot be read.
    """
    try:
        found = dotenv_values(path, interpolate=False) if path.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            _("{path} cannot be read ({error}); fix or remove it", path=path, error=error)
        ) from None
    return {name: value for name, value in found.items() if value}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Sets variables in a file that only its owner may read; every other line stays.

    Makes the file if it is not there. Raises UserError where it cannot be written.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, PRIVATE))
        path.chmod(PRIVATE)
        for name, value in values.items():
            set_key(path, name, value, quote_mode="auto")
    except OSError as error:
        raise not_written(path, error) from None
