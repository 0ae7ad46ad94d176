"""What pairing reads and what it says: posts in, decisions out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.sessions.pairing.weights import CONFIDENT


@dataclass(frozen=True, slots=True)
class Post:
    """A message as pairing sees it, from Slack or from an archive page.

    `id` is any key that is unique in the session, `person` the key of who wrote it (a Slack
    member ID; in an archive page the name), `name` what people read, `text` the visible text of the
    message, without markup (bot.markup.plain). `mentions` are keys of
    persons mentioned in it, where that is known; names in the text are found anyway. `at` is
    when it was posted (aware UTC), None in an archive page. `thread` is the id of the top-level
    post it stands under, None at top level.
    """

    id: str
    person: str
    name: str
    is_author: bool
    text: str
    mentions: tuple[str, ...] = ()
    at: datetime | None = None
    thread: str | None = None


class Kind(StrEnum):
    """What a top-level post is."""

    ANSWERS = "answers"
    """An author's answer to a question."""
    SEVERAL = "several"
    """An author's answer to several questions: posts of one asker, or those of several askers
    whom its lines speak to one by one."""
    CONTINUES = "continues"
    """The rest of what the same person posted just before: an answer, or a question."""
    TALK = "talk"
    """A greeting, thanks, an announcement."""
    UNDECIDED = "undecided"
    """An author's post of which nothing can be said with more than an even chance."""
    QUESTION = "question"
    """A question of its own."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that a post may belong to, how likely it is (0 to 1), and why."""

    question: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What one top-level post is.

    `questions` are the ids of the questions it answers, the one it goes to first; of a thanks, the
    question whose answer it is for, and of a continued question, its first post. Empty for talk and
    for a question of its own. `confidence` (0 to 1) is that of the first question, or that it is
    talk; from `level` on it is sure. `continues` is the id of the post it continues. `candidates`
    are, for an author's post, the likeliest questions, best first, at most three.
    """

    post: str
    kind: Kind
    questions: tuple[str, ...]
    confidence: float
    reason: str
    by_author: bool
    continues: str | None = None
    candidates: tuple[Candidate, ...] = ()
    level: float = CONFIDENT

    @property
    def question(self) -> str | None:
        """The question it goes to."""
        return self.questions[0] if self.questions else None


@dataclass(frozen=True, slots=True)
class Covered:
    """A question that a reply in the thread of a neighbouring question answers too."""

    question: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """All decisions, in the order of the posts, and the questions that other threads cover."""

    decisions: tuple[Decision, ...]
    covered: tuple[Covered, ...] = ()

    def of(self, post: str) -> Decision | None:
        """The decision about a post, None where it is not at top level."""
        return next((d for d in self.decisions if d.post == post), None)
