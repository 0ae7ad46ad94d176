"""What the fault runs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes import Box


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """One sandbox in a process of its own; each run begins with an empty workspace."""
    box = Box.start()
    yield box
    box.stop()
