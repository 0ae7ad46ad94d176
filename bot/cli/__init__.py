"""The commands, one file for each room of the house. They compose and decide nothing."""

from bot.cli.main import main

__all__ = ["main"]
