"""What the converter costs, as ratios to two floors measured in the same run.

`python -m tests.benchmarks.bench_markup` prints how many messages a second `to_markdown` makes,
against (a) markdown-it-py's parse of the Markdown that came out, and (b) a bare pass of regular
expressions over `text` that does nothing but mentions, links and emoji. Once for messages with
blocks, as people write them, and once for the same with their text alone. A ratio is the floor's
time to ours: 1.00 is as fast, 0.25 is four times as slow.

`--against COMMIT` compares with that commit instead: both convert the same messages, in turns, each
in a process of its own. The commit is checked out into a temporary folder.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from rich.console import Console
from rich.table import Table

from bot.markup import from_markdown, to_markdown
from bot.markup.emoji import table
from tests.benchmarks.bench_library import message as words
from tests.benchmarks.time_markup import Names

Message = Mapping[str, Any]
ROUNDS = 3
TURNS = 7
HERE = Path(__file__).resolve().parents[2]

EMOJI = (
    ":+1:",
    ":slightly_smiling_face:",
    ":wave::skin-tone-3:",
    ":partyparrot:",
    ":tada:",
    ":flag-de:",
)
CODE = (
    "def fit(self, X, y=None, **kwargs):\n    return self._model.fit(X[:, 1:], y)",
    "SELECT user_id, count(*)\nFROM events\nWHERE ts < now()\nGROUP BY 1;",
    "pip install -r requirements.txt && python train.py --lr 1e-4",
)
INLINE = (
    "`fit_transform()`",
    "`n_estimators=100`",
    "*really*",
    "_Chapter 3_",
    "~old~",
    "snake_case_name",
)


def mrkdwn(rng: random.Random) -> str:
    """A message's text as Slack has it: words, and in most of them one or two things more."""
    text = re.sub(r"\[(.+?)\]\((.+?)\)", r"<\2|\1>", words(rng).replace("&", "&amp;"))
    parts = text.split(" ")
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        parts.insert(rng.randrange(len(parts) + 1), piece(rng))
    text = " ".join(parts)
    kind = rng.random()
    if kind < 0.06:
        text += f"\n```{rng.choice(CODE).replace('&', '&amp;').replace('<', '&lt;')}```"
    elif kind < 0.1:
        text = f"&gt; {text[:80].splitlines()[0]}\n{text}"
    elif kind < 0.15:
        text += "".join(f"\n• {line}" for line in ("the first", "the `second`", "and more of it"))
    return text


def piece(rng: random.Random) -> str:
    match rng.randrange(6):
        case 0:
            return rng.choice(EMOJI)
        case 1:
            return f"<@U{rng.randrange(100):08}>"
        case 2:
            return f"<https://example.com/a_b/{rng.randrange(1000)}?c=d&amp;e=f>"
        case 3:
            return f"<https://example.com/{rng.randrange(1000)}|the docs>"
        case 4:
            return "3 &lt; 4 &amp;&amp; x_1 * x_2"
        case _:
            return rng.choice(INLINE)


def with_blocks(text: str) -> Message:
    """The message of a text with the blocks that Slack would send: made by way of Markdown."""
    blocks = from_markdown(to_markdown({"text": text}, Names()))["blocks"]
    return {"text": text, "blocks": blocks}


def bare() -> Callable[[str], str]:
    """The floor (b): one pass, three things, and neither marks nor escapes nor code."""
    token = re.compile(
        r"<@(?P<user>[A-Z0-9]+)(?:\|[^>]*)?>|<#(?P<channel>[A-Z0-9]+)(?:\|[^>]*)?>"
        r"|<(?P<url>[a-z]+:[^|>]+)(?:\|(?P<label>[^>]*))?>"
        r"|:(?P<emoji>[a-z0-9_+'-]+):(?::skin-tone-(?P<tone>[2-6]):)?"
    )
    names, known = Names(), table()

    def one(match: re.Match[str]) -> str:
        if user := match["user"]:
            return names.user(user)
        if channel := match["channel"]:
            return "#" + names.channel(channel)
        if url := match["url"]:
            return f"[{match['label'] or url}]({url})"
        return known.get((match["emoji"], match["tone"] or ""), match[0])

    return lambda text: token.sub(one, text)


def seconds(work: Callable[[Any], Any], things: Sequence[Any]) -> float:
    """The quickest of some rounds over all of them."""
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        for each in things:
            work(each)
        found.append(time.process_time() - start)
    return min(found)


def measure(count: int, seed: int = 7) -> Table:
    rng = random.Random(seed)
    texts = [mrkdwn(rng) for _ in range(count)]
    names = Names()
    shown = Table(
        title=f"{count:,} messages, {sum(map(len, texts)) // count} characters on average"
    )
    for column in (
        "messages with",
        "per second",
        "(a) parse",
        "ratio to (a)",
        "(b) bare",
        "ratio to (b)",
    ):
        shown.add_column(column, justify="right")
    floor = seconds(bare(), texts)
    for kind, messages in (
        ("blocks", [with_blocks(text) for text in texts]),
        ("text alone", [{"text": text} for text in texts]),
    ):
        written = [to_markdown(each, names) for each in messages]
        parse = seconds(MarkdownIt("commonmark").enable("strikethrough").parse, written)
        ours = seconds(lambda each: to_markdown(each, names), messages)
        shown.add_row(
            kind,
            f"{count / ours:,.0f}",
            f"{count / parse:,.0f}",
            f"{parse / ours:.2f}",
            f"{count / floor:,.0f}",
            f"{floor / ours:.2f}",
        )
    return shown


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit."""
    git = ["git", "-C", str(HERE), "worktree"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "tree"
        subprocess.run([*git, "add", "--quiet", "--detach", folder, commit], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=True)


def timed(tree: Path, messages: Path) -> dict[str, float]:
    """The seconds that the converter of a tree takes for each kind of messages."""
    script = Path(__file__).with_name("time_markup.py")
    done = subprocess.run(
        [sys.executable, script, messages],
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(commit: str, count: int, seed: int = 7) -> Table:
    rng = random.Random(seed)
    texts = [mrkdwn(rng) for _ in range(count)]
    kinds = {
        "blocks": [with_blocks(text) for text in texts],
        "text alone": [{"text": text} for text in texts],
    }
    shown = Table(title=f"{count:,} messages, the best of {TURNS} turns")
    for column in ("messages with", commit, "now", "ratio"):
        shown.add_column(column, justify="right")
    with checkout(commit) as tree, tempfile.TemporaryDirectory() as name:
        file = Path(name) / "messages.json"
        file.write_text(json.dumps(kinds))
        turns = [(timed(tree, file), timed(HERE, file)) for _ in range(TURNS)]
    for kind in kinds:
        then, now = (min(turn[which][kind] for turn in turns) for which in (0, 1))
        per = 1e6 / count
        shown.add_row(kind, f"{then * per:.1f} µs", f"{now * per:.1f} µs", f"{now / then:.2f}")
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this commit")
    options = parser.parse_args()
    count = 500 if options.quick else 5_000
    made = compare(options.against, count) if options.against else measure(count)
    Console(width=120).print(made)


if __name__ == "__main__":
    main()
