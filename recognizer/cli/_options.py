"""Options that several commands share, and the settings they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.app import config

GalleryOption = Annotated[
    Path | None, typer.Option("--gallery", "-g", help="Folder with one sub-folder of photos per person.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="YAML file with settings.")]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", "-m", help="Embedding model: a name from 'models list', auto, FILE.onnx, or NAME=FILE.pt."),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        "-e",
        help="Inference engine: auto, openvino (float), openvino-int8 (int8 layers where measured), onnxruntime or "
        "torch.",
    ),
]
WeightsDirOption = Annotated[Path | None, typer.Option("--weights-dir", help="Folder searched first for weight files.")]
SpecOption = Annotated[
    str | None,
    typer.Option(
        "--spec", help="Input and output of an .onnx file of your own: a kind or 'KEY: VALUE, ...'; see 'models spec'."
    ),
]
CacheOption = Annotated[Path | None, typer.Option("--cache", help="Folder in which vectors are cached.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Write one HTML file with tables and plots here.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def load_settings(
    config_file: Path | None = None,
    *,
    sources: Sequence[str] | None = None,
    gallery: Path | None = None,
    model: str | None = None,
    engine: str | None = None,
    weights_dir: Path | None = None,
    spec: str | None = None,
    **sections: Mapping[str, Any],
) -> config.Settings:
    """Load settings with the values of the shared options over them.

    Args:
        config_file: YAML file; ``None`` for defaults.
        sources: locations that replace those of the file.
        gallery: see ``GalleryOption``; ``None``, here and below: not given.
        model: see ``ModelOption``.
        engine: see ``EngineOption``.
        weights_dir: see ``WeightsDirOption``.
        spec: see ``SpecOption``.
        sections: section -> key -> value, for options of one command only.

    Raises:
        ConfigError: naming the key, what was wanted and what was given.
    """
    shared: dict[str, dict[str, Any]] = {
        "gallery": {"folder": gallery},
        "embed": {"model": model, "weights_dir": weights_dir, "spec": spec},
        "engine": {"name": engine},
    }
    overrides = shared | {name: {**shared.get(name, {}), **keys} for name, keys in sections.items()}
    return config.load(config_file, overrides, sources=sources)
