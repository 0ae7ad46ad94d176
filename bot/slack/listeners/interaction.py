"""What the handlers of what people do have at hand, and one thing that a person did."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import UserError
from bot.sessions.anonymity import is_anonymous
from bot.sessions.knowledge import Knowledge
from bot.sessions.logbook import concerned
from bot.sessions.model import Action, Message, Session, State, Who
from bot.sessions.planning import Plans
from bot.sessions.ports import Clock, UnitOfWork
from bot.slack.api.gateway import Gateway, reason_of
from bot.slack.blocks import limits
from bot.slack.notifier import SlackNotifier
from bot.support.transactions import Transactions
from bot.texts import _

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_PERSON = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>", re.ASCII)


@dataclass(frozen=True, slots=True)
class HandlerSettings:
    """The settings that the handlers obey.

    `votes` are names of emoji; `winners_weeks` is how long who won takes no part in draws;
    `unthreaded` is `attach` or `keep`; `apps_left_out` are IDs of apps and bots whose messages are
    nobody's. `suggest_answers`, `find` and `point_to_answers` say whether answered questions are
    shown before a question is sent, to who searches, and in the authors' queue.
    """

    organizers: frozenset[str] = frozenset()
    votes: tuple[str, ...] = ("+1", "arrow_up")
    winners_weeks: float = 12.0
    unthreaded: str = "attach"
    apps_left_out: frozenset[str] = frozenset()
    suggest_answers: bool = True
    find: bool = True
    point_to_answers: bool = True


Answer = str | tuple[str, list[dict[str, Any]]] | None
"""What a person is told: a text (mrkdwn), or a text with its blocks; None for nothing."""


class FormError(UserError):
    """What is wrong in a form: a line for each block ID of an input."""

    def __init__(self, fields: Mapping[str, str]):
        super().__init__(next(iter(fields.values()), ""))
        self.fields = dict(fields)


class NotAllowed(UserError):
    """The person has not the right; who has, the text says."""


async def _show_nothing(member: str) -> bool:
    return False


@dataclass(slots=True)
class Services:
    """What other parts of the bot do for the handlers.

    `plans` changes the schedule files, `archive_text` says what an archive says of a message by
    itself, in Markdown, `wipe` has what was deleted removed from the database's files, and
    `knowledge` searches the answered questions.
    """

    plans: Plans
    archive_text: Callable[[UnitOfWork, Message], str]
    wipe: Callable[[], None]
    knowledge: Knowledge


@dataclass(slots=True)
class HandlerContext:
    """What the handlers have at hand.

    `touched` is told that a session's questions changed, so that who looks at them sees it.
    `met` is told of members whose names are not known; it may be called from any thread.
    `show_home` publishes the App Home of a member; False if it is the same as before.
    """

    database: Transactions
    clock: Clock
    wall: Clock
    notifier: SlackNotifier
    gateway: Gateway
    client: AsyncWebClient
    handler_settings: HandlerSettings
    services: Services
    touched: Callable[[], None] = lambda: None
    met: Callable[[set[str]], object] = lambda _people: None
    show_home: Callable[[str], Awaitable[bool]] = _show_nothing

    def may(self, who: Who, person: str, sessions: Sequence[Session]) -> bool:
        """Whether the person (a member ID) may do what is `who`'s, in one of the sessions.

        Organizers may do all that authors may.
        """
        if who is Who.MEMBER or person in self.handler_settings.organizers:
            return True
        return who is Who.AUTHOR and any(person in session.author_ids for session in sessions)


@dataclass(slots=True)
class Interaction:
    """One thing that a person did: a command, a click, a form, a shortcut.

    `user` is the member ID, `channel` the channel ID where it was done (None in the App Home
    and in a global shortcut), `text` what follows a command, `value` what a button carries or a
    menu chose, `body` the whole payload.
    """

    context: HandlerContext
    body: Mapping[str, Any]
    user: str
    channel: str | None = None
    text: str = ""
    value: str = ""

    @property
    def now(self) -> datetime:
        """The present of the sessions."""
        return self.context.clock.now()

    @property
    def plans(self) -> Plans:
        """The schedule files."""
        return self.context.services.plans

    @property
    def action(self) -> str:
        """The action ID of the button or menu; '' where it was neither."""
        return str((self.body.get("actions") or [{}])[0].get("action_id") or "")

    @property
    def is_home(self) -> bool:
        """Whether it was done in the App Home, which is published anew by itself."""
        return self.view.get("type") == "home"

    @property
    def view(self) -> Mapping[str, Any]:
        """The view that it was done in; empty where it was done elsewhere."""
        return self.body.get("view") or {}

    @property
    def metadata(self) -> dict[str, Any]:
        """The view's `private_metadata`, where it is a JSON object."""
        try:
            data = json.loads(self.view.get("private_metadata") or "{}")
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def place(self) -> tuple[str, str]:
        """Channel and `ts` of the message that it is about: the one that the form or the button
        names, else the one that it was done on; '' for none.
        """
        kept = self.metadata
        if "ts" in kept:
            return str(kept.get("channel")), str(kept["ts"])
        channel, ts, *_rest = [*self.value.split(), "", ""]
        shown = self.body.get("message") or {}
        return (channel, ts) if self.value else (self.channel or "", shown.get("ts") or "")

    @property
    def form_key(self) -> str:
        """The key of the form that was sent, the same each time it is sent again.

        Slack gives each view that it opens an ID of its own:
        <https://docs.slack.dev/reference/views#view-object-fields>.
        """
        return f"form {self.view.get('id')}"

    def typed(self, block_id: str) -> str:
        """What stands in a text input or is chosen in a menu of the view; '' for nothing."""
        return chosen_in(self._state(block_id))

    def ticked(self, block_id: str) -> list[str]:
        """The values that are ticked or chosen in a list of the view."""
        chosen = self._state(block_id)
        options = chosen.get("selected_options") or ()
        found = [str(option.get("value")) for option in options]
        return found or list(chosen.get("selected_users") or ())

    def _state(self, block_id: str) -> Mapping[str, Any]:
        values = (self.view.get("state") or {}).get("values") or {}
        return next(iter(values.get(block_id, {}).values()), {})

    def people(self) -> list[str]:
        """The member IDs mentioned in the command's text."""
        return _PERSON.findall(self.text)

    async def sessions(self) -> list[Session]:
        """The sessions whose author the person is."""
        return await self.read(lambda uow: uow.sessions.of_author(self.user))

    async def read(
        self, work: Callable[Concatenate[UnitOfWork, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `work(uow, …)` in a thread, in a transaction that only reads."""
        return await self.context.database.read(work, *args, **kwargs)

    async def change(
        self, work: Callable[Concatenate[UnitOfWork, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `work(uow, …)` in a thread, in a transaction that writes; who looks at what it
        changed sees that.
        """
        found = await self.context.database.write(work, *args, **kwargs)
        self.context.touched()
        return found

    async def say(self, text: str, blocks: Sequence[dict[str, Any]] | None = None) -> None:
        """Says something to the person alone: where it was done, else by direct message.

        A message for a person who asked for something at this moment is not kept in the outbox:
        nobody waits for it later.
        """
        content: dict[str, Any] = {"text": limits.cut(text, limits.SECTION)}
        if blocks:
            content["blocks"] = limits.message_blocks(blocks)
        url = self.body.get("response_url") or self.metadata.get(limits.RESPOND)
        try:
            if isinstance(url, str) and url and await self._taken_at(url, content):
                return
            where = self.channel or self.user
            if where.startswith(("C", "G")) and await self._noted_in(where, content):
                return
            await self.context.client.chat_postMessage(channel=self.user, **content)
        except SlackApiError as error:
            log.warning("an answer to a person was refused: %s", reason_of(error))

    async def _taken_at(self, url: str, content: Mapping[str, Any]) -> bool:
        """Says it at the address that Slack gave for it; False where it is too late for that."""
        answer = await AsyncWebhookClient(url).send_dict(
            {**content, "response_type": "ephemeral", "replace_original": False}
        )
        if answer.status_code != 200:
            log.info("Slack's response URL did not accept the answer: %s", answer.body)
        return answer.status_code == 200

    async def _noted_in(self, channel: str, content: Mapping[str, Any]) -> bool:
        """Says it in a private note in a channel; False where Slack takes none, for example where
        the bot is not a member.
        """
        try:
            await self.context.client.chat_postEphemeral(channel=channel, user=self.user, **content)
        except SlackApiError as error:
            log.info("Slack did not accept a private note in %s: %s", channel, reason_of(error))
            return False
        return True

    async def answer(self, answer: Answer) -> None:
        """Says it, or puts it in the place of the note whose button was clicked. What is done in
        the App Home shows there by itself.
        """
        if answer is None or self.is_home:
            return
        text, blocks = (answer, []) if isinstance(answer, str) else answer
        if not self.action:
            await self.say(text, blocks)
            return
        url = self.body.get("response_url")
        if isinstance(url, str) and url:
            await AsyncWebhookClient(url).send_dict(
                {
                    "text": limits.cut(text, limits.SECTION),
                    "blocks": limits.message_blocks(blocks),
                    "replace_original": True,
                }
            )

    async def open(self, view: Mapping[str, Any]) -> None:
        """Opens a form, on the one that is open if there is one.

        It keeps in which channel that was done, so that what is said when it is sent is said there.
        """
        trigger = self.body.get("trigger_id")
        shown = limits.placed(view, self.channel, self.body.get("response_url"))
        if self.view.get("type") == "modal":
            await self.context.client.views_push(trigger_id=str(trigger), view=shown)
        else:
            await self.context.client.views_open(trigger_id=str(trigger), view=shown)

    async def update(self, view: Mapping[str, Any]) -> None:
        """Replaces the form that it was done in; what was typed stays. UserError without one."""
        view_id = self.view.get("id")
        if not view_id:
            raise UserError(_("that form has expired; please open it again"))
        await self.context.client.views_update(view_id=str(view_id), view=dict(view))

    def require(self, who: Who, sessions: Sequence[Session]) -> None:
        """Raises NotAllowed unless the person may do what is `who`'s in one of the sessions."""
        if not self.context.may(who, self.user, sessions):
            raise NotAllowed(refusal(who))

    def noted(
        self,
        uow: UnitOfWork,
        what: str,
        session: Session | None = None,
        /,
        **details: Any,
    ) -> None:
        """Writes into the log that the person did it."""
        event_id = session.event.id if session else None
        session_id = session.id if session else None
        self.add(uow, Action(self.now, self.user, what, session_id, event_id, details))

    def add(self, uow: UnitOfWork, action: Action) -> None:
        """Writes an entry into the log, and asks for the names that it will be read with."""
        uow.actions.add(action)
        people = concerned(action.who, action.details) - {""}
        unknown = uow.people.unknown({who for who in people if not is_anonymous(who)})
        if unknown:
            self.context.met(unknown)

    def session_here(self, uow: UnitOfWork) -> Session:
        """The session that a person means in this channel (`session_in`); UserError for none."""
        session = session_in(uow, self.channel, self.now)
        if session is None:
            raise UserError(
                _(
                    "There is no session in this channel. Type the command in a channel that has "
                    "one."
                )
            )
        return session


def message_of(uow: UnitOfWork, channel: str, ts: str) -> tuple[Message, Session] | None:
    """A message that is not deleted, and its session; None where there is none."""
    message = uow.messages.get(channel, ts)
    session = uow.sessions.get(message.session_id) if message is not None else None
    if message is None or session is None or message.deleted:
        return None
    return message, session


def chosen_in(element: Mapping[str, Any]) -> str:
    """What was typed into an input, or what a button carries or a menu chose; '' for nothing."""
    option = element.get("selected_option")
    if option:
        return str(option.get("value") or "")
    for name in ("value", "selected_user", "selected_channel", "selected_conversation",
                 "selected_date", "selected_time", "selected_date_time"):  # fmt: skip
        if element.get(name) is not None:
            return str(element[name])
    return ""


def session_in(uow: UnitOfWork, channel: str | None, at: datetime) -> Session | None:
    """The session that a person means in a channel, or in none (a direct message).

    The open one; else the next to come; else the last that was. Of several channels the one
    whose session is open, or comes first.
    """
    active = uow.sessions.all((State.OPEN, State.SCHEDULED))
    for place in dict.fromkeys((channel, None)):
        here = [s for s in active if place in (None, s.channel)]
        coming = sorted(here, key=lambda s: s.state is not State.OPEN)
        last = uow.sessions.last((State.CLOSED, State.ARCHIVED), place)
        found = coming[0] if coming else last
        if found is not None:
            return found
    return None


def refusal(who: Who) -> str:
    """The polite no."""
    if who is Who.AUTHOR:
        return _(
            "Only the authors of the book and the organizers can do that. If you are an "
            "author, ask an organizer to type `/qa author @you`."
        )
    return _("Only organizers can do that. Please ask one of them.")
