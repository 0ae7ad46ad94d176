"""What the bot says, in Slack's words: every utterance is a row of the outbox."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.markup import escape_mrkdwn
from bot.sessions.anonymity import is_anonymous
from bot.sessions.handover import Handover
from bot.sessions.knowledge import Hit
from bot.sessions.model import Message, Session, Submission
from bot.sessions.notifier import Digest, Notifier
from bot.sessions.ports import Outgoing, UnitOfWork
from bot.sessions.winners import Draw, Way
from bot.slack.api import uploads
from bot.slack.api.incoming import QUESTION_EVENT
from bot.slack.blocks import (
    announcement,
    asked,
    closing,
    finding,
    handing,
    linking,
    notes,
    queueing,
    winning,
)
from bot.slack.blocks.limits import SECTION, TEXT, cut, message_blocks
from bot.slack.text import address, permalink

log = logging.getLogger(__name__)

_CHANNEL = re.compile(r"&lt;(#[A-Z0-9]+)&gt;", re.ASCII)

_NO_PREVIEWS = {"unfurl_links": False, "unfurl_media": False}
ANSWERED = "white_check_mark"
"""The reaction to a question whose answer stands outside its thread."""


@dataclass(slots=True)
class SlackNotifier(Notifier):
    """Speaks in channels and to organizers: `Notifier` says what about.

    `website` is the address that covers are relative to ('' where not known);
    `organizers` are member IDs, `organizers_channel` is a channel ID that is told instead;
    `acknowledging` is the emoji with which a question in the channel is acknowledged ('' for none);
    `site_url` is the address of the site, without a slash ('' for none);
    `workspace_url` is the address of the workspace, `https://….slack.com/` ('' before it is known).
    """

    website: str = ""
    organizers: tuple[str, ...] = ()
    organizers_channel: str | None = None
    workspace_url: str = ""
    acknowledging: str = ""
    site_url: str = ""

    def link(self, channel: str, ts: str) -> str:
        """The address of a message (its permalink); '' before Slack said where we are."""
        return permalink(self.workspace_url, channel, ts)

    def announce(self, uow: UnitOfWork, session: Session, at: datetime) -> None:
        key = announcement_key(session.id)
        self._post(uow, key, session.channel, announcement.announcement(session, self.website), at)
        _queue(uow, f"{key} pin", "pins.add", session.channel, at, timestamp={"ts_of": key})

    def reannounce(self, uow: UnitOfWork, session: Session, at: datetime) -> None:
        text, blocks = announcement.announcement(session, self.website)
        key = announcement_key(session.id)
        edit = f"{key} edit {session.state} {at.isoformat()}"
        ts = session.announcement_ts or {"ts_of": key}
        _queue(uow, edit, "chat.update", session.channel, at, ts=ts, text=text, blocks=blocks)

    def close(self, uow: UnitOfWork, session: Session, figures: Handover, at: datetime) -> None:
        key = f"session {session.id} close"
        self._post(uow, key, session.channel, self._closing(session, figures), at)
        self.reannounce(uow, session, at)

    def missed(self, uow: UnitOfWork, session: Session, figures: Handover, at: datetime) -> None:
        key = f"session {session.id} close"
        content = self._closing(session, figures, missed=True)
        self._post(uow, key, session.channel, content, at)

    def _closing(
        self, session: Session, figures: Handover, missed: bool = False
    ) -> tuple[str, list[dict[str, Any]]]:
        book = quote(session.event.id, errors="replace")
        page = f"{self.site_url}/books/{book}.html" if self.site_url else ""
        return closing.closing(session, figures, missed, page)

    def late(self, uow: UnitOfWork, session: Session, user: str, at: datetime) -> None:
        key, text = f"session {session.id} late {user}", notes.late(session)
        _queue(uow, key, "chat.postEphemeral", session.channel, at, user=user, text=text)

    def muted(self, uow: UnitOfWork, session: Session, user: str, at: datetime) -> None:
        key, text = f"session {session.id} muted {user}", notes.muted(session)
        _queue(uow, key, "chat.postEphemeral", session.channel, at, user=user, text=text)

    def tell_organizers(
        self, uow: UnitOfWork, key: str, text: str, at: datetime, personally: bool = False
    ) -> None:
        """Posts to the organizers' channel, or to each organizer; into the log if there is none.

        `personally` tells each organizer, because nothing can be posted in their channel. What
        files and people called things stays text: of Slack's marks only channels are.
        """
        places = (self.organizers_channel,) if self.organizers_channel else self.organizers
        if personally:
            places = self.organizers
        if not places:
            log.warning("no organizer to tell (set MARGINALIA_ORGANIZERS): %s", text)
        for place in places:
            shown = cut(_notice(text), TEXT)
            _queue(uow, f"notice {key} to {place}", "chat.postMessage", place, at, text=shown)

    def redirect(self, uow: UnitOfWork, notice: Outgoing, at: datetime) -> None:
        """Sends each organizer a notice that waits for their channel, which cannot be used.

        It goes on waiting where no organizer is named, and where it may stand in the channel.
        """
        if self.organizers and uow.outbox.drop(notice.id):
            key = notice.key.removesuffix(notice.channel)
            for person in self.organizers:
                payload = {**notice.payload, "channel": person}
                uow.outbox.add(Outgoing(key + person, notice.method, payload, person), at)

    def remind(self, uow: UnitOfWork, session: Session, key: str, text: str, at: datetime) -> None:
        shown = cut(text, SECTION)
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": shown}}]
        self._post(uow, key, session.channel, (shown, blocks), at)

    def hand_over(
        self, uow: UnitOfWork, session: Session, handover: Handover, at: datetime
    ) -> None:
        """Posts the figures, and the archive as a file below them, to each place of organizers."""
        places = (self.organizers_channel,) if self.organizers_channel else self.organizers
        for place in places:
            key = f"session {session.id} handover to {place}"
            self._post(uow, key, place, handing.handover(session, handover, self.link), at)
            file = uploads.outgoing(
                f"{key} file",
                place,
                session.event.file_name,
                handing.file_title(session),
                "",
                f"archive {session.id}",
                {"ts_of": key},
            )
            uow.outbox.add(file, at)

    def winners(
        self, uow: UnitOfWork, session: Session, draw: Draw, note: str, at: datetime
    ) -> None:
        """Posts the announcement with the record of the draw, and a direct message to each."""
        key = f"session {session.id} draw {draw.number}"
        asked = len({ticket.person for ticket in draw.tickets})
        self._post(uow, key, session.channel, winning.announcement(session, draw, asked), at)
        if draw.way is Way.DRAWN:
            file = uploads.outgoing(
                f"{key} record",
                session.channel,
                f"{session.event.id}-draw-{draw.number}.json",
                winning.file_title(session, draw),
                winning.how_to_repeat(),
                f"draw {session.id} {draw.number}",
                {"ts_of": key},
            )
            uow.outbox.add(file, at)
        for winner in draw.winners:
            self._post(uow, f"{key} to {winner}", winner, winning.congratulation(session, note), at)

    def ask(self, uow: UnitOfWork, session: Session, submission: Submission, at: datetime) -> None:
        """Posts the question; its metadata says whose it is, or the key of one without a name."""
        first = question_key(submission.token)
        for number, content in enumerate(asked.question(submission), 1):
            about: dict[str, Any] = {"asker": submission.asker}
            if "joints" in content:
                about["joints"] = content.pop("joints")
            key = first
            if number > 1:
                key = f"{first} part {number}"
                about["part"] = number
                content["thread_ts"] = {"ts_of": first}
            content["metadata"] = {"event_type": QUESTION_EVENT, "event_payload": about}
            content["unfurl_links"] = False
            _queue(uow, key, "chat.postMessage", session.channel, at, **content)
        trouble = uow.outbox.troubles().get(session.channel)
        if trouble is not None:
            self.delay(uow, first, trouble, at)

    def delay(self, uow: UnitOfWork, key: str, code: str, at: datetime) -> None:
        """Tells an asker, once, that Slack does not take the question yet, or a later part of a
        long one whose beginning is posted; `key` is the row's, and `code` is Slack's.

        Who asked without a name sees it in the App Home: nobody knows whom to write to.
        """
        token, is_part = question_token(key), asked_token(key) is None
        submission = uow.members.submission(token) if token is not None else None
        session = uow.sessions.get(submission.session_id) if submission is not None else None
        if token is None or submission is None or session is None:
            return
        if is_part and submission.ts:
            told, content = f"rest delayed {token}", asked.rest_delayed(session, code)
        elif not is_part and not submission.ts and submission.state == "owed":
            uow.members.update_submission(token, "delayed")
            told, content = f"delayed {token}", asked.delayed(session, submission, code)
        else:
            return
        if not is_anonymous(submission.asker):
            self._post(uow, told, submission.asker, content, at)

    def hand_back(self, uow: UnitOfWork, token: str, at: datetime, code: str | None = None) -> bool:
        """A direct message with the whole question; its row is dropped, unless somebody did that.

        False, and nothing is done, where nobody knows who asked, or where the question may stand in
        the channel. Then the bot looks for it there, and posts it if it finds none.
        """
        submission = uow.members.submission(token)
        session = uow.sessions.get(submission.session_id) if submission is not None else None
        if submission is None or session is None or is_anonymous(submission.asker):
            return False
        row = uow.outbox.get(question_key(token))
        if row is not None and row.state != "dropped" and not uow.outbox.drop(row.id):
            return False
        uow.members.update_submission(token, "returned")
        text, messages = asked.returned(session, submission, code)
        key = f"returned {token}"
        self._post(uow, key, submission.asker, (text, messages[0]), at)
        for number, blocks in enumerate(messages[1:], 2):
            part = f"{key} part {number}"
            self._post(uow, part, submission.asker, (text, blocks), at, {"ts_of": key})
        return True

    def answered(
        self,
        uow: UnitOfWork,
        session: Session,
        question: Message,
        answer: Message,
        people: Collection[str],
        at: datetime,
    ) -> None:
        link = address(self.workspace_url, answer)
        for person in people:
            key = f"answer {answer.channel} {answer.ts} to {person}"
            content = asked.answered(session, question, answer, person, link)
            self._post(uow, key, person, content, at)

    def answered_before(
        self,
        uow: UnitOfWork,
        session: Session,
        question: Message,
        hit: Hit,
        people: Collection[str],
        at: datetime,
    ) -> None:
        """A reply in the question's thread with an earlier answer, and a direct message to each of
        `people`; all once for each question.
        """
        key = f"answered before {question.channel} {question.ts}"
        text = finding.reply(hit)
        reply = {"thread_ts": question.ts, "text": text, **_NO_PREVIEWS}
        _queue(uow, key, "chat.postMessage", question.channel, at, **reply)
        link = self.link(question.channel, question.ts)
        for person in people:
            content = asked.answered_before(session, question, hit, link)
            self._post(uow, f"{key} to {person}", person, content, at)

    def digest(
        self, uow: UnitOfWork, session: Session, author: str, digest: Digest, at: datetime
    ) -> None:
        key = f"session {session.id} digest {author} {digest.day.isoformat()}"
        self._post(uow, key, author, queueing.digest(session, digest, self.workspace_url), at)

    def mark(self, uow: UnitOfWork, channel: str, ts: str, answered: bool, at: datetime) -> None:
        """A ✅ on the question, or none any more, unless it acknowledges questions, too."""
        if not answered and self.acknowledging == ANSWERED:
            return
        method = "reactions.add" if answered else "reactions.remove"
        key = f"{method} {channel} {ts} {at.isoformat()}"
        _queue(uow, key, method, channel, at, timestamp=ts, name=ANSWERED)

    def acknowledge(self, uow: UnitOfWork, channel: str, ts: str, at: datetime) -> None:
        if self.acknowledging:
            key, name = f"acknowledge {channel} {ts}", self.acknowledging
            _queue(uow, key, "reactions.add", channel, at, timestamp=ts, name=name)

    def linked(
        self, uow: UnitOfWork, session: Session, question: Message, answer: Message, at: datetime
    ) -> None:
        content = linking.done(answer, question, self.workspace_url)
        self._aside(uow, f"linked {answer.channel} {answer.ts}", answer, content, at)

    def offer(
        self,
        uow: UnitOfWork,
        session: Session,
        answer: Message,
        questions: Sequence[Message],
        at: datetime,
    ) -> None:
        content = linking.offer(answer, questions, self.workspace_url)
        self._aside(uow, f"offer {answer.channel} {answer.ts}", answer, content, at)

    def _aside(
        self,
        uow: UnitOfWork,
        key: str,
        message: Message,
        content: tuple[str, list[dict[str, Any]]],
        at: datetime,
    ) -> None:
        """A note to who wrote a message, where it was written."""
        text, blocks = content
        note = {"user": message.author, "text": text, "blocks": message_blocks(blocks)}
        _queue(uow, key, "chat.postEphemeral", message.channel, at, **note)

    def _post(
        self,
        uow: UnitOfWork,
        key: str,
        channel: str,
        content: tuple[str, list[dict[str, Any]]],
        at: datetime,
        thread_ts: Mapping[str, str] | None = None,
    ) -> None:
        text, blocks = content
        message = {"text": text, "blocks": message_blocks(blocks), **_NO_PREVIEWS}
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        _queue(uow, key, "chat.postMessage", channel, at, **message, **thread)


def _queue(
    uow: UnitOfWork, key: str, method: str, channel: str, at: datetime, **payload: Any
) -> None:
    """Queues a call for Slack; `payload` is what it takes beside the channel."""
    uow.outbox.add(Outgoing(key, method, {"channel": channel, **payload}, channel), at)


def _notice(text: str) -> str:
    """A notice as mrkdwn: what it repeats of files and books is data; a channel is a link."""
    return _CHANNEL.sub(r"<\1>", escape_mrkdwn(text))


def announcement_key(session_id: int) -> str:
    """The key of a session's announcement in the outbox."""
    return f"session {session_id} announcement"


def announced_session(key: str) -> int | None:
    """Whose announcement this key is, None if it is none."""
    words = key.split()
    if len(words) == 3 and words[0] == "session" and words[2] == "announcement":
        return int(words[1])
    return None


def question_key(token: str) -> str:
    """The key of a question sent through the form."""
    return f"question {token}"


def question_token(key: str) -> str | None:
    """Of which question this key is, or is a later part (its token), None if it is of none."""
    kind, token, *_part = [*key.split(" "), ""]
    return token or None if kind == "question" else None


def asked_token(key: str) -> str | None:
    """Whose question this key is (its token), None if it is none."""
    kind, _, token = key.partition(" ")
    return token if kind == "question" and token and " " not in token else None
