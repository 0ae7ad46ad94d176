"""The board: a session's questions as a page for a projector or a phone, live."""
