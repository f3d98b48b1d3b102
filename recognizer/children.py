"""Start Python processes that import nothing through the working directory.

Python puts the working directory first on the module path of ``-c`` and ``-m``, and wherever ``PYTHONPATH`` has an
empty or relative entry: a ``torch.py`` that lies where the program is started would run. Every Python process of this
program is therefore started with what is here; ``tests/test_architecture.py`` holds everybody to it.

``-s`` is not passed: packages of ``pip install --user`` lie in the home directory, not in the working directory.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The folder that holds this package and ``main.py``."""

_QUIET = "ignore:resource_tracker:UserWarning"
"""Of the process in which ``multiprocessing`` frees what a process that was ended by a signal could not."""


def python_command(*arguments: str) -> list[str]:
    """Return a command line of this interpreter; run it with ``clean_environment()``.

    Args:
        arguments: as after ``python``: ``-m MODULE ...``, ``-c PROGRAM ...`` or a script's path.
    """
    return [sys.executable, "-P", *arguments]


def become_python(*arguments: str) -> NoReturn:
    """Replace this process by another Python, under the same process number; see ``python_command``."""
    os.execve(sys.executable, python_command(*arguments), clean_environment())  # noqa: S606 - ourselves


def clean_environment() -> dict[str, str]:
    """Return this process's environment, in which a Python finds this project and nothing in its working directory."""
    kept = [entry for entry in _python_path() if os.path.isabs(entry) and entry != PROJECT]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([PROJECT, *kept]), "PYTHONSAFEPATH": "1"}


def clean_path() -> list[str]:
    """Return ``sys.path`` without the working directory.

    It stays where it is the project's folder, or where ``PYTHONPATH`` names it in full.
    """
    entries = _python_path()
    named = {entry for entry in entries if os.path.isabs(entry)}
    relative = {os.path.abspath(entry) for entry in entries if not os.path.isabs(entry)} - named - {PROJECT}
    return [entry for entry in sys.path if entry not in relative and not _is_relative_folder(entry)]


def protect_this_process() -> None:
    """Import nothing through the working directory any more, here and in processes that libraries start.

    ``multiprocessing`` and Lightning start Python in their own ways: they hand on ``os.environ`` and ``sys.path``.
    """
    sys.path[:] = clean_path()  # first: it reads PYTHONPATH as it was
    os.environ.update(clean_environment())
    if _QUIET not in sys.warnoptions:
        sys.warnoptions.append(_QUIET)


def begin_pool_worker() -> None:
    """Let this process, which ``multiprocessing`` started, end with its parent, and leave Ctrl+C to it."""
    import multiprocessing  # not above: this module is there before nothing is found in the working directory
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        if (parent := multiprocessing.parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _is_relative_folder(entry: str) -> bool:
    """False for the names that path hooks of editable installs put there, which are no folders."""
    return not os.path.isabs(entry) and os.path.isdir(entry or os.curdir)


def _python_path() -> list[str]:
    given = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    return given.split(os.pathsep) if given else []
