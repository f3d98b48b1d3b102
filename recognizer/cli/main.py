"""The command line: one module of this folder per command; ``run`` is the default command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from recognizer import __version__
from recognizer.cli import _console, _lazily
from recognizer.cli._lazily import LazyGroup, Listed

_START, _RECOGNISE, _PEOPLE = "Start here", "Recognise", "People, and who was seen"
_OTHERS, _MEASURE, _MODELS = "Other systems", "Thresholds and measurements", "Models"

COMMANDS = {
    "demo": Listed(
        _START, "Try everything on a short clip of people in the public domain; exits 0 only if all is right."
    ),
    "run": Listed(
        _START,
        "Recognise the people of the gallery in a video; photos and screens held before a camera are not detected.",
    ),
    "identify": Listed(
        _RECOGNISE, "Say who is in these pictures; photos and screens held before a camera are not detected."
    ),
    "verify": Listed(_RECOGNISE, "Compare the most prominent faces of two pictures."),
    "predict": Listed(
        _RECOGNISE, "Embed the face nearest the centre of each picture; after an interruption the same command resumes."
    ),
    "enroll": Listed(
        _PEOPLE, "Enrol everybody who has a folder of photos in the gallery; forget those whose folder is gone."
    ),
    "health": Listed(
        _OTHERS,
        "Ask whether recognition is well; exit status 0 if it is, 1 if not. A picture older than 5 s is not well.",
    ),
    "doctor": Listed(
        _OTHERS, "Check everything a run needs, and say what to do; the exit status is 1 when something is broken."
    ),
    "calibrate": Listed(_MEASURE, "Derive thresholds from a false-name budget; write them where run finds them."),
    "serve": Listed(_START, "The web service: REST, live pictures and the page."),
    "gallery": Listed(_PEOPLE, "The enrolled people: list, remove, rename, audit, consent, reembed."),
    "history": Listed(_PEOPLE, "Who was seen when; 'run --history' keeps it."),
    "index": Listed(_PEOPLE, "Index recordings in the history: who appears in which file, and when."),
    "fleet": Listed(_OTHERS, "Several boxes, one gallery and one history."),
    "webhook": Listed(_OTHERS, "Send events to web addresses."),
    "notify": Listed(_OTHERS, "Send notifications to phones, mailboxes and chats."),
    "cameras": Listed(_OTHERS, "Network cameras: find them, and their streams."),
    "evaluate": Listed(_MEASURE, "Measure verification, identification, video, quality and clusters."),
    "bench": Listed(_MEASURE, "Measure speed, as ratios within one run."),
    "models": Listed(_MODELS, "Embedding models: list, fetch, import, and where they lie."),
    "train": Listed(_MODELS, "Teach an embedding model; stop it at any time, and the same command resumes."),
}
"""Each is in the module of its name, which is imported when it is called; a test compares the texts."""


class _Group(LazyGroup):
    listed = COMMANDS


app = typer.Typer(
    cls=_Group,
    help="Real-time face recognition on video: who is there, at once, without wrong names.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"recognizer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Real-time face recognition on video: who is there, at once, without wrong names."""


def prepare(arguments: list[str]) -> None:
    """Import the module of the command that is called, if there is such a command."""
    if arguments and arguments[0] in COMMANDS:
        _lazily.load(arguments[0])


def run_command_line(arguments: list[str]) -> int:
    """Run a command; returns the exit status."""
    name = Path(sys.argv[0]).name
    return _console.guarded(app, arguments, name="python -m recognizer" if name == "__main__.py" else name)
