"""Files that are at the top of the repository, and inside a package once that is installed."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def folder(package: str, name: str) -> Path:
    """The folder `name` that a wheel carries inside `package`.

    In a checkout it is the folder of that name at the top. `pyproject.toml` lists them
    (`force-include`).
    """
    inside = Path(str(files(package).joinpath(name)))
    return inside if inside.is_dir() else Path(str(files("bot"))).parent / name
