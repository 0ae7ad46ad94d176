"""The boards: what one shows, read from the store, and the links that open them.

A link ends with the session's number and a code that is made of the board's nonce, which is stored,
and the bot token, which is not: whoever has the database has no link, and a link can be shown again.
Revoking forgets the nonce. A new bot token makes new links.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Collection
from datetime import datetime

from starlette.applications import Starlette

from bot.errors import UserError
from bot.export import StoredNames
from bot.markup import to_markdown
from bot.sessions.model import Message, Session, State, Thread
from bot.sessions.ports import UnitOfWork
from bot.settings import Settings
from bot.store.database import Database
from bot.web.board.hub import Hub
from bot.web.board.model import Board, Question
from bot.web.board.routes import BoardRoutes

Link = Callable[[str, str], str]
"""The address in Slack of a message by channel and `ts`; '' where that is not known."""

_KEY = re.compile(r"(\d{1,18})-[A-Za-z0-9_-]{22}\Z", re.ASCII)


def application(settings: Settings, database: Database, link: Link) -> tuple[Hub, Starlette]:
    """The boards' web application, and the hub to close when it ends."""

    def shown(session_id: int) -> Board | None:
        with database.reading() as uow:
            session = uow.sessions.get(session_id)
            return read(uow, session, settings.vote_reactions, link) if session else None

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


def share(settings: Settings, uow: UnitOfWork, session_id: int, at: datetime) -> str:
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
                "there is no board without an address; set MARGINALIA_BOARD_PORT, and "
                "MARGINALIA_BOARD_URL where others reach it by another name"
            )
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        base = f"http://{host}:{settings.board_port}"
    return f"{base}/board/{key}"


def key_of(secret: str, session_id: int, nonce: str) -> str:
    """The last part of a board's link."""
    text = f"marginalia board {session_id} {nonce}".encode()
    code = hmac.digest(secret.encode(), text, "sha256")[:16]
    return f"{session_id}-{base64.urlsafe_b64encode(code).decode().rstrip('=')}"


def opened_by(uow: UnitOfWork, secret: str, key: str) -> int | None:
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


def read(uow: UnitOfWork, session: Session, votes: Collection[str], link: Link) -> Board:
    """The board of a session; `votes` are the names of the reactions that count as one."""
    event = session.event
    announcement = session.announcement_ts
    return Board(
        title=event.title,
        authors=tuple(author.name for author in event.authors),
        start=event.start,
        end=event.end,
        is_open=session.state is State.OPEN,
        link=link(session.channel, announcement) if announcement else "",
        questions=questions(uow, session, votes, link),
    )


def questions(
    uow: UnitOfWork, session: Session, votes: Collection[str], link: Link
) -> list[Question]:
    """A session's questions as everybody may see them, by time.

    Left out are those that were deleted, hidden or withdrawn, and the threads that an author
    began. Names are as people want them shown, and a text that an organizer edited for the archive
    stands instead of what was written, as in `bot.export`.
    """
    names = StoredNames(uow, session.event.options.get("names") == "as-posted")
    edits = uow.edits.of_session(session.id)
    authors = session.author_ids
    voted = _voters(uow, session, votes)
    found = []
    for thread in uow.messages.iter_threads(session.id):
        question = thread.question
        if question.deleted or question.hidden or question.author in authors:
            continue
        edit = edits.get((question.channel, question.ts))
        replies = [reply for reply in thread.replies if not reply.hidden]
        answers = [reply for reply in replies if reply.author in authors]
        found.append(
            Question(
                key=question.ts.replace(".", "-"),
                name=names.writer(question),
                text=to_markdown(question.content, names) if edit is None else edit.text,
                at=question.at,
                votes=len(_of_thread(thread, voted, authors) - {question.author}),
                replies=len(replies),
                answered_by=tuple(dict.fromkeys(names.writer(answer) for answer in answers)),
                link=link(question.channel, question.ts),
            )
        )
    return found


def _voters(uow: UnitOfWork, session: Session, votes: Collection[str]) -> dict[str, set[str]]:
    """Who voted for each message, by `ts`: by a reaction of any skin tone, or in the form."""
    found = {ts: set(people) for ts, people in uow.members.supporters(session.id).items()}
    for reaction in uow.reactions.of_session(session.id):
        if reaction.name.partition("::")[0] in votes:
            found.setdefault(reaction.ts, set()).add(reaction.user)
    return found


def _of_thread(thread: Thread, voted: dict[str, set[str]], authors: Collection[str]) -> set[str]:
    """Who voted for a question, or for one that was merged with it."""
    people = set(voted.get(thread.question.ts, ()))
    for reply in thread.replies:
        if _is_merged(reply, thread.question) and reply.author not in authors:
            people |= voted.get(reply.ts, set())
    return people


def _is_merged(reply: Message, question: Message) -> bool:
    return reply.corrected and reply.thread_ts != question.ts
