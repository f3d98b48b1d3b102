"""Start the command line: ``python -m recognizer``, ``python main.py`` and the command ``recognizer`` are the same.

The module path, the signals and the outputs come first: importing a command takes most of one.
"""

from __future__ import annotations

import os
import sys

from recognizer.addresses import scarce, too_few
from recognizer.children import protect_this_process

protect_this_process()

_NOT_INSTALLED = (
    "error: the package {} is not installed for this Python; run 'pip install -r requirements.txt' "
    "(on an edge box requirements-edge.txt), or activate the environment it was installed in."
)
_START = """Three things to do:
  python main.py demo                   see it work, on a clip that it makes
  python main.py run --source SOURCE    recognise: a video file, folder of photos, webcam (0) or rtsp:// address
  python main.py serve                  a page in the browser: cameras, people, unknown people, timeline
'python main.py --help' lists everything. Without a command, webcam 0 is tried now."""


def main() -> int:
    """Run the command line of this process; returns the exit status."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's products are small here; more threads wait
    if problem := too_few():
        print(f"error: {problem}", file=sys.stderr)
        return 2
    from recognizer.runtime import stopping, streams

    streams.install()
    words = with_default_command(sys.argv[1:])
    if words[0] in {"run", "serve"}:
        stopping.end_at_once()
    if not sys.argv[1:] and "_RECOGNIZER_COMPLETE" not in os.environ:  # a shell asks so for what Tab completes
        print(_START, file=sys.stderr)
    if note := scarce():
        print(f"note: {note}", file=sys.stderr)
    try:
        from recognizer.cli.main import prepare, run_command_line

        prepare(words)
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("recognizer"):
            print(_NOT_INSTALLED.format(error.name), file=sys.stderr)
            streams.finish()
            return 2
        sys.stderr = sys.__stderr__  # nobody would wait for the thread that writes the traceback
        raise

    status = run_command_line(words)
    streams.finish()
    return status


_WITHOUT_COMMAND = {"-h", "--help", "--version", "--install-completion", "--show-completion"}


def with_default_command(arguments: list[str]) -> list[str]:
    """Put ``run`` before arguments that name no command: none at all, or options only."""
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _WITHOUT_COMMAND):
        return ["run", *arguments]
    return arguments


if __name__ == "__main__":
    sys.exit(main())
