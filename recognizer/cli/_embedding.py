"""Options and settings that evaluate, calibrate and predict share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.app import config

CacheOption = Annotated[Path | None, typer.Option("--cache", help="Folder in which vectors are cached.")]


def settings_for(
    config_file: Path | None,
    *,
    model: str | None,
    engine: str | None,
    weights_dir: Path | None,
    spec: str | None = None,
    gallery: Path | None = None,
) -> config.Settings:
    """Load settings with the options of these commands."""
    overrides: dict[str, dict[str, Any]] = {
        "engine": {"name": engine},
        "embed": {"model": model, "weights_dir": weights_dir, "spec": spec},
        "gallery": {"folder": gallery},
    }
    return config.load(config_file, overrides)
