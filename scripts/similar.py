"""How often the form is right about similar questions, measured on archive pages.

    python scripts/similar.py FOLDER

For each page in FOLDER every question is asked once more in five ways in which people repeat one
another, against all questions of its session; a hit is when the question itself is among the
three shown. What is shown to the questions as they were asked, against the others of the session,
is the price: most of those are no repetitions.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

from bot.library import archive
from bot.markup import from_markdown, plain
from bot.sessions.languages import of
from bot.sessions.similar import Asked


def half(text: str) -> str:
    """The second half: the question without its preamble."""
    parts = text.split()
    return " ".join(parts[len(parts) // 2 :])


def sentence(text: str) -> str:
    """The sentence that asks."""
    asking = [s for s in re.split(r"(?<=[.!?])\s+", text) if s.endswith("?")]
    return max(asking, key=len) if asking else text


def shuffled(text: str) -> str:
    """The same words in another order."""
    parts = text.split()
    random.Random(len(text)).shuffle(parts)
    return " ".join(parts)


def thinned(text: str) -> str:
    """Every third word is another."""
    return " ".join("indeed" if n % 3 == 2 else word for n, word in enumerate(text.split()))


def misspelt(text: str) -> str:
    """Two letters swapped in every longer word."""
    return re.sub(r"\b(\w)(\w)(\w)(\w{3,})", r"\1\3\2\4", text)


WAYS = (half, sentence, shuffled, thinned, misspelt)


def main() -> None:
    """Prints a line for each way of repeating, and the price."""
    hits = dict.fromkeys((way.__name__ for way in WAYS), 0)
    total = shown = 0
    for path in sorted(Path(sys.argv[1]).glob("*.md")):
        texts = [" ".join(plain(from_markdown(t.text)).split()) for t in archive.read(path)]
        texts = [t for t in texts if len(t.split()) >= 6]
        asked = Asked(((str(n), text) for n, text in enumerate(texts)), of("en"))
        for number, text in enumerate(texts):
            total += 1
            for way in WAYS:
                hits[way.__name__] += str(number) in asked.like(way(text))
            others = Asked(((str(n), t) for n, t in enumerate(texts) if n != number), of("en"))
            shown += bool(others.like(text))
    for name, count in hits.items():
        print(f"{name:10} {count / total:6.1%} of {total}")
    print(f"shown to questions as they were asked: {shown / total:6.1%}")


if __name__ == "__main__":
    main()
