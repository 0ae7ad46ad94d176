"""A session as the archive of its file: the store's threads, in Markdown, by people's names.

Composes store, markup and library; the rules are theirs. The text of a message is converted
when it is exported, never before, so that a correction of the conversion mends every archive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.library.formats import Entry
from bot.markup import plain, to_markdown
from bot.sessions import linking, pairing, queue
from bot.sessions.anonymity import ANONYMOUS, is_anonymous
from bot.sessions.handover import Doubt, Handover, handover
from bot.sessions.model import FORGOTTEN, Handled, Kind, Message, Person, Session, Thread
from bot.sessions.ports import UnitOfWork
from bot.store.work import Work
from bot.texts import N_, _

UNKNOWN = N_("Unknown")
"""The name of a writer of whom Slack says no name."""
_WEBSITE = "https://kept.invalid"
DELETED = N_("This message was deleted.")
"""What Slack shows where a deleted message has replies; there it stands for the question."""


class StoredNames:
    """The names behind the IDs in messages, from the store: `bot.markup.Names`.

    `as_posted` gives people the names they had when they wrote (FORMAT.md's `names: as-posted`)
    where the name of a writer is asked for; a person who is only mentioned has the latest.
    """

    def __init__(self, uow: UnitOfWork, as_posted: bool = False):
        self._uow = uow
        self._as_posted = as_posted
        self._people: dict[str, Person | None] = {}
        self._labels: dict[tuple[str, str], str] = {}

    def learn(self, slack_ids: Collection[str]) -> None:
        """Reads many people at once, who would else be read one by one."""
        self._people.update(dict.fromkeys(slack_ids))
        self._people.update(self._uow.people.many(slack_ids))

    def user(self, id: str, /) -> str:
        person = self._person(id)
        return shown_name(person, person.name if person else None)

    def writer(self, message: Message) -> str:
        """What to call the one who wrote a message."""
        if is_anonymous(message.author):
            return _(ANONYMOUS)
        person = self._person(message.author)
        latest = person.name if person else None
        posted = message.posted_name
        name = (posted or latest) if self._as_posted else (latest or posted)
        return shown_name(person, name) or _(UNKNOWN)

    def channel(self, id: str, /) -> str:
        return self._label("channel", id)

    def usergroup(self, id: str, /) -> str:
        return self._label("usergroup", id)

    def emoji(self, name: str, /) -> str | None:
        return self._label("emoji", name) or None

    def _person(self, slack_id: str) -> Person | None:
        if slack_id not in self._people:
            self._people[slack_id] = self._uow.people.get(slack_id)
        return self._people[slack_id]

    def _label(self, kind: str, key: str) -> str:
        if (kind, key) not in self._labels:
            self._labels[kind, key] = self._uow.labels.get(kind, key) or ""
        return self._labels[kind, key]


def shown_name(person: Person | None, name: str | None) -> str:
    """The name as the person wants it shown; '' where there is none."""
    if person is not None and person.privacy in ("left_out", FORGOTTEN):
        return _(ANONYMOUS)
    if person is not None and person.privacy == "first_name" and name:
        return name.split()[0]
    return name or ""


def entries(
    uow: Work,
    session: Session,
    unthreaded: str = "attach",
    meaning: pairing.Meaning | None = None,
    kept: Mapping[str, str] = {},
) -> Iterator[Entry]:
    """The session's threads as the archive has them, one at a time.

    What is hidden is left out (with a question its thread), and a text that an organizer edited
    for the archive stands instead of what was written. With `attach` an author's answer outside
    a thread stands under its question where that is sure, with `keep` where it was posted; the
    event's own `unthreaded` has the last word. `meaning` compares what texts mean (pairing.pair).
    `kept` are addresses on the website, by the IDs of files that it has.
    """
    for _thread, entry in with_messages(uow, session, unthreaded, meaning, kept):
        yield entry


def with_messages(
    uow: Work,
    session: Session,
    unthreaded: str = "attach",
    meaning: pairing.Meaning | None = None,
    kept: Mapping[str, str] = {},
) -> Iterator[tuple[Thread, Entry]]:
    """The entries with the messages they are made of, none of them hidden; arguments as in
    `entries`."""
    names = names_of(uow, session)
    edits = uow.edits.texts(session.id)
    stored = uow.messages.iter_threads(session.id)
    for thread in _ordered(uow, session, names, unthreaded, meaning, stored):
        if not thread.question.hidden:
            replies = tuple(reply for reply in thread.replies if not reply.hidden)
            shown = Thread(thread.question, replies)
            yield shown, _entry(shown, names, edits, kept)


def threads(
    uow: Work,
    session: Session,
    unthreaded: str = "attach",
    meaning: pairing.Meaning | None = None,
) -> Iterable[Thread]:
    """The session's threads in the archive's order, as `entries` has them, before they are texts.

    Hidden messages may be among them.
    """
    stored = uow.messages.iter_threads(session.id)
    return _ordered(uow, session, names_of(uow, session), unthreaded, meaning, stored)


def summary(
    uow: Work,
    session: Session,
    votes: Collection[str],
    unthreaded: str = "attach",
    meaning: pairing.Meaning | None = None,
) -> Handover:
    """The figures of a session as its archive has it, and what needs a look.

    `votes` are the names of the reactions that count as one, the rest is as in `entries`.
    """
    names = names_of(uow, session)
    names.learn(uow.messages.authors(session.id))
    stored = list(uow.messages.iter_threads(session.id))
    archived = list(_ordered(uow, session, names, unthreaded, meaning, stored))
    shown = [thread for thread in stored if not thread.question.hidden]
    writers = {m.author: names.writer(m) for t in shown for m in (t.question, *t.replies)}
    unsure: list[Doubt] = []
    if linking.attaches(session, unthreaded):
        unsure = linking.doubts(
            shown,
            archived,
            session,
            lambda message: plain(message.content, names),
            lambda person: writers[person],
            meaning,
        )
    known = uow.people.many(writers)
    return handover(
        session,
        archived,
        queue.voters(uow, session, votes),
        {who for who, person in known.items() if person.name},
        queue.handled(uow, session, Handled.ELSEWHERE),
        unsure,
        queue.handled(uow, session, Handled.SKIPPED),
    )


def names_of(uow: Work, session: Session) -> StoredNames:
    """The names as the session's archive has them."""
    return StoredNames(uow, session.event.options.get("names") == "as-posted")


def _ordered(
    uow: Work,
    session: Session,
    names: StoredNames,
    unthreaded: str,
    meaning: pairing.Meaning | None,
    threads: Iterable[Thread],
) -> Iterable[Thread]:
    """The stored threads in the archive's order; hidden ones may be among them."""
    if linking.attaches(session, unthreaded) and _adrift(uow, session):
        return _arranged(list(threads), session, names, meaning)
    return threads


def _adrift(uow: Work, session: Session) -> bool:
    """Whether an author posted outside a thread; without that nothing needs all of a session."""
    return any(
        message.session_id == session.id and message.kind is Kind.QUESTION
        for author in session.author_ids
        for message in uow.messages.of_author(author)
    )


def _arranged(
    threads: list[Thread], session: Session, names: StoredNames, meaning: pairing.Meaning | None
) -> list[Thread]:
    shown = [t for t in threads if not t.question.hidden]
    writers = {m.author: names.writer(m) for t in shown for m in (t.question, *t.replies)}
    # Who moved a message to where it stands knew better.
    known = {t.question.ts: None for t in shown if t.question.corrected}
    return pairing.arrange(
        shown,
        session.author_ids,
        lambda message: plain(message.content, names),
        lambda person: writers[person],
        known,
        meaning,
    )


def text_of(uow: UnitOfWork, message: Message) -> str:
    """A message's own text as an archive has it, in Markdown, whatever it was edited to."""
    return to_markdown(uow.messages.whole(message).content, StoredNames(uow))


def source_of(paths: Mapping[str, Path], session: Session) -> Path:
    """The schedule file of a session. Raises UserError if it is gone."""
    path = paths.get(session.event.id)
    if path is None:
        raise UserError(
            _(
                "the schedule file of “{title}” ({file}) is missing; put it back into the "
                "schedules to get its archive",
                title=session.event.title,
                file=session.event.file_name,
            )
        )
    return path


def _entry(
    thread: Thread,
    names: StoredNames,
    edits: Mapping[tuple[str, str], str],
    kept: Mapping[str, str],
) -> Entry:
    def text(message: Message) -> str:
        edited = edits.get((message.channel, message.ts))
        return _with_kept(message.content, names, kept) if edited is None else edited

    question = thread.question
    replies = tuple(Entry(names.writer(reply), text(reply)) for reply in thread.replies)
    if question.deleted:
        return Entry(_(ANONYMOUS), _(DELETED), replies)
    return Entry(names.writer(question), text(question), replies)


def _with_kept(content: Mapping[str, Any], names: StoredNames, kept: Mapping[str, str]) -> str:
    """A message in Markdown, with links to the files that the website has."""
    files = content.get("files")
    ids = {f["id"] for f in files or () if isinstance(f, Mapping) and f.get("id") in kept}
    if not ids:
        return to_markdown(content, names)
    # A message may link to whole addresses alone, so these stand for the website's until then.
    linked = [
        {**file, "permalink": f"{_WEBSITE}{kept[file['id']]}"}
        if isinstance(file, Mapping) and file.get("id") in ids
        else file
        for file in files or ()
    ]
    return to_markdown({**content, "files": linked}, names).replace(f"]({_WEBSITE}", "](")
