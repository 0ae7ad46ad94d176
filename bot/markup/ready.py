"""Text that is Slack's mrkdwn already."""

from __future__ import annotations


class Mrkdwn(str):
    """mrkdwn, to be put into more of it as it is: what is no Mrkdwn is escaped there."""

    __slots__ = ()
