"""A session laid out for pairing: questions, threads, names and words, each looked at once."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.sessions.pairing import shape, signs, talk, words
from bot.sessions.pairing.meaning import Likeness, Meaning
from bot.sessions.pairing.names import Directory, Named, Naming
from bot.sessions.pairing.posts import Covered, Post
from bot.sessions.pairing.words import Bag, Rarity
from bot.texts import _

_ITEM = re.compile(r"^[ \t]*(?:\(?(\d{1,2}|[a-h])[.)]|[-*•◦]|q\d*[:.)])(?=\s|$|\S)", re.M | re.I)
_MARKER = re.compile(r"^[ \t]*(?:[-*•◦]|\(?[\da-h][.):])[ \t]*", re.I)
_HELLO = re.compile(r"(?:hi|hey|hello|dear)\b")
_NUMBER = re.compile(r"^[ \t]*\(?(\d{1,2})[.)](?!\d)", re.MULTILINE)
_THANKS = re.compile(r"\b(thank|thanks|thx|cheers|appreciate|grateful)", re.I)
_ASKS = re.compile(
    r"(?:^|[.!,:;\n(–-] {0,2}|\b(?:and|but|so|know|tell|explain|ask|asking|understand|see|sure|about|is|was) )"
    r"(?:how|what|which|why|when|where|who)\b"
    r"|\b(?:could you|can you|would you|do you|did you|is there|are (?:there|you)|is (?:it|this|that)|does|should"
    r"|any (?:idea|advice|tips|suggestion)|please (?:help|correct|explain|elaborate|let)|wonder(?:ing)?|curious"
    r"|questions?:)\b",
    re.I,
)
_SEVERAL = re.compile(
    r"\b(?:both|two|three|four|all)\b[^.?!\n]{0,20}\b(?:questions|problems|answers|points)\b", re.I
)
_YES_NO = re.compile(
    r"(?:^|[.!?,:;\n]\s*)(?-i:[A-Z@][\w.-]*,? ){0,4}(?:and |also |so |but )?(?:is|are|was|were|do"
    r"|does|did|can|could|will|would|should|has|have|any)\s[^.?!\n]*\?",
    re.I,
)


ANSWER = 25
"""From how many words an author's post is more than a greeting."""
_POINT, _MOST_POINTS = 30, 9
"""Of how many words a point of a list is at most, and how many a list has that does not say so."""
_BEGINNING = 200
"""Of how many characters the beginning of a post is, in which talk that is long shows what it is."""


@dataclass(slots=True)
class Text:
    """What is read off one post's text."""

    stems: list[str]
    items: int
    numbers: tuple[int, ...]
    marks: int
    thanks: bool
    asks: bool
    yes_no: bool
    quotes: list[str]
    shown: str
    long: int
    several: bool
    alone: bool
    colon: bool
    """Whether it ends with a colon, and not with a link after it or an emoji's name."""
    begins_list: bool
    talks: frozenset[str] | None = None
    phrases: frozenset[tuple[str, str]] = frozenset()
    bag: Bag = field(default_factory=lambda: Bag({}, 0.0))
    naming: Naming = field(default_factory=lambda: Naming({}, {}))
    letters: Bag = field(default_factory=lambda: Bag({}, 0.0))

    @property
    def marks_of_talk(self) -> frozenset[str]:
        """The marks of talk in it, looked for when they are first asked for."""
        if self.talks is None:
            self.talks = talk.marks(self.shown)
        return self.talks


@dataclass(slots=True)
class Question:
    """A top-level post that is not by an author, and what stands in its thread.

    `whole` is it and its thread together; `thanked` says that the asker gave thanks first of all
    in it, `thanked_again` that somebody asks there and then gives thanks, so that an answer stood
    between. `place` is its place among the top-level posts, `group` the ids of the posts that the
    same asker posted in a row, itself among them; `split` says that each of several asks one thing
    at most, so that they may be one question in parts.
    """

    post: Post
    place: int
    text: Text
    replies: list[Post]
    whole: Bag
    answered_by: frozenset[str]
    last_by: str | None
    closed: bool
    open_end: bool
    asks_again: bool
    thanked: bool
    thanked_again: bool
    people: frozenset[str]
    asks: bool
    parts: int
    group: tuple[str, ...] = ()
    split: bool = False
    waits_before: bool = False
    covered: bool = False

    @property
    def waits(self) -> bool:
        """Whether it asks something that no author answered in a thread."""
        return self.asks and not self.answered_by and not self.covered

    @property
    def others(self) -> list[Post]:
        """What others than authors replied."""
        return [reply for reply in self.replies if not reply.is_author]


class SessionFeatures:
    """The session: `top` the top-level posts in order, `questions` those that authors answer.

    `likeness` compares what they mean, where a model was asked (`understand`).
    """

    def __init__(self, posts: Sequence[Post]) -> None:
        self.posts = posts
        self.likeness: Likeness | None = None
        self.top = [post for post in posts if post.thread is None]
        self.place = {post.id: at for at, post in enumerate(self.top)}
        self.replies: dict[str, list[Post]] = {post.id: [] for post in self.top}
        for post in posts:
            if post.thread in self.replies:
                self.replies[post.thread].append(post)
        self.authors = {post.person: post.name for post in posts if post.is_author}
        self.people = {post.person: post.name for post in posts}
        self.texts = {post.id: _text(post) for post in posts}
        self._read()
        self.questions = [
            self._question(post, at) for at, post in enumerate(self.top) if not post.is_author
        ]
        self.askers = frozenset(question.post.person for question in self.questions)
        asking = Directory({p: n for p, n in self.people.items() if p in self.askers})
        self.spoken_to = {p.id: self._spoken_to(p, asking) for p in self.top if p.is_author}
        self.question = {question.post.id: question for question in self.questions}
        self.points = self._points()
        self.splits = {author: self._splits(author) for author in self.authors}
        self.first_in_a_row = {
            post.id
            for at, post in enumerate(self.top)
            if not at or self.top[at - 1].person != post.person
        }
        self.naming = {author: self._naming(author) for author in self.authors}
        self.once = {author: self._once(author) for author in self.authors}
        self.covered: list[Covered] = []
        self._group()
        self.disordered = not any(post.at for post in posts) and self._disordered()
        self.waiting = Counter(q.post.person for q in self.questions if q.waits)
        waiting_askers: set[str] = set()
        for question in self.questions:
            question.waits_before = question.post.person in waiting_askers
            if not question.answered_by and not question.covered:
                waiting_askers.add(question.post.person)
        self.asked_before = [0]
        self.open_before = [0]
        for post in self.top:
            here = self.question.get(post.id)
            asked = here is not None and here.asks
            waiting = here is not None and here.waits
            self.asked_before.append(self.asked_before[-1] + asked)
            self.open_before.append(self.open_before[-1] + waiting)

    def _read(self) -> None:
        """Finds whom each text names and what words it has besides."""
        everybody = Directory(self.people)
        for post in self.posts:
            text = self.texts[post.id]
            text.naming = everybody.find(words.unquoted(post.text), post.mentions, post.person)
        # A name says who is spoken to, not what of.
        names = self._names_of_authors()
        self.of_authors = talk.of_people(names)
        called = {stem for name in names for stem in words.stems(name)}
        grams: dict[str, list[str]] = {}
        for key, text in self.texts.items():
            said = text.naming.said.values()
            others = called.union(*map(words.stems, said))
            text.stems = [stem for stem in text.stems if stem not in others]
            text.phrases = frozenset(itertools.pairwise(text.stems))
            grams[key] = words.grams(_without(text.shown, said))
        self.rarity = Rarity.of(text.stems for text in self.texts.values())
        letters = Rarity.of(grams.values(), frozenset())
        for post in self.posts:
            text = self.texts[post.id]
            text.bag = self.rarity.bag(text.stems)
            text.letters = letters.bag(grams[post.id])
            if post.is_author:
                text.naming = text.naming.without(talk.to_all(text.shown))

    def _names_of_authors(self) -> set[str]:
        """The plain words of the authors' names: of those who write, and of those who are greeted
        by askers and never write."""
        greeted = talk.greeted(post.text for post in self.posts if not post.is_author)
        everybody = {word for name in self.people.values() for word in words.plain(name).split()}
        mine = {word for name in self.authors.values() for word in words.plain(name).split()}
        return mine | (greeted - everybody)

    def understand(self, meaning: Meaning, about: Mapping[str, Collection[Question]]) -> None:
        """Asks a model about posts (ids) and the questions that each may belong to.

        Raises ShuttingDown as the model does.
        """
        every = {q.post.id: q for questions in about.values() for q in questions}
        asked = [self.texts[question].shown for question in every]
        said = [self.texts[post].shown for post in about]
        said += [self.texts[r.id].shown for question in every.values() for r in question.others]
        self.likeness = meaning.likeness(asked, said) if about and every else None

    def _disordered(self) -> bool:
        """Whether the top-level posts plainly do not stand in the order of time.

        An author answers before anything was asked, or speaks by the whole name to an asker of
        whom all questions come later.
        """
        first: dict[str, int] = {}
        for question in self.questions:
            first.setdefault(question.post.person, question.place)
        for place, post in enumerate(self.top):
            text = self.texts[post.id]
            if not post.is_author or talk.marks(text.shown[:_BEGINNING]):
                continue
            if not any(asked < place for asked in first.values()) and text.long >= ANSWER:
                return True
            if any(
                how is Named.WHOLE and first.get(person, -1) > place
                for person, how in text.naming.how.items()
            ):
                return True
        return False

    @staticmethod
    def _spoken_to(post: Post, askers: Directory) -> tuple[str, ...]:
        """The askers to whom single lines of a post speak at their beginning, in order."""
        found: dict[str, None] = {}
        for line in words.unquoted(post.text).splitlines():
            bare = _MARKER.sub("", line)
            said = words.plain(bare).lstrip("@ ")
            for person, form in askers.find(bare, without=post.person).said.items():
                if said.startswith(words.plain(form)) or _HELLO.match(said):
                    found[person] = None
        return tuple(found)

    def _points(self) -> dict[str, bool]:
        """The points of lists that authors send one by one, after a message that begins the list;
        True where that message says how many come."""
        found: dict[str, bool] = {}
        for at, head in enumerate(self.top):
            if not head.is_author or not self.texts[head.id].begins_list:
                continue
            promised = shape.announced(self.texts[head.id].shown)
            first: Text | None = None
            for post in self.top[at + 1 : at + 1 + (promised or _MOST_POINTS)]:
                text = self.texts[post.id]
                if post.person != head.person or not self._is_point(text, first):
                    break
                first = first or text
                found[post.id] = promised is not None
        return found

    def _is_point(self, text: Text, first: Text | None) -> bool:
        """Whether a message may be a point of a list, of which the first is known or is this."""
        return (
            text.long <= _POINT
            and not text.begins_list
            and not (text.naming.addressed & self.askers)
            and (first is None or bool(first.items) == bool(text.items))
        )

    @staticmethod
    def same(one: Text, other: Text) -> bool:
        """Whether two posts say the same: a reply that was also sent to the channel."""
        return len(one.stems) > 3 and one.shown.split() == other.shown.split()

    def _once(self, author: str) -> float:
        """How firmly an author answers once: minus the logarithm of the share of replies that
        are not the first in their thread, over 3. 0 for who always goes on, 1 at one in twenty."""
        counts = [
            sum(1 for reply in question.replies if reply.person == author)
            for question in self.questions
        ]
        extra = sum(n - 1 for n in counts if n)
        return -math.log((extra + 1) / (sum(counts) + 5)) / 3

    def _splits(self, author: str) -> float:
        """The share of an author's replies that are the rest of their reply right before, as if
        there were four more replies and one of them such."""
        rests = [
            bool(at) and question.replies[at - 1].person == author
            for question in self.questions
            for at, reply in enumerate(question.replies)
            if reply.person == author
        ]
        return (sum(rests) + 1) / (len(rests) + 4)

    def _question(self, post: Post, place: int) -> Question:
        replies = self.replies[post.id]
        answered = frozenset(reply.person for reply in replies if reply.is_author)
        last = replies[-1] if replies else None
        last_text = self.texts[last.id] if last else None
        first = replies[0] if replies else None
        text = self.texts[post.id]
        rest = [stem for reply in replies for stem in self.texts[reply.id].stems]
        return Question(
            post=post,
            place=place,
            text=text,
            replies=replies,
            whole=self.rarity.bag([*text.stems, *rest]),
            answered_by=answered,
            last_by=last.person if last else None,
            closed=bool(
                last
                and last_text
                and not last.is_author
                and last_text.thanks
                and not last_text.marks
            ),
            open_end=bool(
                last
                and last_text
                and not last.is_author
                and last_text.marks
                and (answered or len(replies) > 1)
            ),
            asks_again=any(
                self.texts[reply.id].marks
                for reply in itertools.takewhile(lambda one: not one.is_author, reversed(replies))
            ),
            thanked=bool(
                first
                and not first.is_author
                and first.person == post.person
                and self.texts[first.id].thanks
            ),
            thanked_again=any(
                one.person == two.person
                and not one.is_author
                and self.texts[one.id].marks > 0
                and self.texts[two.id].thanks
                for one, two in itertools.pairwise(replies)
            ),
            parts=max(text.items, text.marks),
            people=frozenset(reply.person for reply in replies if not reply.is_author),
            asks=bool(
                text.marks
                or (
                    text.asks
                    and not ((text.thanks and text.long < 25) or signs.EVERYONE.search(text.shown))
                )
            ),
        )

    def _naming(self, author: str) -> float:
        """The share of an author's first messages in a row at top level that name an asker, as if
        there were two more and one of them did."""
        begun = [
            bool(self.texts[post.id].naming.addressed & self.askers)
            for post in self.top
            if post.person == author
            and post.id in self.first_in_a_row
            and not self.texts[post.id].marks_of_talk
        ]
        return (sum(begun) + 1) / (len(begun) + 2)

    def _group(self) -> None:
        """Finds the questions that one asker posted in a row, and those another's thread covers."""
        runs: list[list[Question]] = []
        for question in self.questions:
            last = runs[-1][-1] if runs else None
            if (
                last
                and last.post.person == question.post.person
                and last.place + 1 == question.place
            ):
                runs[-1].append(question)
            else:
                runs.append([question])
        for run in runs:
            ids = tuple(question.post.id for question in run)
            for question in run:
                question.group = ids
                question.split = len(run) > 1 and all(other.parts < 2 for other in run)
            self._cover(run)

    def _cover(self, run: list[Question]) -> None:
        """Finds the questions of a run that the thread of their neighbour answers too."""
        answered = [question for question in run if question.answered_by]
        waiting = [question for question in run if not question.answered_by and question.asks]
        for anchor in answered:
            for reply in anchor.replies:
                if not reply.is_author or not waiting:
                    continue
                text = self.texts[reply.id]
                said = _SEVERAL.search(text.shown)
                numbered = text.items >= max(2, min(len(waiting), 3)) and anchor.text.items < 2
                if not said and not numbered:
                    continue
                reason = (
                    _("numbers its answers")
                    if numbered
                    else _("says “{words}”", words=said.group().strip())
                    if said
                    else ""
                )
                for question in waiting:
                    question.covered = True
                    self.covered.append(Covered(question.post.id, reply.id, reason))
                waiting = []


def _without(text: str, names: Iterable[str]) -> str:
    """A text without these names."""
    for name in names:
        text = text.replace(name, " ")
    return text


def _text(post: Post) -> Text:
    own = words.unquoted(post.text)
    stems = words.stems(own)
    bare = re.sub(r"https?://\S+", " ", own)
    return Text(
        stems=stems,
        items=len(_ITEM.findall(own)),
        numbers=tuple(int(n) for n in _NUMBER.findall(own)),
        marks=len(re.findall(r"\?(?!\w)", bare)),
        thanks=bool(_THANKS.search(own)),
        asks=bool(_ASKS.search(own)),
        yes_no=bool(_YES_NO.search(own)),
        quotes=words.quotes(post.text) + (words.asked(post.text) if post.is_author else []),
        shown=bare,
        several=bool(_SEVERAL.search(bare)),
        long=len(re.findall(r"\w+", own)),
        alone=(bare != own and not re.search(r"\w", bare)) or shape.is_code(bare),
        colon=shape.ends_in_colon(own),
        begins_list=shape.begins_list(own),
    )
