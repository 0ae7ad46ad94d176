"""Slack's standard emoji: every name and every tone, in text and in blocks."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from bot.markup import from_markdown, plain, to_markdown
from bot.markup.emoji import _OLD, table, to_unicode
from tests.markup.slack import Names

MODIFIERS = {str(tone): chr(0x1F3FB + tone - 2) for tone in range(2, 7)}
AT_ONCE = 200  # of all names, in one message


class Workspace(Names):
    """A workspace with emoji of its own; some are aliases, as `emoji.list` gives them."""

    OWN: ClassVar = {
        "shipit": "alias:rocket",
        "hello": "alias:hi",
        "hi": "alias:wave",
        "round": "alias:circle",
        "circle": "alias:round",
        "ours": "alias:partyparrot",
        "plain": "wave",
    }

    def emoji(self, name: str) -> str | None:
        return self.OWN.get(name)


def in_text(mrkdwn: str) -> str:
    return to_markdown({"text": mrkdwn}, Workspace())


def in_blocks(*elements: dict[str, Any]) -> str:
    section = {"type": "rich_text_section", "elements": list(elements)}
    return to_markdown({"blocks": [{"type": "rich_text", "elements": [section]}]}, Workspace())


def written(name: str, tone: str) -> str:
    return f":{name}:" + (f":skin-tone-{tone}:" if tone else "")


def test_the_table_is_that_of_emoji_data() -> None:
    """The numbers of emoji-data 16.0.0, counted from its own file."""
    assert len({name for name, _ in table()} - set(_OLD)) == 1_972
    single = {characters for (_, tone), characters in table().items() if tone and "-" not in tone}
    double = {characters for (_, tone), characters in table().items() if "-" in tone}
    # Where there are only pairs, one tone is a pair of equal ones.
    assert len(single - double) == 1_580
    assert len(double) == 295


def test_every_tone_is_in_the_characters() -> None:
    for (name, tone), characters in table().items():
        tones = [MODIFIERS[each] for each in tone.split("-")] if tone else []
        found = [each for each in characters if each in MODIFIERS.values()]
        if name.startswith("skin-tone-"):
            assert not tones
        elif len(found) == 2 * len(tones):
            assert found == tones * 2, name
        else:
            assert found == tones, name


def chunks() -> list[list[tuple[tuple[str, str], str]]]:
    entries = list(table().items())
    return [entries[at : at + AT_ONCE] for at in range(0, len(entries), AT_ONCE)]


def test_every_name_and_tone_in_text() -> None:
    for chunk in chunks():
        found = in_text("x " + " ".join(written(*key) for key, _ in chunk))
        assert found.replace("\\", "") == "x " + " ".join(characters for _, characters in chunk)


def test_every_name_and_tone_in_blocks() -> None:
    """As `skin_tone` where it is one, as a part of the name, and with `unicode` or without it."""
    for chunk in chunks():
        for unicode in (True, False):
            elements: list[dict[str, Any]] = [{"type": "text", "text": "x"}]
            for (name, tone), characters in chunk:
                element: dict[str, Any] = {"type": "emoji", "name": name}
                if "-" in tone or (tone and unicode):
                    element["name"] = f"{name}::skin-tone-{tone}"
                elif tone:
                    element["skin_tone"] = int(tone)
                if unicode:
                    element["unicode"] = to_unicode(characters)
                elements += [{"type": "text", "text": " "}, element]
            found = in_blocks(*elements)
            assert found.replace("\\", "") == "x " + " ".join(characters for _, characters in chunk)


def test_every_emoji_is_read_back() -> None:
    """Characters to Slack's names, and these to the same characters."""
    for chunk in chunks():
        text = "x " + " ".join(characters for _, characters in chunk)
        message = from_markdown(text)
        assert to_markdown(message, Workspace()).replace("\\", "") == text
        assert plain(message["text"]) == text
        kinds = [each["type"] for each in message["blocks"][0]["elements"][0]["elements"]]
        assert kinds.count("emoji") == len(chunk)


TEXTS = {
    "an alias": (":thumbsup: :+1:", "👍 👍"),
    "a flag": (":flag-de: :de: :flag-england:", "🇩🇪 🇩🇪 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"),
    "a sequence": (":woman-shrugging::skin-tone-3:", "🤷🏼\u200d♀️"),
    "a family": (":man-woman-girl-boy:", "👨\u200d👩\u200d👧\u200d👦"),
    "two tones": (":people_holding_hands::skin-tone-2-6:", "🧑🏻\u200d🤝\u200d🧑🏿"),
    "a tone for both": (":people_holding_hands::skin-tone-3:", "🧑🏼\u200d🤝\u200d🧑🏼"),
    "a tone where there is none": (":rocket::skin-tone-2:", "🚀🏻"),
    "a tone by itself": (":skin-tone-4:", "🏽"),
    "side by side": (":wave::wave::skin-tone-2::tada:", "👋👋🏻🎉"),
    "in a word": ("ok:tada:ok", "ok🎉ok"),
    "in marks": ("*:tada:* _:tada: x_", "**🎉** _🎉 x_"),
    "a picture of the workspace": (":partyparrot: :data-talks_club:", ":partyparrot: :data-talks_club:"),
    "a picture with a tone": (":partyparrot::skin-tone-3:", ":partyparrot::skin-tone-3:"),
    "an alias of the workspace": (":shipit: :plain:", "🚀 👋"),
    "an alias of an alias, with a tone": (":hello::skin-tone-3:", "👋🏼"),
    "an alias of a picture": (":ours:", ":ours:"),
    "aliases in a circle": (":round: :circle:", ":round: :circle:"),
    "a name that nobody knows": (":nope:", ":nope:"),
    "a time": ("10:30:45 and 1:2:3", "10:30:45 and 1:2:3"),
    "a port": ("http://a:80:90", "http://a:80:90"),
    "an address with a name": ("http://x.org/:tada:", "http://x.org/:tada:"),
    "a name in code": ("`:tada:`", "`:tada:`"),
    "letters between colons": ("a:b:c", "a:b:c"),
    "colons": ("so : tada : :: :)", "so : tada : :: :)"),
    "capitals": (":TADA:", ":TADA:"),
}  # fmt: skip


@pytest.mark.parametrize(("mrkdwn", "expected"), TEXTS.values(), ids=TEXTS)
def test_emoji_in_text(mrkdwn: str, expected: str) -> None:
    assert in_text(mrkdwn) == expected


def test_a_tone_in_blocks_reaches_through_an_alias() -> None:
    assert in_blocks({"type": "emoji", "name": "hello", "skin_tone": 5}) == "👋🏾"


def test_the_characters_slack_sends_stand_in_where_the_table_has_no_name() -> None:
    assert in_blocks({"type": "emoji", "name": "of_next_year", "unicode": "1f6d8"}) == "\U0001f6d8"
    assert in_blocks({"type": "emoji", "name": "odd", "unicode": "zz"}) == ":odd:"


def test_names_of_before_are_still_known() -> None:
    assert in_text(":simple_smile: :white_square: :black_square:") == "🙂 ⬜ ⬛"
    assert from_markdown("🙂")["text"] == ":slightly_smiling_face:"
