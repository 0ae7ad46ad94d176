"""The arguments of an act, read one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slackbox.errors import Refusal
from slackbox.model import Json


class Given:
    """The arguments of an act, taken one by one; what is left over is refused."""

    def __init__(self, data: Any):
        if not isinstance(data, Mapping):
            raise Refusal("invalid_arguments", ["the body must be a JSON object"])
        self._data = dict(data)

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self._data.pop(name, None)
        if not isinstance(value, str):
            raise Refusal("invalid_arguments", [f"{name} must be text"])
        return value

    def maybe(self, name: str) -> str | None:
        """A text, or None."""
        value = self._data.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise Refusal("invalid_arguments", [f"{name} must be text"])
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._data.pop(name, default)
        if not isinstance(value, bool):
            raise Refusal("invalid_arguments", [f"{name} must be true or false"])
        return value

    def number(self, name: str, default: float | None = None) -> float | None:
        """A number, or None."""
        value = self._data.pop(name, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise Refusal("invalid_arguments", [f"{name} must be a number"])
        return value

    def objects(self, name: str) -> list[Json] | None:
        """A list of objects, or None."""
        value = self._data.pop(name, None)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, dict) for item in value)
        ):
            raise Refusal("invalid_arguments", [f"{name} must be a list of objects"])
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value = self._data.pop(name, None) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refusal("invalid_arguments", [f"{name} must be a list of texts"])
        return value

    def count(self, name: str, default: int) -> int:
        """A whole number."""
        value = self._data.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refusal("invalid_arguments", [f"{name} must be a whole number"])
        return value

    def choice(self, name: str, *allowed: str) -> str:
        """One of some texts; the first where it is not given."""
        value = self._data.pop(name, allowed[0])
        if value not in allowed:
            raise Refusal("invalid_arguments", [f"{name} must be one of {', '.join(allowed)}"])
        return str(value)

    def anything(self, name: str) -> Any:
        """Whatever is given, None where nothing is."""
        return self._data.pop(name, None)

    def mapping(self, name: str) -> Json:
        """An object, empty where it is not given."""
        value = self._data.pop(name, None) or {}
        if not isinstance(value, dict):
            raise Refusal("invalid_arguments", [f"{name} must be an object"])
        return value

    def rest(self) -> Json:
        """All that was not taken yet."""
        data, self._data = self._data, {}
        return data

    def done(self) -> None:
        """Raises Refusal if anything was not taken."""
        if self._data:
            unknown = ", ".join(sorted(self._data))
            raise Refusal("invalid_arguments", [f"unknown: {unknown}"])
