"""People click, type and submit; Bolt answers."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from slackbox.errors import Refusal
from slackbox.server import Sandbox
from tests.slackbox.conftest import CHANNEL, MANIFEST, Clock, Told, refusal
from tests.waiting import PATIENCE, until


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def modal(*blocks: dict[str, Any], title: str = "Ask", **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain(title), "submit": plain("Send"),
            "blocks": list(blocks), **more}  # fmt: skip


def question(**more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": "question",
        "label": plain("Your question"),
        "element": {"type": "plain_text_input", "action_id": "text", "max_length": 20, **more},
    }


def buttons(*actions: str) -> dict[str, Any]:
    return {
        "type": "actions",
        "block_id": "buttons",
        "elements": [
            {"type": "button", "text": plain(a), "action_id": a, "value": a.upper()}
            for a in actions
        ],
    }


async def test_a_command_and_its_answer(told: Told, box: Sandbox, channel: str):
    seen: dict[str, Any] = {}

    @told.app.command("/qa")
    async def qa(ack: Any, command: dict[str, Any]) -> None:
        seen.update(command)
        await ack(text="Help is near")

    outcome = await box.person("mirela").command("/qa", "author @odalys in #general", CHANNEL)
    assert outcome.acknowledged
    odalys = box.workspace.member("odalys").id
    general = box.workspace.channel("general").id
    assert seen["text"] == f"author <@{odalys}|odalys> in <#{general}|general>"
    assert seen["command"] == "/qa"
    assert seen["channel_id"] == channel
    assert seen["channel_name"] == CHANNEL
    assert seen["user_name"] == "mirela"
    (note,) = box.workspace.ephemerals
    assert (note.user, note.text) == (box.workspace.member("mirela").id, "Help is near")


async def test_a_command_the_app_does_not_answer():
    async with Sandbox(MANIFEST, ack_timeout=0.1) as box:
        told = Told(box)
        await told.connect()

        @told.app.command("/qa")
        async def qa(command: dict[str, Any]) -> None:
            """Forgets to acknowledge."""

        outcome = await box.person("mirela").command("/qa", "", CHANNEL)
        assert not outcome.acknowledged
        assert outcome.failure == "timeout"
        await told.close()
        outcome = await box.person("mirela").command("/qa", "", CHANNEL)
        assert not outcome.acknowledged


async def test_commands_and_shortcuts_that_the_manifest_does_not_have(box: Sandbox):
    mirela = box.person("mirela")
    with pytest.raises(Refusal, match="unknown_command"):
        await mirela.command("/nothing")
    with pytest.raises(Refusal, match="unknown_shortcut"):
        await mirela.shortcut("answers")  # it is one of messages
    with pytest.raises(Refusal, match="not_in_channel"):
        await mirela.command("/qa", "", "organizers")


async def test_a_form_from_the_shortcut_to_the_submission(told: Told, box: Sandbox):
    submitted: dict[str, Any] = {}

    @told.app.shortcut("ask")
    async def ask(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        opened = await client.views_open(
            trigger_id=body["trigger_id"],
            view=modal(question(), callback_id="ask", private_metadata="42"),
        )
        assert opened["view"]["id"].startswith("V")

    @told.app.view("ask")
    async def sent(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        value = view["state"]["values"]["question"]["text"]["value"]
        if not value.endswith("?"):
            await ack(response_action="errors", errors={"question": "That is no question"})
            return
        submitted.update(view)
        await ack()

    mirela = box.person("mirela")
    assert (await mirela.shortcut("ask")).acknowledged
    await until(lambda: box.surfaces.top(mirela.id))
    with pytest.raises(Refusal, match="required"):
        await mirela.submit()
    with pytest.raises(Refusal, match="at most 20"):
        await mirela.submit({"text": "x" * 21})
    outcome = await mirela.submit({"text": "Because"})
    assert outcome.errors == {"question": "That is no question"}
    view = box.surfaces.top(mirela.id)
    assert view is not None
    assert view.state["question"]["text"]["value"] == "Because"
    outcome = await mirela.submit({"text": "Why?"})
    assert outcome.acknowledged
    assert box.surfaces.top(mirela.id) is None
    assert submitted["private_metadata"] == "42"
    assert submitted["state"]["values"]["question"]["text"] == {
        "type": "plain_text_input",
        "value": "Why?",
    }


async def test_views_are_pushed_updated_and_cleared(told: Told, box: Sandbox):
    mirela = box.person("mirela")
    closed: list[tuple[str, bool]] = []

    @told.app.action("more")
    async def more(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_push(
            trigger_id=body["trigger_id"],
            view=modal(buttons("more"), question(), callback_id="second", notify_on_close=True),
        )

    @told.app.view("second")
    async def second(ack: Any) -> None:
        await ack(response_action="update", view=modal(question(), title="Third"))

    @told.app.view_closed("second")
    async def second_closed(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        closed.append((body["view"]["callback_id"], body["is_cleared"]))

    def top() -> Any:
        return box.surfaces.top(mirela.id)

    async def depth(number: int) -> None:
        await until(lambda: len(box.surfaces.modals.get(mirela.id, ())) == number)

    trigger = box.surfaces.trigger(mirela.id)
    opened = await told.client.views_open(trigger_id=trigger, view=modal(buttons("more")))
    first = opened["view"]
    assert (await mirela.act("more")).acknowledged
    await depth(2)
    assert top().previous == first["id"]
    assert top().root == first["id"]
    mirela.fill("text", "kept?")
    assert (await mirela.submit()).acknowledged
    assert top().content["title"]["text"] == "Third"
    # Block and action ID are the same, so what was typed is still there.
    assert top().state["question"]["text"]["value"] == "kept?"
    await mirela.close()
    await depth(1)
    await mirela.act("more")
    await depth(2)
    await mirela.act("more")
    await depth(3)
    trigger = box.surfaces.trigger(mirela.id, view=top())
    answer = await refusal(told.client.views_push(trigger_id=trigger, view=modal(question())))
    assert answer["error"] == "push_limit_reached"
    outcomes = await mirela.close(everything=True)
    assert [o.acknowledged for o in outcomes] == [True, True]
    assert top() is None
    assert closed == [("second", True)] * 2

    answer = await refusal(told.client.views_update(view_id=first["id"], view=modal(question())))
    assert answer["error"] == "not_found"


async def test_updates_by_external_id_and_hash(told: Told, box: Sandbox):
    mirela = box.person("mirela")
    opened = await told.client.views_open(
        trigger_id=box.surfaces.trigger(mirela.id), view=modal(question(), external_id="form-1")
    )
    old = opened["view"]["hash"]
    updated = await told.client.views_update(
        external_id="form-1", hash=old, view=modal(question(), external_id="form-1", title="New")
    )
    assert updated["view"]["hash"] != old
    answer = await refusal(
        told.client.views_update(external_id="form-1", hash=old, view=modal(question()))
    )
    assert answer["error"] == "hash_conflict"
    answer = await refusal(
        told.client.views_open(
            trigger_id=box.surfaces.trigger(box.person("toby").id),
            view=modal(question(), external_id="form-1"),
        )
    )
    assert answer["error"] == "duplicate_external_id"


async def test_triggers_are_good_once_and_for_three_seconds():
    clock = Clock(100.0)
    async with Sandbox(MANIFEST, monotonic=clock) as box:
        client = AsyncWebClient(token=box.bot_token, base_url=box.api_url)
        user = box.workspace.member("mirela").id
        trigger = box.surfaces.trigger(user)
        # A view that is refused costs no trigger.
        answer = await refusal(client.views_open(trigger_id=trigger, view=modal(title="x" * 25)))
        assert answer["error"] == "invalid_arguments"
        assert "json-pointer:/view/title" in answer["response_metadata"]["messages"][0]
        clock.now += 3.0
        await client.views_open(trigger_id=trigger, view=modal(question()))
        answer = await refusal(client.views_open(trigger_id=trigger, view=modal(question())))
        assert answer["error"] == "exchanged_trigger_id"
        trigger = box.surfaces.trigger(user)
        clock.now += 3.1
        answer = await refusal(client.views_open(trigger_id=trigger, view=modal(question())))
        assert answer["error"] == "expired_trigger_id"


async def test_the_app_home(told: Told, box: Sandbox):
    mirela = box.person("mirela")
    done = asyncio.Event()

    @told.app.action("refresh")
    async def refresh(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        assert body["container"] == {"type": "view", "view_id": body["view"]["id"]}
        assert body["actions"][0]["value"] == "REFRESH"
        done.set()

    assert mirela.open_home() is None
    event = await told.event()
    assert event["type"] == "app_home_opened"
    assert event["tab"] == "home"
    home = {"type": "home", "blocks": [buttons("refresh")]}
    published = await told.client.views_publish(user_id=mirela.id, view=home)
    assert published["view"]["type"] == "home"
    shown = mirela.open_home()
    assert shown is not None
    assert shown["blocks"][0]["elements"][0]["action_id"] == "refresh"
    assert (await mirela.act("refresh", view="home")).acknowledged
    await asyncio.wait_for(done.wait(), PATIENCE)
    again = await told.client.views_publish(user_id=mirela.id, view={"type": "home", "blocks": []})
    assert again["view"]["id"] == published["view"]["id"]


async def test_buttons_and_menus_in_messages(told: Told, box: Sandbox, channel: str):
    bodies: list[dict[str, Any]] = []

    async def clicked(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    for action in ("yes", "menu", "who", "many", "when", "dots"):
        told.app.action(action)(clicked)

    options = [{"text": plain(v), "value": v} for v in ("one", "two", "three")]
    said = await told.client.chat_postMessage(
        channel=channel,
        text="Choose",
        blocks=[
            buttons("yes"),
            {
                "type": "section",
                "text": plain("Menu"),
                "accessory": {"type": "static_select", "action_id": "menu", "options": options},
            },
            {
                "type": "actions",
                "elements": [
                    {"type": "users_select", "action_id": "who"},
                    {"type": "multi_static_select", "action_id": "many", "options": options},
                    {"type": "datepicker", "action_id": "when"},
                    {"type": "overflow", "action_id": "dots", "options": options},
                ],
            },
        ],
    )
    where = {"channel": channel, "ts": said["ts"]}
    mirela = box.person("mirela")
    for action, value in (
        ("yes", None), ("menu", "two"), ("who", "toby"), ("many", ["one", "three"]),
        ("when", "2026-01-05"), ("dots", "three"),
    ):  # fmt: skip
        assert (await mirela.act(action, value, **where)).acknowledged
    with pytest.raises(Refusal, match="no_such_option"):
        await mirela.act("menu", "four", **where)
    with pytest.raises(Refusal, match="no_such_element"):
        await mirela.act("missing", **where)
    await until(lambda: len(bodies) == 6)
    first = bodies[0]
    assert first["type"] == "block_actions"
    assert first["user"]["id"] == mirela.id
    assert first["container"] == {
        "type": "message", "message_ts": said["ts"], "channel_id": channel, "is_ephemeral": False,
    }  # fmt: skip
    assert first["message"]["ts"] == said["ts"]
    assert first["actions"][0]["value"] == "YES"
    assert first["actions"][0]["block_id"] == "buttons"
    assert bodies[1]["actions"][0]["selected_option"]["value"] == "two"
    assert bodies[2]["actions"][0]["selected_user"] == box.workspace.member("toby").id
    assert [o["value"] for o in bodies[3]["actions"][0]["selected_options"]] == ["one", "three"]
    assert bodies[4]["actions"][0]["selected_date"] == "2026-01-05"
    assert bodies[5]["actions"][0]["selected_option"]["value"] == "three"
    state = bodies[5]["state"]["values"]
    assert [v["menu"]["selected_option"]["value"] for v in state.values() if "menu" in v] == ["two"]


async def test_answers_to_a_button(told: Told, box: Sandbox, channel: str):
    mirela = box.person("mirela")
    answered = asyncio.Event()

    @told.app.action("hide")
    async def hide(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="gone", replace_original=True)
        await respond(text="only you", response_type="ephemeral")
        await respond(text="for all", response_type="in_channel")
        await respond(delete_original=True)
        answered.set()

    said = await told.client.chat_postMessage(channel=channel, text="x", blocks=[buttons("hide")])
    await mirela.act("hide", channel=channel, ts=said["ts"])
    await asyncio.wait_for(answered.wait(), PATIENCE)
    history = (await told.client.conversations_history(channel=channel))["messages"]
    assert [m["text"] for m in history] == ["for all"]
    assert [note.text for note in box.workspace.ephemerals] == ["only you"]
    (gone,) = box.workspace.channel(CHANNEL).deleted.values()
    assert gone.text == "gone"


async def test_buttons_in_notes(told: Told, box: Sandbox, channel: str):
    mirela = box.person("mirela")
    answered = asyncio.Event()

    @told.app.action("ok")
    async def ok(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        assert body["container"]["is_ephemeral"] is True
        assert "message" not in body
        await respond(text="thanks", replace_original=True)
        answered.set()

    said = await told.client.chat_postEphemeral(
        channel=channel, user=mirela.id, text="x", blocks=[buttons("ok")]
    )
    assert (await told.client.conversations_history(channel=channel))["messages"] == []
    await mirela.act("ok", channel=channel, ts=said["message_ts"])
    await asyncio.wait_for(answered.wait(), PATIENCE)
    (note,) = box.workspace.ephemerals
    assert note.text == "thanks"
    with pytest.raises(Refusal, match="message_not_found"):
        await box.person("toby").act("ok", channel=channel, ts=said["message_ts"])


async def test_response_urls_wear_out(told: Told, box: Sandbox, channel: str):
    clock = Clock(0.0)
    async with Sandbox(MANIFEST, monotonic=clock) as box:
        user = box.workspace.member("mirela").id
        where = box.workspace.channel(CHANNEL).id
        url = box.surfaces.response_url(where, user)
        token = url.partition("/response/")[2]
        with pytest.raises(Refusal, match="no_text"):
            box.surfaces.respond(token, {})
        for _ in range(5):
            box.surfaces.respond(token, {"text": "x"})
        with pytest.raises(Refusal, match="used_url"):
            box.surfaces.respond(token, {"text": "x"})
        fresh = box.surfaces.response_url(where, user).partition("/response/")[2]
        clock.now += 1801
        with pytest.raises(Refusal, match="expired_url"):
            box.surfaces.respond(fresh, {"text": "x"})


async def test_a_shortcut_on_a_message(told: Told, box: Sandbox, channel: str):
    seen: dict[str, Any] = {}

    @told.app.shortcut({"callback_id": "answers", "type": "message_action"})
    async def answers(ack: Any, body: dict[str, Any]) -> None:
        seen.update(body)
        await ack()

    posted = box.person("mirela").post(CHANNEL, "Because")
    odalys = box.person("odalys")
    assert (await odalys.message_shortcut("answers", CHANNEL, posted.ts)).acknowledged
    assert seen["message"]["text"] == "Because"
    assert seen["message_ts"] == posted.ts
    assert seen["channel"]["id"] == channel
    assert seen["user"]["id"] == odalys.id


async def test_suggestions(told: Told, box: Sandbox):
    mirela = box.person("mirela")

    @told.app.options("similar")
    async def similar(ack: Any, payload: dict[str, Any]) -> None:
        typed = payload["value"]
        await ack(options=[{"text": plain(f"{typed} {i}"), "value": f"q{i}"} for i in range(3)])

    block = {
        "type": "input",
        "block_id": "pick",
        "label": plain("Which?"),
        "element": {"type": "external_select", "action_id": "similar", "min_query_length": 0},
    }
    await told.client.views_open(
        trigger_id=box.surfaces.trigger(mirela.id), view=modal(block, callback_id="m")
    )
    with pytest.raises(Refusal, match="no_such_option"):
        mirela.fill("similar", "q1")
    options = await mirela.suggest("similar", "why")
    assert [o["text"]["text"] for o in options] == ["why 0", "why 1", "why 2"]
    mirela.fill("similar", "q1")
    view = box.surfaces.top(mirela.id)
    assert view is not None
    assert view.state["pick"]["similar"]["selected_option"]["value"] == "q1"


async def test_an_update_that_slack_would_not_show(told: Told, box: Sandbox):
    mirela = box.person("mirela")

    @told.app.view("bad")
    async def bad(ack: Any) -> None:
        await ack(response_action="errors", errors={"nowhere": "?"})

    await told.client.views_open(
        trigger_id=box.surfaces.trigger(mirela.id),
        view=modal(question(initial_value="x"), callback_id="bad"),
    )
    outcome = await mirela.submit()
    assert not outcome.acknowledged
    assert "errors must name blocks" in str(outcome.failure)
    assert box.surfaces.top(mirela.id) is not None


async def test_a_file_is_handed_over(told: Told, box: Sandbox, channel: str):
    uploaded = await told.client.files_upload_v2(
        channel=channel,
        content="archive: []\n",
        filename="book.md",
        title="The archive",
        initial_comment="Here it is",
    )
    file = uploaded["files"][0]
    assert file["name"] == "book.md"
    (event,) = await told.all()
    assert event["subtype"] == "file_share"
    assert event["text"] == "Here it is"
    assert event["files"][0]["title"] == "The archive"
    info = await told.client.files_info(file=file["id"])
    assert info["file"]["size"] == 12
    assert (await told.client.files_list(channel=channel))["paging"]["total"] == 1
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {box.bot_token}"}
        async with session.get(info["file"]["url_private"], headers=headers) as response:
            assert await response.text() == "archive: []\n"
        async with session.get(info["file"]["url_private"]) as response:
            assert response.status == 403
    await told.client.files_delete(file=file["id"])
    with pytest.raises(SlackApiError, match="file_deleted"):
        await told.client.files_info(file=file["id"])
