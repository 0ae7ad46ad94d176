"""Marginalia: a Slack bot that hosts live Q&A sessions between authors and readers."""
