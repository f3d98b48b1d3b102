"""Describe commands, routes, errors and the Python API as Markdown, from the program itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import click
import typer.main

from docsite.settings import cell, settings_page
from recognizer import errors
from recognizer.cli._console import BUG
from recognizer.cli.main import app

OPENAPI = Path(__file__).parent.parent / "docs" / "openapi.json"
_PYTHON = """# Python API

Generated from the docstrings. [From Python](../python.md) has an example.

::: recognizer.api.FaceRecognizer
"""


def pages() -> dict[str, str]:
    """Return the generated pages by their path in the site."""
    return {
        "reference/settings.md": settings_page(),
        "reference/commands.md": commands_page(),
        "reference/rest.md": rest_page(json.loads(OPENAPI.read_text("utf-8"))),
        "reference/exit-codes.md": exit_codes_page(),
        "reference/python-api.md": _PYTHON,
    }


def commands_page() -> str:
    """Return the page of all commands, their arguments and options."""
    parts = ["# Commands\n\nGenerated from the program. `--help` after a command prints the same.\n"]
    for words, command in walk_commands(typer.main.get_command(app), ()):
        parts.append(f"## {' '.join(words)}\n\n{_text(command.help)}\n")
        rows = [_parameter(each) for each in command.params if not getattr(each, "hidden", False)]
        if rows:
            parts.append("| | default | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def walk_commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command that does something, with the words that call it."""
    children: Mapping[str, Any] = getattr(command, "commands", {})
    if words and (not children or getattr(command, "invoke_without_command", False)):
        yield words, command
    for name, child in children.items():
        if not child.hidden:
            yield from walk_commands(child, (*words, name))


def rest_page(description: Mapping[str, Any]) -> str:
    """Return the page of all routes of an OpenAPI description."""
    parts = [
        "# REST\n\nGenerated from [openapi.json](../openapi.json), which the service also shows at `/docs`. "
        "[The service](../service.md) has examples, the scopes of tokens and the form of errors.\n"
    ]
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            parts.append(f"## {method.upper()} {path}\n\n{_text(route.get('description') or route.get('summary'))}\n")
            rows = [_query(each) for each in route.get("parameters", ())]
            if rows:
                parts.append("| parameter | where | values | meaning |\n| --- | --- | --- | --- |")
                parts.append("\n".join(rows) + "\n")
            if body := route.get("requestBody"):
                parts.append("Body: " + ", ".join(f"`{kind}`" for kind in body["content"]) + ".\n")
            parts.append("Answers: " + ", ".join(route["responses"]) + ".\n")
    return "\n".join(parts)


def exit_codes_page() -> str:
    """Return the page of exit statuses, from the tree of errors."""
    rows = ["| status | error | when |\n| --- | --- | --- |", "| 0 | | done, or stopped by a signal |"]
    kinds: set[type[errors.RecognizerError]] = {errors.RecognizerError, *_subclasses(errors.RecognizerError)}
    for kind in sorted(kinds, key=lambda kind: (kind.exit_code, len(kind.__mro__), kind.__name__)):
        rows.append(f"| {kind.exit_code} | `{kind.__name__}` | {cell((kind.__doc__ or '').split(chr(10))[0])} |")
    rows += [f"| {BUG} | | a bug: run the same with `--debug`, and report it |", "| 130 | | stopped by Ctrl-C |"]
    return "# Exit statuses\n\nGenerated from the errors of the program.\n\n" + "\n".join(rows) + "\n"


def _subclasses(kind: type[errors.RecognizerError]) -> Iterator[type[errors.RecognizerError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _subclasses(child)


def _parameter(parameter: click.Parameter) -> str:
    is_option = parameter.param_type_name == "option"
    words = [*parameter.opts, *parameter.secondary_opts]
    names = ", ".join(f"`{each}`" for each in words) if is_option else f"`{(parameter.name or '').upper()}`"
    default = parameter.default
    shown = "" if default in (None, False, ()) or callable(default) else f"`{cell(str(default))}`"
    return f"| {names} | {shown or ('needed' if parameter.required else '')} | {cell(_text(_help(parameter)))} |"


def _help(parameter: click.Parameter) -> str:
    return cast(str, getattr(parameter, "help", None) or "")


def _query(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    kinds = [schema, *schema.get("anyOf", ())]
    names = ", ".join(dict.fromkeys(str(kind["type"]) for kind in kinds if kind.get("type", "null") != "null"))
    needed = ", needed" if parameter.get("required") else ""
    return f"| `{parameter['name']}` | {parameter['in']} | {names}{needed} | {cell(parameter.get('description', ''))} |"


def _text(text: str | None) -> str:
    return (text or "").replace("\b", "").replace("<", "&lt;").replace("``", "`").strip()
