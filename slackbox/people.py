"""Who is in a workspace that nobody has described: the invented people of the examples."""

from __future__ import annotations

from slackbox.workspace import Workspace

PEOPLE = (
    # name, display name, handle, zone, title, is an admin
    ("Ines Kestrel", "Ines", "ines", "Europe/Berlin", "Organizer", True),
    ("Odalys Fenwright", "Odalys Fenwright", "odalys", "America/New_York", "Author", False),
    ("Bram Tessaly", "Bram", "bram", "Europe/Amsterdam", "Author", False),
    ("Mirela Sandoz", "mirela", "mirela", "Europe/Bucharest", "", False),
    ("Tobias Quill", "toby", "toby", "Europe/London", "", False),
    ("Anjali Vered", "Anjali V.", "anjali", "Asia/Kolkata", "", False),
    ("Koji Marlowe", "", "koji", "Asia/Tokyo", "", False),
)


def furnish(workspace: Workspace, members: int = 0) -> None:
    """Adds people and channels; the bot is in `book-of-the-week` and `organizers`.

    `members` are so many more people, who are in no channel: a workspace may be huge.
    """
    people = [
        workspace.add_person(
            real_name,
            display_name,
            name,
            tz,
            title=title,
            is_admin=admin,
            is_owner=admin,
            quiet=True,
        )
        for real_name, display_name, name, tz, title, admin in PEOPLE
    ]
    everybody = [person.id for person in people]
    organizer = everybody[0]
    bot = workspace.bot.user_id
    workspace.add_channel("general", organizer, members=everybody, purpose="Everybody")
    workspace.add_channel(
        "book-of-the-week", organizer, members=[*everybody, bot], topic="A book, a week, its author"
    )
    workspace.add_channel("organizers", organizer, is_private=True, members=[bot])
    for number in range(1, members + 1):
        workspace.add_person(f"Member Number {number}", name=f"member{number}", quiet=True)
