"""`marginalia site --wacz`: the web archive, read back as players read it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from warcio import ArchiveIterator

from bot.web.site import folder
from tests.web import shelf
from tests.web.conftest import Command

BASE = "https://books.example:8443/a/"
WARC = "archive/site.warc.gz"


@pytest.fixture
def packed(marginalia: Command, schedules: Path, tmp_path: Path) -> Path:
    assert marginalia("site", "--base-url", BASE, "--wacz", "books.wacz") == 0
    return tmp_path / "books.wacz"


def lines(archive: zipfile.ZipFile, path: str) -> list[str]:
    found = archive.read(path).decode().split("\n")
    assert found.pop() == ""
    return found


def test_the_archive_has_every_file_of_the_site(packed: Path, tmp_path: Path) -> None:
    site = tmp_path / "var" / "site"
    with zipfile.ZipFile(packed) as archive:
        warc = BytesIO(archive.read(WARC))
    first, *records = [
        (record.rec_type, record.rec_headers, record.http_headers, record.content_stream().read())
        for record in ArchiveIterator(warc, check_digests="raise")
    ]
    assert first[0] == "warcinfo"
    assert {kind for kind, *_rest in records} == {"response"}
    found = {headers.get_header("WARC-Target-URI"): body for _, headers, _, body in records}
    assert len(found) == len(records)
    assert found.pop(BASE) == found[f"{BASE}index.html"]
    assert {unquote(url.removeprefix(BASE)): body for url, body in found.items()} == {
        path: (site / path).read_bytes() for path in folder.files(site)
    }
    kinds = {
        Path(headers.get_header("WARC-Target-URI")).suffix: http.get_header("Content-Type")
        for _, headers, http, _body in records
    }
    assert kinds[".html"] == "text/html; charset=utf-8"
    assert kinds[".js"] == "text/javascript; charset=utf-8"
    assert kinds[".svg"] == "image/svg+xml"
    ids = {headers.get_header("WARC-Record-ID") for _, headers, *_rest in (first, *records)}
    assert len(ids) == len(records) + 1


def test_the_index_leads_to_each_record(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        warc = archive.read(WARC)
        assert archive.getinfo(WARC).compress_type == zipfile.ZIP_STORED
        index = lines(archive, "indexes/index.cdxj")
    assert index == sorted(index)
    keys = []
    for line in index:
        key, moment, data = line.split(" ", 2)
        keys.append(key)
        datetime.strptime(moment, "%Y%m%d%H%M%S")  # noqa: DTZ007
        about = json.loads(data)
        start = int(about["offset"])
        part = warc[start : start + int(about["length"])]
        [record] = ArchiveIterator(BytesIO(part))
        assert record.rec_headers.get_header("WARC-Target-URI") == about["url"]
        assert record.rec_headers.get_header("WARC-Payload-Digest") == about["digest"]
        assert about["filename"] == "site.warc.gz"
        gzip.decompress(part)
    assert "example,books:8443)/a/" in keys
    assert "example,books:8443)/a/books/20241014-on-reading.html" in keys


def test_the_package_lists_its_files_and_its_pages(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        package = json.loads(archive.read("datapackage.json"))
        digest = json.loads(archive.read("datapackage-digest.json"))
        header, *pages = map(json.loads, lines(archive, "pages/pages.jsonl"))
        whole = hashlib.sha256(archive.read("datapackage.json")).hexdigest()
        assert digest == {"path": "datapackage.json", "hash": f"sha256:{whole}"}
        listed = {each["path"]: each for each in package["resources"]}
        assert set(archive.namelist()) - set(listed) == {
            "datapackage.json",
            "datapackage-digest.json",
        }
        for path, each in listed.items():
            content = archive.read(path)
            assert each["bytes"] == len(content)
            assert each["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    assert package["mainPageUrl"] == BASE
    assert header["format"] == "json-pages-1.0"
    titles = {page["url"]: page["title"] for page in pages}
    assert len(titles) == len(pages)
    assert titles[BASE] == "Book of the Week"
    assert titles[f"{BASE}books/20241014-on-reading.html"] == "On Reading · Book of the Week"
    sitemap = (tmp_path / "var/site/sitemap.xml").read_text()
    assert set(re.findall("<loc>(.*?)</loc>", sitemap)) == {
        url if url != BASE else f"{BASE}index.html" for url in titles
    }
    for page in pages:
        assert datetime.fromisoformat(page["ts"]).tzinfo is not None


def test_the_same_schedules_give_the_same_archive(
    marginalia: Command, packed: Path, schedules: Path, tmp_path: Path
) -> None:
    for path in schedules.rglob("*"):
        os.utime(path, (1, 1))
    assert (
        marginalia("site", "--output", "o", "--base-url", BASE, "--wacz", "other/again.wacz") == 2
    )
    (tmp_path / "other").mkdir()
    assert (
        marginalia("site", "--output", "o", "--base-url", BASE, "--wacz", "other/again.wacz") == 0
    )
    assert (tmp_path / "other/again.wacz").read_bytes() == packed.read_bytes()


def test_the_archive_of_a_site_without_an_address_is_nobodys(
    marginalia: Command, schedules: Path, tmp_path: Path
) -> None:
    assert marginalia("site", "--wacz", "books.wacz") == 0
    with zipfile.ZipFile(tmp_path / "books.wacz") as archive:
        assert (
            json.loads(archive.read("datapackage.json"))["mainPageUrl"] == "https://site.invalid/"
        )


def test_a_name_that_no_player_knows_is_refused(
    marginalia: Command, schedules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert marginalia("site", "--wacz", "books.zip") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "--wacz books.zip: the name of a web archive ends with .wacz" in line
    assert not (tmp_path / "var").exists()


def test_a_book_in_a_year_that_zip_files_do_not_know_is_packed(
    marginalia: Command, tmp_path: Path
) -> None:
    shelf.write(tmp_path / "schedules", "20260105-the-far-future", day="2108-01-05")
    assert marginalia("site", "--wacz", "books.wacz") == 0
    with zipfile.ZipFile(tmp_path / "books.wacz") as archive:
        assert {about.date_time[0] for about in archive.infolist()} == {2107}
        assert json.loads(archive.read("datapackage.json"))["mainPageDate"].startswith("2108-01-05")


def test_a_site_larger_than_zip_files_were_made_for_is_packed(
    marginalia: Command, schedules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 2_000)  # of 2 GiB
    assert marginalia("site", "--wacz", "books.wacz") == 0
    with zipfile.ZipFile(tmp_path / "books.wacz") as archive:
        assert archive.testzip() is None
        assert archive.getinfo(WARC).file_size > 2_000
