"""The table in the documentation says what the converter does."""

from __future__ import annotations

import runpy
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]


def test_the_documentation_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "fidelity.py"))
    written = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    assert written == script["document"](), "run `python scripts/fidelity.py`"


def test_every_row_has_its_cells() -> None:
    """Whatever bars a cell shows, GitHub reads five columns, and code in the last two."""
    tokens = MarkdownIt().parse((ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8"))
    cells = [
        tokens[index + 1].children or []
        for index, token in enumerate(tokens)
        if token.type == "td_open"
    ]
    rows = sum(token.type == "tr_open" for token in tokens)
    heads = sum(token.type == "table_open" for token in tokens)
    assert len(cells) == 5 * (rows - heads)
    for number, cell in enumerate(cells):
        if number % 5 > 2:
            assert [child.type for child in cell] == ["code_inline"]
