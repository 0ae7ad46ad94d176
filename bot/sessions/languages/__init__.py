"""What the program knows of the languages that people write in during a session.

One file for each language; `of` gives the one of an event. A new language is a new file and its
line in `LANGUAGES`.
"""

from __future__ import annotations

from bot.sessions.languages.english import ENGLISH
from bot.sessions.languages.german import GERMAN
from bot.sessions.languages.language import Language
from bot.sessions.languages.spanish import SPANISH
from bot.sessions.model import Event
from bot.texts import language as language_in_use

__all__ = ["LANGUAGES", "Language", "of", "of_event"]

LANGUAGES = {one.code: one for one in (ENGLISH, SPANISH, GERMAN)}
"""By ISO 639-1 code."""
UNKNOWN = Language("")
"""A language of which nothing is known: no word is common, and none is talk."""


def of(code: str) -> Language:
    """The language of a code such as `en`, `de` or `es_MX`."""
    return LANGUAGES.get(code.replace("-", "_").partition("_")[0].casefold(), UNKNOWN)


def of_event(event: Event) -> Language:
    """The language of an event: its file's `language`, else the one that the bot speaks."""
    return of(str(event.options.get("language") or language_in_use()))
