"""Small words that several messages use."""

from __future__ import annotations


def plural(count: int, one: str, many: str) -> str:
    """`1 question`, `2 questions`."""
    return f"{count} {one if count == 1 else many}"
