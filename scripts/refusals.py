"""Writes the table of refusals into `docs/reliability.md`: `python scripts/refusals.py`.

The table is `bot.slack.api.refusals`: what happens for each error code of Slack, and what a person
can do about it.
"""

from __future__ import annotations

from pathlib import Path

from bot.slack.api import refusals
from bot.slack.api.refusals import Then

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
BEGIN = "<!-- The table is written by `python scripts/refusals.py`. -->\n"
END = "<!-- End of the table. -->\n"

EXPLAINED = {
    Then.DONE: "What was wanted is so already, or what it was about is gone.",
    Then.RETRY: (
        "Tried again after 1, 2, 4 … seconds, five minutes at most, or after the time that Slack "
        "names. Nobody is told; the log says so."
    ),
    Then.WAIT_CHANNEL: (
        "Everything for this channel waits, in order, until the channel is changed; notices for "
        "the organizers' channel go to each organizer instead, in a minute at the most. It is tried "
        "again when Slack tells of a change, after 1, 2, 4 … minutes up to an hour, and at once "
        "with `marginalia outbox retry`."
    ),
    Then.WAIT_APP: (
        "Waits until the app, its token or the workspace is changed. Tried again in the same "
        "intervals."
    ),
    Then.WAIT_ALONE: (
        "This message alone waits, and others go past it, until the workspace's settings or what "
        "it refers to are changed. Tried again in the same intervals. So are codes that are not "
        "in this table."
    ),
    Then.GIVE_UP: (
        "Not tried again by itself, because nothing in Slack would change the answer. It stays in "
        "`marginalia outbox` until somebody retries it (with a newer version) or drops it."
    ),
}
"""What each outcome is."""


def table() -> str:
    """The outcomes, each with its codes and remedies, as Markdown."""
    lines: list[str] = []
    for then in Then:
        lines += [f"**{str(then).capitalize()}.** {EXPLAINED[then]}", ""]
        found: dict[str, list[str]] = {}
        for code, verdict in sorted(refusals.CODES.items()):
            if verdict.then is then:
                found.setdefault(verdict.remedy, []).append(f"`{code}`")
        for (method, code), verdict in sorted(refusals.EXCEPTIONS.items()):
            if verdict.then is then:
                found.setdefault(verdict.remedy, []).append(f"`{code}` of `{method}`")
        if then is refusals.UNKNOWN.then:
            found.setdefault(refusals.UNKNOWN.remedy, []).append("every other code")
        if any(found):
            lines += ["| Slack's code | what to do |", "| --- | --- |"]
        else:
            lines += ["| Slack's code |", "| --- |"]
        for remedy, codes in found.items():
            cells = [", ".join(codes), *([remedy] if any(found) else [])]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def document(text: str) -> str:
    """The page with the table as it is now."""
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    TARGET.write_text(document(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{TARGET} is written")
