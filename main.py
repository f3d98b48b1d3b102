"""python main.py COMMAND: each command is one module in recognizer/cli; ``run`` is the one without a name."""

from __future__ import annotations

import os
import sys

from recognizer.children import protect_this_process

protect_this_process()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's products here are small; more threads wait for each other

import typer  # noqa: E402 - not before the module path is safe

from recognizer.runtime import stopping, streams  # noqa: E402


def with_default_command(arguments: list[str]) -> list[str]:
    """``main.py`` alone, or with options only, means ``main.py run``."""
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help"}):
        return ["run", *arguments]
    return arguments


if __name__ == "__main__":  # before the rest is imported, which takes a second and opens files
    streams.take_over()
    if with_default_command(sys.argv[1:])[0] == "run":
        stopping.end_at_once()

from recognizer.cli import (  # noqa: E402
    _console,
    bench,
    calibrate,
    demo,
    enroll,
    evaluate,
    gallery,
    identify,
    models,
    predict,
    run,
    train,
    verify,
)

app = typer.Typer(
    help="Real-time face recognition on video: who is there, at once, without wrong names.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(enroll.enroll)
app.command()(identify.identify)
app.command()(verify.verify)
app.command()(predict.predict)
app.command()(demo.demo)
app.command()(calibrate.calibrate)
app.add_typer(bench.app, name="bench")
app.add_typer(train.app, name="train")
app.add_typer(gallery.app, name="gallery")
app.add_typer(models.app, name="models")
app.add_typer(evaluate.app, name="evaluate")

if __name__ == "__main__":
    status = _console.guarded(app, with_default_command(sys.argv[1:]))
    streams.finish()
    sys.exit(status)
