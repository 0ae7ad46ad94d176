"""The workspace as a page: what it is made of, who gets it, and its clock."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from slackbox.client import Control
from slackbox.errors import Refusal
from slackbox.page.extras import Extras
from slackbox.page.routes import STATIC
from slackbox.server import Sandbox
from tests.conftest import ROOT


async def test_a_browser_gets_the_page_and_a_client_the_facts(box: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=box.control_url) as client:
        page = await client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert (await client.get("/")).json()["bot_token"] == box.bot_token
        for name in re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text):
            assert (await client.get(name)).status_code == 200
        assert (await client.get("/page/routes.py")).status_code == 404
        assert (await client.get("/page/..%2froutes.py")).status_code == 404
        # No page of another site, whatever name points here.
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            for path in ("/", "/desk", "/page/app.js"):
                assert (await client.get(path, headers=headers)).status_code == 403


def test_no_script_of_the_page_makes_html_of_text() -> None:
    for path in STATIC.glob("*.js"):
        code = path.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in code, path.name
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", index)


def test_its_colours_are_those_of_the_other_pages() -> None:
    def palette(path: Path) -> list[str]:
        return re.findall(r"--(?:paper|ink|soft|rule|wash|accent|mark): (#\w+)", path.read_text())

    assert palette(STATIC / "page.css") == palette(ROOT / "bot/web/static/look.css")[:14]


async def test_the_clock_is_moved_by_its_steps(box: Sandbox) -> None:
    moved = []

    async def an_hour() -> None:
        moved.append(1)

    async def never() -> None:
        raise Refusal("over", ["it is over"])

    async with Control(box.control_url) as control:
        with pytest.raises(Refusal, match="no_clock"):
            await control.act("move_clock", step="+1 hour")
        box.extras = Extras(
            clock={"+1 hour": an_hour, "never": never},
            papers=lambda: {"archive": lambda: "said" if moved else None},
        )
        async with httpx.AsyncClient(base_url=box.control_url) as client:
            assert (await client.get("/papers/archive")).status_code == 404
            await control.act("move_clock", step="+1 hour")
            desk = (await client.get("/desk")).json()
            assert desk["clock"] == ["+1 hour", "never"]
            assert desk["papers"] == [{"name": "archive", "ready": True}]
            paper = await client.get("/papers/archive")
            assert (paper.text, paper.headers["content-type"]) == (
                "said",
                "text/plain; charset=utf-8",
            )
        with pytest.raises(Refusal, match="it is over"):
            await control.act("move_clock", step="never")
        with pytest.raises(Refusal, match="step must be one of"):
            await control.act("move_clock", step="+1 year")
