"""What the bot can say."""

from __future__ import annotations

from bot.sessions.notifier import Notifier
from bot.slack.notifier import SlackNotifier


def test_slack_is_told_all_that_the_bot_can_say() -> None:
    said = {name for name in vars(Notifier) if not name.startswith("_")}
    assert said
    assert said <= vars(SlackNotifier).keys()
