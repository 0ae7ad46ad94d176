"""Methods that Slack has and the sandbox does not.

They answer `unknown_method`, and say that it is the sandbox that lacks them, so that nobody looks
for a misspelt name. From <https://docs.slack.dev/reference/methods> and
<https://github.com/slackapi/slack-api-specs>; methods of administrators (`admin.*`) go without
saying.
"""

from __future__ import annotations

_FAMILIES = """
agents.conversations: archive create getCanvas listViews removeView setCanvasContent setCommands
    setProperties setView
agents.sessions: rename setStatus
apps: uninstall
apps.event.authorizations: list
apps.icon: set
apps.managed.permissions: set
apps.manifest: create delete export update validate
apps.permissions: info request
apps.permissions.resources: list
apps.permissions.scopes: list
apps.permissions.users: list request
apps.user.connection: bulkUpdate requestAuth update
assistant.search: context info
assistant.threads: setStatus setSuggestedPrompts setTitle
auth: revoke
auth.teams: list
blocks: validate
bookmarks: add edit list remove
calls: add end info update
calls.participants: add remove
canvases: create delete edit getContent
canvases.access: delete set
canvases.sections: lookup
channels: archive create history info invite join kick leave list mark rename replies setPurpose
    setTopic unarchive
chat: appendStream deleteScheduledMessage meMessage scheduleMessage startStream stopStream
    unfurl
chat.scheduledMessages: list
conversations: acceptSharedInvite approveSharedInvite archive close declineSharedInvite invite
    inviteShared kick listConnectInvites mark rename setPurpose unarchive
conversations.canvases: create
conversations.externalInvitePermissions: set
conversations.requestSharedInvite: approve deny list
dialog: open
dnd: endDnd endSnooze info setSnooze teamInfo
entity: presentDetails
files: revokePublicURL sharedPublicURL upload
files.comments: delete
files.remote: add info list remove share update
functions: completeError completeSuccess
groups: archive create createChild history info invite kick leave list mark open rename replies
    setPurpose setTopic unarchive
im: close history list mark open replies
migration: exchange
mpim: close history list mark open replies
oauth: access token
oauth.v2: access exchange
openid.connect: token userInfo
reactions: list
reminders: add complete delete info list
rtm: connect start
search: all files messages
slackLists: create update
slackLists.access: delete set
slackLists.download: get start
slackLists.items: create delete deleteMultiple info list update
slackbot.skills: create delete info list update
slackbot.skills.library: add remove
stars: add list remove
team: accessLogs billableInfo integrationLogs
team.billing: info
team.externalTeams: disconnect list
team.preferences: list
team.profile: get
tooling.tokens: rotate
usergroups: create disable enable update
usergroups.users: update
users: deletePhoto getPresence identity setActive setPhoto setPresence
users.discoverableContacts: lookup
users.profile: get set
workflows: stepCompleted stepFailed updateStep
workflows.featured: add list remove set
"""


def _names() -> frozenset[str]:
    found, family = set(), ""
    for word in _FAMILIES.split():
        if word.endswith(":"):
            family = word[:-1]
        else:
            found.add(f"{family}.{word}")
    return frozenset(found)


ABSENT = _names()


def is_absent(method: str) -> bool:
    """Whether Slack has a method of this name that the sandbox does not have."""
    return method in ABSENT or method.startswith("admin.")
