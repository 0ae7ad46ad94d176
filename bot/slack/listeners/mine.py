"""What is a member's own: questions, following, quiet, privacy."""

from __future__ import annotations

from collections.abc import Sequence

from bot.errors import UserError
from bot.sessions import asking
from bot.sessions import queue as queues
from bot.sessions.model import Hidden, Kind, Message, Session, State, Submission, Thread
from bot.sessions.personal import stored
from bot.sessions.ports import UnitOfWork
from bot.slack import erasing
from bot.slack.blocks import mine as blocks
from bot.slack.blocks import paging
from bot.slack.blocks.asking import told
from bot.slack.blocks.kit import Block
from bot.slack.blocks.mine import Mine
from bot.slack.listeners.desk import Desk, Turn
from bot.slack.listeners.rooms import Room
from bot.slack.voice import question_key
from bot.texts import N_, _

room = Room()

WORDS = {
    "full": "full",
    "name": "full",
    "first": "first_name",
    "out": "left_out",
    "anonymous": "left_out",
}
"""What may follow `/qa privacy`."""


@room.subcommand("privacy", N_("[full | first | out]"), N_("Choose how you appear in the archive."))
async def privacy(turn: Turn) -> None:
    """Says how one appears, or changes it."""
    if turn.text:
        wanted = WORDS.get(turn.text.split()[0].casefold())
        if wanted is None:
            raise UserError(_("Write `full`, `first` (first name only) or `out` (no name)."))
        await turn.write(set_privacy, turn, wanted)
        turn.desk.touched()
    await turn.say(*await turn.read(_privacy, turn.user))


@room.subcommand("quiet", "", N_("Turn direct messages about answers off or on."))
@room.action("mine_quiet")
async def quiet(turn: Turn) -> None:
    """Turns all direct messages about questions off, and on again."""
    muted = await turn.write(_quiet, turn.user)
    turn.desk.touched()
    if turn.view.get("type") != "home":
        await turn.say(
            _(
                "You no longer get direct messages about questions. To turn them back on, type "
                "`/qa quiet`."
            )
            if muted
            else _("You get direct messages about your questions again.")
        )


@room.subcommand("mine", "", N_("Show your questions."))
async def mine(turn: Turn) -> None:
    """`My questions`, as in the App Home."""
    await turn.say(_("Your questions"), await turn.read(_my_questions, turn.desk, turn.user, 1))


@room.action("mine_previous")
@room.action("mine_next")
async def turned(turn: Turn) -> None:
    """Another page of one's own questions, or of those one follows."""
    part, number = paging.turned(turn.value)
    if turn.view.get("type") == "home":
        if part in {"mine", "followed"}:
            await turn.write(lambda uow: uow.members.turn(turn.user, part, number))
            turn.desk.touched()
    else:
        shown = await turn.read(_my_questions, turn.desk, turn.user, number)
        await turn.replace(_("Your questions"), shown)


@room.action("mine_privacy")
@room.action("privacy_full")
@room.action("privacy_first_name")
@room.action("privacy_left_out")
async def choose_privacy(turn: Turn) -> None:
    """The menu in the App Home, and the buttons of `/qa privacy`."""
    if turn.value not in blocks.PRIVACY:
        raise UserError(_("Write `full`, `first` (first name only) or `out` (no name)."))
    await turn.write(set_privacy, turn, turn.value)
    turn.desk.touched()
    if turn.view.get("type") != "home":
        await turn.replace(*await turn.read(_privacy, turn.user))


@room.action("mine_withdraw")
async def withdraw(turn: Turn) -> None:
    """One question is left out of the archive; one that the form posted is deleted too."""
    await turn.write(_withdraw, turn, True)
    await _renewed(turn)


@room.action("mine_put_back")
async def put_back(turn: Turn) -> None:
    """A withdrawn question is in the archive again."""
    await turn.write(_withdraw, turn, False)
    await _renewed(turn)


@room.action("mine_withdraw_waiting")
async def withdraw_waiting(turn: Turn) -> None:
    """A question that is not posted yet is not asked."""
    if not await turn.write(_take_back, turn):
        raise UserError(_("That question has already been posted; withdraw the posted one."))
    await _renewed(turn)


@room.action("mine_show")
async def show(turn: Turn) -> None:
    """A question that is not posted, whole, so that its asker can copy it."""
    submission = await turn.read(_own, turn)
    if submission is None:
        raise UserError(_("That question is no longer there."))
    await turn.open(blocks.own_words(submission))


@room.shortcut("follow")
@room.action("mine_follow")
async def follow(turn: Turn) -> None:
    """A direct message when an author answers the question."""
    await turn.write(_follow, turn, True)
    turn.desk.touched()
    if turn.view.get("type") != "home":
        person = await turn.read(lambda uow: uow.people.get(turn.user))
        followed = told(person is not None and person.quiet)
        await turn.say(
            _("You follow this question.")
            + f" {followed} "
            + _("My Home tab lists all the questions you follow.")
        )


@room.action("mine_unfollow")
async def unfollow(turn: Turn) -> None:
    """No more of them."""
    await turn.write(_follow, turn, False)
    turn.desk.touched()


@room.action("mine_stored")
async def show_stored(turn: Turn) -> None:
    """What is stored of the person, and the button that erases it."""
    found = await turn.read(stored, turn.user)
    await turn.open(blocks.stored(found))


@room.view("mine_erase")
async def erase(turn: Turn) -> dict[str, object]:
    """Erases it, and shows the App Home as it is then."""
    texts = blocks.erases_texts(turn.view)
    await turn.write(erasing.erase, turn.user, turn.now, (), texts, True)
    turn.desk.services["wipe"]()
    turn.desk.touched()
    await turn.desk.services["home"](turn.user)
    return {"response_action": "update", "view": blocks.erased()}


@room.home(order=20)
def ask(uow: UnitOfWork, desk: Desk, person: str) -> Sequence[Block]:
    """What takes questions."""
    return blocks.sessions(asking.open_for_questions(uow, desk.clock.now()))


@room.home(order=30)
def my_questions(uow: UnitOfWork, desk: Desk, person: str) -> list[Block]:
    """One's own questions."""
    return _my_questions(uow, desk, person, uow.members.pages(person).get("mine", 1))


def _my_questions(uow: UnitOfWork, desk: Desk, person: str, number: int) -> list[Block]:
    """A page of them: newest first, those that wait for their session before them."""
    names = {person}
    for session in uow.sessions.all((State.OPEN, State.SCHEDULED, State.CANCELLED)):
        names |= asking.keys_of(uow, session, person)
    own = [m for name in sorted(names) for m in uow.messages.of_author(name)]
    asked = [m for m in own if m.kind is Kind.QUESTION]
    asked.sort(key=lambda m: m.at, reverse=True)
    waiting = [s for s in uow.members.submissions_of(names) if s.state in asking.NOT_POSTED]
    waiting = [s for s in waiting if _to_come(uow, s.session_id)]
    whole: list[Message | Submission] = [*waiting, *asked]
    shown = paging.page(whole, number, blocks.SHOWN)
    entries = _entries(uow, desk, [m for m in shown.items if isinstance(m, Message)], person)
    before = [s for s in shown.items if isinstance(s, Submission)]
    both: list[Mine | Submission] = [*before, *entries]
    page = paging.Page(both, shown.number, shown.count)
    return blocks.mine(page, desk.voice.workspace_url)


@room.home(order=40)
def other_questions(uow: UnitOfWork, desk: Desk, person: str) -> list[Block]:
    """What one follows, and what most people vote for, to follow it."""
    url = desk.voice.workspace_url
    pairs = uow.members.followed(person)
    followed = [m for channel, ts in reversed(pairs) if (m := uow.messages.get(channel, ts))]
    followed = [m for m in followed if not m.deleted and not m.hidden]
    page = paging.page(followed, uow.members.pages(person).get("followed", 1), blocks.SHOWN)
    entries = _entries(uow, desk, page.items, person)
    shown = blocks.followed(paging.Page(entries, page.number, page.count), url)
    known = {m.ts for m in followed}
    top: list[Mine] = []
    for session in uow.sessions.all((State.OPEN,)):
        found = queues.queue(uow, session, desk.manners.votes)
        top += [
            Mine(w.question, w.votes, answered=False)
            for w in found.waiting[:5]
            if w.question.author != person and w.question.ts not in known
        ]
    return shown + blocks.others(_("Most voted"), top[:5], False, url)


@room.home(order=90)
def settings(uow: UnitOfWork, desk: Desk, person: str) -> list[Block]:
    """Privacy and messages."""
    return blocks.settings(uow.people.get(person))


async def _renewed(turn: Turn) -> None:
    """Shows one's questions as they are now, in the home or in the note that was clicked in."""
    turn.desk.touched()
    if turn.view.get("type") != "home":
        number = paging.turned(turn.value)[1]
        shown = await turn.read(_my_questions, turn.desk, turn.user, number)
        await turn.replace(_("Your questions"), shown)


def set_privacy(uow: UnitOfWork, turn: Turn, wanted: str) -> None:
    """Sets it; every session that the person took part in is exported again."""
    uow.people.set_privacy(turn.user, wanted)
    for session_id in uow.messages.mentioning(turn.user):
        uow.sessions.touch(session_id, turn.now)


def _privacy(uow: UnitOfWork, person: str) -> tuple[str, list[Block]]:
    return blocks.privacy(uow.people.get(person))


def _quiet(uow: UnitOfWork, person: str) -> bool:
    known = uow.people.get(person)
    muted = not (known is not None and known.quiet)
    uow.people.set_quiet(person, muted)
    return muted


def _own(uow: UnitOfWork, turn: Turn) -> Submission | None:
    """The submission that a button names, if it is the person's own."""
    submission = uow.members.submission(turn.value)
    session = uow.sessions.get(submission.session_id) if submission is not None else None
    if submission is None or session is None:
        return None
    mine = asking.keys_of(uow, session, turn.user)
    return submission if submission.asker in mine else None


def _take_back(uow: UnitOfWork, turn: Turn) -> bool:
    submission = _own(uow, turn)
    if submission is None:
        return False
    row = uow.outbox.get(question_key(submission.token))
    open_row = row is not None and row.state not in ("sent", "dropped")
    if row is not None and open_row and not uow.outbox.drop(row.id, turn.desk.wall.now()):
        return False  # it is being posted
    return asking.withdraw_waiting(uow, submission.token, turn.user)


def _withdraw(uow: UnitOfWork, turn: Turn, out: bool) -> None:
    channel, ts, *_number = [*turn.value.split(), "", ""]
    question = uow.messages.get(channel, ts)
    session = uow.sessions.get(question.session_id) if question is not None else None
    if question is None or session is None or question.deleted:
        raise UserError(_("That question is no longer there."))
    if question.author not in asking.keys_of(uow, session, turn.user):
        raise UserError(_("Somebody else asked that question."))
    queues.set_hidden(uow, question, Hidden.WITHDRAWN, out, turn.now)
    if question.author == turn.user:
        turn.noted(uow, "withdrawn" if out else "withdrawal_undone", session, ts=ts)
    if out and question.origin == "form":
        erasing.take_down_whole(uow, question, turn.now)


def _follow(uow: UnitOfWork, turn: Turn, wanted: bool) -> None:
    if turn.ts is not None:
        channel, ts = turn.channel or "", turn.ts
    else:
        channel, _blank, ts = turn.value.partition(" ")
    question = uow.messages.get(channel, ts)
    if question is not None and question.question_ts is not None:
        question = uow.messages.get(channel, question.question_ts)
    if question is None or question.deleted or question.kind is not Kind.QUESTION:
        raise UserError(_("That is not a question in a session, so you cannot follow it."))
    if wanted:
        uow.members.follow(channel, question.ts, turn.user)
    else:
        uow.members.unfollow(channel, question.ts, turn.user)


def _to_come(uow: UnitOfWork, session_id: int) -> bool:
    """Whether the session is one whose questions are not posted yet, for good or for ill."""
    session = uow.sessions.get(session_id)
    known = (State.SCHEDULED, State.OPEN, State.CANCELLED)
    return session is not None and session.state in known


def _entries(uow: UnitOfWork, desk: Desk, questions: Sequence[Message], person: str) -> list[Mine]:
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
            voted[number] = queues.voters(uow, session, desk.manners.votes)
            elsewhere[number] = queues.elsewhere(uow, session)
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
