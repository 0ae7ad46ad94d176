"""What organizers are told of the bot's troubles, once each."""

from __future__ import annotations

from bot.sessions.model import Session
from bot.sessions.ports import Clock
from bot.slack.api.gateway import ChannelTrouble, reason_of
from bot.slack.notifier import SlackNotifier
from bot.slack.outbox import channel_trouble
from bot.slack.waiting import WaitsForSlack
from bot.store.database import Database
from bot.support.outage import Outage
from bot.texts import _


class Notices:
    """Tells the organizers, by a key, what is wrong. `waits` is what waits for Slack.

    `clock` is the time of the sessions, `wall` the wall clock. All but `held_up` may block.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        wall: Clock,
        notifier: SlackNotifier,
        outage: Outage,
    ):
        self._database = database
        self._clock = clock
        self._wall = wall
        self._notifier = notifier
        self._told: dict[str, str] = {}
        self.waits = WaitsForSlack(outage, self.tell, self.over)

    def tell(self, key: str, text: str) -> None:
        """A notice to the organizers, once for each text until what it is about has changed."""
        if self._told.get(key) == text:
            return
        with self._database.unit_of_work() as uow:
            now = self._clock.now()
            self._notifier.tell_organizers(uow, f"{key} {now:%Y-%m-%d} {text}", text, now)
        self._told[key] = text

    def over(self, key: str) -> None:
        """What a notice was about is over; when it comes again it is told again."""
        self._told.pop(key, None)
        self.waits.worked(key)

    async def held_up(self, key: str, error: Exception) -> None:
        """Something that is due waits for Slack."""
        why = reason_of(error)
        text = _("The bot is waiting because Slack refuses its requests: {reason}.", reason=why)
        await self.waits.failed(key, error, text)

    def channel_trouble(self, session: Session, error: ChannelTrouble) -> None:
        """One notice for a channel, whoever meets its trouble first."""
        if error.code:
            with self._database.unit_of_work() as uow:
                channel_trouble(uow, self._notifier, error.channel, error.code, self._wall.now())
        else:
            self.tell(
                f"session {session.id} trouble",
                _("“{title}”: {error}.", title=session.event.title, error=error),
            )

    def renamed(self, name: str, now: str) -> None:
        """A channel is called otherwise than the settings or a file say."""
        self.tell(
            f"channel {name} renamed",
            _(
                "The channel #{name} was renamed to #{now}. The bot keeps using it; change the "
                "name in MARGINALIA_CHANNEL, MARGINALIA_ORGANIZERS_CHANNEL or the schedule files "
                "that mention it.",
                name=name,
                now=now,
            ),
        )
