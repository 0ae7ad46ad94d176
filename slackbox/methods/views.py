"""views.*"""

from __future__ import annotations

from typing import Any

from slackbox.errors import Refusal
from slackbox.methods.call import Call, method, methods
from slackbox.model import Json
from slackbox.surfaces import View


def open_(call: Call) -> Json:
    """Opens a modal."""
    return _shown(call, call.surfaces.open(_trigger(call), _view(call)))


def push(call: Call) -> Json:
    """Puts a view on an open modal."""
    return _shown(call, call.surfaces.push(_trigger(call), _view(call)))


def update(call: Call) -> Json:
    """Changes a view."""
    view = call.surfaces.update(
        call.text("view_id"), call.text("external_id"), call.text("hash"), _view(call)
    )
    return _shown(call, view)


def publish(call: Call) -> Json:
    """Sets a person's App Home."""
    user = call.required("user_id")
    return _shown(call, call.surfaces.publish(user, call.text("hash"), _view(call)))


def _trigger(call: Call) -> str:
    trigger = call.text("trigger_id") or call.text("interactivity_pointer")
    if not trigger:
        raise Refusal("invalid_arguments", ["[ERROR] missing required field: trigger_id"])
    return trigger


def _view(call: Call) -> Any:
    view = call.structure("view", "invalid_arguments")
    if view is None:
        raise Refusal("invalid_arguments", ["[ERROR] missing required field: view"])
    return view


def _shown(call: Call, view: View) -> Json:
    return {"view": call.surfaces.view_object(view)}


METHODS = methods(
    method(
        "views.open",
        open_,
        tier=4,
        args="trigger_id interactivity_pointer view",
        errors="duplicate_external_id exchanged_trigger_id expired_trigger_id "
        "invalid_trigger_id view_too_large",
    ),
    method(
        "views.push",
        push,
        tier=4,
        args="trigger_id interactivity_pointer view",
        errors="duplicate_external_id exchanged_trigger_id expired_trigger_id "
        "invalid_trigger_id push_limit_reached view_too_large",
    ),
    method(
        "views.update",
        update,
        tier=4,
        args="view view_id external_id hash",
        errors="duplicate_external_id hash_conflict not_found view_too_large",
    ),
    method(
        "views.publish",
        publish,
        tier=4,
        args="user_id view hash interactivity_pointer",
        errors="duplicate_external_id hash_conflict not_enabled view_too_large",
    ),
)
