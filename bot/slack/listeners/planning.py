"""Organizers plan: the schedule, a new event, and changes of the files that plan it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.errors import UserError
from bot.sessions import times
from bot.sessions.model import Action, Event, Person, State, Who
from bot.sessions.planning import Doer, Draft, Unfit
from bot.sessions.ports import UnitOfWork
from bot.slack.api.gateway import NO_ANSWER, reason_of, slack_time
from bot.slack.blocks import kit, planning
from bot.slack.blocks.limits import when
from bot.slack.listeners.interaction import FormError, HandlerContext, Interaction
from bot.slack.listeners.router import Router
from bot.texts import N_, _

log = logging.getLogger(__name__)
router = Router()

SAME_WITHIN = timedelta(minutes=1)
"""A command that is given again with the same words within this time is the same command: Slack
showed no answer in time, or a click counted twice."""
ASKING = 1.5
"""Seconds that Slack may take to say in which zone somebody is, or what its clock shows."""
DONE = " done"
LAST_MICROSECONDS = timedelta(microseconds=999_999)
"""Added before a moment is cut to the second, so that it is not cut to an earlier one."""
NIGHT = time(22, 59, 59)
"""When a session ends whose end is given as a day, where its file says no other time."""


@router.home(order=15)
def organizing(uow: UnitOfWork, context: HandlerContext, person: str) -> list[kit.Block]:
    """Where an organizer begins."""
    if person not in context.handler_settings.organizers:
        return []
    begin = _(
        "You are an organizer. To plan a session, type `/qa new`; `/qa help` lists all commands."
    )
    return [kit.note(begin)]


@router.subcommand(
    "schedule", "", N_("List upcoming sessions, and problems with their files."), Who.ORGANIZER
)
async def schedule(interaction: Interaction) -> None:
    """Lists what comes."""
    coming, broken = await asyncio.to_thread(interaction.plans.coming)
    await interaction.say(*planning.schedule(coming, broken))


@router.subcommand("new", N_("[title]"), N_("Plan a session: opens a form."), Who.ORGANIZER)
async def new(interaction: Interaction) -> None:
    """Opens the form, with the time zone of the organizer's profile."""
    zone = await zone_of(interaction)
    today = interaction.now.astimezone(ZoneInfo(zone)).date()
    await interaction.open(planning.new_form(today, zone, " ".join(interaction.text.split())[:300]))


@router.view(planning.NEW, Who.ORGANIZER)
async def planned(interaction: Interaction) -> dict[str, Any] | None:
    """Writes the file; what the check refuses stands below the inputs."""
    files = interaction.plans
    if not await interaction.change(
        lambda uow: uow.requests.begin(interaction.form_key, interaction.context.wall.now())
    ):
        event_id = await interaction.read(lambda uow: uow.requests.result(interaction.form_key))
        if event_id is None:
            raise UserError(_("This form was sent already, and its file is being written."))
        event = await asyncio.to_thread(files.find, str(event_id))
    else:
        try:
            form = planning.read_form(interaction.typed, interaction.ticked)
            draft = await _with_authors(interaction, form)
            event = await files.create(draft, await doer(interaction))
        except BaseException as error:
            await interaction.change(lambda uow: uow.requests.drop(interaction.form_key))
            if isinstance(error, UserError):
                raise FormError(planning.form_errors(error)) from None
            raise
        await interaction.change(_planned, interaction, event)
    await interaction.say(
        _("“{title}” is planned: {when}.", title=event.title, when=_span(event))
        + " "
        + _("Its file is `{name}`.", name=event.file_name)
    )
    return None


@router.subcommand(
    "move",
    N_("EVENT START [END]"),
    N_("Move a session: `/qa move compiler 2026-01-12` or `… monday 9:00 friday 18:00`."),
    Who.ORGANIZER,
)
async def move(interaction: Interaction) -> None:
    """Moves start, and end: by as much, where no end is given."""
    part, rest = _first(interaction.text)
    if not rest:
        raise UserError(_("Write which event to move and when it starts."))
    event = await _find(interaction, part)
    zone = await zone_of(interaction) if times.has_time_of_day(rest) else event.timezone
    start, end = _moved(event, rest, interaction.now, zone)
    changed = await interaction.plans.move(event.id, start, end, await doer(interaction))
    await interaction.change(note, interaction, "moved", changed)
    await interaction.say(_("“{title}” is now {when}.", title=changed.title, when=_span(changed)))


@router.subcommand(
    "extend",
    N_("[EVENT] 2 days"),
    N_("Extend a session; without EVENT, the open one."),
    Who.ORGANIZER,
)
async def extend(interaction: Interaction) -> None:
    """Moves the end."""
    part, rest = (
        ("", interaction.text) if times.span_or_none(interaction.text) else _first(interaction.text)
    )
    if not rest:
        raise UserError(_("Write how much longer: `2 days` or `3 hours`."))
    # What is no duration is said of all that was typed, where it is no event's name either.
    longer = times.span(rest if times.span_or_none(rest) else interaction.text)
    event = (
        await _find(interaction, part)
        if part
        else await interaction.read(_of_state, interaction.channel, State.OPEN)
    )
    wanted = longer.after(event.end, event.timezone)
    key = f"extend {event.id} {interaction.user} {longer}"
    now = interaction.context.wall.now()
    end, is_done = await interaction.change(_begin_extending, key, wanted, now)
    moved = None if is_done else end or wanted
    try:
        changed = await interaction.plans.move(event.id, None, moved, await doer(interaction))
    except UserError:
        await interaction.change(lambda uow: uow.requests.drop(key))
        raise
    if moved is not None:
        result = moved.isoformat() + DONE
        await interaction.change(lambda uow: uow.requests.finish(key, result))
    if end is not None:
        await interaction.say(
            _(
                "“{title}” is now {when}. You asked for this twice within a minute, so it was done "
                "once. To extend it again, wait a minute and repeat the command.",
                title=changed.title,
                when=_span(changed),
            )
        )
        return
    await interaction.change(note, interaction, "extended", changed)
    await interaction.say(_("“{title}” is now {when}.", title=changed.title, when=_span(changed)))


@router.subcommand("open", N_("now [EVENT]"), N_("Open the next session right now."), Who.ORGANIZER)
async def open_now(interaction: Interaction) -> None:
    """Moves the start to now."""
    event = await _meant(interaction, State.SCHEDULED)
    changed = await interaction.plans.move(event.id, interaction.now, None, await doer(interaction))
    await interaction.change(note, interaction, "opened", changed)
    await interaction.say(
        _("“{title}” opens now, until {end}.", title=changed.title, end=when(changed.end))
    )


@router.subcommand(
    "close", N_("now [EVENT]"), N_("Close the open session right now."), Who.ORGANIZER
)
async def close_now(interaction: Interaction) -> None:
    """Moves the end to now: to the next whole second, as a file holds no less, so that what was
    asked in this second before the command still belongs to the session. Messages have the time of
    Slack's clock, so that clock counts."""
    event = await _meant(interaction, State.OPEN)
    now = interaction.now
    try:
        async with asyncio.timeout(ASKING):
            shown = await slack_time(interaction.context.client)
            now = shown + LAST_MICROSECONDS if shown is not None else now
    except NO_ANSWER as error:
        log.info("the session closes by this machine's clock: %s", reason_of(error))
    end = (now + LAST_MICROSECONDS).replace(microsecond=0)
    changed = await interaction.plans.close(event.id, end, await doer(interaction))
    await interaction.change(note, interaction, "closed", changed)
    await interaction.say(_("“{title}” closes now.", title=changed.title))


@router.subcommand(
    "cancel",
    N_("EVENT"),
    N_("Cancel a session that has not started; to undo this, use `/qa restore EVENT`."),
    Who.ORGANIZER,
)
async def cancel(interaction: Interaction) -> None:
    """Sets the file aside."""
    if not interaction.text:
        raise UserError(_("Write which event to cancel; `/qa schedule` lists them."))
    event = await _find(interaction, interaction.text)
    cancelled = await interaction.plans.cancel(event.id, await doer(interaction))
    await interaction.change(note, interaction, "cancelled", cancelled)
    await interaction.say(
        _(
            "“{title}” is cancelled. Its file is kept as `_{name}`. To undo this, type "
            "`/qa restore {event}`.",
            title=cancelled.title,
            name=cancelled.file_name,
            event=cancelled.id,
        )
    )


@router.subcommand("restore", N_("EVENT"), N_("Restore a cancelled session."), Who.ORGANIZER)
async def restore(interaction: Interaction) -> None:
    """Takes the file back."""
    if not interaction.text:
        raise UserError(_("Write which event to restore: the name of its file, or a part of it."))
    event = await interaction.plans.restore(interaction.text, await doer(interaction))
    await interaction.change(note, interaction, "restored", event)
    await interaction.say(
        _("“{title}” is planned again: {when}.", title=event.title, when=_span(event))
    )


async def doer(interaction: Interaction) -> Doer:
    """Who does it, by the name that commits say; Slack is asked for one whom we never met."""
    known = await _profile(interaction, lambda person: person.name)
    name = (known.real_name or known.name) if known else None
    return Doer(interaction.user, name or interaction.user)


async def zone_of(interaction: Interaction) -> str:
    """The time zone of who types, as the profile says it; else that of files which name none."""
    known = await _profile(interaction, lambda person: person.name and person.tz)
    try:
        return ZoneInfo(known.tz).key if known and known.tz else interaction.plans.timezone()
    except (KeyError, ValueError, OSError):
        return interaction.plans.timezone()  # a zone that this machine does not know


async def _profile(
    interaction: Interaction, needed: Callable[[Person], str | None]
) -> Person | None:
    """Who types. Slack is asked about a person of whom we do not know what is needed, but not for
    long: a form has to open in time, and a change matters more than the name of who made it.
    """
    known = await interaction.read(lambda uow: uow.people.get(interaction.user))
    if known is not None and needed(known):
        return known
    try:
        async with asyncio.timeout(ASKING):
            return await interaction.context.gateway.person(interaction.user) or known
    except NO_ANSWER:
        return known


def note(uow: UnitOfWork, interaction: Interaction, what: str, event: Event) -> None:
    """Writes into the log what was done to an event, with the session that it has by now."""
    session = uow.sessions.by_event(event.id)
    details = {"start": event.start.isoformat(), "end": event.end.isoformat()}
    number = session.id if session else None
    interaction.add(uow, Action(interaction.now, interaction.user, what, number, event.id, details))


def _planned(uow: UnitOfWork, interaction: Interaction, event: Event) -> None:
    uow.requests.finish(interaction.form_key, event.id)
    note(uow, interaction, "planned", event)


def _begin_extending(
    uow: UnitOfWork, key: str, end: datetime, at: datetime
) -> tuple[datetime | None, bool]:
    """The end for which the same person asked with the same words within the last minute, and
    whether it stood in the file: then somebody may have changed it since, and it is left alone."""
    if uow.requests.begin(key, at, SAME_WITHIN):
        uow.requests.finish(key, end.isoformat())
        return None, False
    result = str(uow.requests.result(key))
    return datetime.fromisoformat(result.removesuffix(DONE)), result.endswith(DONE)


async def _with_authors(interaction: Interaction, form: planning.Form) -> Draft:
    """The draft with its authors, as the file names them.

    The members' names are asked of Slack; one whom no page knows is written with the member ID.
    """
    authors: list[str] = []
    slack: dict[str, str] = {}
    for member in form.members:
        person = await interaction.context.gateway.person(member)
        name = (person.real_name or person.name) if person else None
        if person is None or name is None:
            raise Unfit(
                {"slack": _("Slack does not know one of these people; write their name instead.")}
            )
        if person.is_bot:
            raise Unfit({"slack": _("{name} is a bot; choose people.", name=name)})
        entry, known = await asyncio.to_thread(interaction.plans.entry, member, name)
        authors.append(entry)
        if not known:
            slack[entry] = member
    authors += [name for name in form.names if name not in authors]
    channel = form.draft.channel
    if channel:
        name = await interaction.read(lambda uow: uow.labels.get("channel", form.draft.channel))
        channel = name or channel
    return replace(form.draft, authors=tuple(authors), slack=slack, channel=channel)


def _moved(event: Event, text: str, now: datetime, timezone: str) -> tuple[datetime, datetime]:
    """The start and the end that somebody asks for; a day alone keeps the time of day.

    Without an end the session is as long as it was: as many days, at the same times of day.
    """
    zone = ZoneInfo(timezone)
    local_start, local_end = (
        moment.astimezone(zone).replace(tzinfo=None) for moment in (event.start, event.end)
    )
    start, end = times.moments(text, now, timezone, local_start.time(), local_end.time())
    if end is None:
        new_start = start.astimezone(zone).replace(tzinfo=None)
        end = (new_start + (local_end - local_start)).replace(tzinfo=zone).astimezone(start.tzinfo)
    return start, end


async def _meant(interaction: Interaction, state: State) -> Event:
    """The event of `now [EVENT]`."""
    word, rest = _first(interaction.text)
    if word.casefold() != "now":
        raise UserError(
            _("To confirm, add `now` to the command. For another time, use `/qa move`.")
        )
    if rest:
        event = await _find(interaction, rest)
        await interaction.read(_in_state, event, state)
        return event
    return await interaction.read(_of_state, interaction.channel, state)


async def _find(interaction: Interaction, part: str) -> Event:
    return await asyncio.to_thread(interaction.plans.find, part)


def _in_state(uow: UnitOfWork, event: Event, state: State) -> None:
    session = uow.sessions.by_event(event.id)
    if session is None or session.state is not state:
        what = _(planning.STATES[session.state]) if session else _("not planned")
        raise UserError(_("The session on “{title}” is {state}.", title=event.title, state=what))


def _of_state(uow: UnitOfWork, channel: str | None, state: State) -> Event:
    """The event of the only session in a state, or of the first in this channel."""
    found = uow.sessions.all((state,))
    here = [session for session in found if session.channel == channel]
    if here:
        return here[0].event
    if len(found) == 1:
        return found[0].event
    if not found:
        raise UserError(
            _(
                "No session is open. `/qa schedule` lists upcoming sessions; `/qa open now` "
                "opens the next one."
            )
            if state is State.OPEN
            else _("No session is planned. To plan one, type `/qa new`.")
        )
    names = ", ".join(f"`{session.event.id}`" for session in found[:10])
    raise UserError(_("There are several: {names}. Write which one you mean.", names=names))


def _first(text: str) -> tuple[str, str]:
    """The first word, or what stands in quotes, and the rest."""
    text = text.strip()
    for opening, closing in (('"', '"'), ("“", "”"), ("'", "'")):
        if text.startswith(opening) and closing in text[1:]:
            word, _mark, rest = text[1:].partition(closing)
            return word.strip(), rest.strip()
    word, _blank, rest = text.partition(" ")
    return word.strip("`"), rest.strip()


def _span(event: Event) -> str:
    return _("{start} to {end}", start=when(event.start), end=when(event.end))
