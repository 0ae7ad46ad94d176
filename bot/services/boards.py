"""The boards: what one shows, read from the store, and the links that open them.

A link ends with the session's number and a code that is made of the board's nonce, which is stored,
and the bot token, which is not: whoever has the database has no link, and a link can be shown again.
Revoking forgets the nonce. A new bot token makes new links.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from collections.abc import Callable, Collection
from datetime import datetime
from hashlib import blake2b

from starlette.applications import Starlette

from bot.errors import UserError
from bot.markup import to_markdown
from bot.services.export import UNKNOWN, StoredNames, names_of
from bot.sessions import queue
from bot.sessions.model import Handled, Message, Session, State
from bot.settings import Settings
from bot.store.database import Database
from bot.store.work import Work
from bot.texts import _
from bot.web.board.hub import Hub
from bot.web.board.model import Board, Question, Reply
from bot.web.board.routes import BoardRoutes

KEPT_TEXTS = 20_000
"""Messages whose Markdown is kept: those of some long sessions."""

Link = Callable[[str, str], str]
"""The address in Slack of a message by channel and `ts`; '' where that is not known."""

_KEY = re.compile(r"(\d{1,18})-[A-Za-z0-9_-]{22}\Z", re.ASCII)


def application(settings: Settings, database: Database, link: Link) -> tuple[Hub, Starlette]:
    """The boards' web application, and the hub to close when it ends."""

    texts = Texts()

    def shown(session_id: int) -> Board | None:
        with database.reading() as uow:
            session = uow.sessions.get(session_id)
            return read(uow, session, settings.vote_reactions, link, texts) if session else None

    def marker(session_id: int) -> str | None:
        with database.reading() as uow:
            return uow.boards.marker(session_id)

    def opens(key: str) -> int | None:
        with database.reading() as uow:
            return opened_by(uow, _secret(settings), key)

    hub = Hub(shown, marker)
    routes = BoardRoutes(hub, opens, lambda key: address(settings, key))
    return hub, routes.application()


# Links


def share(settings: Settings, uow: Work, session_id: int, at: datetime) -> str:
    """The link to a session's board, which is opened if there was none.

    Raises UserError where no address is set, or no bot token.
    """
    settings.require_bot_token()
    nonce = uow.boards.open(session_id, secrets.token_hex(16), at)
    return address(settings, key_of(_secret(settings), session_id, nonce))


def address(settings: Settings, key: str) -> str:
    """The public address of a board. Raises UserError where the settings say none."""
    base = settings.board_url
    if not base:
        if not settings.board_port:
            raise UserError(
                _(
                    "the board has no address; set MARGINALIA_BOARD_PORT, and "
                    "MARGINALIA_BOARD_URL if people reach it under another address"
                )
            )
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        base = f"http://{host}:{settings.board_port}"
    return f"{base}/board/{key}"


def key_of(secret: str, session_id: int, nonce: str) -> str:
    """The last part of a board's link."""
    text = f"marginalia board {session_id} {nonce}".encode()
    code = hmac.digest(secret.encode(), text, "sha256")[:16]
    return f"{session_id}-{base64.urlsafe_b64encode(code).decode().rstrip('=')}"


def opened_by(uow: Work, secret: str, key: str) -> int | None:
    """The session whose board the last part of a link opens; None where it opens none."""
    found = _KEY.match(key)
    if found is None:
        return None
    session_id = int(found[1])
    nonce = uow.boards.nonce(session_id)
    if nonce is None or not hmac.compare_digest(key, key_of(secret, session_id, nonce)):
        return None
    return session_id


def _secret(settings: Settings) -> str:
    settings.require_bot_token()
    token = settings.slack_bot_token
    return token.get_secret_value() if token else ""


# What it shows


def read(
    uow: Work,
    session: Session,
    votes: Collection[str],
    link: Link,
    texts: Texts | None = None,
) -> Board:
    """The board of a session; `votes` are the names of the reactions that count as one. `texts`
    keeps what it took to read it before.
    """
    event = session.event
    announcement = session.announcement_ts
    return Board(
        title=event.title,
        authors=tuple(author.name for author in event.authors),
        start=event.start,
        end=event.end,
        is_open=session.state is State.OPEN,
        is_over=session.state not in (State.SCHEDULED, State.OPEN),
        link=link(session.channel, announcement) if announcement else "",
        questions=questions(uow, session, votes, link, texts or Texts()),
    )


def questions(
    uow: Work, session: Session, votes: Collection[str], link: Link, texts: Texts
) -> list[Question]:
    """A session's questions as everybody may see them, by time.

    One that is answered elsewhere is answered by the author who said so. Left out are those that
    were deleted, hidden or withdrawn, talk, and the threads that an author began. Names are as people
    want them shown, and a text that an organizer edited for the archive stands instead of what was
    written, as in `bot.services.export`.
    """
    names = names_of(uow, session)
    names.learn(uow.messages.authors(session.id))
    edits = uow.edits.texts(session.id)
    authors = session.author_ids

    def text(message: Message) -> str:
        edited = edits.get((message.channel, message.ts))
        return texts.of(message, names) if edited is None else edited

    voted = queue.voters(uow, session, votes)
    handlings = uow.members.handlings(session.id)
    found = []
    for thread in uow.messages.iter_threads(session.id):
        question = thread.question
        if question.deleted or question.hidden or question.author in authors:
            continue
        if question.is_talk:
            continue
        replies = tuple(
            Reply(names.writer(reply), text(reply), reply.author in authors)
            for reply in thread.replies
            if not reply.hidden
        )
        answered = [reply.name for reply in replies if reply.by_author]
        handling = handlings.get(question.ts)
        if not answered and handling is not None and handling.how is Handled.ELSEWHERE:
            answered = [names.user(handling.by) or _(UNKNOWN)]
        found.append(
            Question(
                key=question.ts.replace(".", "-"),
                name=names.writer(question),
                text=text(question),
                at=question.at,
                votes=queue.votes(thread, voted, authors),
                replies=replies,
                answered_by=tuple(dict.fromkeys(answered)),
                link=link(question.channel, question.ts),
            )
        )
    return found


class Texts:
    """Messages as Markdown. One is converted again only when it, or a name in it, has changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[bytes, _Asked, str]] = {}

    def of(self, message: Message, names: StoredNames) -> str:
        """The Markdown of a message."""
        key = (message.channel, message.ts)
        content = json.dumps(message.content, separators=(",", ":"), sort_keys=True)
        digest = blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._known.get(key)
        if known is not None and known[0] == digest and known[1].still(names):
            return known[2]
        asked = _Asked(names)
        text = to_markdown(message.content, asked)
        if len(self._known) >= KEPT_TEXTS:
            self._known.clear()
        self._known[key] = (digest, asked.answered(), text)
        return text


class _Asked:
    """Names that remember which they were asked for, and what they said: `bot.markup.Names`."""

    def __init__(self, names: StoredNames):
        self._names: StoredNames | None = names
        self._answers: dict[tuple[str, str], str | None] = {}

    def user(self, id: str, /) -> str:
        return self._ask("user", id) or ""

    def channel(self, id: str, /) -> str:
        return self._ask("channel", id) or ""

    def usergroup(self, id: str, /) -> str:
        return self._ask("usergroup", id) or ""

    def emoji(self, name: str, /) -> str | None:
        return self._ask("emoji", name)

    def answered(self) -> _Asked:
        """The same without the names it asked, which belong to a transaction."""
        self._names = None
        return self

    def still(self, names: StoredNames) -> bool:
        """Whether `names` would say the same."""
        return all(
            getattr(names, kind)(key) == answer for (kind, key), answer in self._answers.items()
        )

    def _ask(self, kind: str, key: str) -> str | None:
        answer: str | None = getattr(self._names, kind)(key)
        self._answers[kind, key] = answer
        return answer
