"""Each language says all that English says, with the same places, markup and commands."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment

from bot.texts import FOLDER, SOURCE, languages, update

LANGUAGES = [code for code in languages() if code != SOURCE]
CODE = re.compile(r"`[^`]*`")
PLACE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{[^{}]*\}")
LINK = re.compile(r"<[^>]*>")
EMOJI = re.compile(r":[a-z0-9_+-]+:|[\u23e9-\u23f3\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001faff]")
MARKS = "*_~"
FORMAL = {
    "de": re.compile(
        r"[a-zäöüß]+en Sie\b|(?<=[a-zäöüß,;:–] )(?:Sie|Ihnen|Ihr(?:e[mnrs]?)?)\b"
        r"|\bIhr(?:e[mnrs]?)? (?:Gerät|Handy|Name|Frage|Browser|Link|Nachricht)"
    ),
    "es": re.compile(
        r"\busted(?:es)?\b|\bsus? (?:teléfono|móvil|navegador|pantalla|dispositivo)\b"
        r"|(?:^|[.;:,!?¡¿(“«] ?|\b(?:y|o) )(?:abra|acorte|añada|borre|busque|cambie|cierre|compruebe"
        r"|consulte|copie|corrija|cree|deje|descargue|diga|divida|elija|elimine|encuentre|envíe"
        r"|escoja|escriba|espere|haga|indique|instale|intente|inténtelo|invite|lea|llame|marque|mire"
        r"|mueva|pegue|permita|pida|ponga|pregunte|pruebe|pulse|quite|recargue|reinicie|responda"
        r"|retire|revise|seleccione|siga|suba|toque|use|utilice|vea|vincule|vote|vuelva)\b",
        re.IGNORECASE,
    ),
}
"""Words that address people formally, where they are told from others: a `Sie` that begins a
sentence, and most of `su`, may be somebody else."""


@cache
def catalogue(code: str) -> Catalog:
    """The file of a language."""
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, domain="marginalia")


def forms(message: Message, code: str) -> list[tuple[str, str]]:
    """Each form of a translation, beside the English text that it must agree with."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    assert len(message.string) == catalogue(code).num_plurals, message.id
    return [(message.id[-1], form) for form in message.string]


def translated(code: str) -> list[tuple[str, str]]:
    """All translations, beside the English text."""
    return [
        pair
        for message in catalogue(code)
        if message.id and message.string and any(message.string)
        for pair in forms(message, code)
    ]


def missing(code: str) -> list[str]:
    """The texts of which the language lacks a translation, or a plural form."""
    found = []
    for message in update.gathered():
        if message.id:
            own = catalogue(code).get(message.id, message.context)
            whole = own and not own.fuzzy and all(t for _, t in forms(own, code))
            found += [] if whole else [str(message.id)]
    return found


def fixed(text: str) -> Counter[str]:
    """What stays as it is in every language, but for the places."""
    rest = PLACE.sub("", LINK.sub("", CODE.sub("", text)))
    kept = [
        *CODE.findall(text),
        *LINK.findall(CODE.sub("", text)),
        *EMOJI.findall(PLACE.sub("", text)),
    ]
    return Counter(kept) + Counter(c for c in rest if c in MARKS)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_is_translated(code: str) -> None:
    assert missing(code) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_has_the_same_places_markup_and_commands(code: str) -> None:
    wrong = [
        (english, text)
        for english, text in translated(code)
        if set(PLACE.findall(english)) != set(PLACE.findall(text)) or fixed(english) != fixed(text)
    ]
    assert wrong == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_translation_can_be_shown(code: str) -> None:
    """Its places can be filled, and what is a template can be read by Jinja."""
    for english, text in translated(code):
        if "{{" in english or "{%" in english:
            assert Environment(autoescape=False).from_string(text).render(), text
        else:
            places = {name.strip("{}"): "x" for name in PLACE.findall(english)}
            assert text.format(**places), text


@pytest.mark.parametrize(
    ("english", "text"),
    [
        ("Type `/qa queue`.", "Escribe `/qa cola`."),
        ("*{title}* is open", "{title} está abierta"),
        ("🎉 The winners", "Ganadores"),
        ("<@{person}> is muted", "{person} está en silencio"),
        ("Two :tada:", "Dos"),
    ],
)
def test_what_is_compared_tells_them_apart(english: str, text: str) -> None:
    assert fixed(english) != fixed(text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_people_are_addressed_in_one_way(code: str) -> None:
    """As in a community of readers: `du` and `tú`, on the site as in Slack."""
    assert [text for _english, text in translated(code) if FORMAL[code].search(text)] == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Der Link gilt nicht mehr. Fragen Sie die Organisatoren."),
        ("de", "Die Tafel auf Ihrem Handy"),
        ("de", "Ihre Frage wurde gesendet."),
        ("es", "No se pudo cargar; recargue la página."),
        ("es", "Escriba `/qa help`."),
        ("es", "Este tablero en su teléfono"),
    ],
)
def test_a_formal_address_is_found(code: str, text: str) -> None:
    assert FORMAL[code].search(text)
