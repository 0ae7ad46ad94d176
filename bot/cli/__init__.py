"""The commands, a file for each topic. They parse arguments, call services and print."""

from bot.cli.main import main

__all__ = ["main"]
