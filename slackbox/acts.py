"""What test control can do: as a person, and to the wire.

Each act takes the sandbox and its arguments, and gives a JSON object. `ACTS` names them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from slackbox.delivery import REFRESH_DELAY, NotAcknowledged
from slackbox.errors import Refusal
from slackbox.faults import CallFault, DeliveryFault
from slackbox.given import Given
from slackbox.model import Json
from slackbox.person import Person

if TYPE_CHECKING:
    from slackbox.server import Sandbox

Act = Callable[["Sandbox", Given], Json | Awaitable[Json]]


def _person(box: Sandbox, given: Given) -> Person:
    return box.person(given.text("person"))


# --- messages --------------------------------------------------------------------------------


def post(box: Sandbox, given: Given) -> Json:
    """Somebody writes."""
    person = _person(box, given)
    channel, text = given.text("channel"), given.maybe("text") or ""
    options: Json = {
        "thread_ts": given.maybe("thread_ts"),
        "broadcast": given.flag("broadcast"),
        "blocks": given.objects("blocks"),
        "files": given.objects("files") or (),
        "at": given.number("at"),
        "ts": given.maybe("ts"),
        "me": given.flag("me"),
    }
    given.done()
    message = person.post(channel, text, **options)
    return {"channel": message.channel, "ts": message.ts}


def bot_post(box: Sandbox, given: Given) -> Json:
    """Another app's bot says something; it is installed, and invited, if it was not."""
    name, channel = given.text("bot"), box.workspace.channel(given.text("channel"))
    text, blocks = given.maybe("text") or "", given.objects("blocks")
    thread_ts, username = given.maybe("thread_ts"), given.maybe("username")
    given.done()
    bot = next((b for b in box.workspace.bots.values() if b.name == name), None)
    if bot is None:
        bot = box.workspace.add_bot(name)
    if bot.user_id not in channel.members:
        box.workspace.join(channel, bot.user_id)
    message = box.workspace.post(
        channel, text, bot=bot, blocks=blocks, thread_ts=thread_ts, username=username
    )
    return {"channel": channel.id, "ts": message.ts, "bot_id": bot.id}


def edit(box: Sandbox, given: Given) -> Json:
    """Somebody edits their message."""
    person = _person(box, given)
    channel, ts, text = given.text("channel"), given.text("ts"), given.text("text")
    blocks = given.objects("blocks")
    given.done()
    person.edit(channel, ts, text, blocks)
    return {}


def unfurl(box: Sandbox, given: Given) -> Json:
    """The preview of a link is added to a message, which nobody edited."""
    channel = box.workspace.channel(given.text("channel"))
    message = box.workspace.message(channel, given.text("ts"))
    attachment = given.mapping("attachment")
    given.done()
    box.workspace.unfurl(channel, message, attachment)
    return {}


# --- people and channels ---------------------------------------------------------------------


def add_person(box: Sandbox, given: Given) -> Json:
    """Somebody joins the workspace, and `channels`.

    With the name of another `workspace` it is a Slack Connect member.
    """
    real_name = given.text("real_name")
    display_name = given.maybe("display_name") or ""
    name = given.maybe("name")
    tz = given.maybe("tz") or "Europe/Berlin"
    options: Json = {
        "email": given.maybe("email") or "",
        "title": given.maybe("title") or "",
        "is_admin": given.flag("is_admin"),
        "user": given.maybe("user"),
        "workspace": given.maybe("workspace"),
    }
    channels = [box.workspace.channel(channel) for channel in given.texts("channels")]
    given.done()
    member = box.workspace.add_person(real_name, display_name, name, tz, **options)
    for channel in channels:
        box.workspace.join(channel, member.id)
    return {"user": member.id, "name": member.name}


def change_person(box: Sandbox, given: Given) -> Json:
    """Somebody changes their names, zone, title or status."""
    person = given.text("person")
    box.workspace.change_person(person, **given.rest())
    return {}


def deactivate(box: Sandbox, given: Given) -> Json:
    """An account is deactivated."""
    person = given.text("person")
    given.done()
    box.workspace.change_person(person, deleted=True)
    return {}


def add_channel(box: Sandbox, given: Given) -> Json:
    """A new channel."""
    name, creator = given.text("name"), given.text("person")
    private, members = given.flag("is_private"), given.texts("members")
    given.done()
    channel = box.workspace.add_channel(name, creator, private, members)
    return {"channel": channel.id}


def restrict_channel(box: Sandbox, given: Given) -> Json:
    """Says who may post in a channel; without flags everybody may again.

    `is_read_only`, `is_thread_only` and `is_non_threadable` are what Slack tells of the channel,
    `restricted` is a preference of the workspace. Admins may always, and `allowed`.
    """
    person, channel = _person(box, given), given.text("channel")
    options: Json = {
        name: given.flag(name)
        for name in ("is_read_only", "is_thread_only", "is_non_threadable", "restricted")
    }
    allowed = given.texts("allowed")
    given.done()
    person.restrict(channel, allowed=allowed, **options)
    return {}


def start_huddle(box: Sandbox, given: Given) -> Json:
    """Somebody starts a huddle in a channel."""
    person, channel = _person(box, given), given.text("channel")
    given.done()
    message = person.start_huddle(channel)
    return {"channel": message.channel, "ts": message.ts}


def delete_file(box: Sandbox, given: Given) -> Json:
    """Somebody deletes a file; messages keep a tombstone of it."""
    person, file = _person(box, given), given.text("file")
    given.done()
    person.delete_file(file)
    return {}


def add_emoji(box: Sandbox, given: Given) -> Json:
    """A custom emoji."""
    name, url = given.text("name"), given.text("url")
    given.done()
    box.workspace.add_emoji(name, url)
    return {}


def add_usergroup(box: Sandbox, given: Given) -> Json:
    """A user group."""
    handle, name, users = given.text("handle"), given.text("name"), given.texts("users")
    given.done()
    return {"usergroup": box.workspace.add_usergroup(handle, name, users)}


def direct_messages(box: Sandbox, given: Given) -> Json:
    """Opens the direct messages of a person and the bot."""
    person = _person(box, given)
    given.done()
    return {"channel": person.direct_messages().id}


def _in_channel(name: str, *texts: str) -> Act:
    """An act of a person that takes a channel and some texts."""

    def act(box: Sandbox, given: Given) -> Json:
        person, channel = _person(box, given), given.text("channel")
        values = [given.text(text) for text in texts]
        given.done()
        result = getattr(person, name)(channel, *values)
        return {"changed": result} if isinstance(result, bool) else {}

    return act


# --- the app's surfaces ----------------------------------------------------------------------


async def command(box: Sandbox, given: Given) -> Json:
    """Somebody types a slash command."""
    person = _person(box, given)
    name, text = given.text("command"), given.maybe("text") or ""
    channel = given.maybe("channel") or "general"
    given.done()
    return (await person.command(name, text, channel)).to_json()


async def shortcut(box: Sandbox, given: Given) -> Json:
    """Somebody uses a shortcut, of a message with `channel` and `ts`."""
    person, callback = _person(box, given), given.text("callback_id")
    channel, ts = given.maybe("channel"), given.maybe("ts")
    given.done()
    if channel is not None and ts is not None:
        return (await person.message_shortcut(callback, channel, ts)).to_json()
    return (await person.shortcut(callback)).to_json()


def open_home(box: Sandbox, given: Given) -> Json:
    """Somebody opens the App Home."""
    person = _person(box, given)
    tab = given.choice("tab", "home", "messages")
    given.done()
    return {"view": person.open_home(tab)}


def _element(given: Given) -> Json:
    return {
        "channel": given.maybe("channel"),
        "ts": given.maybe("ts"),
        "block_id": given.maybe("block_id"),
        "view": given.maybe("view"),
    }


async def act(box: Sandbox, given: Given) -> Json:
    """Somebody clicks or chooses."""
    person, action_id = _person(box, given), given.text("action_id")
    value, where = given.anything("value"), _element(given)
    given.done()
    return (await person.act(action_id, value, **where)).to_json()


async def suggest(box: Sandbox, given: Given) -> Json:
    """Somebody types into an external select."""
    person, action_id = _person(box, given), given.text("action_id")
    typed, where = given.maybe("typed") or "", _element(given)
    given.done()
    return {"options": await person.suggest(action_id, typed, **where)}


def fill(box: Sandbox, given: Given) -> Json:
    """Somebody puts something into an input."""
    person, action_id = _person(box, given), given.text("action_id")
    value, block_id = given.anything("value"), given.maybe("block_id")
    given.done()
    person.fill(action_id, value, block_id)
    return {}


async def submit(box: Sandbox, given: Given) -> Json:
    """Somebody submits the open modal."""
    person, values = _person(box, given), given.mapping("values")
    given.done()
    return (await person.submit(values)).to_json()


async def close(box: Sandbox, given: Given) -> Json:
    """Somebody closes a view, or the modal."""
    person, everything = _person(box, given), given.flag("everything")
    given.done()
    return {"outcomes": [outcome.to_json() for outcome in await person.close(everything)]}


# --- the wire --------------------------------------------------------------------------------


async def cut_sockets(box: Sandbox, given: Given) -> Json:
    """Breaks all Socket Mode connections; `gently` with a close frame."""
    gently = given.flag("gently")
    given.done()
    return {"sockets": await box.dispatcher.cut(abruptly=not gently)}


def refresh_sockets(box: Sandbox, given: Given) -> Json:
    """Tells the app to connect anew, as Slack does now and then.

    The sockets that are open are closed after `seconds` (10 unless said otherwise).
    """
    reason = given.choice("reason", "refresh_requested", "warning")
    seconds = given.number("seconds", REFRESH_DELAY)
    given.done()
    box.dispatcher.ask_to_reconnect(reason, REFRESH_DELAY if seconds is None else seconds)
    return {"sockets": len(box.dispatcher.sockets)}


def refuse_connections(box: Sandbox, given: Given) -> Json:
    """Slack cannot be reached, for `seconds` or until `accept_connections`.

    `what`: `sockets` refuses Socket Mode only; `everything` the Web API too.
    """
    what = given.choice("what", "sockets", "everything")
    seconds = given.number("seconds")
    given.done()
    box.refuse_connections(everything=what == "everything", seconds=seconds)
    return {}


def accept_connections(box: Sandbox, given: Given) -> Json:
    """Ends `refuse_connections`."""
    given.done()
    box.accept_connections()
    return {}


def fail_calls(box: Sandbox, given: Given) -> Json:
    """The next `count` calls of `method` (`*`: any) fail: see CallFault."""
    fault = CallFault(
        method=given.text("method"),
        kind=given.choice("kind", "http", "ratelimited", "error", "lost_answer", "slow"),  # type: ignore[arg-type]
        count=given.count("count", 1),
        status=given.count("status", 500),
        retry_after=given.count("retry_after", 1),
        error=given.maybe("error") or "internal_error",
        seconds=given.number("seconds", 0.0) or 0.0,
    )
    given.done()
    box.faults.calls.append(fault)
    return {}


def disturb_deliveries(box: Sandbox, given: Given) -> Json:
    """What happens to the next `count` deliveries of `event_type`: see DeliveryFault."""
    fault = DeliveryFault(
        kind=given.choice("kind", "drop", "lose", "repeat", "delay", "shuffle"),  # type: ignore[arg-type]
        count=given.count("count", 1),
        event_type=given.maybe("event_type"),
        times=given.count("times", 2),
        seconds=given.number("seconds", 1.0) or 0.0,
    )
    given.done()
    box.faults.deliveries.append(fault)
    return {}


def clear_faults(box: Sandbox, given: Given) -> Json:
    """Nothing goes wrong any more; what a shuffle holds back is sent."""
    given.done()
    box.faults.clear()
    box.dispatcher.release()
    box.workspace.bad_pictures.clear()
    return {}


def refuse_pictures(box: Sandbox, given: Given) -> Json:
    """Pictures whose address begins so cannot be downloaded."""
    prefix = given.text("prefix")
    given.done()
    box.workspace.bad_pictures.add(prefix)
    return {}


def set_rate_limits(box: Sandbox, given: Given) -> Json:
    """Chooses the regime of rate limits."""
    regime = given.choice("regime", "none", "internal", "restricted")
    given.done()
    box.limits.regime = regime  # type: ignore[assignment]
    box.limits.reset()
    return {}


async def use_http(box: Sandbox, given: Given) -> Json:
    """Everything comes by HTTP requests to `url` from now on; without one as the manifest says."""
    url = given.maybe("url")
    given.done()
    if url is None:
        box.dispatcher.request_url = None
        return {}
    try:
        await box.dispatcher.verify(url)
    except NotAcknowledged as error:
        raise Refusal("url_not_verified", [str(error)]) from None
    return {}


def deliver(box: Sandbox, given: Given) -> Json:
    """Tells the app an event just as it is given, for what no workspace would do."""
    event = given.mapping("event")
    given.done()
    box.dispatcher.deliver(event)
    return {}


async def move_clock(box: Sandbox, given: Given) -> Json:
    """Lets time pass by one of the steps that the clock has, if it can be moved at all."""
    steps = box.extras.clock
    if not steps:
        raise Refusal("no_clock", ["the clock of this sandbox is the machine's"])
    step = given.choice("step", *steps)
    given.done()
    said = await steps[step]()
    return {"now": box.workspace.now, "said": said or ""}


async def settle(box: Sandbox, given: Given) -> Json:
    """Waits until the app has acknowledged, or Slack given up, all that it was told."""
    given.done()
    await box.settle()
    return {}


async def reset(box: Sandbox, given: Given) -> Json:
    """The workspace as it was at the start, with the same IDs; sockets stay open."""
    given.done()
    box.reset()
    return {}


ACTS: dict[str, Act] = {
    "post": post,
    "bot_post": bot_post,
    "edit": edit,
    "delete": _in_channel("delete", "ts"),
    "broadcast": _in_channel("broadcast", "ts"),
    "unfurl": unfurl,
    "react": _in_channel("react", "ts", "name"),
    "unreact": _in_channel("unreact", "ts", "name"),
    "pin": _in_channel("pin", "ts"),
    "unpin": _in_channel("unpin", "ts"),
    "join": _in_channel("join"),
    "leave": _in_channel("leave"),
    "invite": _in_channel("invite", "whom"),
    "kick": _in_channel("kick", "whom"),
    "set_topic": _in_channel("set_topic", "topic"),
    "rename_channel": _in_channel("rename", "name"),
    "archive": _in_channel("archive"),
    "unarchive": _in_channel("unarchive"),
    "delete_channel": _in_channel("delete_channel"),
    "restrict_channel": restrict_channel,
    "start_huddle": start_huddle,
    "end_huddle": _in_channel("end_huddle", "ts"),
    "delete_file": delete_file,
    "add_person": add_person,
    "change_person": change_person,
    "deactivate": deactivate,
    "add_channel": add_channel,
    "add_emoji": add_emoji,
    "add_usergroup": add_usergroup,
    "direct_messages": direct_messages,
    "command": command,
    "shortcut": shortcut,
    "open_home": open_home,
    "act": act,
    "suggest": suggest,
    "fill": fill,
    "submit": submit,
    "close": close,
    "cut_sockets": cut_sockets,
    "refresh_sockets": refresh_sockets,
    "refuse_connections": refuse_connections,
    "accept_connections": accept_connections,
    "fail_calls": fail_calls,
    "disturb_deliveries": disturb_deliveries,
    "clear_faults": clear_faults,
    "refuse_pictures": refuse_pictures,
    "set_rate_limits": set_rate_limits,
    "use_http": use_http,
    "deliver": deliver,
    "move_clock": move_clock,
    "settle": settle,
    "reset": reset,
}


async def perform(box: Sandbox, name: str, data: Any) -> Json:
    """Does what an act's name and arguments say. Raises Refusal."""
    found = ACTS.get(name)
    if found is None:
        raise Refusal("unknown_act", [f"there is no act {name!r}"])
    result = found(box, Given(data))
    return result if isinstance(result, dict) else await result
