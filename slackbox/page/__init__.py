"""The workspace as a page, on the control port: for people who try the app without Slack."""
