"""What others say of a site's files: a linter of HTML, and the schema of sitemaps.

JSON-LD is checked on every page of every site in the other tests (`tests.web.structured`). The rules
of html-validate that are off (`validators/.htmlvalidate.json`) are matters of taste but for one: that
each form has a button (WCAG's technique H32). Ours act while one types or chooses.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from bot.web.site import sitemap
from tests import npm
from tests.web import shelf
from tests.web.conftest import Command

VALIDATORS = Path(__file__).parent / "validators"
BASE = "https://books.example/a/"

pytestmark = [pytest.mark.slow, npm.REQUIRED]


@pytest.fixture(scope="module")
def modules() -> Path:
    npm.install(VALIDATORS)
    return VALIDATORS / "node_modules"


@pytest.fixture
def site(marginalia: Command, schedules: Path, tmp_path: Path) -> Path:
    """A site with every kind of page, also of a question that is gone."""
    assert marginalia("site", "--base-url", BASE) == 0
    shelf.write(schedules, "20241014-on-reading", shelf.THREADS[:-1])
    assert marginalia("site", "--base-url", BASE) == 0
    return tmp_path / "var" / "site"


def test_every_page_is_html_by_the_book(modules: Path, site: Path) -> None:
    assert "withdrawn" in "".join(path.read_text() for path in site.glob("books/*/q/*.html"))
    done = subprocess.run(
        [
            *("node", modules / "html-validate" / "bin" / "html-validate.mjs"),
            *("--config", VALIDATORS / ".htmlvalidate.json", "--formatter", "json"),
            f"{site}/**/*.html",
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    checked = json.loads(done.stdout)
    found = [
        f"{each['filePath']}:{message['line']}: {message['ruleId']}: {message['message']}"
        for each in checked
        for message in each["messages"]
    ]
    assert (found, done.returncode) == ([], 0), done.stderr


def test_html_that_is_wrong_is_told(modules: Path, tmp_path: Path) -> None:
    """The linter says so: what finds nothing above looks for something."""
    (tmp_path / "wrong.html").write_text("<!DOCTYPE html><p><div id='a'></div><b id='a'></i></p>")
    done = subprocess.run(
        [
            *("node", modules / "html-validate" / "bin" / "html-validate.mjs"),
            *("--config", VALIDATORS / ".htmlvalidate.json", tmp_path / "wrong.html"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1
    assert "no-dup-id" in done.stdout


def test_sitemaps_follow_their_schema(
    modules: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = xmlschema.XMLSchema(modules / "sitemap" / "schema" / "sitemap.xsd")
    schema.validate(site / sitemap.NAME)
    monkeypatch.setattr(sitemap, "MOST", 2)
    files = sitemap.files(["a.html", "b.html?x&y", "c.html"], BASE)
    for name in ("sitemap-1.xml", "sitemap-2.xml"):
        schema.validate(files[name])
    index = ElementTree.fromstring(files[sitemap.NAME])
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert index.tag == f"{space}sitemapindex"
    assert [each.text for each in index.iter(f"{space}loc")] == [
        f"{BASE}sitemap-1.xml",
        f"{BASE}sitemap-2.xml",
    ]
