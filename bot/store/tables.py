"""The tables. Their migrations stand in `migrations/`; a test compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.schema import SchemaItem

from bot.store.types import Anything, Json, Moment, Number

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *columns: SchemaItem, **options: Any) -> Table:
    return Table(name, metadata, *columns, **options)


def _place() -> list[Column[Any]]:
    """The key of what is kept of a message in Slack."""
    return [Column(name, Anything, primary_key=True) for name in ("channel", "ts")]


def _partial(name: str, condition: str, *columns: str) -> Index:
    """An index of the rows that are so, on both databases."""
    where = text(condition)
    return Index(name, *columns, postgresql_where=where, sqlite_where=where)


sessions = _table(
    "sessions",
    Column("id", Number, primary_key=True),
    Column("event_id", Anything, nullable=False, unique=True),
    Column("event", Text, nullable=False),  # `bot.store.events` reads it
    Column("starts_at", Moment, nullable=False),
    Column("channel", Anything, nullable=False),
    Column("state", Text, nullable=False),
    Column("collects_from", Moment),
    Column("collects_until", Moment),
    Column("opened_at", Moment),
    Column("closed_at", Moment),
    Column("announcement_ts", Anything),
    Column("reconciled_ts", Anything),
    Column("content_changed_at", Moment),
    Column("archived_at", Moment),
    Column("added_authors", Json, nullable=False, server_default="[]"),
    Index(None, "channel", "starts_at"),
    Index(None, "channel", "collects_until"),
    Index(None, "state", "starts_at"),
    Index(None, "collects_until"),
    # Sessions of which the archive is not up to date; nearly all that are over are not in it.
    _partial(
        "ix_sessions_unarchived", "archived_at IS NULL OR content_changed_at > archived_at", "state"
    ),
)

messages = _table(
    "messages",
    *_place(),
    Column("ts_us", BigInteger, nullable=False),  # `ts` in microseconds, to sort by
    Column("session_id", Number, ForeignKey("sessions.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("author", Anything, nullable=False),
    Column("content", Json, nullable=False),
    Column("posted_name", Anything),
    Column("thread_ts", Anything),
    Column("question_ts", Anything),
    # The question it stands under in the end: a question that was itself moved under another
    # takes its replies along, and they go back with it.
    Column("root_ts", Anything, nullable=False),
    Column("root_us", BigInteger, nullable=False),
    Column("edited_ts", Anything),
    Column("broadcast", Boolean, nullable=False),
    Column("origin", Text, nullable=False),
    Column("deleted_at", Moment),
    # Why it is left out of archives: `model.Hidden`, separated by blanks.
    Column("hidden", Text, nullable=False, server_default=""),
    Column("corrected", Boolean, nullable=False, server_default=false()),
    Column("talk", Text, nullable=False, server_default=""),  # `model.Talk`
    Index(None, "session_id", "ts_us"),
    Index(None, "session_id", "root_us", "root_ts"),
    Index(None, "channel", "question_ts"),
    Index(None, "channel", "thread_ts"),
    Index(None, "author"),
)

people = _table(
    "people",
    Column("slack_id", Anything, primary_key=True),
    Column("name", Anything),
    Column("real_name", Anything),
    Column("is_bot", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("tz", Anything),
    Column("privacy", Text, nullable=False),
    Column("quiet", Boolean, nullable=False, server_default=false()),
)

member_names = _table(
    "member_names",
    Column("name", Anything, primary_key=True),  # folded: `bot.sessions.member_names`
    Column("member", Anything, primary_key=True),
    # The listing of all members in which it was last seen.
    Column("listing", Integer, nullable=False),
    Index(None, "member"),
)

member_listings = _table(
    "member_listings",
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("began_at", Moment, nullable=False),
    Column("cursor", Anything, nullable=False),
    Column("members", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("finished_at", Moment),  # None: it goes on
)

reactions = _table(
    "reactions",
    *_place(),
    Column("name", Anything, primary_key=True),
    Column("member", Anything, primary_key=True),
    # When Slack says it was added or removed, in microseconds; 0 where that is not known.
    Column("event_us", BigInteger, nullable=False, server_default=text("0")),
    Column("present", Boolean, nullable=False, server_default=text("true")),
)

labels = _table(
    "labels",
    Column("kind", Text, primary_key=True),
    Column("slack_id", Anything, primary_key=True),
    Column("name", Anything, nullable=False),
)

actions = _table(
    "actions",
    Column("id", Number, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", Anything, nullable=False),
    Column("what", Text, nullable=False),
    Column("session_id", Number, ForeignKey("sessions.id")),
    Column("event_id", Anything),
    Column("details", Json, nullable=False),
    Index(None, "session_id", "id"),
)

mutes = _table(
    "mutes",
    Column("session_id", Number, ForeignKey("sessions.id"), primary_key=True),
    Column("subject", Anything, primary_key=True),
    Column("by", Anything, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Anything, nullable=False),
)

past_mutes = _table(
    "past_mutes",
    Column("session_id", Number, ForeignKey("sessions.id"), primary_key=True),
    Column("subject", Anything, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("until", Moment, nullable=False),
)

secrets = _table(
    "secrets",
    Column("session_id", Number, ForeignKey("sessions.id"), primary_key=True),
    Column("secret", Text, nullable=False),  # hexadecimal; '' once it was dropped
)

submissions = _table(
    "submissions",
    Column("id", Number, primary_key=True),
    Column("token", Anything, nullable=False, unique=True),
    Column("session_id", Number, ForeignKey("sessions.id"), nullable=False),
    Column("asker", Anything, nullable=False),
    Column("text", Anything, nullable=False),
    Column("at", Moment, nullable=False),
    Column("name", Anything, nullable=False),
    Column("icon", Anything, nullable=False),
    Column("state", Text, nullable=False),
    Column("channel", Anything, nullable=False),
    Column("ts", Anything),
    Index(None, "session_id", "id"),
    Index(None, "asker"),
)

handlings = _table(
    "handlings",
    *_place(),
    Column("how", Text, nullable=False),
    Column("by", Anything, nullable=False),
    Column("at", Moment, nullable=False),
)

follows = _table(
    "follows",
    *_place(),
    Column("member", Anything, primary_key=True),
    Index(None, "member"),
)

supports = _table(
    "supports",
    *_place(),
    Column("member", Anything, primary_key=True),
)

forgotten = _table(
    "forgotten",
    # The mark of a name, made with the salt: `bot.sessions.forgetting`. The salt's own row has
    # the mark '' and the salt in hexadecimal for a member.
    Column("mark", Anything, primary_key=True),
    Column("member", Anything, primary_key=True),
)

viewers = _table(
    "viewers",
    Column("member", Anything, primary_key=True),
    Column("at", Moment, nullable=False),
)

pages = _table(
    "pages",
    Column("member", Anything, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)

edits = _table(
    "edits",
    *_place(),
    Column("text", Anything, nullable=False),
    Column("by", Anything, nullable=False),
    Column("at", Moment, nullable=False),
)

draws = _table(
    "draws",
    Column("session_id", Number, ForeignKey("sessions.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("seed", Text, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("weights", Text, nullable=False),
    Column("tickets", Json, nullable=False),  # pairs of text and person
    Column("winners", Json, nullable=False),
    Column("way", Text, nullable=False),
    Column("by", Anything, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)

boards = _table(
    "boards",
    Column("session_id", Number, ForeignKey("sessions.id"), primary_key=True),
    # Goes into the board's link, which it takes a secret of the settings to make.
    Column("nonce", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
)

inbox = _table(
    "inbox",
    Column("id", Number, primary_key=True),
    Column("key", Anything, nullable=False, unique=True),
    Column("body", Json),
    Column("received_at", Moment, nullable=False),
    Column("due_at", Moment),  # None: at once
    Column("handled_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("error", Anything),
    Column("state", Text, nullable=False),
    # Rows that are done, nearly all, are not in it: what it costs to claim depends on what waits.
    _partial("ix_inbox_open", "state <> 'done'", "state", "id"),
    _partial("ix_inbox_done", "state = 'done'", "received_at"),
)

outbox = _table(
    "outbox",
    Column("id", Number, primary_key=True),
    Column("key", Anything, nullable=False, unique=True),
    Column("method", Anything, nullable=False),
    Column("payload", Json, nullable=False),
    Column("channel", Anything, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("not_before", Moment),  # None: at once
    Column("leased_until", Moment),
    Column("attempts", Integer, nullable=False),
    Column("error", Anything),
    Column("state", Text, nullable=False),
    Column("slack_ts", Anything),
    Column("sent_at", Moment),
    Column("tried_at", Moment),
    _partial("ix_outbox_due", "state = 'due'", "channel", "id"),
    _partial("ix_outbox_open", "state <> 'sent'", "state", "id"),
)

paces = _table(
    "paces",
    Column("channel", Anything, primary_key=True),
    Column("sent_at", Moment),
    Column("blocked_until", Moment),
    Column("trouble", Anything),
)

leases = _table(
    "leases",
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", Moment, nullable=False),
    Column("backend", Integer, nullable=False),  # the process of the server that serves the holder
)

requests = _table(
    "requests",
    Column("key", Anything, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("result", Json),
)

links = _table(
    "links",
    *_place(),
    Column("ts_us", BigInteger, nullable=False),  # `ts` in microseconds, to sort by
    Column("session_id", Number, ForeignKey("sessions.id"), nullable=False),
    Column("state", Text, nullable=False),  # held | due | done
    Column("due_at", Moment),  # None: at once
    Column("attempts", Integer, nullable=False),
    _partial("ix_links_open", "state <> 'done'", "session_id", "ts_us"),
)

commits = _table(
    "commits",
    Column("id", Number, primary_key=True),
    Column("folder", Anything, nullable=False),
    Column("paths", Json, nullable=False),
    Column("message", Anything, nullable=False),
    Column("author_name", Anything, nullable=False),
    Column("author_email", Anything, nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)

# The index of answered questions: `bot.services.knowledge`. All of it can be made anew.
knowledge_events = _table(
    "knowledge_events",
    Column("event_id", Anything, primary_key=True),
    # What its documents were made of; '' where something of that went away since.
    Column("made_of", Text, nullable=False),
)

knowledge = _table(
    "knowledge",
    Column("id", Number, primary_key=True),
    Column("event_id", Anything, nullable=False),
    Column("place", Text, nullable=False),
    Column("title", Anything, nullable=False),
    Column("year", Integer, nullable=False),
    Column("question", Anything, nullable=False),
    Column("answers", Json, nullable=False),
    Column("answered_by", Anything, nullable=False),
    Column("channel", Anything, nullable=False),
    Column("ts", Anything, nullable=False),
    Column("digest", Text, nullable=False),
    Index(None, "event_id", "place", unique=True),
    sqlite_autoincrement=True,  # an id is never used again: who remembers one finds nothing else
)

knowledge_words = _table(
    "knowledge_words",
    # In this order: a search reads the documents in which a word counts most, and no others.
    Column("word", Anything, primary_key=True),
    Column("weight", Float, primary_key=True),
    Column("document", Number, ForeignKey("knowledge.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "document", "word"),
    sqlite_with_rowid=False,
)

knowledge_messages = _table(
    "knowledge_messages",
    *_place(),
    Column("document", Number, ForeignKey("knowledge.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "document"),
)

# What the texts of a document mean: vectors of 16-bit floats, by `bot.meaning`.
knowledge_vectors = _table(
    "knowledge_vectors",
    Column("id", Number, primary_key=True),
    Column("document", Number, ForeignKey("knowledge.id", ondelete="CASCADE"), nullable=False),
    Column("question", LargeBinary, nullable=False),
    Column("whole", LargeBinary, nullable=False),  # the question with its answers
    Column("sentences", LargeBinary, nullable=False),  # of the question, one after the other
    Index(None, "document", unique=True),
    sqlite_autoincrement=True,  # who has read up to an id reads on from there
)
