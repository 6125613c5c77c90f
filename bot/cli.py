"""The command line: `python -m bot [run | loopback | demo]`."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bot import log, settings
from bot.errors import ParleyError

cli = typer.Typer(
    help="Parley, a Discord voice-channel bot on Gemini Live.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
)


@cli.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        run()


@cli.command()
def run() -> None:
    """Run the bot with the settings of .env and the environment."""
    try:
        loaded = settings.load()
    except ParleyError as error:
        _fail(str(error))
    log.configure(level=loaded.parley_log_level, style=loaded.parley_log_format, secrets=loaded.secrets)
    from bot import app  # takes 1.5 s to import; a wrong .env is told before

    _run_until_signalled(app.run(loaded))


@cli.command()
def loopback(
    guilds: Annotated[int, typer.Option(help="How many servers there are.")] = 1,
    live_port: Annotated[int, typer.Option(help="Port of the Live API; 0 chooses one.")] = 0,
    api_port: Annotated[int, typer.Option(help="Port of Discord's REST API and gateway; 0 chooses one.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="PART.NAME=VALUE, such as voice.loss=0.1; a wrong name lists all."),
    ] = None,
) -> None:
    """Serve a Discord and a Gemini Live on 127.0.0.1; one JSON line says where."""
    log.configure(level="warning")
    from bot.loopback.serve import main

    _run_until_signalled(main(guilds=guilds, live_port=live_port, api_port=api_port, faults=fault or ()))


@cli.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the recordings, the picture and the report go.")] = Path(
        "build/demo"
    ),
) -> None:
    """Show a whole conversation on the loopback: no token, no key."""
    from bot.demo import main

    raise typer.Exit(main(out))


def _run_until_signalled(main: Coroutine[Any, Any, None]) -> None:
    """Run `main`; SIGINT and SIGTERM cancel it, and it ends in order. Our own errors are one line, exit 1."""
    try:
        asyncio.run(_cancelled_by_signals(main))
    except ParleyError as error:
        _fail(str(error))
    except asyncio.CancelledError:
        raise typer.Exit(0) from None


async def _cancelled_by_signals(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await task


def _fail(text: str) -> NoReturn:
    print(text, file=sys.stderr)  # noqa: T201
    raise typer.Exit(1)
