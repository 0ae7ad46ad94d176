"""The authors' queue, in the App Home and as `/qa queue`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.errors import UserError
from bot.sessions import collect, linking
from bot.sessions import queue as queues
from bot.sessions.model import Handled, Session, State, Who
from bot.sessions.ports import UnitOfWork
from bot.slack.blocks import paging
from bot.slack.blocks import queueing as blocks
from bot.slack.blocks.kit import Block
from bot.slack.listeners import finding, placing
from bot.slack.listeners.interaction import Answer, HandlerContext, Interaction
from bot.slack.listeners.router import Router, changes, reads
from bot.texts import N_, _

router = Router()

AFTER_CLOSE = timedelta(days=7)
"""How long after its close a session's queue still stands in its authors' App Home."""


@router.subcommand("queue", "", N_("Show the questions waiting for you."), Who.AUTHOR)
@reads
def queue(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """The queue of the session in this channel, or of the one that the person is an author of."""
    session = _session(uow, interaction)
    if session is None:
        raise UserError(_("None of your sessions is open or was open recently."))
    return _shown(uow, interaction.context, session)


@router.subcommand(
    "author",
    N_("@person [remove]"),
    N_("Add somebody as an author, or remove them."),
    Who.ORGANIZER,
)
@changes
def author(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Adds an author to the session of this channel, or takes one away that was added."""
    people = interaction.people()
    if not people:
        raise UserError(_("Write who it is: `/qa author @person`."))
    removing = interaction.text.split()[-1].casefold() == "remove"
    session = interaction.session_here(uow)
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
        new = set(people) - session.author_ids
        session.added_authors = session.added_authors | set(people)
        linking.appoint(uow, interaction.context.notifier, session, new, interaction.now)
    uow.sessions.save(session)
    what = "author_removed" if removing else "author_added"
    interaction.noted(uow, what, session, people=people)
    return (
        _("{people} is no longer an author of “{title}”.", people=named, title=title)
        if removing
        else _("{people} is now an author of “{title}”.", people=named, title=title)
    )


HOW = {
    "queue_take": Handled.TAKEN,
    "queue_elsewhere": Handled.ELSEWHERE,
    "queue_skip": Handled.SKIPPED,
    "queue_undo": None,
}
"""What an author says with each button; `queue_undo` puts the question back."""


@router.action("queue_take", Who.AUTHOR)
@router.action("queue_elsewhere", Who.AUTHOR)
@router.action("queue_skip", Who.AUTHOR)
@router.action("queue_undo", Who.AUTHOR)
async def handled(interaction: Interaction) -> None:
    """An author's word on a question, which the other authors see."""
    await _renewed(interaction, await interaction.change(_handle, interaction))


@router.action("queue_before", Who.AUTHOR)
async def before(interaction: Interaction) -> None:
    """It was answered before: the bot replies with that answer, once."""
    await _renewed(interaction, await interaction.change(_point, interaction))


@router.action("queue_talk", Who.AUTHOR)
@router.action("queue_question", Who.AUTHOR)
async def called(interaction: Interaction) -> None:
    """It is no question, or it is one after all."""
    await _renewed(interaction, await interaction.change(_call, interaction))


@router.action("queue_previous", Who.AUTHOR)
@router.action("queue_next", Who.AUTHOR)
@router.action("aside_previous", Who.AUTHOR)
@router.action("aside_next", Who.AUTHOR)
async def turned(interaction: Interaction) -> None:
    """Another page of the queue, or of what was set aside."""
    rest, number = paging.turned(interaction.value)
    part = interaction.action.partition("_")[0]
    name, queue_number = paging.turned(rest) if part == "aside" else (rest, number)
    session = await interaction.read(_with_id, interaction, name)
    if interaction.is_home:
        key = f"{part} {session.id}"
        await interaction.change(lambda uow: uow.members.turn(interaction.user, key, number))
    else:
        aside_number = number if part == "aside" else 1
        shown = interaction.read(_shown, interaction.context, session, queue_number, aside_number)
        await interaction.answer(await shown)


@router.action("queue_merge", Who.AUTHOR)
async def merge(interaction: Interaction) -> None:
    """Chooses the question that this one repeats."""
    await placing.choose(interaction, "merge")


@router.home(order=10)
def home(uow: UnitOfWork, context: HandlerContext, person: str) -> Sequence[Block]:
    """The queues of the sessions whose author the person is."""
    since = context.clock.now() - AFTER_CLOSE
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
        found = queues.queue(uow, session, context.handler_settings.votes)
        size = blocks.HOME_SHOWN[min(len(mine), most) - 1]
        number = pages.get(f"queue {session.id}", 1)
        aside = pages.get(f"aside {session.id}", 1)
        url, earlier = context.notifier.workspace_url, finding.earlier(uow, context)
        shown += blocks.queue(session, found, url, size, number, aside, earlier)
    if len(mine) > most:
        shown.append(blocks.more_queues(len(mine) - most))
    return shown


async def _renewed(interaction: Interaction, session: Session) -> None:
    """Shows the queue as it is now."""
    if not interaction.is_home:
        # A button that an earlier version wrote carries no page.
        number = paging.turned(interaction.value)[1]
        shown = interaction.read(_shown, interaction.context, session, number)
        await interaction.answer(await shown)


def _with_id(uow: UnitOfWork, interaction: Interaction, name: str) -> Session:
    session = uow.sessions.get(int(name)) if name.isascii() and name.isdigit() else None
    if session is None:
        raise UserError(_("That session no longer exists."))
    interaction.require(Who.AUTHOR, [session])
    return session


def _handle(uow: UnitOfWork, interaction: Interaction) -> Session:
    how = HOW[interaction.action]
    question, session = placing.message_in(uow, interaction)
    if queues.handle(uow, question, how, interaction.user, interaction.now):
        interaction.noted(uow, str(how) if how else "put_back", session, ts=question.ts)
    return session


def _point(uow: UnitOfWork, interaction: Interaction) -> Session:
    """Owes the reply, tells who waits for an answer, and takes the question out of the queue."""
    question, session = placing.message_in(uow, interaction)
    context, at = interaction.context, interaction.now
    _channel, _ts, rest = [*interaction.value.split(" ", 2), "", ""][:3]
    hit = context.services.knowledge.hit(uow, paging.turned(rest)[0])
    if hit is None or question.hidden or not context.handler_settings.point_to_answers:
        raise UserError(_("That answer is no longer there."))
    people = collect.waiting_for(uow, session, question)
    context.notifier.answered_before(uow, session, question, hit, people, at)
    queues.handle(uow, question, Handled.ELSEWHERE, interaction.user, at)
    interaction.noted(uow, "pointed", session, ts=question.ts, title=hit.title)
    return session


def _call(uow: UnitOfWork, interaction: Interaction) -> Session:
    """Notes that a message is talk, or that it is a question."""
    is_talk = interaction.action == "queue_talk"
    message, session = placing.message_in(uow, interaction)
    if queues.set_talk(uow, message, is_talk, interaction.now):
        interaction.noted(uow, "talk" if is_talk else "no_talk", session, ts=message.ts)
    return session


def _shown(
    uow: UnitOfWork,
    context: HandlerContext,
    session: Session,
    number: int = 1,
    aside_number: int = 1,
) -> tuple[str, list[Block]]:
    found = queues.queue(uow, session, context.handler_settings.votes)
    url = context.notifier.workspace_url
    return (
        blocks.queue_text(session, found),
        blocks.queue(
            session,
            found,
            url,
            blocks.COMMAND_SHOWN,
            number,
            aside_number,
            finding.earlier(uow, context),
        ),
    )


def _session(uow: UnitOfWork, interaction: Interaction) -> Session | None:
    """The one that is open, else the last that was; in this channel, if there was one here."""
    states = (State.OPEN, State.CLOSED, State.ARCHIVED)
    if (
        interaction.user in interaction.context.handler_settings.organizers
    ):  # everybody's sessions are theirs
        lasts = (uow.sessions.last(states, interaction.channel), uow.sessions.last(states))
        mine = [*uow.sessions.all((State.OPEN,)), *(s for s in lasts if s is not None)]
    else:
        mine = [s for s in uow.sessions.of_author(interaction.user) if s.state in states]
    mine = [s for s in mine if s.channel == interaction.channel] or mine
    mine.sort(key=lambda s: (s.state is State.OPEN, s.event.start))
    return mine[-1] if mine else None
