"""What can be asked of Slack before the bot runs: tokens, scopes, channels, people, its clock.

`bot.services.doctor` asks these questions, and those about the machine, and prints what comes of them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import manifest
from bot.slack.api import refusals
from bot.slack.api.gateway import code_of, unreachable
from bot.texts import _

CLOCK_SECONDS = 5.0
"""Seconds by which the machine's clock may differ from Slack's."""

_APP_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-", re.ASCII)


class State(StrEnum):
    """What came of a check."""

    OK = "ok"
    WARNING = "warning"
    """Something works less well than it could, or could not be checked."""
    PROBLEM = "problem"
    """Something must be mended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it ('' where nothing is to be done)."""

    check: str
    state: State
    text: str
    remedy: str = ""


def problem(check: str, text: str, remedy: str = "") -> Finding:
    """A finding of something that must be mended."""
    return Finding(check, State.PROBLEM, text, remedy)


def warning(check: str, text: str, remedy: str = "") -> Finding:
    """A finding of something that works less well than it could, or could not be checked."""
    return Finding(check, State.WARNING, text, remedy)


def not_reached(error: BaseException) -> Finding:
    """A finding for a Slack that does not answer."""
    remedy = _("make sure that this machine can open connections to slack.com, port 443")
    return problem("Slack", unreachable(error), remedy)


def fine(check: str, text: str) -> Finding:
    """A finding of something that is as it should be."""
    return Finding(check, State.OK, text)


def refused(check: str, method: str, error: SlackApiError) -> Finding:
    """A finding for a call that Slack refused."""
    code = code_of(error)
    text = _("Slack refuses {method}: {code}", method=method, code=code)
    return problem(check, text, refusals.remedy(method, code))


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The headers by which a request is known as Slack's, signed with a signing secret now."""
    stamp = str(int(time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}


class Checkup:
    """Asks Slack with a client for the bot token. `now` gives the machine's time, aware UTC."""

    def __init__(
        self, client: AsyncWebClient, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ):
        self.client = client
        self._now = now
        self.app_id: str | None = None
        self.granted: frozenset[str] = frozenset()
        self._me: Mapping[str, Any] = {}
        self._headers: Mapping[str, str] = {}
        self._drift: float | None = None
        """Seconds by which the machine is ahead of Slack; None where Slack says no time."""

    async def token(self) -> Finding:
        """Whether the bot token is right. Raises what the connection raises."""
        began = self._now()
        try:
            answer = await self.client.auth_test()
        except SlackApiError as error:
            return refused(_("bot token"), "auth.test", error)
        self._me = answer.data if isinstance(answer.data, dict) else {}
        self._headers = {str(k).lower(): str(v) for k, v in dict(answer.headers).items()}
        self.granted = frozenset(_listed(self._headers.get("x-oauth-scopes", "")))
        self._measure(began)
        await self._find_app()
        name, team = self._me.get("user"), self._me.get("team")
        if not self._me.get("bot_id"):
            return problem(
                _("bot token"),
                _("the token belongs to {name}, a person, in {team}", name=name, team=team),
                _(
                    "copy the Bot User OAuth Token (xoxb-…), not the user's, from OAuth & Permissions"
                ),
            )
        return fine(_("bot token"), _("{name} in {team}", name=name, team=team))

    def scopes(self, *, files_are_kept: bool = False) -> Finding:
        """Whether the scopes are granted that the manifest asks for."""
        wanted = frozenset(manifest.scopes(files_are_kept=files_are_kept))
        missing, more = sorted(wanted - self.granted), sorted(self.granted - wanted)
        if missing:
            return problem(
                _("scopes"),
                _("not granted: {scopes}", scopes=", ".join(missing)),
                _(
                    "add them under OAuth & Permissions (or paste `marginalia manifest` under App "
                    "Manifest) and install the app again"
                ),
            )
        if more:
            return warning(
                _("scopes"),
                _("granted, but not needed: {scopes}", scopes=", ".join(more)),
                _("remove them under OAuth & Permissions"),
            )
        return fine(_("scopes"), _("all {count} are granted", count=len(wanted)))

    def clock(self) -> Finding:
        """Whether the machine's clock shows Slack's time."""
        if self._drift is None:
            return warning(_("clock"), _("Slack's time is not known"))
        seconds = round(self._drift)
        if abs(self._drift) <= CLOCK_SECONDS:
            return fine(_("clock"), _("within seconds of Slack's"))
        return problem(
            _("clock"),
            _("this machine is {seconds} s ahead of Slack", seconds=seconds)
            if seconds > 0
            else _("this machine is {seconds} s behind Slack", seconds=-seconds),
            _("set the clock by NTP, for example with systemd-timesyncd or chrony"),
        )

    async def app_token(self, token: str) -> Finding:
        """Whether the app-level token is right, and of the same app as the bot token."""
        name = _("app token")
        try:
            await self.client.apps_connections_open(app_token=token)
        except SlackApiError as error:
            code = code_of(error)
            return problem(
                name,
                _("Slack refuses {method}: {code}", method="apps.connections.open", code=code),
                _(
                    "generate one with connections:write under Basic Information → App-Level "
                    "Tokens, turn Socket Mode on, and put the token into SLACK_APP_TOKEN"
                ),
            )
        found = _APP_TOKEN.match(token)
        if found is None or self.app_id is None:
            return warning(
                name,
                _("Slack accepts it, but it is not known whether it belongs to the same app"),
            )
        if found[1] != self.app_id:
            return problem(
                name,
                _(
                    "it belongs to the app {app}, but the bot token to {other}",
                    app=found[1],
                    other=self.app_id,
                ),
                _("copy both tokens from the settings of one app"),
            )
        return fine(name, _("of the same app, {app}", app=self.app_id))

    async def channels(self, names: Collection[str], organizers: str | None) -> list[Finding]:
        """Whether the bot is in each channel or can join it, and may post there.

        `names` are names or IDs, `organizers` the one for notices to organizers among them.
        """
        try:
            known = await self._listed_channels()
        except SlackApiError as error:
            return [refused(_("channels"), "conversations.list", error)]
        return [await self._channel(known, name, name == organizers) for name in names]

    async def person(self, check: str, slack_id: str, what: str) -> Finding | None:
        """A finding where a member ID is no active member's; None where all is well.

        `what` says whose ID it is, and where it stands.
        """
        try:
            answer = await self.client.users_info(user=slack_id)
        except SlackApiError as error:
            if code_of(error) not in ("user_not_found", "user_not_visible"):
                return refused(check, "users.info", error)
            text = _("{what}: nobody in this workspace has the ID {id}", what=what, id=slack_id)
            return problem(check, text, _("correct the member ID"))
        user = answer.get("user") or {}
        if user.get("deleted"):
            text = _("{what}: the account {id} is deactivated", what=what, id=slack_id)
            return problem(check, text, _("name somebody whose account is active"))
        return None

    async def _listed_channels(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        pages = await self.client.conversations_list(
            types="public_channel,private_channel", limit=999
        )
        async for page in pages:
            for channel in page.get("channels") or ():
                found[channel["id"]] = channel
                # An archived channel keeps its name only where no other has taken it.
                if not channel.get("is_archived") or channel["name"] not in found:
                    found[channel["name"]] = channel
        return found

    async def _channel(
        self, known: Mapping[str, dict[str, Any]], name: str, for_notices: bool
    ) -> Finding:
        check = f"#{name.lstrip('#')}"
        listed = known.get(name.lstrip("#"))
        if listed is None:
            return problem(
                check,
                _("the bot sees no channel of this name"),
                _("create it, or type /invite @Marginalia there if it is private"),
            )
        if listed.get("is_archived"):
            return problem(check, _("it is archived"), _("unarchive it or name another channel"))
        try:
            answer = await self.client.conversations_info(channel=listed["id"])
        except SlackApiError as error:
            return refused(check, "conversations.info", error)
        channel = {**listed, **(answer.get("channel") or {})}
        unfit = _restriction(channel, for_notices)
        if unfit:
            remedy = _("let the bot post there in the channel's settings, or name another channel")
            return problem(check, unfit, remedy)
        if channel.get("is_member"):
            return fine(check, _("the bot is in it and may post"))
        if channel.get("is_private"):
            return problem(check, _("the bot is not in it"), _("type /invite @Marginalia there"))
        return fine(check, _("the bot joins it by itself and may post"))

    async def _find_app(self) -> None:
        """Which app the bot token is of: `auth.test` says it for some tokens only."""
        app_id = self._me.get("app_id")
        if not app_id:
            try:
                answer = await self.client.users_info(user=str(self._me.get("user_id")))
            except SlackApiError:
                return  # a missing scope, which `scopes` tells
            profile = (answer.get("user") or {}).get("profile") or {}
            app_id = profile.get("api_app_id")
        self.app_id = str(app_id) if app_id else None

    def _measure(self, began: datetime) -> None:
        """How far the machine is ahead of Slack's `Date`, which has whole seconds."""
        try:
            theirs = parsedate_to_datetime(self._headers.get("date", ""))
        except ValueError:
            return
        ended = self._now()
        earliest = (began - theirs).total_seconds() - 1.0
        latest = (ended - theirs).total_seconds()
        # Slack's clock was read somewhere in between: only what is outside is certain.
        self._drift = max(earliest, min(latest, 0.0))


def _restriction(channel: Mapping[str, Any], for_notices: bool) -> str:
    """Why the bot cannot do its work in a channel; '' where it can."""
    if channel.get("is_read_only"):
        return _("it is read-only: the bot may not post")
    if channel.get("is_thread_only"):
        return _("only replies in threads may be posted in it")
    if channel.get("is_non_threadable") and not for_notices:
        return _("nothing in it can be answered in a thread")
    if channel.get("is_frozen"):
        return _("it is frozen")
    return ""


def _listed(text: str) -> Iterable[str]:
    return (part.strip() for part in text.split(",") if part.strip())
