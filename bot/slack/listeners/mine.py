"""What is a member's own: questions, following, quiet, privacy."""

from __future__ import annotations

from collections.abc import Sequence

from bot.errors import UserError
from bot.sessions import asking
from bot.sessions import queue as queues
from bot.sessions.model import Handled, Hidden, Kind, Message, Session, State, Submission, Thread
from bot.sessions.personal import stored
from bot.sessions.ports import UnitOfWork
from bot.slack import erasing
from bot.slack.blocks import mine as blocks
from bot.slack.blocks import paging
from bot.slack.blocks.asking import told
from bot.slack.blocks.kit import Block
from bot.slack.blocks.mine import Mine
from bot.slack.listeners.interaction import Answer, HandlerContext, Interaction, message_of
from bot.slack.listeners.router import Router, changes, reads
from bot.slack.notifier import question_key
from bot.texts import N_, _

router = Router()

WORDS = {
    "full": "full",
    "name": "full",
    "first": "first_name",
    "out": "left_out",
    "anonymous": "left_out",
}
"""What may follow `/qa privacy`."""


@router.subcommand(
    "privacy", N_("[full | first | out]"), N_("Choose how you appear in the archive.")
)
@router.action("mine_privacy")
@router.action("privacy_full")
@router.action("privacy_first_name")
@router.action("privacy_left_out")
@changes
def privacy(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Says how one appears, or changes it; so do the menu in the App Home and the buttons."""
    word = "".join(interaction.text.casefold().split()[:1])
    wanted = interaction.value or WORDS.get(word, word)
    if wanted:
        if wanted not in blocks.PRIVACY:
            raise UserError(_("Write `full`, `first` (first name only) or `out` (no name)."))
        uow.people.set_privacy(interaction.user, wanted)
        # Every session that the person took part in is exported again.
        for session_id in uow.messages.mentioning(interaction.user):
            uow.sessions.touch(session_id, interaction.now)
    return blocks.privacy(uow.people.get(interaction.user))


@router.subcommand("quiet", "", N_("Turn direct messages about answers off or on."))
@router.action("mine_quiet")
@changes
def quiet(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """Turns all direct messages about questions off, and on again."""
    known = uow.people.get(interaction.user)
    muted = not (known is not None and known.quiet)
    uow.people.set_quiet(interaction.user, muted)
    return (
        _(
            "You no longer get direct messages about questions. To turn them back on, type "
            "`/qa quiet`."
        )
        if muted
        else _("You get direct messages about your questions again.")
    )


@router.subcommand("mine", "", N_("Show your questions."))
@reads
def mine(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """`My questions`, as in the App Home; the page on whose buttons somebody clicked."""
    number = paging.turned(interaction.value)[1]
    shown = _my_questions(uow, interaction.context, interaction.user, number)
    return _("Your questions"), shown


@router.action("mine_previous")
@router.action("mine_next")
async def turned(interaction: Interaction) -> None:
    """Another page of one's own questions, or of those one follows."""
    part, number = paging.turned(interaction.value)
    if not interaction.is_home:
        await mine(interaction)
    elif part in {"mine", "followed"}:
        await interaction.change(lambda uow: uow.members.turn(interaction.user, part, number))


@router.action("mine_withdraw")
@router.action("mine_put_back")
async def withdraw(interaction: Interaction) -> None:
    """A question is left out of the archive, and deleted if the form posted it; or it is back."""
    await interaction.change(_withdraw, interaction, interaction.action == "mine_withdraw")
    await mine(interaction)


@router.action("mine_withdraw_waiting")
async def withdraw_waiting(interaction: Interaction) -> None:
    """A question that is not posted yet is not asked."""
    if not await interaction.change(_take_back, interaction):
        raise UserError(_("That question has already been posted; withdraw the posted one."))
    await mine(interaction)


@router.action("mine_show")
async def show(interaction: Interaction) -> None:
    """A question that is not posted, whole, so that its asker can copy it."""
    submission = await interaction.read(_own, interaction)
    if submission is None:
        raise UserError(_("That question is no longer there."))
    await interaction.open(blocks.own_words(submission))


@router.shortcut("follow")
@router.action("mine_follow")
@changes
def follow(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """A direct message when an author answers the question."""
    question = _question(uow, interaction)
    uow.members.follow(question.channel, question.ts, interaction.user)
    person = uow.people.get(interaction.user)
    followed = told(person is not None and person.quiet)
    lists = _("My Home tab lists all the questions you follow.")
    return _("You follow this question.") + f" {followed} {lists}"


@router.action("mine_unfollow")
@changes
def unfollow(uow: UnitOfWork, interaction: Interaction) -> Answer:
    """No more of them."""
    question = _question(uow, interaction)
    uow.members.unfollow(question.channel, question.ts, interaction.user)
    return None


@router.action("mine_stored")
async def show_stored(interaction: Interaction) -> None:
    """What is stored of the person, and the button that erases it."""
    found = await interaction.read(stored, interaction.user)
    await interaction.open(blocks.stored(found))


@router.view("mine_erase")
async def erase(interaction: Interaction) -> dict[str, object]:
    """Erases it, and shows the App Home as it is then."""
    texts = interaction.typed("mine_erase") == "texts"
    await interaction.change(erasing.erase, interaction.user, interaction.now, (), texts, True)
    interaction.context.services.wipe()
    interaction.context.touched()
    await interaction.context.show_home(interaction.user)
    return {"response_action": "update", "view": blocks.erased()}


@router.home(order=20)
def ask(uow: UnitOfWork, context: HandlerContext, person: str) -> Sequence[Block]:
    """What takes questions."""
    return blocks.sessions(asking.open_for_questions(uow, context.clock.now()))


@router.home(order=30)
def my_questions(uow: UnitOfWork, context: HandlerContext, person: str) -> list[Block]:
    """One's own questions."""
    return _my_questions(uow, context, person, uow.members.pages(person).get("mine", 1))


def _my_questions(
    uow: UnitOfWork, context: HandlerContext, person: str, number: int
) -> list[Block]:
    """A page of them: newest first, those that wait for their session before them."""
    names = {person}
    for session in uow.sessions.all((State.OPEN, State.SCHEDULED, State.CANCELLED)):
        names |= asking.keys_of(uow, session, person)
    own = [m for name in sorted(names) for m in uow.messages.of_author(name)]
    asked = [m for m in own if m.kind is Kind.QUESTION]
    found = {number: uow.sessions.get(number) for number in {m.session_id for m in asked}}
    books = {number for number, s in found.items() if s is not None and person in s.author_ids}
    asked = [m for m in asked if m.session_id not in books]
    asked.sort(key=lambda m: m.at, reverse=True)
    waiting = [s for s in uow.members.submissions_of(names) if s.state in asking.NOT_POSTED]
    waiting = [s for s in waiting if _to_come(uow, s.session_id)]
    whole: list[Message | Submission] = [*waiting, *asked]
    shown = paging.page(whole, number, blocks.SHOWN)
    entries = _entries(uow, context, [m for m in shown.items if isinstance(m, Message)], person)
    before = [s for s in shown.items if isinstance(s, Submission)]
    both: list[Mine | Submission] = [*before, *entries]
    page = paging.Page(both, shown.number, shown.count)
    return blocks.mine(page, context.notifier.workspace_url)


@router.home(order=40)
def other_questions(uow: UnitOfWork, context: HandlerContext, person: str) -> list[Block]:
    """What one follows, and what most people vote for, to follow it."""
    url = context.notifier.workspace_url
    pairs = uow.members.followed(person)
    followed = [m for channel, ts in reversed(pairs) if (m := uow.messages.get(channel, ts))]
    followed = [m for m in followed if not m.deleted and not m.hidden]
    page = paging.page(followed, uow.members.pages(person).get("followed", 1), blocks.SHOWN)
    entries = _entries(uow, context, page.items, person)
    shown = blocks.followed(paging.Page(entries, page.number, page.count), url)
    known = {m.ts for m in followed}
    top: list[Mine] = []
    for session in uow.sessions.all((State.OPEN,)):
        if person in session.author_ids:  # the queue shows them
            continue
        own = {person, *asking.keys_of(uow, session, person)}
        found = queues.queue(uow, session, context.handler_settings.votes)
        top += [
            Mine(w.question, w.votes, answered=False)
            for w in found.waiting[:5]
            if w.question.author not in own and w.question.ts not in known
        ]
    return shown + blocks.others(_("Questions of others"), top[:5], False, url)


@router.home(order=90)
def settings(uow: UnitOfWork, context: HandlerContext, person: str) -> list[Block]:
    """Privacy and messages."""
    return blocks.settings(uow.people.get(person))


def _own(uow: UnitOfWork, interaction: Interaction) -> Submission | None:
    """The submission that a button names, if it is the person's own."""
    submission = uow.members.submission(interaction.value)
    session = uow.sessions.get(submission.session_id) if submission is not None else None
    if submission is None or session is None:
        return None
    mine = asking.keys_of(uow, session, interaction.user)
    return submission if submission.asker in mine else None


def _take_back(uow: UnitOfWork, interaction: Interaction) -> bool:
    submission = _own(uow, interaction)
    if submission is None or submission.state not in asking.NOT_POSTED:
        return False
    row = uow.outbox.get(question_key(submission.token))
    open_row = row is not None and row.state not in ("sent", "dropped")
    if row is not None and open_row and not uow.outbox.drop(row.id):
        return False  # it is being posted, or may stand in the channel
    uow.members.update_submission(submission.token, "withdrawn")
    return True


def _withdraw(uow: UnitOfWork, interaction: Interaction, out: bool) -> None:
    found = message_of(uow, *interaction.place)
    if found is None:
        raise UserError(_("That question is no longer there."))
    question, session = found
    if question.author not in asking.keys_of(uow, session, interaction.user):
        raise UserError(_("Somebody else asked that question."))
    queues.set_hidden(uow, question, Hidden.WITHDRAWN, out, interaction.now)
    if question.author == interaction.user:
        interaction.noted(uow, "withdrawn" if out else "withdrawal_undone", session, ts=question.ts)
    if out and question.origin == "form":
        erasing.take_down_whole(uow, question, interaction.now)


def _question(uow: UnitOfWork, interaction: Interaction) -> Message:
    """The question that is meant, also by a message in its thread."""
    question = uow.messages.get(*interaction.place)
    if question is not None and question.question_ts is not None:
        question = uow.messages.get(question.channel, question.question_ts)
    if question is None or question.deleted or question.kind is not Kind.QUESTION:
        raise UserError(_("That is not a question in a session, so you cannot follow it."))
    return question


def _to_come(uow: UnitOfWork, session_id: int) -> bool:
    """Whether the session is one whose questions are not posted yet, for good or for ill."""
    session = uow.sessions.get(session_id)
    known = (State.SCHEDULED, State.OPEN, State.CANCELLED)
    return session is not None and session.state in known


def _entries(
    uow: UnitOfWork, context: HandlerContext, questions: Sequence[Message], person: str
) -> list[Mine]:
    """The questions with their votes and whether they were answered."""
    threads: dict[int, dict[str, Thread]] = {}
    voted: dict[int, dict[str, set[str]]] = {}
    elsewhere: dict[int, set[str]] = {}
    sessions: dict[int, Session] = {}
    found = []
    for question in questions:
        number = question.session_id
        if number not in sessions:
            session = uow.sessions.get(number)
            if session is None:
                continue
            sessions[number] = session
            threads[number] = {t.question.ts: t for t in uow.messages.iter_threads(number)}
            voted[number] = queues.voters(uow, session, context.handler_settings.votes)
            elsewhere[number] = queues.handled(uow, session, Handled.ELSEWHERE)
        authors = sessions[number].author_ids
        thread = threads[number].get(question.ts) or Thread(question)
        found.append(
            Mine(
                question,
                queues.votes(thread, voted[number], authors),
                queues.answered(thread, authors) or question.ts in elsewhere[number],
                anonymous=question.author != person,
            )
        )
    return found
