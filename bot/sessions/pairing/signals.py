"""The signals: what speaks for and against an author's post belonging to a question.

Each function gives numbers by the names of `weights.TABLE`; a missing name is 0. Nothing here
knows a weight.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.sessions.pairing import wording
from bot.sessions.pairing.names import Named
from bot.sessions.pairing.posts import Post
from bot.sessions.pairing.session import Question, SessionFeatures, Text
from bot.sessions.pairing.talk import marks
from bot.sessions.pairing.words import cosine, plain, stems

Values = dict[str, float]

_GREETS = re.compile(r"\s*(?:hi|hello|hey|hallo|howdy|dear|good (?:one|question|point))\b", re.I)
_GOES_ON = re.compile(
    r"\s*(?:(?:First(?:ly)?|Second(?:ly)?|Third(?:ly)?|Next|Last(?:ly)?|Also|And|But|Or|So|In addition|In my case|Additionally|Furthermore|Moreover|Finally"
    r"|Meanwhile|Then|Another|Further|For example|For instance|PS|P\.S|Btw|BTW|By the way|Overall"
    r"|Beyond that|On another note|On the other hand|On the opposite|Besides|Anything|That said"
    r"|Having said|Here'?s|They|This|That|These|Those|He|She|Such)\b|[(*…]|\.\.\.|[a-z])"
)
_BULLET = re.compile(r"\s*(?:[-*•◦]|\(?(?:\d{1,2}|[a-h])[.)])\s")
_MORE = re.compile(r"\s*(?:[-*•◦]\s|one more|second question|another (?:one|question)|p\.?s)", re.I)
_YES_NO_ANSWER = re.compile(
    r"(?:[^.!?\n]{0,60}[,.!?\n:-]\s*)?(?:yes|yep|yeah|yup|no|nope|not|sure|definitely|absolutely|"
    r"indeed|of course|unfortunately|maybe|certainly|i (?:think|hope|don'?t think|believe) so|"
    r"i do|i don'?t|we do|we don'?t|sort of|kind of)\b",
    re.I,
)
_PLAIN_YES_NO = re.compile(
    r"(?:(?:hi|hey|hello)[^.!?\n]{0,30}[,.!\n-]\s*|(?:good|great) question[^.!?\n]{0,30}[,.!]\s*)?"
    r"(?:yes|yep|yeah|yup|no|nope|sure|definitely|absolutely|of course|unfortunately,? no)\b",
    re.I,
)
_CHOICE = re.compile(
    r"([\w+#.'-]+(?: [\w+#.'-]+)?),? (?:or|vs\.?|versus) (?:the |an? |for |by )?([\w+#.'-]+(?: [\w+#.'-]+)?)",
    re.I,
)
"""What is on both sides of an `or` in a question."""
_HOW_MUCH = re.compile(
    r"\bhow (?:many|much|long|big|large|small|often|old|far|few|high|low|deep|early|late|fast|wide)\b"
    r"|\b(?:minimum|maximum|what (?:size|number|share|percentage)|number of)\b",
    re.I,
)
_AMOUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|half|twice|once"
    r"|none|few|several|(?:hundred|thousand|million|dozen|hour|minute|day|week|month|year)s?|percent)\b",
    re.I,
)
_PART = re.compile(
    r"[^.!?\n]{0,40}\b(?:regarding|re|as for|as to|on|for|to|about)\b:? ?(?:your |the )?(?:\w+ )?"
    r"(?:#?\d\b|first|second|third|last|bullet|point|part|question)",
    re.I,
)
_FEW = 6
"""From how many different words on a text is compared in full."""
_RARE = 1.5
"""From which rarity (words.Rarity) a shared word is rare: about one post in five has it."""
_QUOTED = 0.85
_BEGINNING, _OPENING = 60, 120
_OF_THE_DAY = frozenset(
    ("speaks of the day", "speaks of the session", "speaks of other places", "is a courtesy")
)
"""Marks of talk that a point of a list may have."""
_MOST_ODDS = 4.0
"""The most that the logarithm of the odds of talk counts for or against talk."""
_SHORT, _GREETING, LONG = 14, 9, 40
"""Up to how many words a post is short, and one that greets is nothing but a greeting; from how
many it says something even where it asks nothing."""


@dataclass(slots=True)
class Pair:
    """A question that an author's post may belong to, the signals, the rare words shared."""

    question: Question
    values: Values
    shared: tuple[str, ...] = ()


def pair(laid: SessionFeatures, post: Post, question: Question) -> Pair:
    """The signals between an author's post and a question."""
    text = laid.texts[post.id]
    values: Values = {}
    _names(laid, post, question, values)
    shared = _words(laid, text, question, values)
    _meaning(laid, text, question, values)
    _numbers(text, question, values)
    _status(laid, post, question, values)
    _thanks(post, question, values)
    _nearness(laid, post, question, values)
    return Pair(question, values, shared)


def _names(laid: SessionFeatures, post: Post, question: Question, values: Values) -> None:
    text = laid.texts[post.id]
    asker = question.post.person
    how = text.naming.how.get(asker, Named.NOT)
    if how is Named.WHOLE:
        values["named whole"] = 1
    elif how is Named.SHORT:
        values["named short"] = 1
    elif how is Named.INSIDE:
        values["named inside"] = 1
    spoken = laid.spoken_to[post.id]
    if len(spoken) > 1 and spoken[0] == asker:
        values["named first"] = 1
    if how < Named.SHORT:
        spoken_to = {p for p in text.naming.addressed if p not in laid.authors}
        if spoken_to & question.people and not spoken_to & laid.askers:
            values["names a replier"] = 1
        elif spoken_to:
            values["names another"] = 1
    repliers = {reply.person for reply in laid.replies.get(post.id, ()) if not reply.is_author}
    if asker in repliers:
        values["asker replied to it"] = 1 / len(repliers)


def _words(
    laid: SessionFeatures, text: Text, question: Question, values: Values
) -> tuple[str, ...]:
    mine, theirs = text.bag, question.text.bag
    # One word in common says less where there are but a few.
    part = math.sqrt(min(1.0, len(mine.weights) / _FEW))
    values["like the question"] = part * math.sqrt(cosine(mine, theirs))
    values["like the whole"] = part * math.sqrt(cosine(mine, question.whole))
    values["letters alike"] = part * math.sqrt(cosine(text.letters, question.text.letters))
    both = [(laid.rarity.weight(word), word) for word in mine.weights if word in theirs.weights]
    both.sort(key=lambda found: (-found[0], found[1]))
    rare = sum(max(0.0, weight - _RARE) for weight, _ in both)
    values["shared rare words"] = rare / (rare + 3)
    if any(laid.same(text, laid.texts[reply.id]) for reply in question.replies):
        values["stands in its thread"] = 1
    phrases = len(text.phrases & question.text.phrases)
    values["shared phrases"] = phrases / (phrases + 1)
    others = [laid.texts[reply.id] for reply in question.others]
    if others:
        values["like a reply"] = max(math.sqrt(cosine(mine, other.bag)) for other in others)
        phrases = max(len(text.phrases & other.phrases) for other in others)
        values["shares phrases with a reply"] = phrases / (phrases + 1)
    asked = sum(theirs.weights.values())
    values["covers the question"] = sum(weight for weight, _ in both) / asked if asked else 0.0
    if text.quotes:
        texts = [question.post.text, *(reply.text for reply in question.replies)]
        if max(_quoted(quote, texts) for quote in text.quotes) >= _QUOTED:
            values["quotes it"] = 1
    return tuple(word for weight, word in both if weight > _RARE)


def _meaning(laid: SessionFeatures, text: Text, question: Question, values: Values) -> None:
    likeness = laid.likeness
    if likeness is None:
        return
    asked = likeness.answers(question.text.shown, text.shown)
    others = [likeness.alike(laid.texts[reply.id].shown, text.shown) for reply in question.others]
    values["means the question"] = asked
    values["means what stands there"] = max(asked, *others, 0.0)


def _quoted(quote: str, texts: list[str]) -> float:
    """How much of a quote stands in one of the texts, 0 to 1."""
    needle, words = plain(quote), set(stems(quote))
    if len(needle) < 12:
        return 0.0
    best = 0.0
    for text in texts:
        if len(words & set(stems(text))) >= len(words) * 0.7:
            best = max(best, fuzz.partial_ratio(needle, plain(text)) / 100)
    return best


def _numbers(text: Text, question: Question, values: Values) -> None:
    if text.items >= 2:
        parts = max(question.parts, len(question.group))
        if parts >= 2:
            values["numbered alike"] = 1 if abs(text.items - parts) <= 1 else 0.5
        else:
            values["numbered, one question"] = 1
    if len(question.group) > 1 and (text.several or (text.items >= 2 and question.split)):
        values[
            "several, first post"
            if question.group[0] == question.post.id
            else "several, later post"
        ] = 1
    if _PART.match(text.shown):
        values["one part of it" if question.parts >= 2 else "one part, one question"] = 1
    fits = _fits(text, question)
    if fits is not None:
        values["says what is asked for" if fits else "does not say what is asked for"] = 1
    if _PLAIN_YES_NO.match(text.shown):
        values["plain yes or no" if question.text.yes_no else "yes or no, not asked"] = 1


def _fits(text: Text, question: Question) -> bool | None:
    """Whether a text begins with an amount, where one is asked for, or with one of what a question
    lets choose from; None where it asks for neither."""
    begins, asked = text.shown[:_BEGINNING], question.text.shown
    found = [bool(_AMOUNT.search(begins))] if _HOW_MUCH.search(asked) else []
    choice = {word for both in _CHOICE.findall(asked) for word in stems(" ".join(both))}
    if choice:
        found.append(not choice.isdisjoint(stems(begins)))
    return any(found) if found else None


def _status(laid: SessionFeatures, post: Post, question: Question, values: Values) -> None:
    if question.text.marks_of_talk and not question.text.marks:
        values["announces"] = 1
    if not question.asks and "several, first post" not in values:
        values["asks nothing"] = 1 if question.text.long < LONG else 0.5
    if post.person in question.answered_by:
        values["answered by them"] = 1
        values["answered, as they do once"] = laid.once[post.person]
        if question.last_by == post.person:
            values["answered, nothing since"] = 1
        if question.closed:
            values["answered, thanked"] = 1
        if opens(laid, post):
            values["answered, but opens"] = 1
    elif question.answered_by:
        values["answered by another"] = 1
    elif question.covered:
        values["answered beside it"] = 1
    if question.waits_before:
        values["an earlier one waits"] = 1
    if question.open_end:
        values["a follow-up waits"] = 1
    asked = {person for person in question.text.naming.how if person in laid.authors}
    if asked and post.person not in asked:
        values["asked another author"] = 1


def _thanks(post: Post, question: Question, values: Values) -> None:
    if question.thanked and post.person not in question.answered_by:
        values["thanked, no answer"] = 1
    if question.thanked_again:
        values["a follow-up was answered"] = 1


def _nearness(laid: SessionFeatures, post: Post, question: Question, values: Values) -> None:
    place = laid.place[post.id]
    first, last = sorted((place, question.place))
    between = laid.asked_before[last] - laid.asked_before[first + 1]
    waiting = laid.open_before[last] - laid.open_before[first + 1]
    if question.place > place:
        values["stands later"] = 1
    elif laid.disordered:
        values["stands before, out of order"] = 1
    values["questions between"] = math.log1p(between)
    values["open questions between"] = math.log1p(waiting)
    if post.person in question.answered_by:
        values["answered, questions between"] = math.log1p(between)
    if question.place < place and all(
        p.person == question.post.person or p.is_author for p in laid.top[question.place : place]
    ):
        values["latest asker"] = 1


def talk(laid: SessionFeatures, post: Post, pairs: list[Pair]) -> Values:
    """The signals that an author's post is talk and belongs to no question."""
    text = laid.texts[post.id]
    values: Values = {"talk": 1, "talk, of many questions": math.log(len(pairs) or 1)}
    if laid.likeness is not None:
        values["talk, where meaning is compared"] = 1
        values["sounds like talk"] = _odds(laid, post, laid.likeness.talks(text.shown))
    values["worded like talk"] = _odds(laid, post, wording.odds(text.shown))
    part = 1.0 if text.long <= LONG else math.sqrt(LONG / text.long)
    said = text.marks_of_talk - (_OF_THE_DAY if post.id in laid.points else frozenset())
    values |= dict.fromkeys(said, part)
    values |= dict.fromkeys(marks(text.shown[:_OPENING]) & said, 1.0)
    to_authors = text.naming.addressed and text.naming.addressed <= laid.authors.keys()
    if to_authors or laid.of_authors.search(plain(text.shown)):
        values["speaks of an author"] = part
    polite = text.thanks or "is a courtesy" in text.marks_of_talk
    if polite and text.long <= _SHORT and not opens(laid, post):
        values["only thanks"] = 1
    if not text.stems:
        values["says nothing"] = 1
    values["speaks of the subject"] = math.log1p(laid.rarity.shared(text.stems))
    named = {person for person in text.naming.addressed if person not in laid.authors}
    if named:
        values["names someone"] = 1
        theirs = [pair for pair in pairs if pair.question.post.person in named]
        if not any(pair.shared for pair in theirs):
            values["names someone, shares nothing"] = min(1.0, _SHORT / max(1, text.long))
        if len(named & laid.askers) > 1 and len(laid.spoken_to[post.id]) < 2:
            values["names several"] = 1
    else:
        # Whoever goes on after a message of their own need not name anybody again.
        told = 1.0 if post.id in laid.first_in_a_row else 1 / 3
        unlike = max(0.0, -math.log(2 - 2 * laid.naming[post.person]))
        values["names nobody, as they do"] = told * unlike
    begins = text.items >= 2 or text.begins_list
    if begins or opens(laid, post) or _YES_NO_ANSWER.match(text.shown):
        values["begins an answer"] = 1
    return values


def _odds(laid: SessionFeatures, post: Post, odds: float) -> float:
    """The odds of talk within limits; the wording of a point of an announced list never speaks for talk."""
    return max(-_MOST_ODDS, min(0.0 if post.id in laid.points else _MOST_ODDS, odds))


def greets(laid: SessionFeatures, post: Post) -> bool:
    """Whether a post begins anew: it greets, praises the question, or speaks to an asker first."""
    text = laid.texts[post.id]
    beginning = text.shown[: min(_BEGINNING, len(text.shown) * 2 // 3)]
    return bool(
        _GREETS.match(text.shown)
        or opens(laid, post)
        or any(
            person not in laid.authors and text.naming.said[person] in beginning
            for person in text.naming.addressed
            if not _GOES_ON.match(text.shown)
        )
    )


_OPENS = re.compile(
    r"\b(?:(?:good|great|excellent|interesting|fair|tricky|tough|nice|amazing|challenging|difficult"
    r"|hard|refreshing|important|fun) (?:and \w+ )?(?:questions?|one)\b"
    r"|(?:like|love) (?:this|that|your) question"
    r"|(?:thanks?|thank you)[^.!?\n]{0,40} (?:for|your) [^.!?\n]{0,25}questions?)",
    re.I,
)


def opens(laid: SessionFeatures, post: Post) -> bool:
    """Whether a post begins as a first answer does: with praise or thanks for the question."""
    return bool(_OPENS.search(laid.texts[post.id].shown[:160]))


def goes_on(laid: SessionFeatures, post: Post) -> bool:
    """Whether a post begins in the middle: `Also`, a small letter, a dash, the next number."""
    text = laid.texts[post.id]
    later_number = bool(text.numbers) and text.numbers[0] > 1
    return bool(_GOES_ON.match(text.shown) or _MORE.match(text.shown)) or later_number


def only_greets(laid: SessionFeatures, post: Post) -> bool:
    """Whether a post is a greeting or thanks and nothing else, so that more must follow."""
    text = laid.texts[post.id]
    if text.long > _GREETING or text.marks or not (text.thanks or greets(laid, post)):
        return False
    named = {stem for form in text.naming.said.values() for stem in stems(form)}
    return len(set(text.stems) - named) <= 1


def join(laid: SessionFeatures, before: Post, after: Post) -> Values:
    """The signals that an author's post goes on with the one right before."""
    values: Values = {"same, in a row": 1}
    if before.at is not None and after.at is not None:
        values["same, by the clock"] = 1
    one, two = laid.texts[before.id], laid.texts[after.id]
    if only_greets(laid, before):
        values["same, after a greeting"] = 1
    elif greets(laid, after):
        values["same, but greets"] = 1
    if one.numbers and two.numbers and two.numbers[0] == one.numbers[-1] + 1:
        values["same, next number"] = 1
    elif _GOES_ON.match(two.shown) or _MORE.match(two.shown):
        values["same, goes on"] = 1
    if _BULLET.match(one.shown) and _BULLET.match(two.shown):
        values["same, both in a list"] = 1
    values |= _by_shape(laid, before, after)
    if not two.long:
        values["same, no word"] = 1
    elif two.long <= _SHORT and not two.naming.addressed:
        values["same, short"] = 1
    if one.colon:
        values["same, after a colon"] = 1
    shared = math.sqrt(cosine(one.bag, two.bag))
    values["same, alike"] = shared
    values["same, as they do"] = math.log(laid.splits[after.person])
    values |= _named_in_a_row(laid, one, two, after.person)
    if two.marks_of_talk and not one.marks_of_talk:
        values["same, but is like talk"] = 1
    return values


def _by_shape(laid: SessionFeatures, before: Post, after: Post) -> Values:
    """What the shape of a message says of whether it goes on with the one before."""
    text = laid.texts[after.id]
    if text.alone:
        return {"same, only code or a link": 1}
    if after.id in laid.points:
        return {"same, in its list": 1, "same, as it promised": float(laid.points[after.id])}
    if text.begins_list and not only_greets(laid, before):
        return {"same, but begins a list": 1}
    return {}


def _named_in_a_row(laid: SessionFeatures, one: Text, two: Text, author: str) -> Values:
    """What the askers who are named say of whether a message goes on with the one before."""
    first, second = (text.naming.addressed & laid.askers for text in (one, two))
    if not second:
        return {"same, names nobody": -math.log(2 - 2 * laid.naming[author])}
    if not first:
        return {}
    if not first & second:
        return {"same, names another": 1}
    # Whoever asked two things is named again for the second.
    if any(laid.waiting[person] > 1 for person in first & second):
        return {}
    return {"same, names them again": 1}


def move(laid: SessionFeatures, before: Question, after: Question) -> Values:
    """The signals between an author's posts that belong to one question and then to another."""
    first, second = sorted((before.place, after.place))
    return moved(laid.open_before[second] - laid.open_before[first + 1], after.place > before.place)


def moved(waiting: int, on: bool) -> Values:
    """The signals of such a step, on or back, over so many questions that wait."""
    if not on:
        return {"back": 1, "questions back": math.log1p(waiting)}
    return {"open questions skipped": math.log1p(waiting)} if waiting else {"next open question": 1}
