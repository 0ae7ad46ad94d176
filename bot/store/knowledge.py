"""The index of answered questions: documents, their words, and the messages they are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    Connection,
    Text,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)

from bot.sessions.knowledge import Document, Meanings, weights
from bot.store.repository import Repository, chunked, from_row, to_row
from bot.store.tables import (
    knowledge,
    knowledge_events,
    knowledge_messages,
    knowledge_vectors,
    knowledge_words,
    sessions,
)

TABLES = (knowledge_vectors, knowledge_messages, knowledge_words, knowledge, knowledge_events)
_PART = 200
"""How many documents are written at a time."""


class Knowledge(Repository):
    """`bot.sessions.ports.Knowledge`."""

    def take_turn(self) -> None:
        self._turn.take()

    def made_of(self) -> dict[str, str]:
        query = select(knowledge_events.c.event_id, knowledge_events.c.made_of)
        return {row.event_id: row.made_of for row in self._connection.execute(query)}

    def pulse(self) -> str:
        stored = (sessions.c.event, sessions.c.state, sessions.c.added_authors)
        query = select(
            sessions.c.id,
            *(type_coerce(each, Text) for each in stored),
            sessions.c.content_changed_at,
        ).order_by(sessions.c.id)
        emptied = select(knowledge_events.c.event_id).where(knowledge_events.c.made_of == "")
        found = blake2b(digest_size=16)
        for row in self._connection.execute(query.execution_options(yield_per=200)):
            found.update(repr(tuple(row)).encode())
        found.update(repr(sorted(self._connection.execute(emptied).scalars())).encode())
        return found.hexdigest()

    def replace(self, event_id: str, made_of: str, documents: Collection[Document]) -> int:
        before = self._digests(event_id)
        now = {document.place: document for document in documents}
        gone = [
            id
            for place, (id, digest) in before.items()
            if place not in now or now[place].digest != digest
        ]
        self._delete(gone)
        kept = {place for place, (id, _digest) in before.items() if id not in gone}
        new = [document for place, document in now.items() if place not in kept]
        for start in range(0, len(new), _PART):
            self._add(new[start : start + _PART])
        self._upsert(knowledge_events, {"event_id": event_id}, {"made_of": made_of})
        return len(new)

    def remove(self, event_id: str) -> None:
        self._delete([id for id, _digest in self._digests(event_id).values()])
        of_event = knowledge_events.c.event_id == event_id
        self._connection.execute(delete(knowledge_events).where(of_event))

    def clear(self) -> None:
        for table in TABLES:
            self._connection.execute(delete(table))

    def count(self) -> int:
        return self._connection.execute(select(func.count()).select_from(knowledge)).scalar_one()

    def having(self, words: Collection[str], most: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for word in sorted(set(words)):
            rows = select(literal(1)).where(knowledge_words.c.word == word).limit(most)
            query = select(func.count()).select_from(rows.subquery())
            found[word] = self._connection.execute(query).scalar_one()
        return found

    def heaviest(self, word: str, limit: int) -> list[tuple[int, float]]:
        weight, document = knowledge_words.c.weight, knowledge_words.c.document
        query = (
            select(document, weight)
            .where(knowledge_words.c.word == word)
            .order_by(weight.desc(), document.desc())
            .limit(limit)
        )
        return [(name, found) for name, found in self._connection.execute(query)]

    def weights_of(
        self, documents: Collection[int], words: Collection[str]
    ) -> dict[int, dict[str, float]]:
        query = select(knowledge_words).where(
            knowledge_words.c.word.in_(sorted(set(words))),
            knowledge_words.c.document.in_(sorted(set(documents))),
        )
        found: dict[int, dict[str, float]] = {}
        for row in self._connection.execute(query):
            found.setdefault(row.document, {})[row.word] = row.weight
        return found

    def get(self, documents: Collection[int]) -> dict[int, Document]:
        query = select(knowledge).where(knowledge.c.id.in_(sorted(set(documents))))
        return {row.id: _document(row) for row in self._connection.execute(query)}

    def all(self) -> list[Document]:
        query = select(knowledge).order_by(knowledge.c.id)
        return [_document(row) for row in self._connection.execute(query)]

    def of_event(self, event_id: str) -> set[int]:
        return self._values(select(knowledge.c.id).where(knowledge.c.event_id == event_id))

    def unread(self, limit: int, after: int = 0) -> dict[int, Document]:
        query = (
            select(knowledge)
            .outerjoin(knowledge_vectors, knowledge_vectors.c.document == knowledge.c.id)
            .where(knowledge_vectors.c.id.is_(None), knowledge.c.id > after)
            .order_by(knowledge.c.id)
            .limit(limit)
        )
        return {row.id: _document(row) for row in self._connection.execute(query)}

    def put_meanings(self, found: Mapping[int, Meanings]) -> None:
        self._turn.take()
        query = select(knowledge.c.id).where(knowledge.c.id.in_(list(found)))
        for id in self._connection.execute(query).scalars().all():
            meanings = found[id]
            values = {
                "document": id,
                "question": meanings.question,
                "whole": meanings.whole,
                "sentences": meanings.sentences,
            }
            self._connection.execute(self._insert_new(knowledge_vectors).values(values))

    def meanings_after(self, id: int) -> Iterator[tuple[int, int, bytes, bytes]]:
        query = (
            select(
                knowledge_vectors.c.id,
                knowledge_vectors.c.document,
                knowledge_vectors.c.question,
                knowledge_vectors.c.whole,
            )
            .where(knowledge_vectors.c.id > id)
            .order_by(knowledge_vectors.c.id)
            .execution_options(yield_per=1_000)
        )
        for row in self._connection.execute(query):
            yield row.id, row.document, row.question, row.whole

    def count_meanings(self) -> int:
        query = select(func.count()).select_from(knowledge_vectors)
        return self._connection.execute(query).scalar_one()

    def sentences(self, documents: Collection[int]) -> dict[int, bytes]:
        query = select(knowledge_vectors.c.document, knowledge_vectors.c.sentences).where(
            knowledge_vectors.c.document.in_(sorted(set(documents)))
        )
        return {row.document: row.sentences for row in self._connection.execute(query)}

    def _digests(self, event_id: str) -> dict[str, tuple[int, str]]:
        query = select(knowledge.c.place, knowledge.c.id, knowledge.c.digest)
        rows = self._connection.execute(query.where(knowledge.c.event_id == event_id))
        return {row.place: (row.id, row.digest) for row in rows}

    def _delete(self, documents: Collection[int]) -> None:
        for part in chunked(documents):
            self._connection.execute(delete(knowledge).where(knowledge.c.id.in_(part)))

    def _add(self, documents: Collection[Document]) -> None:
        rows = [_row(document) for document in documents]
        self._connection.execute(insert(knowledge), rows)
        events = {document.event_id for document in documents}
        query = select(knowledge.c.event_id, knowledge.c.place, knowledge.c.id)
        query = query.where(
            knowledge.c.event_id.in_(sorted(events)),
            knowledge.c.place.in_([document.place for document in documents]),
        )
        ids = {(row.event_id, row.place): row.id for row in self._connection.execute(query)}
        found: list[dict[str, Any]] = []
        sources: list[dict[str, Any]] = []
        for document in documents:
            id = ids[document.event_id, document.place]
            found += [
                {"word": word, "document": id, "weight": weight}
                for word, weight in weights(document).items()
            ]
            sources += [
                {"channel": document.channel, "ts": ts, "document": id}
                for ts in dict.fromkeys(document.messages)
            ]
        if found:
            self._connection.execute(insert(knowledge_words), found)
        if sources:
            self._connection.execute(insert(knowledge_messages), sources)


def drop(connection: Connection, channel: str, tss: Iterable[str]) -> None:
    """Takes out what some messages of a channel are part of, at once, in this transaction.

    What may stay of it comes back when the index is next brought up to date.
    """
    for part in chunked(list(tss)):
        made_of = (
            select(knowledge_messages.c.document)
            .distinct()
            .where(knowledge_messages.c.channel == channel, knowledge_messages.c.ts.in_(part))
        )
        _drop(connection, connection.execute(made_of).scalars().all())


def drop_likely(connection: Connection, is_likely: Callable[[str], bool]) -> None:
    """Takes out all documents of which a text fits, as it is stored."""
    texts = [
        type_coerce(knowledge.c[name], Text) for name in ("question", "answers", "answered_by")
    ]
    rows = connection.execute(select(knowledge.c.id, *texts).execution_options(yield_per=500))
    _drop(connection, [id for id, *stored in rows if any(map(is_likely, stored))])


def _drop(connection: Connection, documents: Sequence[int]) -> None:
    for part in chunked(documents):
        gone = knowledge.c.id.in_(part)
        events = select(knowledge.c.event_id).where(gone)
        connection.execute(
            update(knowledge_events)
            .where(knowledge_events.c.event_id.in_(events))
            .values(made_of="")
        )
        connection.execute(delete(knowledge).where(gone))


def _row(document: Document) -> dict[str, Any]:
    return to_row(knowledge, document, answered_by=document.author, digest=document.digest)


def _document(row: Any) -> Document:
    answers = tuple(row.answers)
    return from_row(Document, row, author=row.answered_by, answers=answers, messages=())
