"""Marginalia: a Slack bot that hosts live Q&A sessions between authors and readers."""

__version__ = "0.2.0"
