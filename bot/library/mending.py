"""An archive page read for pairing: who its authors are, its posts, its threads put in order.

The ids of posts are places on the page: `7` is the seventh entry, `7.2` its second reply.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rapidfuzz import fuzz

from bot.library import archive, formats, people
from bot.library.formats import Entry
from bot.library.problem import told
from bot.library.values import Field
from bot.markup import neutral, visible_text
from bot.sessions.pairing import Pairing, Post, linked, move
from bot.sessions.pairing.words import plain, squashed

_BY = re.compile(r"\bby\s+", re.I)
_AND = re.compile(r"\s*(?:,|&|\band\b|\bwith\b)\s*")
_ASIDE = re.compile(r"[(\[|/].*|\s[-–—@].*")
_WORD = re.compile(r"[^\W_]+")
_TITLES = frozenset(["dr", "prof", "mr", "mrs", "ms", "phd", "professor"])
_SURE, _NEAR = 80.0, 88.0
"""From which likeness (0 to 100) a name is an author's; from which ratio, a misspelt one's."""
_OFTEN = 0.3
"""In what share of others' threads someone replies who is taken for the author."""


@dataclass(frozen=True, slots=True)
class Page:
    """An archive page: its threads, and the names in them that are its authors'.

    `guessed` says that no name fits the front matter, and who replied most is taken. `perhaps`
    are other names that write as an author does (`perhaps_authors`).
    """

    path: Path
    entries: tuple[Entry, ...]
    authors: frozenset[str]
    guessed: bool = False
    perhaps: frozenset[str] = frozenset()

    def posts(self) -> list[Post]:
        """The page's posts, as pairing reads them."""
        return posts_of(self.entries, self.authors | self.perhaps)

    def moves(self, pairing: Pairing) -> dict[str, str]:
        """The entries that move by themselves, each with its question: the sure ones of those
        who are authors beyond doubt."""
        return {
            entry: question
            for entry, question in linked(pairing).items()
            if self.entries[int(entry) - 1].name in self.authors
        }


def read(path: Path) -> Page:
    """Reads an archive page, the authors' own pages looked up beside it.

    Raises UserError, one line, for a file that cannot be read or understood.
    """
    with told(path):
        document, _stamp = formats.read(path)
        entries = tuple(archive.parse(document))
        fields = document.fields(skip=("archive",))
    directory = people.load(people.folder_for(path.parent))
    known = _known(fields, directory)
    found = authors_in(entries, known)
    guessed = not found and bool(entries)
    authors = _busiest(entries) if guessed else found
    return Page(path, entries, authors, guessed, perhaps_authors(entries, authors))


def neutralised(page: Page) -> tuple[Page, list[str]]:
    """The page without anything in its texts that could run on the website.

    Tags and attributes become the text that they are, and links that run their labels. The second
    value names the places of the texts that are other now.
    """
    places: list[str] = []

    def made(entry: Entry, place: str) -> Entry:
        text = neutral(entry.text)
        replies = tuple(
            made(reply, f"{place}.{number}") for number, reply in enumerate(entry.replies, 1)
        )
        if text != entry.text:
            places.append(place)
        return Entry(entry.name, text, replies)

    entries = tuple(made(entry, str(number)) for number, entry in enumerate(page.entries, 1))
    return replace(page, entries=entries), places


def posts_of(entries: Sequence[Entry], authors: frozenset[str]) -> list[Post]:
    """The posts of threads, as pairing reads them; a person is known by the name."""
    posts = []
    for post, entry in flat(entries):
        root, is_reply, _place = post.partition(".")
        is_author, text = entry.name in authors, visible_text(entry.text)
        thread = root if is_reply else None
        posts.append(Post(post, entry.name, entry.name, is_author, text, thread=thread))
    return posts


def attach(
    entries: Sequence[Entry], authors: frozenset[str], links: Mapping[str, str]
) -> list[Entry]:
    """The threads with linked entries among the replies of their questions.

    `links` is from entry to question, as `pairing.linked` gives them. What was replied to a moved
    entry goes along. Every name with its text is there as often as before.
    """
    if not links:
        return list(entries)
    posts = posts_of(entries, authors)
    by_id = dict(flat(entries))
    return [
        Entry(by_id[root].name, by_id[root].text, tuple(by_id[reply] for reply in replies))
        for root, replies in move(posts, links)
    ]


def flat(entries: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    """Every question and reply by its id, without its replies."""
    for number, entry in enumerate(entries, 1):
        yield str(number), Entry(entry.name, entry.text)
        for place, reply in enumerate(entry.replies, 1):
            yield f"{number}.{place}", Entry(reply.name, reply.text)


def _known(fields: Mapping[str, Field], directory: people.Directory) -> list[tuple[str, ...]]:
    """The names by which each author of the front matter may appear."""
    known: list[tuple[str, ...]] = []
    paged = True
    found = fields.get("authors")
    if found is not None and found.value.kind == "list":
        for item in found.value.data:
            if not isinstance(item.data, str):
                continue
            page = directory.pages.get(item.data)
            paged = paged and page is not None
            known.append((item.data, page.name, *page.handles) if page else (item.data,))
    if not paged or not known:
        for key in ("description", "title"):
            text = fields[key].value.data if key in fields else None
            by = _BY.split(text) if isinstance(text, str) else []
            if len(by) > 1:
                said = re.split(r"[\n;(]", by[-1])[0].strip(" .")
                known += [(name,) for name in _AND.split(said) if name]
                break
    return known


def authors_in(entries: Sequence[Entry], known: Iterable[Sequence[str]]) -> frozenset[str]:
    """The names in an archive that are its authors'.

    `known` has, for each author, the names that may be theirs: a page's title, a short
    (`savasyildirim`), handles. Accents, small and capital letters, hyphens and titles are no
    matter; `Joseph Reis` is `Joe Reis`. A first name alone is taken where nothing fits better and
    who has it replies as authors do.
    """
    names = dict.fromkeys(entry.name for _post, entry in flat(entries))
    helps = _helps(entries)
    found: set[str] = set()
    for forms in known:
        scores = {name: max(likeness(name, form) for form in forms) for name in names}
        best = max(scores.values(), default=0.0)
        if best >= _SURE:
            found |= {name for name, score in scores.items() if score == best}
        elif best > 0:
            like = [name for name, score in scores.items() if score == best and helps[name] > 1]
            if len(like) == 1:
                found.add(like[0])
    return frozenset(found)


_WROTE = re.compile(
    r"\b(?:my|our) (?:\w+ )?(?:book|chapters?|co-?authors?|publisher|editor|readers?)\b"
    r"|\b(?:i|we) (?:\w+ ){0,2}(?:wrote|write|cover|covered|explain|explained|describe|described"
    r"|discuss|discussed|included|chose|decided|dedicated)\b[^.!?\n]{0,60}\b(?:book|chapters?)\b"
    r"|\bin (?:the|this) (?:book|chapter),? (?:i|we)\b",
    re.I,
)
_READS = re.compile(r"\b(?:(?:book|reading) (?:club|group|circle)|(?:our|the|my) club)\b", re.I)
"""What readers say who speak of the book as `our book` or `the chapter that we discussed`."""
_WRITES, _REPLIES = 2, 3
"""In how many messages somebody speaks of the book as its author does, and in how many threads of
others they reply, to be taken for one."""


def perhaps_authors(entries: Sequence[Entry], authors: frozenset[str]) -> frozenset[str]:
    """The names that may be an author's other account (a company's, a nickname).

    They speak of the book in the first person, reply to many, and never ask at top level.
    """
    spoken: Counter[str] = Counter()
    asking: set[str] = set()
    for entry in entries:
        if "?" in entry.text and not _WROTE.search(entry.text):
            asking.add(entry.name)
        for said in (entry, *entry.replies):
            is_writer = _WROTE.search(said.text) and not _READS.search(said.text)
            spoken[said.name] += bool(is_writer)
    helps = _helps(entries)
    alone = Counter(entry.name for entry in entries)
    return frozenset(
        name
        for name, often in spoken.items()
        if often >= _WRITES
        and name not in authors | asking
        and helps[name] + alone[name] >= _REPLIES
    )


def likeness(name: str, form: str) -> float:
    """How surely a display name and a known name are one person's, 0 to 100.

    >>> [likeness("Joseph Reis", "Joe Reis"), likeness("Savas Yıldırım", "savasyildirim")]
    [90.0, 100.0]
    """
    name, form = _ASIDE.sub("", name) or name, form.strip()
    one, two = squashed(name), squashed(form)
    if not one or not two:
        return 0.0
    if one == two:
        return 100.0
    mine, theirs = _words(name), _words(form)
    if len(mine) > 1 and len(theirs) > 1:
        if sorted(mine) == sorted(theirs):
            return 100.0
        if set(mine) <= set(theirs) or set(theirs) <= set(mine):
            return 95.0
        if mine[-1] == theirs[-1] and mine[0][0] == theirs[0][0]:
            return 90.0
        if mine[0] == theirs[0] and len(mine[-1]) == 1 and mine[-1] == theirs[-1][0]:
            return 85.0
    if len(mine) > 1 and len(theirs) == 1 and two.endswith(mine[-1]) and two[0] == one[0]:
        # A short without a page: `joereis` and Joseph Reis.
        before = two.removesuffix(mine[-1])
        if mine[0].startswith(before[:2]) and len(mine[-1]) > 3:
            return 85.0
    ratio = fuzz.ratio(one, two)
    if ratio >= _NEAR and min(len(one), len(two)) > 6:
        return 80.0
    if len(mine) == 1 and len(one) > 2 and (one in (theirs or [""])[:1] or one in theirs[-1:]):
        return 60.0
    if len(mine) == 1 and len(one) > 3 and len(theirs) == 1 and two.startswith(one):
        return 55.0
    return 0.0


def _words(name: str) -> list[str]:
    return [word for word in _WORD.findall(plain(name)) if word not in _TITLES]


def _helps(entries: Sequence[Entry]) -> Counter[str]:
    """In how many threads of others each name replies."""
    helps: Counter[str] = Counter()
    for entry in entries:
        helps.update({reply.name for reply in entry.replies} - {entry.name})
    return helps


def _busiest(entries: Sequence[Entry]) -> frozenset[str]:
    """Who replies to far more questions than anybody else; nobody where that is not plain."""
    ranked = _helps(entries).most_common(2)
    if not ranked or ranked[0][1] < max(3, _OFTEN * len(entries)):
        return frozenset()
    if len(ranked) > 1 and ranked[1][1] * 2 > ranked[0][1]:
        return frozenset()
    return frozenset({ranked[0][0]})
