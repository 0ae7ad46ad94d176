"""Tearing and measuring: on sessions of our own, where the truth is known."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.laboratory.detach import detach
from bot.laboratory.evaluate import BASELINES, guesses, report, wilson
from tests.pairing.generator import STYLES, session


@given(st.integers(0, 1000), st.sampled_from(sorted(STYLES)), st.floats(0, 1), st.booleans())
def test_tearing_keeps_all_and_tells_the_truth(
    seed: int, style: str, share: float, turns: bool
) -> None:
    posts = session(seed, STYLES[style])
    detached = detach(posts, Random(seed), share, turns=turns)
    assert detached == detach(posts, Random(seed), share, turns=turns)
    old = {post.id: post for post in posts}
    assert sorted(old) == sorted(post.id for post in detached.posts)
    places = {post.id: at for at, post in enumerate(detached.posts)}
    for post in detached.posts:
        was = old[post.id]
        assert (post.text, post.person) == (was.text, was.person)
        if post.id in detached.truth:
            assert post.is_author
            assert post.thread is None
            assert was.thread == detached.truth[post.id]
            assert places[post.id] > places[detached.truth[post.id]]
        else:
            assert post.thread == was.thread
    kept = [
        post.id for post in detached.posts if post.thread is None and post.id not in detached.truth
    ]
    assert kept == [post.id for post in posts if post.thread is None]
    of_authors = sum(post.is_author and post.thread is not None for post in posts)
    assert len(detached.truth) >= round(share * of_authors)
    assert len(detached.truth) <= round(share * of_authors) + (0 if not turns else 3)


def test_answers_of_one_thread_keep_their_order() -> None:
    detached = detach(session(3, STYLES["chatty"]), Random(3), 1.0)
    for question in set(detached.truth.values()):
        mine = [post.id for post in detached.posts if detached.truth.get(post.id) == question]
        assert mine == sorted(mine, key=lambda post: int(post.partition(".")[2]))


@pytest.mark.slow
@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_better_than_both_baselines_and_sure_of_itself(style: str, share: float) -> None:
    found = [
        guess
        for seed in range(4)
        for guess in guesses(detach(session(seed, STYLES[style]), Random(seed), share))
    ]
    whole = report(found)
    assert whole.accuracy.value is not None
    assert whole.precision.value is not None
    assert whole.coverage.value is not None
    for name in BASELINES:
        baseline = whole.baselines[name].value
        assert baseline is not None
        assert whole.accuracy.value >= baseline
    assert whole.accuracy.value >= 0.8
    assert whole.precision.value >= 0.9
    assert whole.coverage.value >= 0.5


def test_levels_rise() -> None:
    whole = report(guesses(detach(session(1, STYLES["plain"]), Random(1), 1.0)))
    shares = [level.coverage.part for level in whole.levels]
    assert shares == sorted(shares, reverse=True)
    for level in whole.levels:
        assert level.recall.part == level.precision.part
        assert level.precision.whole == level.coverage.part


def test_nothing_torn_is_no_number() -> None:
    whole = report(guesses(detach(session(1, STYLES["plain"]), Random(1), 0.0)))
    assert whole.answers == 0
    assert whole.precision.value is None
    assert whole.accuracy.interval == (0.0, 1.0)


def test_wilson() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
