"""What organizers see when they plan: the form of a new event, and the schedule."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.errors import UserError
from bot.markup import escape_mrkdwn
from bot.sessions import times
from bot.sessions.model import Link, State
from bot.sessions.planning import Draft, Planned, Unfit
from bot.slack.blocks.announcement import author
from bot.slack.blocks.kit import Block, View, field, header, modal, note, section, text_input
from bot.slack.blocks.limits import cut, when
from bot.texts import N_, _, listed

NEW = "qa_new"
"""The callback ID of the form."""
SHOWN = 12
"""Events of the schedule that are shown; the rest is counted."""
PROBLEMS = 2
"""Problems that are shown of one event."""
MAX_AUTHORS = 20

STATES = {
    State.SCHEDULED: N_("planned"),
    State.OPEN: N_("open"),
    State.CLOSED: N_("closed"),
    State.ARCHIVED: N_("archived"),
    State.CANCELLED: N_("cancelled"),
}

FIELDS = {
    "title": "title",
    "description": "description",
    "start": "start_date",
    "end": "end_date",
    "timezone": "timezone",
    "authors": "names",
    "slack": "members",
    "channel": "channel",
    "links": "links",
    "cover": "cover",
    "image": "cover",
}
"""By the key of the file: the input of the form that says it."""

_LINK = re.compile(r"(?P<text>.*?)[\s:–-]*(?P<url>(?:https?://|mailto:)\S+)")


@dataclass(frozen=True, slots=True)
class Form:
    """What was put into the form: the draft without its authors, and these as they were given.

    `members` are Slack member IDs, `names` what was typed.
    """

    draft: Draft
    members: tuple[str, ...]
    names: tuple[str, ...]


def new_form(today: date, timezone: str = "UTC", title: str = "") -> View:
    """The form of a new event: from the next Monday to that Friday, until something is chosen."""
    monday = today + timedelta(days=7 - today.weekday())
    friday = monday + timedelta(days=4)
    channels = {
        "type": "conversations_select",
        "action_id": "channel",
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    members = {
        "type": "multi_users_select",
        "action_id": "members",
        "max_selected_items": MAX_AUTHORS,
    }
    return modal(
        NEW,
        _("Plan a session"),
        [
            field(
                "title",
                _("Title of the book"),
                text_input("title", initial=title, placeholder=_("The Title"), most=300),
            ),
            field("members", _("Authors in Slack"), members, optional=True),
            field(
                "names",
                _("Authors who are not in Slack"),
                text_input("names", multiline=True, most=1000),
                _("One name per line, or the short name of a page in people/."),
                optional=True,
            ),
            *_moment("start", _("Starts"), monday, time(0, 0)),
            *_moment("end", _("Ends"), friday, time(22, 59)),
            field(
                "timezone",
                _("Time zone"),
                text_input("timezone", initial=timezone, most=60),
                _("For the two times above: UTC, or an IANA name such as Europe/Berlin."),
            ),
            field(
                "channel",
                _("Channel"),
                channels,
                _("If you choose none, the usual channel is used."),
                optional=True,
            ),
            field(
                "links",
                _("Links"),
                text_input("links", multiline=True, placeholder=_("Book's page https://…")),
                _("One per line: the text, then the address."),
                optional=True,
            ),
            field(
                "cover",
                _("Cover"),
                text_input("cover", most=500),
                _(
                    "A path on the website, or a full address. If empty, the usual path for this "
                    "book is used."
                ),
                optional=True,
            ),
            field(
                "description",
                _("Description"),
                text_input("description", most=500),
                _(
                    "One sentence, shown in lists. If empty: “Book of the Week” with title and "
                    "authors."
                ),
                optional=True,
            ),
            field(
                "body",
                _("About the book"),
                text_input("body", multiline=True),
                _("In Markdown. It appears in the announcement and on the page."),
                optional=True,
            ),
        ],
        submit=_("Plan"),
        close=_("Cancel"),
    )


def read_form(typed: Callable[[str], str], chosen: Callable[[str], list[str]]) -> Form:
    """What was put in, by the names of the inputs (`Turn.typed`, `Turn.ticked`).

    Raises Unfit, with lines for keys of the file, for what cannot be.
    """
    try:
        zone = times.zone(typed("timezone").strip() or "UTC")
    except UserError as error:
        raise Unfit({"timezone": str(error)}) from None
    end = _local(typed, "end", zone)
    if end.second == 0 and (end.hour, end.minute) in {(22, 59), (23, 59)}:
        end += timedelta(seconds=59)  # as all files have it: to the last second of the day
    names = [line.strip() for line in typed("names").splitlines() if line.strip()]
    members = chosen("members")
    if not members and not names:
        raise Unfit({"authors": _("Choose or enter at least one author; only authors can answer.")})
    draft = Draft(
        title=" ".join(typed("title").split()),
        start=_local(typed, "start", zone),
        end=end,
        authors=(),
        description=" ".join(typed("description").split()),
        links=read_links(typed("links")),
        cover=typed("cover").strip(),
        channel=typed("channel"),
        timezone=zone.key,
        body=typed("body"),
    )
    return Form(draft, tuple(dict.fromkeys(members)), tuple(dict.fromkeys(names)))


def read_links(text: str) -> tuple[Link, ...]:
    """Links, one a line: a text and an address; an address alone is called after its site."""
    links = []
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _LINK.fullmatch(line.strip())
        if match is None:
            raise Unfit(
                {
                    "links": _(
                        "“{line}” has no address; write the text, then https://…",
                        line=line.strip()[:60],
                    )
                }
            )
        url = match["url"]
        links.append(Link(match["text"].strip() or urlsplit(url).hostname or url, url))
    return tuple(links)


def form_errors(refused: UserError) -> dict[str, str]:
    """A refusal as lines below the inputs of the form."""
    fields = refused.fields if isinstance(refused, Unfit) else {"": str(refused)}
    return {FIELDS.get(key, "title"): cut(line, 2000) for key, line in fields.items()}


def schedule(planned: Sequence[Planned], broken: Sequence[str]) -> tuple[str, list[Block]]:
    """What comes, with what is wrong, as `(text, blocks)`."""
    heading = _("Upcoming sessions")
    blocks: list[Block] = [header(heading)]
    if not planned:
        blocks.append(section(_("No session is planned. To plan one, type `/qa new`.")))
    for item in planned[:SHOWN]:
        blocks.append(section(_line(item)))
    if len(planned) > SHOWN:
        blocks.append(note(_("… and {count} more", count=len(planned) - SHOWN)))
    if broken:
        lines = [f"⚠️ {cut(escape_mrkdwn(line), 200)}" for line in broken[:PROBLEMS]]
        if len(broken) > PROBLEMS:
            lines.append(_("… and {count} more", count=len(broken) - PROBLEMS))
        blocks.append(section(_("*Files with problems*") + "\n" + "\n".join(lines)))
    blocks.append(
        note(_("To change the schedule, use `/qa new`, `/qa move`, `/qa extend` or `/qa cancel`."))
    )
    return heading, blocks


def _line(item: Planned) -> str:
    event = item.event
    by = listed([author(a) for a in event.authors])
    title = f"*{cut(escape_mrkdwn(event.title), 120)}*"
    state = _(STATES[item.state or State.SCHEDULED])
    lines = [
        _("{title} by {authors}", title=title, authors=cut(by, 200)) if by else title,
        _("{start} to {end}", start=when(event.start), end=when(event.end)) + f" · {state}",
        f"`{cut(escape_mrkdwn(event.id), 100)}`"
        + (f" · {_channel(event.channel)}" if event.channel else ""),
    ]
    lines += [f"⚠️ {cut(escape_mrkdwn(problem), 120)}" for problem in item.problems[:PROBLEMS]]
    if len(item.problems) > PROBLEMS:
        lines.append(_("… and {count} more", count=len(item.problems) - PROBLEMS))
    return "\n".join(lines)


def _channel(channel: str) -> str:
    """A channel as a file names it: a link for an ID, `#name` for a name."""
    is_id = channel[:1] in {"C", "G"} and channel == channel.upper()
    return f"<#{channel}>" if is_id else f"#{escape_mrkdwn(channel)}"


def _moment(name: str, label: str, day: date, at: time) -> list[Block]:
    dates = {"type": "datepicker", "action_id": f"{name}_date", "initial_date": day.isoformat()}
    times = {"type": "timepicker", "action_id": f"{name}_time", "initial_time": f"{at:%H:%M}"}
    return [
        field(f"{name}_date", label, dates),
        field(f"{name}_time", _("{label} at", label=label), times),
    ]


def _local(typed: Callable[[str], str], name: str, zone: ZoneInfo) -> datetime:
    try:
        local = datetime.fromisoformat(f"{typed(f'{name}_date')}T{typed(f'{name}_time')}")
    except ValueError:
        raise Unfit({name: _("Choose a day and a time.")}) from None
    return local.replace(tzinfo=zone)
