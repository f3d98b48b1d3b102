"""What evaluate, calibrate and predict share: their options and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.app import config

CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Folder in which vectors are kept for the next time.")
]


def settings_for(
    config_file: Path | None,
    *,
    model: str | None,
    engine: str | None,
    weights_dir: Path | None,
    spec: str | None = None,
    gallery: Path | None = None,
) -> config.Settings:
    """Settings with the options that these commands have."""
    overrides: dict[str, dict[str, Any]] = {
        "engine": {"name": engine},
        "embed": {"model": model, "weights_dir": weights_dir, "spec": spec},
        "gallery": {"folder": gallery},
    }
    return config.load(config_file, overrides)
