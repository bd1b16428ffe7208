"""What the commands `campaign` and `dnc` share: the desk they work at, and errors as one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from controller.configure import SettingsError, load, parse_override

Command = Callable[..., Any]


@contextmanager
def told() -> Iterator[None]:
    """What a person did wrong, or what is not there, as one line and not as a traceback."""
    from controller.dialer.desk import CampaignRefused
    from controller.dialer.export import TooManyRows
    from controller.dialer.importing.source import FileRefused
    from controller.dialer.numbers import BadNumber
    from controller.dialer.ports import BadTransition, CampaignExists, UnknownCampaign
    from controller.storage.engine import StorageError

    try:
        yield
    except UnknownCampaign as error:
        raise click.ClickException(f"{error}; `switchtalk campaign list` shows them") from error
    except CampaignRefused as error:
        raise click.ClickException("\n  ".join(["this can't be:", *error.reasons])) from error
    except (
        BadNumber,
        BadTransition,
        CampaignExists,
        FileRefused,
        StorageError,
        TooManyRows,
        OSError,
    ) as error:
        raise click.ClickException(str(error)) from error


def desk_group(group: Command) -> Command:
    """A click group whose commands get the desk of the installation."""
    group = click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="A setting.")(
        group
    )
    return click.option("--config", type=click.Path(path_type=Path), help="TOML file.")(group)


def open_for(context: click.Context, config: Path | None, overrides: tuple[str, ...]) -> None:
    """Open the desk, until the command is over."""
    from controller.campaign_desk import open_desk

    opened = ExitStack()
    context.call_on_close(opened.close)
    with told():
        try:
            settings = load(config, dict(map(parse_override, overrides)))
        except SettingsError as error:
            raise click.ClickException(str(error)) from error
        context.obj = opened.enter_context(open_desk(settings))
