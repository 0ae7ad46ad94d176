"""One history told live, found in Slack's history, and imported: the same archive each time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.library.formats import Entry
from bot.running.clock import FreeClock
from bot.services import export
from bot.services.importing import importing
from bot.sessions.model import State, Submission
from bot.sessions.notifier import Notifier
from bot.slack.api.dump import Dump
from bot.slack.api.incoming import EVENT_TYPE, QUESTION_EVENT, Malformed, person
from bot.slack.blocks import asked
from bot.slack.listeners.context import Context
from bot.slack.listeners.messages import message
from bot.store.database import Database
from tests import exports
from tests.exports import ADA, BEN, History, Object, said
from tests.services.test_importing import EVENT, NOW, archived, empty

__all__ = ["empty"]

CHANNEL = "C0BOOK123"
OURS = "B0OURBOT"
FIRST, SECOND, THIRD = "1704190000.000001", "1704190100.000001", "1704190200.000001"
BOT: Object = {"id": "U9BOT", "name": "robot", "is_bot": True, "profile": {"real_name": "Robot"}}
SLACKBOT: Object = {"id": "USLACKBOT", "name": "slackbot", "profile": {"real_name": "Slackbot"}}
USERS = [BEN, ADA, BOT, SLACKBOT]


def told(
    database: Database, messages: list[Object], left_out: frozenset[str] = frozenset()
) -> None:
    """The messages as events, one after another, each as when it was posted."""
    with database.unit_of_work() as uow:
        session = uow.sessions.add(EVENT, CHANNEL)
        session.state = State.OPEN
        session.opened_at = session.collects_from = EVENT.start
        uow.sessions.save(session)
        for user in USERS:
            uow.people.put(person(user))
    context = Context(FreeClock(NOW), Notifier(), OURS, "U0OURBOT", "keep", apps_left_out=left_out)
    for number, one in enumerate(messages):
        subtype = one.get("subtype")
        event = {"type": "message", "channel": CHANNEL, **one}
        if subtype == "tombstone":
            event = {
                "type": "message",
                "subtype": "message_changed",
                "channel": CHANNEL,
                "message": one,
                "ts": f"17042000{number:02}.000001",
            }
        with database.unit_of_work() as uow:
            try:
                message(context, uow, event)
            except Malformed:
                continue
        key = one.get("metadata", {}).get("event_payload", {}).get("key", "")
        if key.endswith("announcement"):
            with database.unit_of_work() as uow:
                stored = uow.sessions.by_event(EVENT.id)
                assert stored is not None
                stored.announcement_ts = one["ts"]
                uow.sessions.save(stored)


HISTORIES: dict[str, tuple[list[Object], list[Entry]]] = {
    "a table and a header are a table and a heading": (
        [
            said(
                "U1BEN",
                FIRST,
                "Results",
                blocks=[
                    {"type": "header", "text": {"type": "plain_text", "text": "Results"}},
                    {
                        "type": "table",
                        "rows": [
                            [{"type": "raw_text", "text": each} for each in row]
                            for row in (("model", "F1"), ("<b>", "0.9"))
                        ],
                    },
                ],
            )
        ],
        [Entry("Ben", "### Results\r\r| model | F1 |\r|---|---|\r| &lt;b&gt; | 0.9 |")],
    ),
    "a question that was deleted keeps its replies": (
        [
            {
                "type": "message",
                "subtype": "tombstone",
                "user": "USLACKBOT",
                "text": "This message was deleted.",
                "ts": FIRST,
                "thread_ts": FIRST,
            },
            said("U2ADA", SECOND, "A", FIRST),
        ],
        [Entry("Anonymous", export.DELETED, (Entry("Ada Author", "A"),))],
    ),
    "a reply that was deleted is gone": (
        [
            said("U1BEN", FIRST, "Q", FIRST),
            {"type": "message", "subtype": "tombstone", "ts": SECOND, "thread_ts": FIRST},
        ],
        [Entry("Ben", "Q")],
    ),
    "a person may post through an app, a bot's message is nobody's": (
        [
            said("U1BEN", FIRST, "Q", bot_id="B0APP", app_id="A0APP"),
            said("U9BOT", SECOND, "Beep", bot_id="B0ROBOT", app_id="A0ROBOT"),
            said("U9BOT", "1704190101.000001", "Beep in a thread", FIRST),
            {
                "type": "message",
                "subtype": "bot_message",
                "bot_id": "B0OLD",
                "ts": THIRD,
                "text": "x",
            },
            said("U8WHO", "1704190201.000001", "Nobody knows me", bot_id="B0NEW"),
        ],
        [Entry("Ben", "Q")],
    ),
    "an app that the settings name is nobody, whoever it posts for": (
        [
            said("U1BEN", FIRST, "By hand"),
            said("U1BEN", SECOND, "By the app", app_id="A0LEFTOUT", bot_id="B0X"),
            said("U1BEN", THIRD, "By the bot", app_id="A0Y", bot_id="B0LEFTOUT"),
        ],
        [Entry("Ben", "By hand")],
    ),
    "Slackbot is never a person": (
        [
            said("USLACKBOT", FIRST, "Reminder: stand up"),
            said("USLACKBOT", SECOND, "A custom response", subtype="slackbot_response"),
            said("U1BEN", THIRD, "Q", THIRD),
            said("USLACKBOT", "1704190201.000001", "A hint", THIRD),
        ],
        [Entry("Ben", "Q")],
    ),
    "a comment on a file is its writer's": (
        [
            said("U1BEN", FIRST, "Q"),
            {
                "type": "message",
                "subtype": "file_comment",
                "file": {"id": "F1"},
                "comment": {"user": "U1BEN", "comment": "Is it a *ROC* curve?"},
                "text": "<@U1BEN> commented on a file: Is it a ROC curve?",
                "ts": SECOND,
            },
        ],
        [Entry("Ben", "Q"), Entry("Ben", "Is it a **ROC** curve?")],
    ),
    "a file of before 2018 is its comment and a link": (
        [
            {
                "type": "message",
                "subtype": "file_share",
                "user": "U1BEN",
                "upload": True,
                "text": "<@U1BEN> uploaded a file: <https://x.slack.com/f|Plot> and commented: Look",
                "file": {
                    "id": "F1",
                    "title": "Plot",
                    "permalink": "https://x.slack.com/f",
                    "initial_comment": {"user": "U1BEN", "comment": "Look"},
                },
                "ts": FIRST,
            }
        ],
        [Entry("Ben", "Look\n[Plot](https://x.slack.com/f)")],
    ),
    "a member of another workspace has at least the name of the account": (
        [
            said("U7CONN", FIRST, "Q", user_profile={"display_name": "", "name": "carla"}),
            said("U6CONN", SECOND, "Q2", user_profile={"real_name": "Dario Rossi"}),
            said("U5CONN", THIRD, "Q3"),
        ],
        [Entry("carla", "Q"), Entry("Dario Rossi", "Q2"), Entry("Unknown", "Q3")],
    ),
    "questions in the announcement's thread, and through the form": (
        [
            said(
                "U0OURBOT",
                FIRST,
                "It begins",
                FIRST,
                bot_id=OURS,
                metadata={
                    "event_type": EVENT_TYPE,
                    "event_payload": {"key": "session 3 announcement"},
                },
            ),
            said("U1BEN", SECOND, "In the thread", FIRST),
            {
                "type": "message",
                "subtype": "bot_message",
                "bot_id": OURS,
                "username": "Ben",
                "text": "Through the form",
                "ts": THIRD,
                "metadata": {
                    "event_type": QUESTION_EVENT,
                    "event_payload": {"asker": "U1BEN", "key": "question t0k3n"},
                },
            },
        ],
        [Entry("Ben", "In the thread"), Entry("Ben", "Through the form")],
    ),
    "notices, and what is malformed": (
        [
            {
                "type": "message",
                "subtype": "channel_topic",
                "user": "U1BEN",
                "ts": FIRST,
                "text": "x",
            },
            {"type": "message", "user": 7, "ts": SECOND, "text": "x"},
            said("U1BEN", "never", "x"),
            said("U1BEN", THIRD, "Q", reactions=[{"name": "+1", "users": [None, 5]}, 4]),
            said("U1BEN", "1704190201.000001", "To me", subtype="me_message"),
        ],
        [Entry("Ben", "Q"), Entry("Ben", "To me")],
    ),
}


def long_question(text: str) -> list[Object]:
    """The messages of a question from the form that is too long for one, as Slack stores them."""
    sent = asked.question(Submission("t0k3n", 1, "U1BEN", text, NOW, "Ben"))
    found: list[Object] = []
    for number, content in enumerate(sent, 1):
        key = "question t0k3n" if number == 1 else f"question t0k3n part {number}"
        about = {"asker": "U1BEN", "key": key, "joints": content.pop("joints")}
        if number > 1:
            about["part"] = number
        found.append(
            {
                "type": "message",
                "subtype": "bot_message",
                "bot_id": OURS,
                "ts": f"17041900{number:02}.000001",
                "thread_ts": "1704190001.000001",
                "metadata": {"event_type": QUESTION_EVENT, "event_payload": about},
                **content,
            }
        )
    assert len(found) > 1
    return found


LONG = "\n".join(f"Line {number} of a long question." for number in range(400))
HISTORIES["a long question in several messages is one text"] = (
    [*long_question(LONG), said("U2ADA", "1704190099.000001", "A", "1704190001.000001")],
    [Entry("Ben", LONG, (Entry("Ada Author", "A"),))],
)


@pytest.mark.slow
@pytest.mark.parametrize("name", HISTORIES)
def test_live_and_import_make_the_same_archive(
    name: str, database: Database, tmp_path: Path, empty: Callable[[], Database]
) -> None:
    messages, expected = HISTORIES[name]
    left_out = frozenset({"A0LEFTOUT", "B0LEFTOUT"})
    told(database, messages, left_out)
    live = archived(database)
    good = [m for m in messages if m["ts"] != "never"]
    files = History(good, users=USERS).files()
    day = next(file for file in files if file.startswith("bücher"))
    files[day] = messages
    path = exports.folder(tmp_path / "export", files)
    imported = empty()
    with closing(Dump.open(path)) as dump:
        tally = importing(imported, [dump], CHANNEL, [EVENT], NOW, left_out=left_out)
    assert archived(imported) == expected
    counts = tally.sessions[EVENT.id]
    assert counts["questions"] == len(expected)
    assert counts["replies"] == sum(len(entry.replies) for entry in expected)
    assert live == expected


def test_the_names_of_messages_do_not_replace_what_is_known(database: Database) -> None:
    told(database, [said("U1BEN", FIRST, "Q", user_profile={"real_name": "Somebody"})])
    assert [entry.name for entry in archived(database)] == ["Ben"]
