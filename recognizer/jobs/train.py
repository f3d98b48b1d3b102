"""``train``: teach the project's own small embedder by distillation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path, typer.Option(help="YAML file that describes the run.")] = Path("configs/distil.yaml"),
) -> None:
    """Train to the end of the schedule, or resume where the last run in the same folder was stopped."""
    from recognizer.train import fit, settings

    fit.distil(settings.read(config))
