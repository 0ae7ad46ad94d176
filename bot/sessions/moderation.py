"""What organizers change about what others wrote: never the original, always undone the same way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Edit:
    """What the archive says (Markdown) instead of a message; the message stays as it was."""

    channel: str
    ts: str
    text: str
    by: str
    at: datetime
