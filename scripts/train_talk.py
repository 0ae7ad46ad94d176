"""Trains the two classifiers that tell talk from answers.

One judges by words (bot/sessions/pairing/talk.tsv), the other by the vectors of the language model
(bot/meaning/talk.json).

    python scripts/train_talk.py [--pull 0.1]

Both are logistic regressions on invented messages: those of scripts/talk_training.txt, and the authors'
messages in the sessions tuned.txt and tuned_2.txt of tests/pairing/sessions. The training data has nothing
from real pages, from the held-out sessions or from the files of talk in tests/pairing, so measurements on
those are on texts that the classifiers have not seen. `--pull` is the penalty on the squares of the weights.
There is one solution, so a second run gives the same files.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bot.meaning import TALK, load
from bot.sessions.pairing import wording
from tests.pairing.sessions import sessions

TRAINING = Path(__file__).with_name("talk_training.txt")
SEEN = 4
"""In how many messages a feature must occur to get a weight."""
LONGEST = 50
"""The maximum number of steps of Newton's method, which needs about ten."""


def messages() -> Iterator[tuple[str, bool]]:
    """The training messages, and whether each is talk."""
    for line in TRAINING.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            kind, _, text = line.partition("| ")
            yield text.replace("\\n", "\n"), kind == "talk"
    for file in ("tuned.txt", "tuned_2.txt"):
        for session in sessions(file):
            for post in session.posts:
                if post.id in session.labels:
                    yield post.text, not session.labels[post.id][1]


def fitted(found: np.ndarray, is_talk: np.ndarray, pull: float) -> np.ndarray:
    """The fitted weights, followed by the intercept."""
    every = np.hstack([found, np.ones((len(found), 1))])
    weights = np.zeros(every.shape[1])
    penalty = np.diag([pull] * (len(weights) - 1) + [0.0])
    for _ in range(LONGEST):
        share = 1 / (1 + np.exp(-every @ weights))
        slope = every.T @ (share - is_talk) + penalty @ weights
        bend = every.T @ (every * (share * (1 - share))[:, None]) + penalty
        step = np.linalg.solve(bend, slope)
        weights -= step
        if abs(step).max() < 1e-6:
            break
    return weights


def by_words(said: dict[str, bool], pull: float) -> str:
    """Trains the classifier by words and returns the text of talk.tsv."""
    every = [wording.features(text) for text in said]
    seen = Counter(feature for features in every for feature in features)
    known = sorted(feature for feature, count in seen.items() if count >= SEEN)
    place = {feature: at for at, feature in enumerate(known)}
    found = np.zeros((len(said), len(known)))
    for row, features in enumerate(every):
        mine = [place[feature] for feature in features if feature in place]
        found[row, mine] = len(mine) ** -0.5
    *weights, base = fitted(found, np.array([float(talks) for talks in said.values()]), pull)
    lines = [f"{wording.BASE}\t{base:.2f}"]
    lines += [f"{name}\t{weight:.2f}" for name, weight in zip(known, weights, strict=True)]
    return "\n".join(lines) + "\n"


def by_meaning(said: dict[str, bool], pull: float) -> str:
    """Trains the classifier by vectors and returns the text of talk.json."""
    model = load("on")
    assert model is not None
    vectors = model.vectors(said)
    is_talk = np.array([float(said[text]) for text in vectors])
    *weights, base = fitted(np.array(list(vectors.values())), is_talk, pull)
    rounded = [round(float(weight), 3) for weight in weights]
    return json.dumps({"base": round(float(base), 3), "weights": rounded}) + "\n"


def main() -> None:
    """Trains both classifiers and writes their files."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pull", type=float, default=0.1)
    given = parser.parse_args()
    said = dict(messages())
    wording.FILE.write_text(by_words(said, given.pull), "utf-8")
    TALK.write_text(by_meaning(said, given.pull), "utf-8")
    print(f"{len(said)} messages, {sum(said.values())} of them talk")


if __name__ == "__main__":
    main()
