"""A person who wants to be forgotten: no name stays, and none comes back.

What somebody is called stands in many places: in the list of persons, with each message as it was
posted, in other people's messages, in the log. All of them are made anonymous at once. What comes
later (an import, a message, a member's change) is compared with marks of the forgotten names and
member IDs, digests with a salt, so that they need not be kept to be recognised.

Instead of the member ID stands a key made of it and the salt: it holds the threads together. Who
can read the database could try all members of the workspace against the marks. Authors keep their
ID, because the organizers' schedule files name them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from bot.sessions.anonymity import ANONYMOUS, key_of
from bot.sessions.model import Message, Person, Submission
from bot.sessions.personal import Written, written
from bot.sessions.ports import UnitOfWork

MAX_NAME_WORDS = 5
"""How many words a name has at most, to be found in a text."""

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_GENITIVE = re.compile(r"['’]\w{1,2}$")
_MENTION = re.compile(r"<@([A-Z0-9]+)(\|[^>]*)?>", re.ASCII)
_KEPT = ("type", "user_id", "url", "url_private", "permalink", "id", "ts", "action_id", "block_id")
"""Keys whose values are no text that people read."""


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes forgotten names out of texts. `ids` and `marks` are those of the forgotten."""

    salt: bytes
    ids: frozenset[str]
    marks: frozenset[str]

    def person(self, slack_id: str) -> str:
        """The member ID, or the key that stands for it if the person was forgotten."""
        return key_of(self.salt, slack_id) if mark(self.salt, slack_id) in self.marks else slack_id

    def text(self, text: str) -> str:
        """The text with forgotten names replaced; of several that overlap, the longest.

        A label of a mention goes by the ID, whatever it says.
        """
        text = _MENTION.sub(self._mention, text)
        found = list(_WORD.finditer(text))
        out: list[str] = []
        at = number = 0
        while number < len(found):
            for count in range(min(MAX_NAME_WORDS, len(found) - number), 0, -1):
                first, last = found[number], found[number + count - 1]
                end = self._name_ends(text[first.start() : last.end()])
                if end:
                    out += [text[at : first.start()], ANONYMOUS]
                    at = first.start() + end
                    number += count
                    break
            else:
                number += 1
        return "".join([*out, text[at:]])

    def _mention(self, found: re.Match[str]) -> str:
        person = self.person(found[1])
        is_forgotten = person != found[1] or person in self.ids
        return (
            f"<@{person}|{ANONYMOUS}>"
            if found[2] and is_forgotten
            else (f"<@{person}{found[2] or ''}>")
        )

    def _name_ends(self, words: str) -> int:
        """How much of the words is a forgotten name; 0 if they are none. `Ann's` is `Ann`."""
        if "\n" in words:
            return 0
        for name in (words, _GENITIVE.sub("", words)):
            if mark(self.salt, name) in self.marks:
                return len(name)
        return 0

    def content(self, value: Any) -> Any:
        """A message's content, or any other JSON, with every text in it scrubbed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {k: self._kept(v) if k in _KEPT else self.content(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.content(item) for item in value]
        return value

    def _kept(self, value: Any) -> Any:
        return self.person(value) if isinstance(value, str) else self.content(value)


def scrubber(uow: UnitOfWork) -> Scrubber | None:
    """What takes forgotten names out; None if nobody was forgotten."""
    marks = uow.forgotten.marks()
    if not marks:
        return None
    return Scrubber(uow.forgotten.salt(), frozenset(uow.forgotten.ids()), frozenset(marks))


@dataclass(frozen=True, slots=True)
class Erased:
    """What forgetting changed: the sessions whose archives are to be written again, and the
    messages and submissions whose texts were erased, as they were.
    """

    touched: frozenset[int] = frozenset()
    messages: tuple[Message, ...] = ()
    submissions: tuple[Submission, ...] = ()


def forget(
    uow: UnitOfWork,
    slack_id: str,
    names: Collection[str] = (),
    texts: bool = False,
    at: datetime | None = None,
) -> Erased:
    """Makes a person anonymous everywhere and for ever.

    `names` are more names by which others may have called the person. Full names (of two words
    and more) and display names are taken out of what others wrote; a first name alone is not:
    it would take other people's out as well. With `texts` what the person wrote is erased too,
    as if it had been deleted at `at` (UTC), and does not come back from Slack's history. Doing
    it again changes nothing.
    """
    own = written(uow, slack_id) if texts else Written()
    person = uow.people.get(slack_id)
    known = [*names]
    if person is not None and person.name != ANONYMOUS:
        known += [n for n in (person.name, person.real_name) if n]
    known += [
        m.posted_name
        for m in uow.messages.of_author(slack_id)
        if m.posted_name and m.posted_name != ANONYMOUS
    ]
    given = {name.strip().removeprefix("@") for name in names}
    wanted = {name.strip().removeprefix("@") for name in known}
    whole = {n for n in wanted if n and (n in given or n != _first(person))}
    touched = uow.messages.mentioning(slack_id)
    tokens = {s.token for s in (*uow.members.submissions_of({slack_id}), *own.submissions)}
    sent = {key for token in tokens for key in uow.outbox.keys(f"question {token}")}
    is_author = any(slack_id in session.author_ids for session in uow.sessions.all())
    uow.forgotten.add(slack_id, whole, keeps_id=is_author)
    scrub = scrubber(uow)
    if scrub is None:
        return Erased()
    touched |= {message.session_id for message in own.messages}
    for message in own.messages:
        uow.messages.erase(message.channel, message.ts, at or message.at)
        uow.edits.remove(message.channel, message.ts)
    uow.members.anonymise(slack_id)
    uow.messages.anonymise(slack_id)
    uow.members.erase({submission.token for submission in own.submissions})
    uow.outbox.erase(slack_id, sent, texts)
    uow.people.anonymise(slack_id)
    uow.member_names.remove(slack_id)
    quotes = [text for text in own.texts() if text]
    touched |= uow.personal.rewrite(slack_id, whole, scrub, quotes)
    return Erased(frozenset(touched), own.messages, own.submissions)


def mark(salt: bytes, name: str) -> str:
    """The mark of a name; case and the kind of blanks do not matter."""
    plain = " ".join(name.casefold().split())
    return "#" + blake2b(plain.encode(), key=salt, digest_size=16).hexdigest()


def _first(person: Person | None) -> str | None:
    """The first name of one whose display name may be just that."""
    real = person.real_name if person is not None else None
    return real.split()[0] if real and len(real.split()) > 1 else None
