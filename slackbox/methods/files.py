"""files.*: the upload in three steps, and looking at what is there.

<https://docs.slack.dev/messaging/working-with-files#upload>
"""

from __future__ import annotations

from html import escape
from typing import Any

from slackbox import blocks as block_kit
from slackbox import objects, richtext
from slackbox.errors import Refusal
from slackbox.ids import key_of
from slackbox.methods.call import Call, method, methods
from slackbox.methods.chat import customised
from slackbox.model import Channel, Json, Upload


def get_upload_url(call: Call) -> Json:
    """Where to send a file's content."""
    name = call.required("filename")
    length = call.integer("length")
    if length is None or length <= 0:
        raise Refusal("invalid_arguments", ["[ERROR] missing required field: length"])
    ws = call.workspace
    upload = ws.upload(call.me, name, b"", complete=False)
    upload.alt = call.text("alt_txt")
    upload.size = length
    upload.ticket = ws.ids.secret(40)
    ws.uploads[upload.ticket] = upload.id
    return {"upload_url": f"{call.base_url}/upload/v1/{upload.ticket}", "file_id": upload.id}


def complete_upload(call: Call) -> Json:
    """Shares what was sent."""
    ws = call.workspace
    uploads = _given(call)
    channels = _channels(call)
    comment = richtext.tidy(call.text("initial_comment"))
    username, icons = customised(call)
    blocks = call.structure("blocks", "invalid_blocks")
    if blocks is not None:
        if not isinstance(blocks, list):
            raise Refusal("invalid_blocks")
        blocks = block_kit.message(blocks, ws.block_id, ws.loads, too_long="invalid_blocks")
    thread_ts = call.text("thread_ts") or None
    for channel in channels:
        if call.me not in channel.members:
            raise Refusal("not_in_channel")
        key = key_of(thread_ts) if thread_ts else None
        restricted = ws.posting_for(channel, call.me).refusal(reply=thread_ts is not None)
        if restricted or channel.is_archived or (thread_ts and key not in channel.messages):
            raise Refusal("posting_to_channel_denied")
    for upload in uploads:
        upload.complete = True
        ws.uploads.pop(upload.ticket, None)
    for channel in channels:
        ws.post(
            channel,
            comment,
            bot=ws.bot,
            blocks=blocks,
            files=uploads,
            thread_ts=thread_ts,
            username=username,
            icons=icons,
        )
    return {"files": [_shown(call, upload) for upload in uploads]}


def _shown(call: Call, upload: Upload) -> Json:
    return objects.shared_file(upload, call.workspace.team, call.workspace.channels)


def _given(call: Call) -> list[Upload]:
    given = call.structure("files", "invalid_arguments")
    if not isinstance(given, list) or not given:
        raise Refusal("invalid_arguments", ["[ERROR] missing required field: files"])
    uploads = []
    for item in given:
        upload = _upload(call, item)
        title = item.get("title")
        if title is not None:
            upload.title = str(title)
        uploads.append(upload)
    return uploads


def _upload(call: Call, item: Any) -> Upload:
    upload = call.workspace.files.get(item.get("id", "")) if isinstance(item, dict) else None
    if upload is None or upload.deleted or upload.complete or upload.user != call.me:
        raise Refusal("file_not_found")
    if upload.content is None:
        raise Refusal("file_not_found", ["[ERROR] the file was not uploaded"])
    return upload


def _channels(call: Call) -> list[Channel]:
    names = call.names("channels")
    if call.text("channel_id"):
        names.insert(0, call.text("channel_id"))
    channels = []
    for name in names:
        channel = call.workspace.channels.get(name)
        if channel is None or not call.sees(channel):
            raise Refusal("channel_not_found")
        channels.append(channel)
    return channels


def info(call: Call) -> Json:
    """One file."""
    upload = _file(call)
    answer: Json = {
        "file": _shown(call, upload),
        "comments": [],
        "paging": {"count": 100, "total": 0, "page": 1, "pages": 0},
        "response_metadata": {"next_cursor": ""},
    }
    if upload.is_text:
        answer |= {
            "content": upload.text,
            "is_truncated": False,
            "content_highlight_html": f"<pre>{escape(upload.text)}</pre>",
            "content_highlight_html_truncated": False,
            "content_highlight_css": "",
        }
    return answer


def list_(call: Call) -> Json:
    """Files, page by page."""
    channel, user = call.text("channel"), call.text("user")
    files = [
        upload
        for upload in call.workspace.files.values()
        if upload.complete
        and not upload.deleted
        and (not channel or channel in upload.shares)
        and (not user or upload.user == user)
    ]
    count = call.integer("count") or 100
    page = call.integer("page") or 1
    return {
        "files": [_shown(call, upload) for upload in files[(page - 1) * count : page * count]],
        "paging": {
            "count": count,
            "total": len(files),
            "page": page,
            "pages": max(1, -(-len(files) // count)),
        },
    }


def delete(call: Call) -> Json:
    """Deletes a file."""
    upload = _file(call)
    if upload.user != call.me:
        raise Refusal("cant_delete_file")
    call.workspace.delete_file(upload)
    return {}


def _file(call: Call) -> Upload:
    upload = call.workspace.files.get(call.required("file"))
    if upload is None or not upload.complete:
        raise Refusal("file_not_found")
    if upload.deleted:
        raise Refusal("file_deleted")
    shared = [call.workspace.channels.get(channel) for channel in upload.shares]
    if upload.user != call.me and not any(c and call.me in c.members for c in shared):
        raise Refusal("file_not_found")
    return upload


METHODS = methods(
    method(
        "files.getUploadURLExternal",
        get_upload_url,
        tier=4,
        scopes=["files:write"],
        args="filename length alt_txt snippet_type",
    ),
    method(
        "files.completeUploadExternal",
        complete_upload,
        tier=4,
        scopes=["files:write"],
        args="files blocks channel_id channels initial_comment thread_ts username icon_emoji "
        "icon_url",
        errors="channel_not_found file_not_found invalid_blocks not_in_channel "
        "posting_to_channel_denied",
    ),
    method(
        "files.info",
        info,
        tier=4,
        scopes=["files:read"],
        args="file count cursor limit page",
        json=False,
        errors="file_deleted file_not_found",
    ),
    method(
        "files.list",
        list_,
        tier=3,
        scopes=["files:read"],
        args="channel count page show_files_hidden_by_limit team_id ts_from ts_to types user",
        json=False,
    ),
    method(
        "files.delete",
        delete,
        tier=3,
        scopes=["files:write"],
        args="file",
        errors="cant_delete_file file_deleted file_not_found",
    ),
)
