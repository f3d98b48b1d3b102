"""Commands whose modules are imported when they are called: importing all of them takes 0.2 s."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup


class Listed(NamedTuple):
    """What the list of commands says of one; the rest is in the module of its name."""

    panel: str
    help: str
    """The first paragraph of its help."""


class LazyCommands(dict[str, Any]):
    """Click's commands by name, each imported when it is read for the first time.

    Args:
        listed: the commands, in the order in which they are listed.
    """

    def __init__(self, listed: Mapping[str, Listed]) -> None:
        super().__init__(dict.fromkeys(listed))
        self._listed = listed

    def __getitem__(self, name: str) -> Any:
        if super().__getitem__(name) is None:
            self[name] = _load(name, self._listed[name].panel)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the command, or ``default`` if there is none of this name."""
        return self[name] if name in self else default  # noqa: SIM401 - this is get()

    def values(self) -> Any:
        """Yield all commands."""
        return (self[name] for name in self)

    def items(self) -> Any:
        """Yield the names of all commands, each with the command."""
        return ((name, self[name]) for name in self)


class LazyGroup(TyperGroup):
    """The command line; its list of commands imports none of them."""

    listed: Mapping[str, Listed] = {}
    """All commands; set by a subclass."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": LazyCommands(self.listed)})
        self._lists = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, in the order of the list."""
        return list(self.listed)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; while the help is written, its line there alone."""
        if self._lists and cmd_name in self.listed:
            panel, words = self.listed[cmd_name]
            return TyperCommand(cmd_name, help=words, rich_help_panel=panel)
        return super().get_command(ctx, cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        self._lists = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._lists = False


def load(name: str) -> Any:
    """Import the module of a command and return what it registers: a function, or an app of several commands."""
    module = importlib.import_module(f"recognizer.cli.{name}")
    return getattr(module, "app", None) or getattr(module, name)


def _load(name: str, panel: str) -> Any:
    found, holder = load(name), typer.Typer(callback=lambda: None)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name, rich_help_panel=panel)
    else:
        holder.command(name, rich_help_panel=panel)(found)
    return typer.main.get_group(holder).commands[name]
