"""`marginalia sandbox`: a local Slack workspace, in the foreground."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import yaml

from bot.errors import UserError
from bot.slack.manifest import text
from bot.support.tasks import stopping
from bot.texts import _
from slackbox.errors import ManifestError
from slackbox.listening import NotLoopback
from slackbox.manifest import load, parse
from slackbox.server import Sandbox


def sandbox(
    port: Annotated[
        int, typer.Option(help="The port of Slack's API. 0 chooses a free port.", min=0, max=65535)
    ] = 8765,
    control_port: Annotated[
        int, typer.Option(help="The port of the test control.", min=0, max=65535)
    ] = 8766,
    host: Annotated[str, typer.Option(help="An address on loopback.")] = "127.0.0.1",
    manifest: Annotated[
        Path | None,
        typer.Option(help="An app's manifest: scopes, events, commands; Marginalia's by default."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same IDs and tokens.")] = 0,
    members: Annotated[
        int,
        typer.Option(
            help="Add this many members, to simulate a huge workspace.", min=0, max=200_000
        ),
    ] = 0,
) -> None:
    """Run a local Slack workspace, to use the bot without Slack. Stop it with Ctrl-C.

    Prints the settings with which the bot connects, and the address of the workspace in the
    browser. The tokens work only with this sandbox.
    """
    try:
        app = load(manifest) if manifest else parse(yaml.safe_load(text()))
        box = Sandbox(app, host, port, control_port, seed=seed, members=members)
        asyncio.run(_serve(box))
    except (ManifestError, NotLoopback) as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(
            _(
                "port {port} or {control_port} cannot be opened ({error}); choose others with "
                "--port and --control-port",
                port=port,
                control_port=control_port,
                error=error.strerror,
            )
        ) from None


async def _serve(box: Sandbox) -> None:
    stop = stopping()
    async with box:
        typer.echo(f"SLACK_API_URL={box.api_url}")
        typer.echo(f"SLACK_BOT_TOKEN={box.bot_token}")
        typer.echo(f"SLACK_APP_TOKEN={box.app_token}")
        typer.echo(f"SLACK_SIGNING_SECRET={box.signing_secret}")
        typer.echo(
            _(
                "# the workspace in the browser, and the test controls: {control_url}",
                control_url=box.control_url,
            )
        )
        await stop.wait()
