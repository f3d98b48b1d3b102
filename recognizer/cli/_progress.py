"""Bars on standard error: a model being fetched and converted, and things being counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from recognizer.cli import _console
from recognizer.models.download import Progress as Report


@contextmanager
def model_bar(to: Console = _console.err) -> Iterator[Report]:
    """Show what the model store reports, on standard error, and leave nothing behind; silent in a pipe."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, transient=True, disable=not to.is_terminal) as bar:
        tasks = {}

        def report(what: str, done: int, whole: int | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=whole)
            steps = whole == 1  # a step that is done or not, without bytes
            bar.update(tasks[what], completed=done, total=None if steps and not done else whole)

        yield report


@contextmanager
def counting(what: str, to: Console = _console.err) -> Iterator[Callable[[int, int], None]]:
    """Show, on standard error, how many of how many are done and the time left; silent in a pipe."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, transient=True, disable=not to.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
