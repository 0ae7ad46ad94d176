"""The unit of work: all repositories in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from bot.sessions.ports import UnitOfWork
from bot.store.actions import Actions
from bot.store.boards import Boards
from bot.store.commits import Commits
from bot.store.draws import Draws
from bot.store.edits import Edits
from bot.store.forgotten import Forgotten
from bot.store.inbox import Inbox
from bot.store.knowledge import Knowledge
from bot.store.labels import Labels
from bot.store.links import Links
from bot.store.member_names import MemberNames
from bot.store.members import Members
from bot.store.messages import Messages
from bot.store.mutes import Mutes
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.personal import Personal
from bot.store.reactions import Reactions
from bot.store.repository import WriteTurn
from bot.store.requests import Requests
from bot.store.sessions import Sessions


class Work(UnitOfWork):
    """All repositories over a connection in a transaction, those too that no other part needs.

    `wrote` says that a statement changed rows.
    """

    sessions: Sessions
    messages: Messages
    people: People
    member_names: MemberNames
    actions: Actions
    mutes: Mutes
    forgotten: Forgotten
    inbox: Inbox
    outbox: Outbox
    edits: Edits

    def __init__(self, connection: Connection):
        self.wrote = False
        self._connection = connection
        self._turn = WriteTurn(connection)
        self.sessions = Sessions(connection, self._turn)
        self.messages = Messages(connection, self._turn)
        self.forgotten = Forgotten(connection, self._turn)
        self.people = People(connection, self._turn, self.forgotten)
        self.member_names = MemberNames(connection, self._turn, self.forgotten)
        self.reactions = Reactions(connection, self._turn, self.forgotten)
        self.labels = Labels(connection, self._turn)
        self.actions = Actions(connection, self._turn)
        self.mutes = Mutes(connection, self._turn)
        self.members = Members(connection, self._turn)
        self.personal = Personal(connection, self._turn, self._unread)
        self.inbox = Inbox(connection, self._turn)
        self.outbox = Outbox(connection, self._turn)
        self.edits = Edits(connection, self._turn)
        self.draws = Draws(connection, self._turn)
        self.boards = Boards(connection, self._turn)
        self.requests = Requests(connection, self._turn)
        self.commits = Commits(connection, self._turn)
        self.links = Links(connection, self._turn)
        self.knowledge = Knowledge(connection, self._turn)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        touched = self.sessions.touched()
        try:
            with self._connection.begin_nested():
                yield
        except BaseException:
            self.sessions.forget(touched)
            self._turn.undone()
            self._unread()
            raise

    def _unread(self) -> None:
        """What was read may be untrue."""
        self.messages.forget()
        self.people.forget()
        self.mutes.forget()
        self.forgotten.forget()
