"""How much of a file of talk pairing moves, when its sentences stand in archive pages.

    python scripts/talk_moved.py SENTENCES PAGES... [--meaning] [--show]

Each line of SENTENCES is a message of an author that answers nothing, its names open (see
bot/laboratory/life.py); lines that begin with `#` are comments. Four at a time, the messages are put
at random places of one page after the other, once of the page as it is and once with three tenths
of its threaded answers torn out. With `--meaning` the language model helps; with `--show` each
message that moves is listed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

from bot.laboratory.detach import detach
from bot.laboratory.life import with_sentences
from bot.library import mending
from bot.meaning import load
from bot.sessions.pairing import Meaning, Post, linked, pair

IN_A_PAGE = 4
SHARE = 0.3
HOST = "Pim Oosten"
ANOTHER = "Iris Ek"
"""The other author, where a page has but one."""


def moved(posts: list[Post], said: list[str], seed: str, meaning: Meaning | None) -> list[str]:
    """Which of the messages move, once they stand among the posts."""
    random = Random(seed)
    authors = sorted({(post.person, post.name) for post in posts if post.is_author})
    author = random.choice(authors)
    others = [name for person, name in authors if person != author[0]]
    names = {"host": HOST, "author": others[0] if others else ANOTHER}
    found = with_sentences(posts, said, random, author, names)
    links = linked(pair(found, meaning=meaning))
    return [post.text for post in found if post.id.startswith("talk") and post.id in links]


def main() -> None:
    """Prints a line for the pages as they are and one for torn answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sentences", type=Path)
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--meaning", action="store_true")
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    meaning = load("on" if given.meaning else "off")
    pages = [list(mending.read(path).posts()) for path in given.pages]
    lines = given.sentences.read_text("utf-8").splitlines()
    said = [line for line in lines if not line.startswith("#")]
    Random(1).shuffle(said)
    for way, share in (("as they are", 0.0), ("torn", SHARE)):
        found = []
        for start in range(0, len(said), IN_A_PAGE):
            posts = pages[start // IN_A_PAGE % len(pages)]
            torn = list(detach(posts, Random(start), share).posts) if share else posts
            found += moved(torn, said[start : start + IN_A_PAGE], f"{start} {way}", meaning)
        print(f"{way}: {len(found)} of {len(said)} moved")
        for text in found if given.show else ():
            print("   ", text)


if __name__ == "__main__":
    main()
