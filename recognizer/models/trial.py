"""Try a graph on a picture before it is accepted: in a process of its own, with limits on memory and time."""

from __future__ import annotations

import subprocess
from pathlib import Path

from recognizer.children import clean_environment, python_command
from recognizer.errors import ModelError, WeightsError

_TRIAL = "recognizer.embed.trial"
TRIAL_S = 120.0
"""EdgeFace XS takes 3 s on a busy machine, nearly all of it to start the process and the engine."""


def try_graph(graph: Path, name: str) -> None:
    """Run a graph on a picture and its mirror image.

    Args:
        graph: an ONNX file.
        name: the model that it is said to be; the spec is that of the catalogue.

    Raises:
        WeightsError: if the engine refuses it, or its vectors are not those of a network.
        ModelError: if no engine is installed.
    """
    command = python_command("-m", _TRIAL, str(graph.resolve()), name)
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            command, capture_output=True, text=True, env=clean_environment(), timeout=TRIAL_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"it did not end within {TRIAL_S:g} s on one picture.") from None
    if done.returncode == ModelError.exit_code:
        raise WeightsError(done.stdout.strip())
    if done.returncode:
        raise WeightsError(f"it ended the engine (status {done.returncode}).")
