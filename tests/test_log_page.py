"""docs/log.md explains each line that the bot logs, and none that it does not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[1]
LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error"}
SOMETHING = {"…", "… …"}
"""Lines that are nothing but what they are given: what another part of the program says."""


def logged() -> Iterator[tuple[str, str]]:
    """The lines of the program, with `…` for what differs, and their levels."""
    for path in sorted((TOP / "bot").rglob("*.py")):
        if {"sandbox", "demo"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            holder, level = node.func.value, LEVELS.get(node.func.attr)
            if isinstance(holder, ast.Name) and holder.id == "log" and level:
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path}: {ast.unparse(node)}"
                text = re.sub(r"%[-\d.]*[a-z]", "…", first.value)
                if text not in SOMETHING:
                    yield text, level


def explained() -> list[tuple[str, str]]:
    """The lines of the page and their levels."""
    rows = (TOP / "docs" / "log.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in row.split("|")] for row in rows if row.startswith("| ")]
    assert all(len(row) == 6 and all(row[1:5]) for row in cells)
    return [(row[1], row[2]) for row in cells if row[2] in LEVELS.values()]


def test_every_line_is_explained_once() -> None:
    found = explained()
    assert len(found) == len(set(found))
    assert set(found) == set(logged())


def test_alerts_are_set_on_metrics_that_there_are() -> None:
    page = (TOP / "docs" / "operations.md").read_text(encoding="utf-8")
    found = set(re.findall(r"marginalia_[a-z_]+", page.split("## Alerts")[1].split("## ")[0]))
    source = "".join(p.read_text(encoding="utf-8") for p in (TOP / "bot").rglob("*.py"))
    assert found
    assert found <= set(re.findall(r'"(marginalia_[a-z_]+)"', source))
