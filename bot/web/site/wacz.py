"""A whole site as one web archive, WACZ 1.1.1 (<https://specs.webrecorder.net/wacz/1.1.1/>).

Such a file has all that a browser loads from the site, as if it had been visited. Players of web
archives show it without a server, for as long as there are any. The same site gives the same bytes:
all times in it are one that the caller gives, and nothing is named by chance.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

import bot
from bot.web.site.data import moment

NOWHERE = "https://site.invalid/"
"""The address of a site that has none: in a name that can never be anybody's (RFC 2606)."""
PAGES, WARC, INDEX = "pages/pages.jsonl", "archive/site.warc.gz", "indexes/index.cdxj"
PACKAGE, DIGEST = "datapackage.json", "datapackage-digest.json"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".xml": "application/xml",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
}
_OTHER = "application/octet-stream"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_START, _END = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, tzinfo=UTC)
"""A ZIP file knows no earlier and no later time."""


@dataclass(frozen=True, slots=True)
class Visited:
    """What a web archive has: the files `paths` of `folder`, at `url`, as they were at `at`.

    `url` ends with a slash; `index.html` is the page there, too. `pages` are the pages that a
    player lists, as addresses within the site, and `title` is what the site is called.
    """

    folder: Path
    paths: Sequence[str]
    pages: Sequence[str]
    url: str
    title: str
    at: datetime


def pack(site: Visited, file: IO[bytes]) -> None:
    """Writes the archive into a file that is open for writing and seeking. Raises OSError."""
    with zipfile.ZipFile(file, "w") as archive:
        package = _Package(archive, min(max(site.at.astimezone(UTC), _START), _END))
        # A record has less than 2,000 bytes around its file; `index.html` has two records.
        most = 2 * sum((site.folder / path).stat().st_size + 2_000 for path in site.paths)
        with package.open(WARC, most, zipfile.ZIP_STORED) as warc:
            index = sorted(_records(site, warc))
        package.add(INDEX, "".join(f"{line}\n" for line in index))
        package.add(PAGES, "".join(f"{json.dumps(line)}\n" for line in _listed(site)))
        described = {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": site.title,
            "created": moment(site.at),
            "software": f"Marginalia {bot.__version__}",
            "mainPageUrl": site.url,
            "mainPageDate": moment(site.at),
            "resources": list(package.resources),
        }
        package.add(PACKAGE, json.dumps(described, indent=1) + "\n")
        package.add(DIGEST, json.dumps({"path": PACKAGE, "hash": package.resources[-1]["hash"]}))


class _Package:
    """The files of an archive, and what its list of resources says of each."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime):
        self._archive = archive
        self._at = at.timetuple()[:6]
        self.resources: list[dict[str, Any]] = []

    @contextmanager
    def open(
        self, path: str, most: int, compression: int = zipfile.ZIP_DEFLATED
    ) -> Iterator[_Written]:
        """A file of the archive, to write it: `most` bytes at most."""
        about = zipfile.ZipInfo(path, self._at)
        about.file_size = most
        about.compress_type = compression
        about.external_attr = 0o644 << 16
        about.create_system = 3  # the same on every system
        # No `force_zip64`: players do not expect what it puts before a small file.
        with self._archive.open(about, "w") as file:
            written = _Written(file)
            yield written
        self.resources.append(
            {
                "name": path.rpartition("/")[2],
                "path": path,
                "hash": f"sha256:{written.digest.hexdigest()}",
                "bytes": written.size,
            }
        )

    def add(self, path: str, text: str) -> None:
        """Writes a whole file."""
        data = text.encode("utf-8", "replace")
        with self.open(path, len(data)) as file:
            file.write(data)


class _Written:
    """A file that knows how many bytes were written into it, and their digest."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Writes them all."""
        self.size += len(data)
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Nothing: the archive is written when it is closed."""


def _records(site: Visited, warc: _Written) -> Iterator[str]:
    """Writes a record for each file; gives the lines of the index."""
    writer = WARCWriter(warc, gzip=True)
    about = f"software: Marginalia {bot.__version__}\r\nformat: WARC File Format 1.0\r\n".encode()
    writer.write_record(_record(writer, site, "warcinfo", "", about))
    for path in sorted(site.paths):
        content = (site.folder / path).read_bytes()
        kind = _TYPES.get(Path(path).suffix.lower(), _OTHER)
        within = quote(path, errors="replace")
        for address in (within, "") if path == "index.html" else (within,):
            start, url = warc.size, site.url + address
            record = _record(writer, site, "response", url, content, kind)
            writer.write_record(record)
            line = {
                "url": url,
                "mime": kind.partition(";")[0],
                "status": "200",
                "digest": record.rec_headers.get_header("WARC-Payload-Digest"),
                "length": str(warc.size - start),
                "offset": str(start),
                "filename": WARC.rpartition("/")[2],
            }
            yield f"{_key(url)} {site.at.astimezone(UTC):%Y%m%d%H%M%S} {json.dumps(line)}"


def _record(
    writer: WARCWriter, site: Visited, kind: str, url: str, content: bytes, type: str = ""
) -> Any:
    named = uuid.uuid5(uuid.NAMESPACE_URL, f"{url} {hashlib.sha256(content).hexdigest()}")
    headers = [("Content-Type", type), ("Content-Length", str(len(content)))]
    return writer.create_warc_record(
        url,
        kind,
        payload=BytesIO(content),
        length=len(content),
        warc_headers_dict={"WARC-Record-ID": f"<urn:uuid:{named}>", "WARC-Date": moment(site.at)},
        http_headers=StatusAndHeaders("200 OK", headers, "HTTP/1.1") if type else None,
    )


def _key(url: str) -> str:
    """What the index is sorted by (SURT): the host from its end, and the path."""
    parts = urlsplit(url.lower())
    host = ",".join(reversed((parts.hostname or "").split(".")))
    return f"{host}{f':{parts.port}' if parts.port else ''}){parts.path}"


def _listed(site: Visited) -> Iterator[dict[str, str]]:
    """The lines of the list of pages: what it is, and the pages."""
    yield {"format": "json-pages-1.0", "id": "pages", "title": site.title}
    for page in site.pages:
        html = (site.folder / unquote(page)).read_text("utf-8")
        titled = _TITLE.search(html)
        url = site.url + ("" if page == "index.html" else page)
        named = hashlib.sha256(page.encode()).hexdigest()[:16]
        title = unescape(titled[1]) if titled else page
        yield {"id": named, "url": url, "ts": moment(site.at), "title": title}
