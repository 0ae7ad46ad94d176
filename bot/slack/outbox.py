"""Sends the messages queued for Slack: in order, at Slack's pace, and none of them twice.

A row is leased before it is sent. One that was tried before (the bot died, or Slack's answer was
lost) is first looked for in the channel's history by the key in its metadata; a private note,
which nobody can look for, is said again. What Slack refuses follows `bot.slack.api.refusals`: it is
tried again, waits or is given up, and nothing is deleted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import UserError
from bot.sessions.pairing import ShuttingDown
from bot.sessions.ports import Clock, Outgoing, UnitOfWork
from bot.slack import queued
from bot.slack.api import refusals, uploads
from bot.slack.api.gateway import NO_ANSWER, code_of, method_of, reason_of, retry_after, status_of
from bot.slack.api.history import History
from bot.slack.api.incoming import EVENT_TYPE
from bot.slack.api.refusals import Then, Verdict
from bot.slack.notifier import SlackNotifier, asked_token, question_token
from bot.slack.said import SaidAlready
from bot.support.outage import Outage
from bot.support.tasks import happens
from bot.support.transactions import Transactions
from bot.texts import _

log = logging.getLogger(__name__)

SEND_TIMEOUT_SECONDS = 8.0
"""Seconds that sending a row may take; then its answer counts as lost."""
LEASE = timedelta(seconds=SEND_TIMEOUT_SECONDS + 4)
MAX_CONCURRENT_SENDS = 4
"""Rows, each for another channel, that are on their way at once."""
LONGEST_WAIT_SECONDS = 300.0
"""Seconds between two tries at the most, where Slack itself is in trouble."""
FIRST_PROBE = timedelta(minutes=1)
LONGEST_PROBE = timedelta(hours=1)
"""The shortest and the longest time until a row is tried again that waits for somebody to act."""
IDLE_POLL_SECONDS = 1.0

OnSent = Callable[[UnitOfWork, Outgoing, str | None], None]


@dataclass(slots=True)
class OutboxSender:
    """Sends the rows of the outbox. `wall` is the wall clock; `interval` in seconds.

    `client` must try nothing again by itself: what was sent may have been done.
    """

    database: Transactions
    client: AsyncWebClient
    history: History
    wall: Clock
    notifier: SlackNotifier
    interval: float
    on_sent: OnSent
    outage: Outage
    contents: uploads.Contents
    _direct: dict[str, str] = field(default_factory=dict)
    said: SaidAlready = field(init=False)
    _wake: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.said = SaidAlready(self.client, self.history, self.database, self.wall)

    def wake(self) -> None:
        """Something may have been queued."""
        self._wake.set()

    async def run(self) -> None:
        """Sends for ever; ends when it is cancelled."""
        sending: set[asyncio.Task[None]] = set()
        try:
            await self._compare()
            while True:
                pause = 0.0
                self._wake.clear()
                try:
                    task = await self._start() if await asyncio.to_thread(self._ready) else None
                    if task is None:
                        pause = await asyncio.to_thread(self._pause)
                    else:
                        sending.add(task)
                except Exception as error:
                    if not self.outage.met(error):
                        log.exception("waiting messages cannot be read; trying again")
                    pause = IDLE_POLL_SECONDS
                if sending and (pause or len(sending) >= MAX_CONCURRENT_SENDS):
                    done, _waiting = await asyncio.wait(
                        sending,
                        timeout=min(pause, IDLE_POLL_SECONDS) or None,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    sending -= done
                elif pause:
                    await happens(self._wake, pause)
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _compare(self) -> None:
        try:
            await self.said.compare()
        except Exception as error:
            if not self.outage.met(error):
                log.exception("waiting messages could not be compared with Slack")

    async def _start(self) -> asyncio.Task[None] | None:
        """Begins to send the next row; None if none may be sent now."""
        until = asyncio.get_running_loop().time() + SEND_TIMEOUT_SECONDS
        outgoing, payload = await asyncio.to_thread(self._claim)
        if outgoing is None:
            return None
        return asyncio.create_task(self._deliver(outgoing, payload, until))

    async def drain(self, within: float = 30.0) -> None:
        """Sends all that is due in the next `within` seconds; what waits for longer stays.

        Raises TimeoutError when it is not done after that time.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        async with asyncio.timeout(within):
            while (pause := await asyncio.to_thread(self._until_due)) is not None:
                if loop.time() + pause >= end:
                    return
                if not await self.step():
                    await asyncio.sleep(min(0.05, max(0.0, pause)))

    async def step(self) -> bool:
        """Sends the next row; False if none may be sent now."""
        task = await self._start()
        if task is not None:
            await task
        return task is not None

    async def _deliver(
        self, outgoing: Outgoing, payload: dict[str, Any] | None, until: float
    ) -> None:
        try:
            await self._send_and_note(outgoing, payload, until)
        except ShuttingDown:
            return  # the lease runs out, and it is sent when the bot runs again
        except Exception as error:
            # The lease runs out, and what may have been sent is looked for before it is sent.
            if not self.outage.met(error):
                log.exception("%s: the result of sending it could not be stored", outgoing.key)

    async def _send_and_note(
        self, outgoing: Outgoing, payload: dict[str, Any] | None, until: float
    ) -> None:
        """Sends a claimed row before `until` (of the loop's clock), which is before its lease ends.

        A process that was stopped in between finds the time past, or the row another's.
        """
        if payload is None:
            return  # what it refers to is not sent
        try:
            async with asyncio.timeout_at(until):
                ts = await self._said_already(outgoing, payload)
                if ts is None:
                    if not await self.database.read(self._holds, outgoing):
                        log.info("%s is now being sent by another process", outgoing.key)
                        return
                    if asyncio.get_running_loop().time() >= until:
                        raise TimeoutError
                    ts = await self._send(outgoing, payload)
        except SlackApiError as error:
            await asyncio.to_thread(self._refused, outgoing, error)
        except UserError as error:
            await asyncio.to_thread(self._cannot, outgoing, str(error))
        except (SlackClientError, *NO_ANSWER) as error:
            await asyncio.to_thread(self._retry, outgoing, reason_of(error), None)
        else:
            await asyncio.to_thread(self._sent, outgoing, ts)

    def _holds(self, uow: UnitOfWork, outgoing: Outgoing) -> bool:
        return uow.outbox.holds(outgoing, self._now(uow))

    def _now(self, uow: UnitOfWork) -> datetime:
        """The present by the clock that all replicas share."""
        return uow.outbox.now(self.wall.now())

    def _ready(self) -> bool:
        """Whether a row may be sent now; nobody is kept from writing by the question."""
        pause = self._until_due()
        return pause is not None and pause <= 0

    def _claim(self) -> tuple[Outgoing | None, dict[str, Any] | None]:
        """The next row and its payload; no payload where what it refers to is not sent."""
        with self.database.unit_of_work() as uow:
            now = self._now(uow)
            outgoing = uow.outbox.claim(now, now + LEASE, self.interval)
            if outgoing is None:
                return None, None
            payload = dict(outgoing.payload)
            if outgoing.method == "chat.postMessage":
                payload["metadata"] = _metadata(uow, outgoing)
            for name, value in payload.items():
                if isinstance(value, Mapping) and "ts_of" in value:
                    row = uow.outbox.get(str(value["ts_of"]))
                    if row is None or row.slack_ts is None:
                        self._postpone(uow, outgoing, row)
                        return outgoing, None
                    payload[name] = row.slack_ts
            return outgoing, payload

    def _postpone(self, uow: UnitOfWork, outgoing: Outgoing, row: Outgoing | None) -> None:
        """What to do with a row that refers to `row`, which has no `ts`."""
        if row is not None and row.state in ("due", "held", "failed"):
            now = self._now(uow)
            uow.outbox.hold_for(outgoing.id, row.key, now + probe_after(outgoing, now))
        else:
            log.info("%s was dropped, because the message it belongs to was dropped", outgoing.key)
            uow.outbox.failed(outgoing.id, "what it refers to was never posted", None)
            uow.outbox.drop(outgoing.id)

    async def _send(self, outgoing: Outgoing, payload: dict[str, Any]) -> str | None:
        if outgoing.method == uploads.FILE:
            content = await asyncio.to_thread(self.contents, str(payload["content_of"]))
            place = await self._conversation(outgoing.channel)
            await uploads.send(self.client, place, payload, content)
            return None
        arguments = dict(payload)
        try:
            response = await self._call(outgoing.method, arguments)
        except SlackApiError as error:
            pictureless = without_pictures(arguments)
            if code_of(error) != "invalid_blocks" or pictureless == arguments:
                raise
            # Slack refuses the whole message when it cannot download a picture in it.
            log.warning("%s is sent without its picture: Slack could not load it", outgoing.key)
            response = await self._call(outgoing.method, pictureless)
        ts = response.get("ts")
        return ts if isinstance(ts, str) else None

    async def _call(self, method: str, arguments: dict[str, Any]) -> AsyncSlackResponse:
        return await self.client.api_call(method, json=arguments)

    async def _said_already(self, outgoing: Outgoing, payload: Mapping[str, Any]) -> str | None:
        """The `ts` of the row's message where it is in Slack already."""
        if not self.said.must_look(outgoing, payload):
            return None
        place = await self._conversation(outgoing.channel)
        return await self.said.find(outgoing, payload, place)

    async def _conversation(self, channel: str) -> str:
        """A channel's ID, also of the direct messages with a person who is given in its place."""
        if not _is_person(channel):
            return channel
        if channel not in self._direct:
            opened = await self.client.conversations_open(users=[channel])
            self._direct[channel] = str((opened.get("channel") or {}).get("id") or channel)
        return self._direct[channel]

    def _sent(self, outgoing: Outgoing, ts: str | None) -> None:
        with self.database.unit_of_work() as uow:
            uow.outbox.sent(outgoing.id, ts, self._now(uow))
            self.on_sent(uow, outgoing, ts)

    def _refused(self, outgoing: Outgoing, error: SlackApiError) -> None:
        method, code = method_of(error) or outgoing.method, code_of(error)
        found, wait = refusals.verdict(method, code), retry_after(error)
        if wait is not None or found.then is Then.RETRY or status_of(error) >= 500:
            self._retry(outgoing, code, wait)
        elif found.then is Then.DONE:
            log.info("%s: nothing to do (%s)", outgoing.key, code)
            self._sent(outgoing, None)
        else:
            self._wait(outgoing, method, code, found)

    def _retry(self, outgoing: Outgoing, why: str, wait: float | None) -> None:
        pause = timedelta(seconds=wait if wait is not None else backoff(outgoing.attempts))
        log.info("%s will be sent again: %s", outgoing.key, why)
        with self.database.unit_of_work() as uow:
            now = self._now(uow)
            if not uow.outbox.holds(outgoing, now):
                return
            until = now + pause
            if wait is None:
                uow.outbox.unanswered(outgoing.id, why, now, until)
                return
            uow.outbox.failed(outgoing.id, why, until)
            if outgoing.channel:
                uow.outbox.delay(outgoing.channel, until)

    def _wait(self, outgoing: Outgoing, method: str, code: str, found: Verdict) -> None:
        """Somebody must act before Slack takes the row."""
        if outgoing.error != code:
            log.error("Slack refused %s: %s", outgoing.key, refusals.explain(method, code))
        with self.database.unit_of_work() as uow:
            now = self._now(uow)
            if not uow.outbox.holds(outgoing, now):
                return
            until = now + probe_after(outgoing, now)
            if found.then is Then.GIVE_UP:
                uow.outbox.failed(outgoing.id, code, None)
                self._tell(uow, outgoing, method, code, now)
            elif found.then is Then.WAIT_ALONE or not outgoing.channel:
                uow.outbox.hold(outgoing.id, code, until)
                self._tell(uow, outgoing, method, code, now)
            else:
                uow.outbox.failed(outgoing.id, code, now)
                channel_trouble(uow, self.notifier, outgoing.channel, code, now, until, method)

    def _tell(
        self, uow: UnitOfWork, outgoing: Outgoing, method: str, code: str, now: datetime
    ) -> None:
        """Tells the organizers, and who asked, of one row that waits or is given up."""
        token = asked_token(outgoing.key)
        returned = False
        if token is not None and refusals.verdict(method, code).then is Then.GIVE_UP:
            returned = self.notifier.hand_back(uow, token, now, code)
        if not returned:
            self.notifier.delay(uow, outgoing.key, code, now)
        if queued.is_notice(outgoing):
            return  # a notice that cannot be posted is not announced by another notice
        number = queued.session_of(outgoing)
        session = uow.sessions.get(number) if number is not None else None
        values = {
            "what": queued.what(outgoing),
            "place": place_name(uow, outgoing.channel),
            "code": code,
            "remedy": refusals.remedy(method, code),
            "id": outgoing.id,
        }
        if returned:
            text = _(
                "Slack did not accept {what} for {place} ({code}): {remedy}. The person who "
                "asked got the question back in a direct message.",
                **values,
            )
        else:
            text = _(
                "Slack did not accept {what} for {place} ({code}): {remedy}. It is kept as "
                "number {id} in `marginalia outbox`.",
                **values,
            )
        if session is not None:
            text = _("“{title}”: {text}", title=session.event.title, text=text)
        key = f"refusal {outgoing.key} {code}"
        if not queued.is_own(outgoing):
            key = f"refusal {outgoing.channel} {method} {code} {now:%Y-%m-%d}"
        self.notifier.tell_organizers(uow, key, text, now)

    def _cannot(self, outgoing: Outgoing, why: str) -> None:
        """Gives up a row that cannot be made, such as a file of what is not there any more."""
        log.error("%s was not sent: %s", outgoing.key, why)
        with self.database.unit_of_work() as uow:
            now = self._now(uow)
            if not uow.outbox.holds(outgoing, now):
                return
            uow.outbox.failed(outgoing.id, why, None)
            text = _(
                "{what} could not be created: {why}. It is kept as number {id} in `marginalia "
                "outbox`.",
                what=queued.what(outgoing),
                why=why,
                id=outgoing.id,
            )
            self.notifier.tell_organizers(uow, f"refusal {outgoing.key} {why}", text, now)

    def _pause(self) -> float:
        pause = self._until_due()
        return (
            LONGEST_WAIT_SECONDS if pause is None else min(LONGEST_WAIT_SECONDS, max(0.01, pause))
        )

    def _until_due(self) -> float | None:
        """Seconds until the next row may be sent; None where none waits."""
        with self.database.reading() as uow:
            now = self._now(uow)
            due = uow.outbox.next_due(now, self.interval)
        return None if due is None else (due - now).total_seconds()


def channel_trouble(
    uow: UnitOfWork,
    notifier: SlackNotifier,
    channel: str,
    code: str,
    now: datetime,
    until: datetime | None = None,
    method: str = "",
) -> None:
    """Leaves a channel (or a person's direct messages) alone until `until`, a minute from now
    unless it is given; where the trouble is new the organizers and those whose questions wait are
    told. Notices that wait for the organizers' channel go to each organizer; that channel is tried
    again each minute, so that later ones do not wait behind what is not for them.

    `code` is Slack's, of a call of `method` ('' where that does not matter).
    """
    then = refusals.verdict(method, code).then
    if then is not Then.WAIT_APP and not _is_person(channel):
        for row in filter(queued.is_notice, uow.outbox.queued(channel)):
            notifier.redirect(uow, row, now)
    if channel == notifier.organizers_channel:
        until = None
    same = code in uow.outbox.troubles().values()
    if not uow.outbox.block(channel, code, until or now + FIRST_PROBE):
        return
    for row in uow.outbox.queued(channel):
        notifier.delay(uow, row.key, code, now)
    if then is Then.WAIT_APP and same:
        return  # it is no matter of this channel, and was told of another
    text = _(
        "Nothing can be posted in {place}: {reason} (Slack's code: {code}). Messages "
        "for it are waiting; `marginalia outbox` lists them.",
        place=place_name(uow, channel),
        reason=refusals.remedy(method, code),
        code=code,
    )
    personally = channel == notifier.organizers_channel
    key = f"channel {channel} {code} {now.isoformat()}"
    notifier.tell_organizers(uow, key, text, now, personally=personally)


def _is_person(channel: str) -> bool:
    """Whether a member ID stands in place of a channel's: the direct messages with that person."""
    return channel.startswith(("U", "W"))


def place_name(uow: UnitOfWork, channel: str) -> str:
    """What a notice calls a channel, or the person whose direct messages are meant."""
    if _is_person(channel):
        person = uow.people.get(channel)
        name = person.name if person is not None and person.name else channel
        return _("the direct messages with {name}", name=name)
    return f"<#{channel}>"


def probe_after(outgoing: Outgoing, now: datetime) -> timedelta:
    """How long a row waits that somebody must do something for: as long as it has waited so far,
    so that the pauses double, within bounds."""
    waited = now - (outgoing.tried_at or now)
    return max(FIRST_PROBE, min(LONGEST_PROBE, waited))


def _metadata(uow: UnitOfWork, outgoing: Outgoing) -> dict[str, Any]:
    """A message's metadata with what makes it known later: the row's key, and the event's ID.

    The event tells sessions apart that have the same number in two databases, and says to which of
    them a question belongs of which a restored database knows nothing.
    """
    metadata = outgoing.payload.get("metadata") or {"event_type": EVENT_TYPE}
    keyed = {**metadata.get("event_payload", {}), "key": outgoing.key}
    number = queued.session_of(outgoing)
    token = question_token(outgoing.key)
    submission = uow.members.submission(token) if token is not None else None
    if submission is not None:
        number = submission.session_id
    session = uow.sessions.get(number) if number is not None else None
    if session is not None:
        keyed["event"] = session.event.id
    return {**metadata, "event_payload": keyed}


def backoff(attempts: int) -> float:
    """Seconds before the next try: 1, 2, 4 … up to five minutes."""
    return min(LONGEST_WAIT_SECONDS, 2.0 ** max(0, attempts - 1))


def without_pictures(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same message without image blocks and image accessories."""
    blocks = arguments.get("blocks")
    if not isinstance(blocks, list):
        return arguments
    kept = [
        {k: v for k, v in b.items() if k != "accessory" or v.get("type") != "image"}
        for b in blocks
        if b.get("type") != "image"
    ]
    return {**arguments, "blocks": kept}
