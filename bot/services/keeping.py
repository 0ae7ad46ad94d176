"""Pictures and files of a session, kept beside its archive, which then links there.

What people upload to Slack is gone with the workspace's retention, and only members can see it.
`MARGINALIA_KEEP_FILES` has it downloaded when the archive is written.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.library import files as disk
from bot.sessions.model import Session
from bot.settings import Settings
from bot.slack.api.gateway import unreachable
from bot.store.work import Work
from bot.support.remedies import not_written
from bot.texts import _

MIB = 1024 * 1024
MAX_REDIRECTS = 5
DOWNLOAD_TIMEOUT_SECONDS = 30.0
"""How long one download may take."""
_CHUNK = 64 * 1024
_ID = re.compile(r"F[A-Z0-9]{2,30}\Z", re.ASCII)
_KEPT = re.compile(r"F[A-Z0-9]{2,30}-[a-z0-9.-]+\Z", re.ASCII)
_AMBIGUOUS = re.compile(r"[\\\s@]")
_WORD = re.compile(r"[^a-z0-9]+")
_SLACK = (".slack.com", ".slack-files.com", ".slack-gov.com")
_HELD = ("hosted", "snippet", "space", "")
"The `mode` of files that Slack holds itself: "
"<https://docs.slack.dev/reference/objects/file-object>."


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message: its ID, its name as it is kept, where Slack has it, its type."""

    id: str
    name: str
    url: str
    mimetype: str


class Keeper:
    """Keeps the files of sessions, as the settings say."""

    def __init__(self, settings: Settings):
        self._which = settings.keep_files
        self._limit = int(settings.keep_files_mib * MIB)
        self._folder = settings.files_dir
        token = settings.slack_bot_token
        self._token = token.get_secret_value() if token is not None else ""
        self._api = urlsplit(settings.slack_api_url)

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._which != "none"

    def links(self, session: Session) -> Mapping[str, str]:
        """The files of a session that are kept: by ID, where the website has them."""
        return {
            name.partition("-")[0]: f"{self._address()}/{session.event.id}/{name}"
            for name in self._names(session)
        }

    def places(self, uow: Work, session: Session) -> list[Path]:
        """The files of a session that are kept or are to be, on disk."""
        names = {*self._names(session), *(file.name for file in self._wanted(uow, session))}
        return [self._place(session) / name for name in sorted(names)]

    def tidy(self, uow: Work, session: Session) -> None:
        """Removes the kept files that no message of the archive has any more."""
        wanted = {file.name for file in self._wanted(uow, session)}
        for name in self._names(session):
            if name not in wanted:
                with suppress(FileNotFoundError):
                    (self._place(session) / name).unlink()

    def missing(self, uow: Work, session: Session) -> list[File]:
        """The files that are to be kept and are not yet."""
        have = set(self._names(session))
        found = {file.name: file for file in self._wanted(uow, session)}
        return [file for name, file in found.items() if name not in have]

    async def fetch(self, session: Session, wanted: Iterable[File]) -> list[str]:
        """Downloads files; gives what went wrong, a line each. Raises nothing for a file."""
        problems: list[str] = []
        async with ClientSession(timeout=ClientTimeout(total=DOWNLOAD_TIMEOUT_SECONDS)) as client:
            for file in wanted:
                try:
                    data = await self._download(client, file)
                    await asyncio.to_thread(self._write, session, file, data)
                except _NotKeptError as error:
                    problems.append(f"{file.name}: {error}")
                except TimeoutError:
                    problems.append(
                        _(
                            "{file}: Slack did not send it within {seconds} s",
                            file=file.name,
                            seconds=f"{DOWNLOAD_TIMEOUT_SECONDS:.0f}",
                        )
                    )
                except ClientError as error:
                    problems.append(f"{file.name}: {unreachable(error)}")
                except OSError as error:
                    problems.append(str(not_written(self._place(session) / file.name, error)))
        return problems

    # What is to be kept

    def _wanted(self, uow: Work, session: Session) -> Iterator[File]:
        if not self.is_on:
            return
        edited = uow.edits.texts(session.id)
        for thread in uow.messages.iter_threads(session.id):
            question = thread.question
            if question.hidden:
                continue
            for message in (question, *thread.replies):
                shown = not (message.deleted or message.hidden)
                if shown and (message.channel, message.ts) not in edited:
                    yield from self._files_of(message.content)

    def _files_of(self, content: Mapping[str, Any]) -> Iterator[File]:
        for file in content.get("files") or ():
            found = _file(file) if isinstance(file, Mapping) else None
            if found is None or not self._is_slacks(found.url):
                continue
            size = file.get("size")
            if isinstance(size, int) and size > self._limit:
                continue
            if self._which == "all" or found.mimetype.startswith("image/"):
                yield found

    # Where it is kept

    def _address(self) -> str:
        """The folder of kept files on the website: from `images` on, where that is in the path."""
        parts = self._folder.parts
        at = parts.index("images") if "images" in parts else max(len(parts) - 1, 0)
        return "/" + PurePosixPath(*parts[at:]).as_posix()

    def _place(self, session: Session) -> Path:
        return self._folder / session.event.id

    def _names(self, session: Session) -> list[str]:
        if not self.is_on:
            return []
        with suppress(OSError):
            names = (path.name for path in self._place(session).iterdir())
            return sorted(name for name in names if _KEPT.match(name))
        return []

    def _write(self, session: Session, file: File, data: bytes) -> None:
        folder = self._place(session)
        folder.mkdir(parents=True, exist_ok=True)
        disk.replace(folder / file.name, [data])

    # Slack

    def _is_slacks(self, url: str) -> bool:
        """Whether an address is Slack's own, the only ones that the token goes to."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            if _AMBIGUOUS.search(parts.netloc):
                return False  # programs read such an address as different hosts
            if self._api.hostname and not host.endswith(_SLACK):
                # The sandbox, or whatever stands in for Slack: its very address.
                own = (self._api.scheme, self._api.hostname, self._api.port)
                return (parts.scheme, host, parts.port) == own
        except ValueError:
            return False
        return parts.scheme == "https" and host.endswith(_SLACK) and parts.port in (None, 443)

    async def _download(self, client: ClientSession, file: File) -> bytes:
        url = file.url
        for _turn in range(MAX_REDIRECTS + 1):
            own = self._is_slacks(url)
            if not own and urlsplit(url).scheme != "https":
                raise _NotKeptError(_("Slack redirects to an address that is not https"))
            headers = {"Authorization": f"Bearer {self._token}"} if own and self._token else {}
            async with client.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status in (301, 302, 303, 307, 308) and "Location" in answer.headers:
                    url = urljoin(url, answer.headers["Location"])
                    continue
                if answer.status != 200:
                    raise _NotKeptError(
                        _("Slack answers with status {status}", status=answer.status)
                    )
                if answer.content_type == "text/html" and file.mimetype != "text/html":
                    raise _NotKeptError(
                        _(
                            "Slack shows its login page instead; add the scope files:read to the "
                            "app and install it again"
                        )
                    )
                data = bytearray()
                async for part in answer.content.iter_chunked(_CHUNK):
                    data += part
                    if len(data) > self._limit:
                        raise _NotKeptError(
                            _("is larger than {limit} MiB", limit=self._limit // MIB)
                        )
                return bytes(data)
        raise _NotKeptError(_("Slack redirects too many times"))


class _NotKeptError(Exception):
    """A file that cannot be kept now. The text says why."""


def _file(file: Mapping[str, Any]) -> File | None:
    """A file that Slack holds and still has; None for others."""
    slack_id = file.get("id")
    if (
        not isinstance(slack_id, str)
        or not _ID.match(slack_id)
        or file.get("mode", "") not in _HELD
    ):
        return None
    url = file.get("url_private_download") or file.get("url_private")
    if not isinstance(url, str) or not url:
        return None
    name, kind = str(file.get("name") or file.get("title") or ""), file.get("filetype")
    stem, _dot, ending = name.rpartition(".")
    ending = _WORD.sub("", (ending if stem else str(kind or "")).lower())[:10] or "bin"
    words = _WORD.sub("-", (stem or name).lower()).strip("-")[:60].strip("-") or "file"
    return File(slack_id, f"{slack_id}-{words}.{ending}", url, str(file.get("mimetype") or ""))
