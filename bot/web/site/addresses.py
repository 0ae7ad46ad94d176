"""The lasting addresses of questions.

The ledger, `addresses.json`, knows every address that a question ever had, and by what its question
is known again: the message in Slack where that is known, else who asked, the words and the replies.
Each new site reads the ledger of the one before. An address leads to its question, however that was
edited or answered; to where its text stands now, if it became a reply; or to a page that says that
the question is no longer here. What is no longer here leaves no words in the ledger.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.library.problem import shown
from bot.support.remedies import not_read
from bot.texts import _
from bot.web import text
from bot.web.site.books import Book, Said, Thread

NAME = "addresses.json"

SAME_ASKER = 0.3
"""How alike (0 to 1) the words of a question and of its edit must be, if the asker is the same."""
OTHER_NAME = 0.75
"""How alike they must be if the name is another."""
SURE = 0.6
"""From which likeness on a question may be found in another place, or among the replies."""
SAME_REPLIES = 0.6
"""How alike two questions count as at least that have a reply in common."""
LONG_REPLY = 30
"""How many characters a reply must have to say which question it belongs to."""
SKETCH = 48
"""How many words (the smallest hashes) a question is known by."""
SLUG = 48
"""How many characters of the question an address has at most."""

_AT = re.compile(r"books/(?P<book>[^/\0]+)/q/[a-z0-9-]+\.html")
_WORD = re.compile(r"\w+")
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_END = re.compile(r"(?<=[.!?])\s+|\n")


class State(StrEnum):
    """What an address answers with."""

    HERE = "here"
    MOVED = "moved"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Identity:
    """By what something that was said is known again, without its words.

    `message` is `CHANNEL/TS` in Slack, '' where that is not known; `mark` a hash of name and text,
    `asker` one of the name; `words` are hashes of words; `replies` hashes of the longer replies.
    """

    message: str = ""
    mark: str = ""
    asker: str = ""
    words: frozenset[str] = frozenset()
    replies: frozenset[str] = frozenset()

    def likeness(self, other: Identity) -> float:
        """How sure it is that the two are one question, before and after an edit; 0 for not."""
        if self.message and other.message:
            return float(self.message == other.message)
        if not self.words:  # nothing is kept of what is gone
            return 0.0
        alike = _overlap(self.words, other.words)
        if self.replies & other.replies:
            return SAME_REPLIES + alike / 2
        least = SAME_ASKER if self.asker == other.asker else OTHER_NAME
        return alike if alike >= least else 0.0


@dataclass(slots=True)
class Address:
    """An address that a question has or had: `at` is its file within the site.

    `to` is the file, with a fragment, where the text of a `MOVED` one stands. `host` is the address
    of the question that it was merged with, if its own text is found nowhere.
    """

    at: str
    known: Identity
    state: State = State.HERE
    to: str = ""
    host: str = ""

    @property
    def book(self) -> str:
        """The id of the event it was asked in."""
        return book_of(self.at)


def book_of(at: str) -> str:
    """The id of the event that an address is in."""
    return at.split("/")[1].partition(".html")[0]


@dataclass(frozen=True, slots=True)
class _Place:
    """What was said, and where it stands now."""

    known: Identity
    at: str
    is_reply: bool


@dataclass(slots=True)
class Ledger:
    """All addresses. `place` is called for each book of a site, then `finish` once. `absent` are
    then the books with addresses that are not in this site."""

    addresses: dict[str, Address] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    _books: dict[str, list[Address]] = field(default_factory=lambda: defaultdict(list))
    _order: dict[str, int] = field(default_factory=dict)
    _lost: list[Address] = field(default_factory=list)
    _places: dict[str, str] = field(default_factory=dict)
    _replied: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Sorts the addresses by book."""
        for address in self.addresses.values():
            self._books[address.book].append(address)

    def place(self, book: Book) -> Book:
        """The book with an address for each of its questions (`Thread.page`)."""
        event = book.event.id
        asked = [
            (_identity(thread.question, thread.replies), thread)
            for thread in book.threads
            if thread.is_question
        ]
        before = self._books.pop(event, [])
        found = _matched(before, [known for known, _thread in asked])
        pages: dict[str, str] = {}
        for number, (known, thread) in enumerate(asked):
            address = found.get(number) or self._new(event, known, thread, before)
            address.known = replace(known, message=known.message or address.known.message)
            address.state, address.to, address.host = State.HERE, "", ""
            pages[thread.anchor] = address.at
            self._order[address.at] = len(self._order)
        placed = replace(
            book,
            threads=tuple(replace(each, page=pages.get(each.anchor, "")) for each in book.threads),
        )
        self._settle([each for each in before if each.at not in set(pages.values())], placed)
        return placed

    def finish(self) -> None:
        """Settles the addresses of what no book has where it was: moved elsewhere, or gone.

        A question whose book is not in this site, as when a part of the files is built, is not
        gone: its address stays as it was.
        """
        self.absent = frozenset(self._books)
        lost = [*self._lost, *(each for some in self._books.values() for each in some)]
        waiting = {each.at: each for each in lost}
        while waiting:
            self._follow(next(iter(waiting.values())), waiting)
        self._books.clear()
        self._lost.clear()

    def _follow(self, address: Address, waiting: dict[str, Address]) -> None:
        del waiting[address.at]
        known = address.known
        keys = (known.message, known.mark)
        to = next((self._places[key] for key in keys if key in self._places), "")
        if not to and address.book in self.absent and address.state is State.HERE:
            self._order[address.at] = len(self._order)
            return
        is_itself = to in self.addresses
        to = to or self._host(address, waiting)
        address.state, address.to = (State.MOVED, to) if to else (State.GONE, "")
        if to in self.addresses:
            address.host = to
        if is_itself or not to:  # where the question is, its other address knows the rest
            address.known = Identity(message=known.message, mark=known.mark)

    def _host(self, address: Address, waiting: dict[str, Address]) -> str:
        """Where the question is that it was merged with, or, if none of the replies are there but
        elsewhere, the question that has most of them; '' for nowhere."""
        if address.to and book_of(address.to) in self.absent:
            return address.to
        target, to = self.addresses.get(address.host), ""
        if target is not None:
            if target.at in waiting:
                self._follow(target, waiting)
            if target.state is not State.GONE:
                to = target.at if target.state is State.HERE else target.to
        having = Counter(at for each in address.known.replies for at in self._replied[each])
        if having and to.partition("#")[0] not in having:
            to = max(sorted(having), key=lambda at: having[at])
        return to

    def of(self, state: State) -> Iterator[Address]:
        """The addresses in a state, sorted."""
        return (each for at, each in sorted(self.addresses.items()) if each.state is state)

    def text(self) -> str:
        """The ledger as a file has it, an address a line: those of a book together, in the order
        of its questions, then those without a question."""
        last = len(self._order)
        rows = sorted(
            self.addresses.values(),
            key=lambda each: (each.book, self._order.get(each.at, last), each.at),
        )
        lines = ",\n".join(json.dumps(_row(each), ensure_ascii=True) for each in rows)
        return '{"version": 1, "addresses": [\n' + lines + "\n]}\n"

    def _new(self, event: str, known: Identity, thread: Thread, before: list[Address]) -> Address:
        """A new address, or that of the same question which came back."""
        source = known.message or f"{event}\0{known.mark}"
        for again in range(len(self.addresses) + 1):
            key = _hash(source + (f"\0{again}" if again else ""), 8)
            held = [each for each in before if each.at.endswith(f"{key}.html")]
            if not held:
                break
            if held[0].state is State.GONE and held[0].at not in self._order:
                return held[0]
        slug = slug_of(thread.question.shown.text)
        address = Address(f"books/{event}/q/{slug}{'-' if slug else ''}{key}.html", known)
        self.addresses[address.at] = address
        before.append(address)
        return address

    def _settle(self, lost: Sequence[Address], book: Book) -> None:
        """Where in the book the texts of addresses without a question stand."""
        places = list(_places(book))
        for place in places:
            for key in (place.known.message, place.known.mark):
                self._places.setdefault(key, place.at)
            for reply in place.known.replies:
                self._replied[reply].append(place.at)
        self._places.pop("", None)
        for address in lost:
            to = _standing(address.known, places)
            if to is None:
                self._lost.append(address)
                continue
            address.state, address.to, address.host = State.MOVED, to.at, ""
            if not to.known.mark:
                address.host = to.at
            else:
                address.known = replace(
                    to.known,
                    message=to.known.message or address.known.message,
                    replies=address.known.replies,
                )


def _matched(before: Sequence[Address], asked: Sequence[Identity]) -> dict[int, Address]:
    """Which address each question had, by the question's place; the surest first."""
    found: dict[int, Address] = {}
    left = list(before)

    def take(number: int, address: Address) -> None:
        found[number] = address
        left.remove(address)

    for name in ("message", "mark"):
        known: dict[str, list[Address]] = defaultdict(list)
        for address in sorted(left, key=lambda each: list(State).index(each.state)):
            known[getattr(address.known, name)].append(address)
        for number, each in enumerate(asked):
            same = known[getattr(each, name)] if getattr(each, name) else []
            if number not in found and same and not _others(same[0].known, each):
                take(number, same.pop(0))
    places = {id(address): place for place, address in enumerate(before)}

    def fits(number: int, address: Address) -> bool:
        """Whether the order of the questions would stay as it was."""
        at = places[id(address)]
        above, below = _neighbours(number, found)
        return (above is None or places[id(found[above])] < at) and (
            below is None or places[id(found[below])] > at
        )

    def alike(address: Address, each: Identity) -> bool:
        return _overlap(address.known.words, each.words) >= SAME_ASKER

    pairs = [
        (likeness, -number, -at)
        for at, address in enumerate(left)
        for number, each in enumerate(asked)
        if number not in found
        and (likeness := address.known.likeness(each))
        and (likeness >= SURE or fits(number, address))
        # Replies that were put under another question say nothing of which one that is now.
        and (address.state is State.HERE or alike(address, each))
    ]
    candidates = list(left)
    for _likeness, number, at in sorted(pairs, reverse=True):
        if -number not in found and candidates[-at] in left:
            take(-number, candidates[-at])
    for number, each in enumerate(asked):
        # Written anew: the one question of its asker without an address, in the place of the one
        # address of that asker without a question.
        rivals = [n for n, one in enumerate(asked) if n not in found and one.asker == each.asker]
        same = [a for a in left if a.known.asker == each.asker and a.state is State.HERE]
        if rivals == [number] and len(same) == 1 and not _others(same[0].known, each):
            above, below = _neighbours(number, found)
            first = -1 if above is None else places[id(found[above])]
            end = len(before) if below is None else places[id(found[below])]
            gap = [a for a in before[first + 1 : end] if a.state is State.HERE]
            questions = (below if below is not None else len(asked)) - (
                above if above is not None else -1
            )
            if gap == same and questions == 2:
                take(number, same[0])
    return found


def _neighbours(number: int, found: Mapping[int, Address]) -> tuple[int | None, int | None]:
    """The nearest questions before and after a place that have an address."""
    return (
        max((each for each in found if each < number), default=None),
        min((each for each in found if each > number), default=None),
    )


def _others(one: Identity, other: Identity) -> bool:
    """Whether the two are messages, and not the same."""
    return bool(one.message and other.message and one.message != other.message)


def _places(book: Book) -> Iterator[_Place]:
    """Everything that was said in a book, with its address."""
    for thread in book.threads:
        page = thread.page or f"books/{book.event.id}.html#{thread.anchor}"
        yield _Place(_identity(thread.question, thread.replies), page, is_reply=False)
        for number, reply in enumerate(thread.replies, 1):
            at = f"{page}#r{number}" if thread.page else page
            yield _Place(_identity(reply, ()), at, is_reply=True)


def _standing(known: Identity, places: Sequence[_Place]) -> _Place | None:
    """Where a text stands that is no question with an address of its own now: the same text, the
    same edited, or failing that the question that has its replies."""
    for name in ("message", "mark"):
        for place in places:
            if getattr(known, name) and getattr(known, name) == getattr(place.known, name):
                return place
    replies = [
        (_overlap(known.words, place.known.words), place)
        for place in places
        if place.is_reply and place.known.asker == known.asker and not _others(place.known, known)
    ]
    score, best = max(replies, key=lambda pair: pair[0], default=(0.0, None))
    if best is not None and score >= SURE:
        return best
    with_replies = (place for place in places if known.replies & place.known.replies)
    host = next(with_replies, None)
    return host and _Place(Identity(), host.at, is_reply=False)


def sketch(words: str) -> str:
    """What the words of a question are known by, as `Identity.words` joined in order."""
    return "".join(sorted(_words(words)))


def _words(words: str) -> frozenset[str]:
    found = set(map(_word, _WORD.findall(words.casefold())))
    return frozenset(sorted(found)[:SKETCH])


@lru_cache(maxsize=50_000)
def _word(word: str) -> str:
    return _hash(word, 5)


def _identity(said: Said, replies: Iterable[Said]) -> Identity:
    return Identity(
        said.message,
        _hash(f"{said.name}\0{said.shown.text}", 16),
        _hash(said.name, 8),
        _words(said.shown.text),
        frozenset(
            _hash(f"{each.name}\0{each.shown.text}", 8)
            for each in replies
            if len(each.shown.text) >= LONG_REPLY
        ),
    )


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of words in common, as far as the smallest hashes of both tell."""
    smallest = frozenset(sorted(one | other)[:SKETCH])
    return len(smallest & one & other) / len(smallest) if smallest else 0.0


def _hash(what: str, length: int) -> str:
    digest = hashlib.sha256(what.encode("utf-8", "replace")).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:length]


def headline(words: str, limit: int = 110) -> str:
    """What a text asks, on one line: its first question, else its beginning.

    >>> headline("Hello Ana! Thanks for coming. Why this book? I like it.")
    'Why this book?'
    """
    sentences = (each.strip() for each in _END.split(words))
    asked = next((each for each in sentences if each.endswith("?") and len(each) >= 12), "")
    return text.excerpt(asked or words, limit)


def slug_of(words: str) -> str:
    """The part of an address that people read: words of the question, in ASCII; may be ''.

    >>> slug_of("Hello! Où est la “bibliothèque”, please?")
    'ou-est-la-bibliotheque-please'
    """
    plain = unicodedata.normalize("NFKD", headline(words)).encode("ascii", "ignore").decode()
    slug = _NO_SLUG.sub("-", plain.lower()).strip("-")
    if len(slug) > SLUG:
        slug = slug[: SLUG + 1].rpartition("-")[0] or slug[:SLUG]
    return slug.strip("-")


def read(path: Path) -> Ledger:
    """The ledger of a site, an empty one where there is none.

    Raises UserError for a file that is no ledger, since addresses would be lost with it.
    """
    try:
        rows = json.loads(path.read_text("utf-8"))["addresses"]
        addresses = [_address(row) for row in rows]
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        raise not_read(path, error) from None
    except (ValueError, KeyError, TypeError):
        raise UserError(
            _(
                "{path}: is not a list of addresses; restore it from a backup, or delete it to give "
                "up the addresses of questions that were edited, merged or withdrawn",
                path=shown(path),
            )
        ) from None
    return Ledger({each.at: each for each in addresses})


def _address(row: dict[str, Any]) -> Address:
    found = _AT.fullmatch(row["at"])
    if found is None or found["book"] in (".", ".."):
        raise ValueError(row["at"])
    known = Identity(
        str(row.get("message", "")),
        str(row.get("mark", "")),
        str(row.get("asker", "")),
        frozenset(map(str, row.get("words", ()))),
        frozenset(map(str, row.get("replies", ()))),
    )
    return Address(
        row["at"], known, State(row["state"]), str(row.get("to", "")), str(row.get("host", ""))
    )


def _row(address: Address) -> dict[str, Any]:
    known = address.known
    row: dict[str, Any] = {
        "at": address.at,
        "state": address.state,
        "to": address.to,
        "host": address.host,
        "message": known.message,
        "mark": known.mark,
        "asker": known.asker,
        "words": sorted(known.words),
        "replies": sorted(known.replies),
    }
    return {key: value for key, value in row.items() if value}
