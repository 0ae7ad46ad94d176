"""Every text that people see, in their language: gettext's way, read by Babel.

English stands in the code, inside `_()` and `n_()`; another language is one file beside this
module, `de.po`, made by `make texts` and chosen by `MARGINALIA_LANGUAGE`. The file is read as it
is; nothing has to be compiled.
"""

from __future__ import annotations

from collections.abc import Iterable
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations

from bot.errors import UserError

FOLDER = Path(__file__).parent
TEMPLATE = FOLDER / "marginalia.pot"
SOURCE = "en"

_catalogue: NullTranslations = NullTranslations()
_language = SOURCE


def _(text: str, /, **values: object) -> str:
    """The text in the language in use, `{name}` replaced by the value of that name.

    The values are never read as texts with `{}` themselves.
    """
    found = _catalogue.gettext(text)
    return found.format(**values) if values else found


def n_(one: str, many: str, count: int, /, **values: object) -> str:
    """The text for a number of things; `{count}` is the number."""
    return _catalogue.ngettext(one, many, count).format(count=count, **values)


def N_(text: str, /) -> str:  # noqa: N802 - gettext's name for it
    """Marks a text for the catalogue that is looked up later, where it is shown."""
    return text


def listed(names: Iterable[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    *first, last = [*names] or [""]
    return _("{names} and {last}", names=", ".join(first), last=last) if first else last


def use(language: str, folder: Path = FOLDER) -> None:
    """Makes a language the one in use, for the whole program.

    Raises UserError, one line, for a language of which there is no file, or a file with errors.
    """
    global _catalogue, _language  # noqa: PLW0603 - one bot speaks one language
    _catalogue = NullTranslations() if language == SOURCE else _read(language, folder)
    _language = language


def language() -> str:
    """The language in use, as Babel names it: for numbers, durations and dates."""
    return _language


def languages(folder: Path = FOLDER) -> list[str]:
    """The languages there are."""
    return sorted({SOURCE, *(path.stem for path in folder.glob("*.po"))})


def _read(language: str, folder: Path) -> NullTranslations:
    path = folder / f"{language}.po"
    try:
        Locale.parse(language)
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, domain="marginalia", abort_invalid=True)
    except UnicodeDecodeError:
        raise UserError(f"{path.name}: is not UTF-8; save the file as UTF-8") from None
    except (OSError, ValueError, UnknownLocaleError):
        raise UserError(
            f"MARGINALIA_LANGUAGE: there is no language `{language}`; there are: "
            f"{', '.join(languages(folder))}"
        ) from None
    except PoFileError as error:
        raise UserError(f"{path.name}: {error} (line {error.lineno + 1}); correct it") from None
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain="marginalia")
