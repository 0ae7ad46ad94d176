"""What the bot does when Slack refuses a call: one table for every error code.

`verdict` looks up a method of the Web API and a code; a test holds the table against the
documented codes of every method that the bot calls, and writes it into docs/reliability.md.
The meaning of each code stands on the page of its method, such as
<https://docs.slack.dev/reference/methods/chat.postMessage>.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.texts import N_, _


class Then(StrEnum):
    """What happens to a call that Slack refused."""

    DONE = "nothing is left to do"
    RETRY = "tried again"
    WAIT_CHANNEL = "waits for the channel"
    WAIT_APP = "waits for the app"
    WAIT_ALONE = "waits alone"
    GIVE_UP = "given up"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a code leads to, and what a person can do about it (a text of the catalogue)."""

    then: Then
    remedy: str = ""


UNKNOWN = Verdict(
    Then.WAIT_ALONE,
    N_("Marginalia does not know this code; look it up at docs.slack.dev, or report it"),
)
"""What a code leads to that is not in the table."""

_TABLE = {
    Then.DONE: {"": "already_pinned already_reacted no_pin no_reaction not_pinned"},
    Then.RETRY: {
        "": (
            "external_channel_migrating fatal_error file_update_failed hash_conflict "
            "internal_error invalid_cursor list_record_comment_fetch_failed rate_limited "
            "ratelimited request_timeout service_unavailable streaming_state_conflict "
            "team_added_to_org unable_to_fetch_custom_emojis unknown_error update_failed"
        ),
    },
    Then.WAIT_CHANNEL: {
        N_("the channel does not exist or is private; invite the bot to it"): (
            "channel_not_found invalid_channel"
        ),
        N_("the bot is not in the channel; type `/invite @Marginalia` there"): "not_in_channel",
        N_("the channel is archived; unarchive it or move the event to another channel"): (
            "is_archived is_inactive"
        ),
        N_("posting in the channel is restricted; let the bot post there"): (
            "restricted_action restricted_action_read_only_channel posting_to_channel_denied"
        ),
        N_(
            "the channel only allows replies in threads; allow top-level messages in the "
            "channel's posting permissions"
        ): "restricted_action_thread_only_channel",
        N_(
            "the bot may not do this here; invite it to the channel, or compare its scopes "
            "with the manifest"
        ): ("access_denied channel_is_limited_access no_permission"),
        N_(
            "the channel cannot have more members; remove some or move the event to another channel"
        ): ("too_many_members"),
        N_("this person cannot get messages; ask whether the account is still in use"): (
            "invalid_user_combination user_disabled user_not_found user_not_visible"
        ),
    },
    Then.WAIT_APP: {
        N_(
            "the bot's token no longer works; install the app again and put the new token "
            "into SLACK_BOT_TOKEN"
        ): (
            "account_inactive invalid_auth is_bot not_allowed_token_type not_authed "
            "token_expired token_revoked"
        ),
        N_(
            "the app lacks a permission; compare its scopes with the manifest and install it again"
        ): "missing_scope",
        N_("the workspace's administrators restrict the app; ask them to approve it"): (
            "app_access_restricted ekm_access_denied enterprise_is_restricted forbidden_team "
            "org_login_required two_factor_setup_required"
        ),
        N_("Slack does not accept calls from this network; ask the administrators"): (
            "accesslimited"
        ),
        N_("the app is not installed in this workspace; install it"): (
            "invalid_team team_not_found"
        ),
        N_("the workspace has reached a limit of its plan; upgrade the plan or wait"): (
            "message_limit_exceeded plan_upgrade_required"
        ),
        N_(
            "this is turned off in the app's settings; turn on the Home tab and the "
            "Messages tab under App Home"
        ): "messages_tab_disabled not_enabled not_implemented",
    },
    Then.WAIT_ALONE: {
        N_("the thread is locked or does not allow replies; unlock it, or drop the message"): (
            "cannot_reply_to_message restricted_action_non_threadable_channel "
            "restricted_action_thread_locked thread_locked thread_not_found"
        ),
        N_(
            "the rules for shared channels do not allow its content; change them, or drop "
            "the message"
        ): (
            "slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked "
            "slack_connect_clip_sharing_blocked slack_connect_file_link_sharing_blocked "
            "slack_connect_file_upload_sharing_blocked slack_connect_lists_sharing_blocked"
        ),
        N_("the workspace does not allow this file; allow it, or drop it"): (
            "blocked_file_type channels_limit_exceeded file_share_limit_reached "
            "file_type_not_allowed file_upload_size_restricted "
            "file_uploads_disabled file_uploads_except_images_disabled max_file_sharing_exceeded "
            "storage_limit_reached unable_to_share_files"
        ),
        N_("the workspace does not let the bot post under another name and picture; allow it"): (
            "send_on_behalf_not_allowed"
        ),
        N_("there are too many pins or reactions already; remove some, or drop it"): (
            "too_many_emoji too_many_pins too_many_reactions"
        ),
        N_("Slack allows no pin or reaction there; allow it, or drop it"): (
            "no_access not_pinnable not_reactable"
        ),
    },
    Then.GIVE_UP: {
        N_("what it refers to is gone or cannot be changed any more; drop it"): (
            "block_mismatch cant_broadcast_message cant_delete_message cant_update_message "
            "draft_already_deleted draft_already_sent draft_has_conflict draft_not_found "
            "duplicate_channel_not_found duplicate_message_not_found edit_window_closed "
            "file_comment_not_found file_deleted file_is_deleted file_not_found "
            "file_not_shared message_not_found no_dual_broadcast_content_update not_found "
            "user_not_in_channel"
        ),
        N_("the form was open for too long, or the click was too old; try again"): (
            "duplicate_external_id exchanged_trigger_id expired_trigger_id invalid_trigger_id "
            "push_limit_reached"
        ),
        N_("it is too long or too large for Slack; report it, or drop it"): (
            "alt_txt_too_large attachment_payload_limit_exceeded metadata_too_large "
            "msg_blocks_too_long msg_too_long snippet_too_large too_many_attachments "
            "too_many_contact_cards too_many_users view_too_large"
        ),
        N_("Slack does not understand the request; update Marginalia and retry it, or report it"): (
            "as_user_not_supported bad_timestamp deprecated_endpoint insecure_request "
            "invalid_arg_name invalid_arguments invalid_array_arg invalid_attachments "
            "invalid_blocks invalid_blocks_format invalid_charset invalid_form_data "
            "invalid_limit invalid_metadata_filter_keys invalid_metadata_format "
            "invalid_metadata_schema invalid_name invalid_post_type invalid_ts_latest "
            "invalid_ts_oldest invalid_types limit_required markdown_text_conflict "
            "metadata_must_be_sent_from_app method_deprecated "
            "method_not_supported_for_channel_type missing_args missing_argument "
            "missing_file_data missing_post_type missing_profile_id no_item_specified "
            "no_text not_enough_users unknown_method unknown_snippet_type unknown_subtype "
            "users_list_not_supplied users_not_found"
        ),
    },
}
"""By what happens, and by the remedy: the codes."""

CODES = {
    code: Verdict(then, remedy)
    for then, remedies in _TABLE.items()
    for remedy, codes in remedies.items()
    for code in codes.split()
}
"""What each code leads to, whichever method it comes from."""

EXCEPTIONS: dict[tuple[str, str], Verdict] = {
    # The message was deleted meanwhile; with it goes what was to be done to it.
    ("chat.delete", "message_not_found"): Verdict(Then.DONE),
    ("pins.add", "message_not_found"): Verdict(Then.DONE),
    ("reactions.add", "message_not_found"): Verdict(Then.DONE),
    ("reactions.remove", "message_not_found"): Verdict(Then.DONE),
    ("conversations.replies", "thread_not_found"): Verdict(Then.DONE),
    # A private note for somebody who has left the channel has no reader.
    ("chat.postEphemeral", "user_not_in_channel"): Verdict(Then.DONE),
    # A private channel that the bot sees is one that it is in.
    ("conversations.join", "method_not_supported_for_channel_type"): Verdict(Then.DONE),
    # Who may pin is a setting of its own: the channel can still be posted in.
    ("pins.add", "restricted_action"): Verdict(
        Then.WAIT_ALONE, N_("the workspace does not let the bot pin; pin it yourself, or allow it")
    ),
    # Reactions and pins need scopes of their own, without which messages can still be posted.
    **{
        (method, "missing_scope"): Verdict(Then.WAIT_ALONE, CODES["missing_scope"].remedy)
        for method in ("pins.add", "reactions.add", "reactions.remove", "chat.delete")
    },
    # Asked again about another member, not about this one.
    ("users.info", "user_not_found"): Verdict(Then.DONE),
    ("users.info", "user_not_visible"): Verdict(Then.DONE),
}
"""Where a code of one method leads elsewhere than that code does in general."""


def verdict(method: str, code: str) -> Verdict:
    """What Slack's error `code` leads to when `method` (`chat.postMessage`) was called."""
    return EXCEPTIONS.get((method, code)) or CODES.get(code, UNKNOWN)


def is_known(method: str, code: str) -> bool:
    """Whether the table has the code."""
    return (method, code) in EXCEPTIONS or code in CODES


def remedy(method: str, code: str) -> str:
    """What a person can do, in the language in use; '' where nothing needs doing."""
    text = verdict(method, code).remedy
    return _(text) if text else ""


def explain(method: str, code: str) -> str:
    """A refusal in one line: the method, Slack's code and the remedy."""
    text = remedy(method, code)
    return f"{method}: {code}" + (f"; {text}" if text else "")
