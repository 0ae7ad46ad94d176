"""The authors' queue, in the App Home and as `/qa queue`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.errors import UserError
from bot.sessions import queue as queues
from bot.sessions.model import Handled, Session, State, Who
from bot.sessions.ports import UnitOfWork
from bot.slack.blocks import paging
from bot.slack.blocks import queueing as blocks
from bot.slack.blocks.kit import Block
from bot.slack.listeners import placing
from bot.slack.listeners.desk import Desk, Turn
from bot.slack.listeners.rooms import Room
from bot.texts import N_, _

room = Room()

AFTER_CLOSE = timedelta(days=7)
"""How long after its close a session's queue still stands in its authors' App Home."""


@room.subcommand("queue", "", N_("Show the questions waiting for you."), Who.AUTHOR)
async def queue(turn: Turn) -> None:
    """The queue of the session in this channel, or of the one that the person is an author of."""
    session = await turn.read(_session, turn)
    if session is None:
        raise UserError(_("None of your sessions is open or was open recently."))
    await turn.say(*await turn.read(_shown, turn.desk, session))


@room.subcommand(
    "author",
    N_("@person [remove]"),
    N_("Add somebody as an author, or remove them."),
    Who.ORGANIZER,
)
async def author(turn: Turn) -> None:
    """Adds an author to the session of this channel, or takes one away that was added."""
    people = turn.people()
    if not people:
        raise UserError(_("Write who it is: `/qa author @person`."))
    removing = turn.text.split()[-1].casefold() == "remove"
    await turn.say(await turn.write(_authors, turn, people, removing))
    turn.desk.touched()


@room.action("queue_take", Who.AUTHOR)
async def take(turn: Turn) -> None:
    """The author answers it; the other authors see that."""
    await _handled(turn, Handled.TAKEN)


@room.action("queue_elsewhere", Who.AUTHOR)
async def elsewhere(turn: Turn) -> None:
    """It was answered in another place."""
    await _handled(turn, Handled.ELSEWHERE)


@room.action("queue_skip", Who.AUTHOR)
async def skip(turn: Turn) -> None:
    """It will not be answered."""
    await _handled(turn, Handled.SKIPPED)


@room.action("queue_talk", Who.AUTHOR)
async def talk(turn: Turn) -> None:
    """It is no question."""
    await _called(turn, True)


@room.action("queue_question", Who.AUTHOR)
async def question(turn: Turn) -> None:
    """It is one after all."""
    await _called(turn, False)


@room.action("queue_undo", Who.AUTHOR)
async def undo(turn: Turn) -> None:
    """Back into the queue."""
    await _handled(turn, None)


@room.action("queue_previous", Who.AUTHOR)
@room.action("queue_next", Who.AUTHOR)
async def turned(turn: Turn) -> None:
    """Another page of the queue."""
    name, number = paging.turned(turn.value)
    await _turned(turn, "queue", name, number, 1, number)


@room.action("aside_previous", Who.AUTHOR)
@room.action("aside_next", Who.AUTHOR)
async def turned_aside(turn: Turn) -> None:
    """Another page of what was set aside."""
    where, number = paging.turned(turn.value)
    name, queue_number = paging.turned(where)
    await _turned(turn, "aside", name, queue_number, number, number)


@room.action("queue_merge", Who.AUTHOR)
async def merge(turn: Turn) -> None:
    """Chooses the question that this one repeats."""
    channel, ts, _number = _value(turn)
    await placing.choose(turn, channel, ts, "merge")


@room.home(order=10)
def home(uow: UnitOfWork, desk: Desk, person: str) -> Sequence[Block]:
    """The queues of the sessions whose author the person is."""
    since = desk.clock.now() - AFTER_CLOSE
    mine = [
        session
        for session in uow.sessions.begun_since(since - AFTER_CLOSE)
        if person in session.author_ids
        and (session.state is State.OPEN or (session.closed_at or since) > since)
    ]
    # Those that are open before those that are over; where there are many, the rest is left out.
    mine.sort(key=lambda session: session.state is not State.OPEN)
    most = len(blocks.HOME_SHOWN)
    pages = uow.members.pages(person)
    shown: list[Block] = []
    for session in mine[:most]:
        found = queues.queue(uow, session, desk.manners.votes)
        size = blocks.HOME_SHOWN[min(len(mine), most) - 1]
        number = pages.get(f"queue {session.id}", 1)
        aside = pages.get(f"aside {session.id}", 1)
        shown += blocks.queue(session, found, desk.voice.workspace_url, size, number, aside)
    if len(mine) > most:
        shown.append(blocks.more_queues(len(mine) - most))
    return shown


async def _turned(
    turn: Turn, part: str, name: str, number: int, aside_number: int, turned_to: int
) -> None:
    session = await turn.read(_with_id, turn, name)
    if turn.view.get("type") == "home":
        key = f"{part} {session.id}"
        await turn.write(lambda uow: uow.members.turn(turn.user, key, turned_to))
        turn.desk.touched()
    else:
        shown = await turn.read(_shown, turn.desk, session, number, aside_number)
        await turn.replace(*shown)


async def _handled(turn: Turn, how: Handled | None) -> None:
    await _renewed(turn, await turn.write(_handle, turn, how))


async def _called(turn: Turn, talk: bool) -> None:
    await _renewed(turn, await turn.write(_call, turn, talk))


async def _renewed(turn: Turn, session: Session) -> None:
    """Shows the queue as it is now."""
    turn.desk.touched()
    if turn.view.get("type") != "home":
        number = _value(turn)[2]
        await turn.replace(*await turn.read(_shown, turn.desk, session, number))


def _value(turn: Turn) -> tuple[str, str, int]:
    """What a button of a question carries: channel, `ts`, the page that it stands on."""
    channel, ts, *_page = [*turn.value.split(), "", ""]
    # A button that an earlier version wrote carries no page.
    return channel, ts, paging.turned(turn.value)[1]


def _with_id(uow: UnitOfWork, turn: Turn, name: str) -> Session:
    session = uow.sessions.get(int(name)) if name.isascii() and name.isdigit() else None
    if session is None:
        raise UserError(_("That session no longer exists."))
    turn.require(Who.AUTHOR, [session])
    return session


def _handle(uow: UnitOfWork, turn: Turn, how: Handled | None) -> Session:
    channel, ts, _number = _value(turn)
    question, session = placing.message_in(uow, turn, channel, ts)
    if queues.handle(uow, question, how, turn.user, turn.now):
        turn.noted(uow, str(how) if how else "put_back", session, ts=ts)
    return session


def _call(uow: UnitOfWork, turn: Turn, talk: bool) -> Session:
    """Notes that a message is talk, or that it is a question."""
    channel, ts, _number = _value(turn)
    message, session = placing.message_in(uow, turn, channel, ts)
    if queues.set_talk(uow, message, talk, turn.now):
        turn.noted(uow, "talk" if talk else "no_talk", session, ts=ts)
    return session


def _shown(
    uow: UnitOfWork, desk: Desk, session: Session, number: int = 1, aside_number: int = 1
) -> tuple[str, list[Block]]:
    found = queues.queue(uow, session, desk.manners.votes)
    url = desk.voice.workspace_url
    return (
        blocks.queue_text(session, found),
        blocks.queue(session, found, url, blocks.COMMAND_SHOWN, number, aside_number),
    )


def _session(uow: UnitOfWork, turn: Turn) -> Session | None:
    """The one that is open, else the last that was; in this channel, if there was one here."""
    states = (State.OPEN, State.CLOSED, State.ARCHIVED)
    if turn.user in turn.desk.manners.organizers:  # everybody's sessions are theirs
        lasts = (uow.sessions.last(states, turn.channel), uow.sessions.last(states))
        mine = [*uow.sessions.all((State.OPEN,)), *(s for s in lasts if s is not None)]
    else:
        mine = [s for s in uow.sessions.of_author(turn.user) if s.state in states]
    mine = [s for s in mine if s.channel == turn.channel] or mine
    mine.sort(key=lambda s: (s.state is State.OPEN, s.event.start))
    return mine[-1] if mine else None


def _authors(uow: UnitOfWork, turn: Turn, people: Sequence[str], removing: bool) -> str:
    session = turn.session_here(uow)
    if session is None:
        raise UserError(
            _("There is no session in this channel. Type the command in a channel that has one.")
        )
    named = ", ".join(f"<@{person}>" for person in people)
    title = session.event.title
    if removing:
        written = session.event.author_ids & set(people)
        if written:
            raise UserError(
                _(
                    "The schedule file of “{title}” names {people} as an author; remove the "
                    "name there.",
                    people=", ".join(f"<@{person}>" for person in sorted(written)),
                    title=title,
                )
            )
        session.added_authors = session.added_authors - set(people)
    else:
        session.added_authors = session.added_authors | set(people)
    uow.sessions.save(session)
    what = "author_removed" if removing else "author_added"
    turn.noted(uow, what, session, people=list(people))
    return (
        _("{people} is no longer an author of “{title}”.", people=named, title=title)
        if removing
        else _("{people} is an author of “{title}” now.", people=named, title=title)
    )
