"""Use cases, one file each: they join the domain with files, database and Slack."""
