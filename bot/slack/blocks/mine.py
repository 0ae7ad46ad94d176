"""What a member finds in the App Home: asking, one's own questions, following, privacy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.markup import escape_mrkdwn
from bot.sessions.anonymity import is_anonymous
from bot.sessions.model import Message, Person, Session, State, Submission
from bot.sessions.personal import Stored
from bot.slack.blocks import limits
from bot.slack.blocks.kit import (
    Block,
    Element,
    View,
    actions,
    button,
    choice,
    confirm,
    header,
    modal,
    note,
    option,
    section,
    select,
)
from bot.slack.blocks.limits import cut, when
from bot.slack.blocks.paging import Page, turning
from bot.slack.text import address, linked, quoted, writer
from bot.texts import N_, _, n_

SHOWN = 10
"""Questions of one kind on a page."""
LISTED = 100
"""Lines of a list of what is stored."""
EXCERPT = 200
"""Characters of a question that are shown."""

PRIVACY = {
    "full": N_("With the name you use in Slack"),
    "first_name": N_("With your first name only"),
    "left_out": N_("As “Anonymous”, without a name"),
}
"""How a person can appear in archives."""


@dataclass(frozen=True, slots=True)
class Mine:
    """One of a person's questions, or one that is followed."""

    question: Message
    votes: int
    answered: bool
    anonymous: bool = False


def sessions(found: Sequence[Session]) -> list[Block]:
    """The sessions that take questions, each with its button."""
    blocks = [header(_("Ask a question"))]
    if not found:
        blocks.append(section(_("No session is taking questions right now.")))
    for session in found[:5]:
        title = escape_mrkdwn(session.event.title)
        text = (
            _("*{title}* is open until {when}.", title=title, when=when(session.event.end))
            if session.state is State.OPEN
            else _(
                "*{title}* opens {when}. You can already ask your question.",
                title=title,
                when=when(session.event.start),
            )
        )
        ask = button(_("Ask"), "ask_open", str(session.id), style="primary")
        blocks.append(section(text, ask, block_id=f"ask {session.id}"))
    return blocks


def mine(shown: Page[Mine | Submission], workspace_url: str) -> list[Block]:
    """A page of `My questions`."""
    blocks = [header(_("My questions"))]
    if not shown.items:
        blocks.append(section(_("You have not asked anything yet.")))
    for entry in shown.items:
        if isinstance(entry, Submission):
            blocks += _not_posted(entry)
        else:
            blocks.append(_mine(entry, workspace_url, shown.number))
    return blocks + turning(shown, "mine", "mine")


def followed(shown: Page[Mine], workspace_url: str) -> list[Block]:
    """A page of the questions that somebody follows."""
    found = others(_("Questions I follow"), shown.items, True, workspace_url)
    return found + turning(shown, "mine", "followed")


def others(title: str, found: Sequence[Mine], followed: bool, workspace_url: str) -> list[Block]:
    """Questions of other people, to follow or to follow no more."""
    if not found:
        return []
    blocks = [header(title)]
    for entry in found:
        question = entry.question
        value = f"{question.channel} {question.ts}"
        follow = (
            button(_("Unfollow"), "mine_unfollow", value)
            if followed
            else button(_("Follow"), "mine_follow", value)
        )
        lead = linked(address(workspace_url, question), writer(question))
        blocks.append(
            section(
                f"{lead} · {_state(entry)}\n{quoted(question.content, EXCERPT)}",
                follow,
                block_id=f"{'followed' if followed else 'follow'} {question.ts}",
            )
        )
    return blocks


def settings(person: Person | None) -> list[Block]:
    """How one appears in archives, and whether one is told of answers."""
    quiet = person is not None and person.quiet
    text = (
        _("You don't get direct messages about questions.")
        if quiet
        else _(
            "You get a direct message when an author answers a question that you follow or "
            "that you asked under your name."
        )
    )
    toggle = button(_("Turn on") if quiet else _("Turn off"), "mine_quiet")
    return [
        header(_("Privacy and messages")),
        section(_("*In the archive* you appear:"), _privacy_menu(person), block_id="privacy"),
        note(_("This applies to everything you wrote, and wherever others mention you.")),
        section(text, toggle, block_id="quiet"),
        section(
            _("See what I store about you, and erase it."),
            button(_("What is stored about me"), "mine_stored"),
            block_id="stored",
        ),
    ]


def stored(found: Stored) -> View:
    """What is stored of a person, and how it is erased."""
    person = found.person
    names = [n for n in (person.name, person.real_name) if n] if person is not None else []
    name = escape_mrkdwn(", ".join(dict.fromkeys(names))) or "–"
    lines = [
        _("Name: {name}", name=name),
        _("Questions and other posts: {count}", count=len(found.questions)),
        _("Answers and other replies: {count}", count=len(found.replies)),
        _("Questions not posted yet: {count}", count=len(found.unposted)),
        _("Votes and reactions: {count}", count=len(found.votes)),
        _("Questions you follow: {count}", count=len(found.rows.get("follows", ()))),
        _("Entries in the organizers' log: {count}", count=len(found.rows.get("actions", ()))),
    ]
    shown: list[Block] = [section("\n".join(f"• {line}" for line in lines), block_id="counts")]
    if found.sessions:
        titles = [f"• {escape_mrkdwn(cut(s.event.title, 150))}" for s in found.sessions]
        shown += _list(_("Sessions you took part in"), titles)
    texts = [f"• {quoted(message.content, EXCERPT)}" for message in found.written.messages]
    texts += [f"• {quoted({'text': entry.text}, EXCERPT)}" for entry in found.unposted]
    if texts:
        shown += _list(_("What you wrote"), texts)
    own = found.written
    if any(
        map(is_anonymous, (*(m.author for m in own.messages), *(s.asker for s in own.submissions)))
    ):
        shown.append(
            note(
                _(
                    "This includes what you asked anonymously. It is stored under a key instead of "
                    "your name. I find it because you are asking. When the session has ended, "
                    "nobody can find it, not even me."
                )
            )
        )
    if found.named_in:
        shown.append(
            note(
                _(
                    "You are an author here because the organizers' files list you as one. To "
                    "change that, ask them. Your member ID stays with your answers."
                )
            )
        )
    ways = {
        "texts": _("Erase everything, including what I wrote"),
        "names": _("Keep what I wrote, without my name"),
    }
    shown += [
        choice("mine_erase", _("Erase it"), ways),
        note(
            _(
                "This cannot be undone. Archives are written again without you. What you "
                "posted yourself stays in Slack until you delete it there. Questions that I "
                "posted for you are deleted if you erase what you wrote. The person who runs "
                "Marginalia can print everything stored about you with `marginalia "
                "export-person`."
            )
        ),
    ]
    return modal("mine_erase", _("Your data"), shown, _("Erase for good"), _("Close"))


def erased() -> View:
    """What the form says when it is done."""
    text = _("I have erased your data as you chose. The archives will be updated in a moment.")
    later = _(
        "If you take part again, what you do then is stored, without your name where possible."
    )
    return modal("erased", _("Your data"), [section(text), note(later)], close=_("Close"))


def _list(title: str, lines: Sequence[str]) -> list[Block]:
    """A title and lines below it, as many as a form has room for."""
    shown = list(lines[:LISTED])
    if len(lines) > len(shown):
        shown.append(_("… and {count} more", count=len(lines) - len(shown)))
    whole = "\n".join(shown)
    parts = [section(part) for part in limits.parts(whole, limits.SECTION)]
    return [section(f"*{title}*"), *parts]


def privacy(person: Person | None) -> tuple[str, list[Block]]:
    """The answer to `/qa privacy`."""
    shown = _(PRIVACY.get(person.privacy if person else "full", PRIVACY["left_out"]))
    text = _("How you appear in archives: {how}.", how=shown)
    buttons = [button(_(label), f"privacy_{value}", value) for value, label in PRIVACY.items()]
    return text, [
        section(text),
        actions(*buttons, block_id="privacy"),
        note(
            _(
                "This also applies to later exports, to your answers, and wherever others "
                "mention you. To withdraw a single question, open my Home tab and look under "
                "My questions."
            )
        ),
    ]


def _privacy_menu(person: Person | None) -> Element:
    chosen = person.privacy if person is not None and person.privacy in PRIVACY else "full"
    options = [option(_(label), value) for value, label in PRIVACY.items()]
    return select("mine_privacy", options, _("How"), chosen)


def own_words(submission: Submission) -> View:
    """A question that is not posted, whole."""
    whole = [section(part) for part in limits.parts(submission.text, limits.SECTION)]
    return modal("message", _("Your question"), whole, close=_("Close"))


def _not_posted(submission: Submission) -> list[Block]:
    states = {
        "delayed": _("delayed: Slack doesn't let me post it yet"),
        "returned": _("not posted"),
    }
    said = states.get(submission.state, _("waiting for the session to open"))
    shown = section(
        f"{quoted({'text': submission.text}, EXCERPT)}\n_{said}_",
        button(_("Withdraw"), "mine_withdraw_waiting", submission.token),
        block_id=f"waiting {submission.token}",
    )
    if submission.state not in states:
        return [shown]
    whole = button(_("Show full text"), "mine_show", submission.token)
    return [shown, actions(whole, block_id=f"show {submission.token}")]


def _mine(entry: Mine, workspace_url: str, number: int) -> Block:
    question = entry.question
    value = f"{question.channel} {question.ts} {number}"
    text = linked(address(workspace_url, question), quoted(question.content, EXCERPT))
    said = _state(entry)
    if entry.anonymous:
        said = _("asked anonymously") + " · " + said
    if question.hidden:
        return section(
            f"{text}\n_" + _("not in the archive") + "_",
            button(_("Put back"), "mine_put_back", value),
            block_id=f"mine {question.ts}",
        )
    posted = question.origin == "form"
    sure = confirm(
        _("Withdraw the question?"),
        _("It is deleted from the channel, and neither it nor its answers will be in the archive.")
        if posted
        else _("It stays in the channel, but neither it nor its answers will be in the archive."),
        _("Withdraw"),
        _("Keep it"),
    )
    element = button(_("Withdraw"), "mine_withdraw", value, confirm=sure)
    return section(f"{text}\n_{said}_", element, block_id=f"mine {question.ts}")


def _state(entry: Mine) -> str:
    if entry.question.is_talk:
        return _("not counted as a question; it stays in the archive")
    said = _("already answered") if entry.answered else _("waiting for an answer")
    if entry.votes:
        said += " · " + n_("{count} vote", "{count} votes", entry.votes)
    return said
