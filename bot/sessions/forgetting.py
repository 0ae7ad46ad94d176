"""A person who wants to be forgotten: no name stays, and none comes back.

What somebody is called stands in many places: in the list of persons, with each message as it was
posted, in other people's messages. All of them are made anonymous at once. What comes later (an
import, a message, a member's change) is compared with marks of the forgotten names, digests with
a salt, so that the names themselves need not be kept to be recognised.

The member ID stays with the messages: it is what holds the threads together, and it is a name to
nobody outside the workspace.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from bot.sessions.anonymity import ANONYMOUS
from bot.sessions.model import Person
from bot.sessions.ports import UnitOfWork

LONGEST = 5
"""How many words a name has at most, to be found in a text."""

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_LABEL = re.compile(r"<@([A-Z0-9]+)\|([^>]*)>", re.ASCII)
_KEPT = ("type", "user_id", "url", "url_private", "permalink", "id", "ts", "action_id", "block_id")
"""Keys whose values are no text that people read."""


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes forgotten names out of texts. `ids` and `marks` are those of the forgotten."""

    salt: bytes
    ids: frozenset[str]
    marks: frozenset[str]

    def text(self, text: str) -> str:
        """The text with forgotten names replaced; of several that overlap, the longest.

        A label of a mention goes by the ID, whatever it says.
        """
        text = _LABEL.sub(lambda m: f"<@{m[1]}|{ANONYMOUS}>" if m[1] in self.ids else m[0], text)
        found = list(_WORD.finditer(text))
        out: list[str] = []
        at = number = 0
        while number < len(found):
            for count in range(min(LONGEST, len(found) - number), 0, -1):
                first, last = found[number], found[number + count - 1]
                name = text[first.start() : last.end()]
                if "\n" not in name and mark(self.salt, name) in self.marks:
                    out += [text[at : first.start()], ANONYMOUS]
                    at = last.end()
                    number += count
                    break
            else:
                number += 1
        return "".join([*out, text[at:]])

    def content(self, value: Any) -> Any:
        """A message's content, or any other JSON, with every text in it scrubbed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {k: v if k in _KEPT else self.content(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.content(item) for item in value]
        return value


def scrubber(uow: UnitOfWork) -> Scrubber | None:
    """What takes forgotten names out; None if nobody was forgotten."""
    marks = uow.forgotten.marks()
    if not marks:
        return None
    return Scrubber(uow.forgotten.salt(), frozenset(uow.forgotten.ids()), frozenset(marks))


def forget(uow: UnitOfWork, slack_id: str, names: Collection[str] = ()) -> set[int]:
    """Makes a person anonymous everywhere and for ever; gives the sessions that it touched.

    `names` are more names by which others may have called the person. Full names (of two words
    and more) and display names are taken out of what others wrote; a first name alone is not:
    it would take other people's out as well. Doing it again changes nothing.
    """
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
    whole = {n for n in wanted if n in given or n != _first(person)}
    salt = uow.forgotten.salt()
    uow.forgotten.add(slack_id, {mark(salt, name) for name in whole if name})
    scrub = scrubber(uow)
    if scrub is None:
        return set()
    touched = uow.messages.rewrite(scrub.content, slack_id)
    uow.outbox.rewrite(scrub.content)
    uow.people.anonymise(slack_id)
    uow.members.anonymise(slack_id)
    uow.member_names.remove(slack_id)
    return touched


def mark(salt: bytes, name: str) -> str:
    """The mark of a name; case and the kind of blanks do not matter."""
    plain = " ".join(name.casefold().split())
    return "#" + blake2b(plain.encode(), key=salt, digest_size=16).hexdigest()


def _first(person: Person | None) -> str | None:
    """The first name of one whose display name may be just that."""
    real = person.real_name if person is not None else None
    return real.split()[0] if real and len(real.split()) > 1 else None
