"""The table of refusals: complete, without contradictions, and as the documentation has it."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api import refusals
from bot.slack.api.refusals import CODES, EXCEPTIONS, Then, verdict
from bot.slack.api.uploads import FILE

ROOT = Path(__file__).resolve().parents[2]
FIELD = {
    ("chat.postMessage", "msg_too_long"),
    ("chat.postMessage", "thread_not_found"),
    ("chat.postMessage", "internal_error"),
    ("conversations.replies", "internal_error"),
}
"""Codes that are seen and not documented."""


def documented(folder: Path) -> dict[str, list[str]]:
    facts = json.loads((folder / "methods.json").read_text(encoding="utf-8"))
    return {method: facts[method]["errors"] for method in sorted(_called())}


def test_every_documented_code_of_every_method_is_in_the_table(slack_folder: Path) -> None:
    pairs = {(m, code) for m, codes in documented(slack_folder).items() for code in codes} | FIELD
    assert len(pairs) > 700
    missing = sorted(pair for pair in pairs if not refusals.is_known(*pair))
    assert missing == []
    for method, code in pairs:
        found = verdict(method, code)
        is_told = found.then not in (Then.DONE, Then.RETRY)
        assert bool(refusals.remedy(method, code)) == is_told, (method, code)


def test_the_table_has_no_code_that_nobody_documents_or_saw(slack_folder: Path) -> None:
    codes = {code for codes in documented(slack_folder).values() for code in codes}
    codes |= {code for _method, code in FIELD}
    assert set(CODES) - codes == {"no_pin", "not_pinned", "unknown_error"}
    assert {code for _method, code in EXCEPTIONS} <= codes


def test_no_code_stands_in_two_places() -> None:
    source = (ROOT / "bot" / "slack" / "api" / "refusals.py").read_text(encoding="utf-8")
    listed = source[source.index("_TABLE = {") : source.index("EXCEPTIONS: dict")]
    for code in CODES:
        assert len(re.findall(rf"\b{code}\b", listed)) == 1, code


def test_a_code_that_nobody_knows_waits_and_is_told() -> None:
    found = verdict("chat.postMessage", "brand_new_code")
    assert found.then is Then.WAIT_ALONE
    assert "docs.slack.dev" in refusals.explain("chat.postMessage", "brand_new_code")


def _called() -> set[str]:
    """The methods that the bot calls, read from the source: calls of the client's methods, and
    methods given by their names.
    """
    of_client = {
        re.sub(r"\.", "_", name).casefold(): name for name in _methods_of_slack() if "." in name
    }
    called = {"apps.connections.open"}  # by slack_sdk's Socket Mode client
    called |= {"files.getUploadURLExternal", "files.completeUploadExternal"}  # files_upload_v2
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if {"sandbox", "demo"} & set(path.relative_to(ROOT / "bot").parts):
            continue
        if path.name == "refusals.py":
            continue
        source = path.read_text(encoding="utf-8")
        called |= {
            of_client[name.casefold()]
            for name in re.findall(r"\bclient\.(\w+)\b", source)
            if name.casefold() in of_client
        }
        named = set(re.findall(r"[\"'](\w+\.\w+(?:\.\w+)?)[\"']", source))
        called |= (named & set(of_client.values())) - {FILE}
    return called


def _methods_of_slack() -> set[str]:
    """The names of Web API methods that slack_sdk has, as it calls them."""
    source = Path(AsyncWebClient.chat_postMessage.__code__.co_filename).read_text(encoding="utf-8")
    return set(re.findall(r"api_call\(\s*\"([\w.]+)\"", source))


def test_the_documentation_has_the_table() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "refusals.py"))
    written = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert written == script["document"](written), "run `python scripts/refusals.py`"
