"""The index of all questions that were answered: kept up to date, and searched.

What is in it: threads that a reader began and an author answered, of sessions in the database
(also imported ones), and of archives of events that the database has no messages of. Hidden,
withdrawn and deleted messages are not, nor what forgotten people wrote. `update` brings the index
up to date; the store itself takes out at once what may not be found any more.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from bot import meaning
from bot.errors import UserError
from bot.library import mending
from bot.library.library import Library, load
from bot.markup import plain, visible_text
from bot.meaning import Model
from bot.services import export
from bot.sessions import forgetting, knowledge, pairing
from bot.sessions.anonymity import ANONYMOUS
from bot.sessions.knowledge import Document, Hit, Meanings
from bot.sessions.model import FORGOTTEN, Event, Message, Session, State
from bot.sessions.ports import UnitOfWork
from bot.store.database import Database
from bot.store.work import Work
from bot.support.remedies import not_read
from bot.texts import _

if TYPE_CHECKING:
    from bot.meaning.nearest import Nearest

CANDIDATES = 50
"""How many documents are ranked of each kind of search."""
ASKED = 100
"""How many different words of a text are looked for."""
POSTINGS, HEAVIEST = 20_000, 500
"""How many rows of words a search reads at most to find documents, its rarest words first; and how
many of each word, those where it counts most first."""
WEIGHED = 200
"""Of how many of the documents that are found so all words are counted."""
COMMON, COMMON_SHARE = 2_000, 0.05
"""In how many documents, or what share of them, a word is so common that more are not counted."""
SHOWN = 0.3
"""From which score on a hit found by words alone is suggested."""
FEW = 50
"""Among how many answered questions words are not known to be rare, so that scores say little: what
is suggested there asks nearly the same."""
ALIKE, NEAR_ALIKE = 0.5, 0.78
"""From which share of common words, or likeness in meaning, on two questions ask nearly the same."""
NEAR = 200
"""How many documents are compared by their sentences."""
WORDS = 0.3
"""How much the score by words adds to the likeness of the questions."""
NEAR_SHOWN, DOUBLED = 0.58, 0.012
"""From which score on a hit is suggested, where there is a model; and how much higher that is each
time there are twice as many questions, of which one is then likelier to be near by chance."""
FLAT = 5.0
"""How little the first ranks of a ranking differ, where several are fused."""
SPARE = 20
"""How many more documents are looked at than are asked for, since some may be withheld."""
READ = 16
"""Of how many documents the model reads the texts before they are stored."""
_STATES = (State.OPEN, State.CLOSED, State.ARCHIVED)

Source = tuple[Event, Path]
"""An event with an archive, and the file that has it."""


def sources(library: Library, archives: Path | None, timezone: str) -> list[Source]:
    """The events with archives of the schedules, and of the folder of archives where that is set;
    a file there stands for the one in the schedules."""
    libraries = [library]
    if archives is not None and archives.is_dir():
        libraries.append(load(archives, timezone=timezone))
    found: dict[str, Source] = {}
    for each in libraries:
        for event in each.events.values():
            if event.archived:
                found[event.id] = (event, each.paths[event.id])
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an update is: `done` of `events`, with so many `documents` new or changed."""

    done: int
    events: int
    documents: int


def _withheld(uow: UnitOfWork, documents: Iterable[Document], asked_in: str) -> frozenset[str]:
    """The events of channels that are not known to be public, until their archives are."""
    held = {each.event_id: each.channel for each in documents if each.channel not in ("", asked_in)}
    hidden = {
        channel
        for channel in set(held.values())
        if uow.labels.get(knowledge.PUBLIC, channel) is None
    }
    events = [event for event, channel in held.items() if channel in hidden]
    sessions = [uow.sessions.by_event(event) for event in events]
    return frozenset(
        event
        for event, session in zip(events, sessions, strict=True)
        if session is None or session.state is not State.ARCHIVED
    )


@dataclass(frozen=True, slots=True)
class _Near:
    """What is near a text in meaning: rankings of documents, and how like it their questions are."""

    rankings: list[list[int]]
    scores: dict[int, float]


class Knowledge:
    """Searches the index, by words and, with a `model`, by meaning as well.

    `slack` gives the address of a message in Slack by its channel and `ts`, `page` that of a hit
    on the site; '' where there is none.
    """

    def __init__(
        self,
        model: Model | None = None,
        slack: Callable[[str, str], str] = lambda channel, ts: "",
        page: Callable[[Hit], str] = lambda hit: "",
    ):
        self._model = model
        self._nearest: Nearest | None = None
        if model is not None:  # numpy, which it takes, comes with the model
            self._nearest = import_module("bot.meaning.nearest").Nearest()
        self._slack = slack
        self._page = page
        self._known: tuple[object, dict[tuple[str, str, str], Hit | None]] = (None, {})

    def search(
        self,
        uow: UnitOfWork,
        text: str,
        limit: int = 3,
        *,
        asked_in: str = "",
    ) -> list[Hit]:
        count = uow.knowledge.count()
        is_few = count <= FEW
        found = self._found(uow, text, limit + SPARE, count)
        documents = uow.knowledge.get([name for name, _score, _shown in found])
        withheld = _withheld(uow, documents.values(), asked_in)

        def asks_the_same(document: Document) -> bool:
            return is_few and knowledge.likeness(text, document.question) >= ALIKE

        hits = [
            self._hit(documents[name], score, shown or asks_the_same(documents[name]))
            for name, score, shown in found
            if name in documents and documents[name].event_id not in withheld
        ]
        return hits[:limit]

    def load(self, uow: UnitOfWork) -> None:
        """Reads the vectors into memory, if there is a model: 2 s for 100,000 questions, which the
        first search would take otherwise."""
        if self._nearest is not None:
            self._nearest.load(uow)

    def hit(self, uow: UnitOfWork, key: str) -> Hit | None:
        event_id, _slash, place = key.rpartition("/")
        documents = uow.knowledge.get(uow.knowledge.of_event(event_id)).values()
        found = (self._hit(each, 1.0, True) for each in documents if each.place == place)
        return next(found, None)

    def best(self, uow: UnitOfWork) -> Callable[[Message], Hit | None]:
        # Each is looked for once, until the index changes: what leaves it is not shown any more.
        # Of an event that something left its mark is empty, and the number of questions changes.
        state = uow.knowledge.count(), frozenset(uow.knowledge.made_of().items())
        if self._known[0] != state:
            self._known = (state, {})
        known = self._known[1]

        def look(question: Message) -> Hit | None:
            text = plain(question.content)
            key = question.channel, question.ts, text
            if key not in known:
                hits = self.search(uow, text, 1, asked_in=question.channel)
                known[key] = next((hit for hit in hits if hit.shown), None)
            return known[key]

        return look

    def _found(
        self, uow: UnitOfWork, text: str, most: int, count: int
    ) -> list[tuple[int, float, bool]]:
        """Documents with their scores and whether these are good enough to show, best first; `count`
        is how many the index has."""
        is_few = count <= FEW
        words = self._by_words(uow, text, max(CANDIDATES, most), count)
        near = self._by_meaning(uow, text, max(NEAR, most))
        if near is None:
            return [(name, score, score >= SHOWN and not is_few) for name, score in words[:most]]
        # Some may be gone that are still in memory: `search` leaves them out.
        ranked = knowledge.fused([*near.rankings, [name for name, _score in words]], FLAT)
        said = dict(words)
        enough = NEAR_SHOWN + DOUBLED * math.log2(max(1, count))
        found = []
        for name in ranked[: most + CANDIDATES]:
            like = near.scores.get(name, 0.0)
            score = like + WORDS * said.get(name, 0.0)
            shown = like >= NEAR_ALIKE if is_few else score >= enough
            found.append((name, min(1.0, score), shown))
        return found

    def _by_meaning(self, uow: UnitOfWork, text: str, most: int) -> _Near | None:
        """What is near in meaning; None without a model, or before it has read anything."""
        if self._model is None or self._nearest is None or self._model.is_broken:
            return None
        try:
            [vector] = self._model.apart([text], asked=True)
        except UserError:  # the log says why; words are left
            return None
        if not any(vector):
            return None
        questions, wholes = self._nearest.find(uow, vector, most)
        if not questions:
            return None
        scores = dict(questions)
        stored = uow.knowledge.sentences([name for name, _score in questions])
        best = scores | self._nearest.by_sentence(vector, stored)
        sentences = sorted(best, key=lambda name: (-best[name], name))
        rankings = [[name for name, _score in questions], sentences, [n for n, _score in wholes]]
        return _Near(rankings, {name: max(scores[name], best[name], 0.0) for name in scores})

    def _by_words(
        self, uow: UnitOfWork, text: str, most: int, count: int
    ) -> list[tuple[int, float]]:
        """Documents and their scores, 0 to 1, best first."""
        asked = knowledge.asked(text)[:ASKED]
        common = max(COMMON, int(count * COMMON_SHARE))
        having = uow.knowledge.having(asked, common)
        rarities = {word: knowledge.rarity(count, having[word]) for word in asked}
        best = sum(rarities.values()) * knowledge.HIGHEST
        if not best:
            return []
        likely: dict[int, float] = defaultdict(float)
        for word in _rarest(having):
            for name, weight in uow.knowledge.heaviest(word, HEAVIEST):
                likely[name] += rarities[word] * weight
        among = heapq.nlargest(max(WEIGHED, most), likely, key=lambda name: (likely[name], name))
        weights = uow.knowledge.weights_of(among, asked)
        scores = {
            name: math.fsum(rarities[word] * weight for word, weight in words.items())
            for name, words in weights.items()
        }
        found = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
        return [(name, score / best) for name, score in found]

    def _hit(self, document: Document, score: float, shown: bool) -> Hit:
        hit = Hit(
            event_id=document.event_id,
            place=document.place,
            title=document.title,
            year=document.year,
            question=document.question,
            quote=knowledge.cut(document.answers[0]),
            author=document.author,
            channel=document.channel,
            ts=document.ts,
            score=score,
            shown=shown,
            slack=self._slack(document.channel, document.ts) if document.ts else "",
        )
        return replace(hit, page=self._page(hit))


def update(
    database: Database,
    sources: Iterable[Source],
    unthreaded: str = "attach",
    tell: Callable[[Progress], None] = lambda progress: None,
    on_problem: Callable[[str], None] = lambda problem: None,
    anew: bool = False,
) -> Progress:
    """Brings the index up to date with the stored sessions and the archives in files.

    Only events are read again of which something changed, or all (`anew`). `unthreaded` is as in
    `bot.services.export.entries`. `tell` is told after each event; `on_problem` gets a line for each
    archive that cannot be read, which stays as it was. Raises SQLAlchemyError.
    """
    if anew:
        with database.unit_of_work() as uow:
            uow.knowledge.take_turn()
            uow.knowledge.clear()
    with database.reading() as uow:
        known = uow.knowledge.made_of()
        # Those in which it is known who the authors are, and something was written.
        sessions = {
            session.event.id: session
            for session in uow.sessions.all(_STATES)
            if session.author_ids and uow.messages.latest_ts(session.id) is not None
        }
    files = {event.id: (event, path) for event, path in sources if event.id not in sessions}
    for gone in known.keys() - sessions.keys() - files.keys():
        with database.unit_of_work() as uow:
            uow.knowledge.take_turn()
            uow.knowledge.remove(gone)
    progress = Progress(0, len(sessions) + len(files), 0)
    jobs = [
        *(partial(_update_session, session, unthreaded) for session in sessions.values()),
        *(partial(_update_archive, event, path) for event, path in files.values()),
    ]
    for job in jobs:
        changed = 0
        try:
            changed = job(database, known)
        except UserError as error:
            on_problem(str(error))
        progress = replace(progress, done=progress.done + 1, documents=progress.documents + changed)
        tell(progress)
    return progress


def read_meanings(
    database: Database,
    model: Model,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Has the model read what it has not read yet, some 0.3 s a document; gives how many.

    `tell` is told how many are done, of how many. Raises SQLAlchemyError, ShuttingDown, and UserError
    where the model cannot be used.
    """
    with database.reading() as uow:
        whole = uow.knowledge.count() - uow.knowledge.count_meanings()
    done = last = 0
    while True:
        with database.reading() as uow:
            documents = uow.knowledge.unread(READ, last)
        if not documents:
            return done
        last = max(documents)
        found = {name: _meanings(model, each) for name, each in documents.items()}
        with database.unit_of_work() as uow:
            uow.knowledge.put_meanings(found)
        done += len(found)
        tell(done, max(whole, done))


def _meanings(model: Model, document: Document) -> Meanings:
    whole = "\n".join((document.question, *document.answers))
    [question, *sentences] = model.apart(
        [document.question, *knowledge.sentences(document.question)], asked=True
    )
    return Meanings(
        meaning.packed([question]),
        meaning.packed(model.apart([whole], asked=False)),
        meaning.packed(sentences),
    )


def _update_session(
    session: Session, unthreaded: str, database: Database, known: Mapping[str, str]
) -> int:
    """Brings a session up to date, given what each event was made of; gives how many documents
    changed."""
    event_id, made_of = session.event.id, _made_of(session, unthreaded)
    if known.get(event_id) == made_of:
        return 0
    with database.reading() as uow:
        now = uow.sessions.get(session.id)
        if now is None or _made_of(now, unthreaded) != made_of:
            return 0  # it changes now, and its turn comes again
        documents = list(of_session(uow, now, unthreaded))
    with database.unit_of_work() as uow:
        uow.knowledge.take_turn()
        now = uow.sessions.get(session.id)
        if now is None or _made_of(now, unthreaded) != made_of:
            return 0
        return uow.knowledge.replace(event_id, made_of, documents)


def _update_archive(event: Event, path: Path, database: Database, known: Mapping[str, str]) -> int:
    """The same for an archive in a file."""
    try:
        found = path.stat()
    except OSError as error:
        raise not_read(path, error) from None
    made_of = _digest("archive", event.title, str(found.st_mtime_ns), str(found.st_size))
    if known.get(event.id) == made_of:
        return 0
    documents = list(of_archive(event, path))
    with database.unit_of_work() as uow:
        uow.knowledge.take_turn()
        scrub = forgetting.scrubber(uow)
        if scrub is not None:
            documents = [each for each in documents if _names_nobody(each, scrub)]
        return uow.knowledge.replace(event.id, made_of, documents)


def _names_nobody(document: Document, scrub: forgetting.Scrubber) -> bool:
    """Whether no forgotten name is in a document."""
    texts = (document.question, document.author, *document.answers)
    return all(scrub.text(text) == text for text in texts)


def of_session(uow: Work, session: Session, unthreaded: str = "attach") -> Iterator[Document]:
    """The answered questions of a stored session."""
    names = export.StoredNames(uow)
    edits = uow.edits.texts(session.id)

    def text(message: Message) -> str:
        edited = edits.get((message.channel, message.ts))
        return plain(message.content, names) if edited is None else visible_text(edited)

    def is_out(message: Message) -> bool:
        person = uow.people.get(message.author)
        forgotten = person is not None and person.privacy == FORGOTTEN
        return bool(message.deleted or message.hidden or message.is_talk or forgotten)

    for thread in export.threads(uow, session, unthreaded):
        answers = [r for r in thread.replies if r.author in session.author_ids and not is_out(r)]
        texts = [said for m in answers if (said := text(m).strip())]
        question = text(thread.question).strip()
        asked = thread.question.author not in session.author_ids and not is_out(thread.question)
        if asked and question and texts:
            yield Document(
                session.event.id,
                thread.question.ts,
                session.event.title,
                session.event.start.year,
                question,
                tuple(texts),
                names.writer(answers[0]),
                session.channel,
                thread.question.ts,
                (thread.question.ts, *(m.ts for m in answers)),
            )


def of_archive(event: Event, path: Path) -> Iterator[Document]:
    """The answered questions of an archive in a file, both formats.

    Answers that authors posted outside threads stand under their questions where that is sure.
    Raises UserError, one line, for a file that cannot be read or understood.
    """
    page = mending.read(path)
    posts = page.posts()
    texts = {post.id: post.text.strip() for post in posts}
    said = dict(mending.flat(page.entries))
    adrift = any(entry.name in page.authors or not entry.replies for entry in page.entries)
    links = page.moves(pairing.pair(posts)) if adrift and not page.guessed else {}
    deleted = (export.DELETED, _(export.DELETED))
    for root, replies in pairing.move(posts, links):
        answers = [r for r in replies if said[r].name in page.authors and texts[r]]
        gone = said[root].name in (ANONYMOUS, _(ANONYMOUS)) and texts[root] in deleted
        if said[root].name not in page.authors and texts[root] and answers and not gone:
            yield Document(
                event.id,
                root,
                event.title,
                event.start.year,
                texts[root],
                tuple(texts[reply] for reply in answers),
                said[answers[0]].name,
            )


def _made_of(session: Session, unthreaded: str) -> str:
    return _digest(
        "session",
        str(session.content_changed_at),
        session.event.title,
        " ".join(sorted(session.author_ids)),
        str(session.event.options.get("unthreaded", unthreaded)),
    )


def _digest(*parts: str) -> str:
    every = "\0".join((knowledge.VERSION, *parts))
    return blake2b(every.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _rarest(having: dict[str, int]) -> list[str]:
    """The words by which documents are found: all, but for the commonest where they are too many."""
    found: list[str] = []
    rows = 0
    for word, count in sorted(having.items(), key=lambda pair: (pair[1], pair[0])):
        rows += min(count, HEAVIEST)
        if rows > POSTINGS and found:
            break
        if count:
            found.append(word)
    return found
