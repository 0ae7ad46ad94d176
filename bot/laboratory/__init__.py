"""Measures how good the pairing is. The bot itself uses nothing of it."""
