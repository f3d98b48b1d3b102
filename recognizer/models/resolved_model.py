"""A model on this machine, ready to run; where its files and its thresholds lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, SHIPPED_FOLDER, Entry, fingerprint_of
from recognizer.models.digest import git_blob_id
from recognizer.models.published_specs import EDGEFACE
from recognizer.types.spec import EmbedderSpec

FOLDER_VARIABLE = "RECOGNIZER_WEIGHTS"
CHECKPOINT_SUFFIXES = (".pt", ".pth", ".tar")
TRAINED_SUFFIX = ".ckpt"
"""Of what ``train`` leaves."""


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model on this machine, ready to run."""

    name: str
    """In the catalogue; for a graph of one's own the stem of its file."""
    graph: Path
    """ONNX file: faces (batch, 3, S, S) to vectors (batch, D), as its spec says."""
    fingerprint: str
    """The same on every machine and engine for the same weights, and different for others."""
    origin: str
    """One sentence: which was taken, and why."""
    calibration: Path | None
    """Thresholds measured for these weights, where there are any."""
    checkpoint: Path | None = None
    """The ``.pt`` file, where it is at hand, for those who want the torch network (variant ``name``)."""
    spec: EmbedderSpec = EDGEFACE
    """How the graph is fed and read."""
    own_graph: bool = False
    """An ONNX file of one's own, which nobody has checked yet."""
    has_defaults: bool = True
    """Its similarities are EdgeFace's, so that cautious thresholds hold where nobody measured any."""
    ranges: Path | None = None
    """Which of its layers may multiply bytes, where somebody measured it."""


def places(weights_dir: Path | None) -> Iterator[tuple[str, Path]]:
    """The folders that may hold official checkpoints, as (what to call it, folder), in the order they are searched."""
    if weights_dir is not None:
        yield f"--weights-dir {weights_dir}", weights_dir
    if chosen := os.environ.get(FOLDER_VARIABLE):
        yield f"{FOLDER_VARIABLE} {chosen}", Path(chosen).expanduser()


def in_folder(entry: Entry, folder: Path) -> Path | None:
    """The file in a folder that should be the model's checkpoint."""
    if not entry.has_network:
        return None
    stems = [entry.name, *([entry.official_stem] if entry.official_stem else [])]
    found = (folder / f"{stem}{suffix}" for stem in stems for suffix in CHECKPOINT_SUFFIXES)
    return next((path for path in found if path.is_file()), None)


def calibration_place(name: str, fingerprint: str, cache: Cache) -> Path:
    """Where the thresholds measured for a model lie, or would lie: with the package for those that ``auto`` takes."""
    entry = CATALOGUE.get(name)
    if entry is not None and entry.in_auto:
        official = entry.blob_id or (git_blob_id(entry.shipped) if entry.shipped and entry.shipped_file else "")
        if fingerprint == fingerprint_of(name, official):
            return SHIPPED_FOLDER / "calibration" / f"{name}.json"
    return cache.calibration(fingerprint)


def calibration_of(name: str, fingerprint: str, cache: Cache) -> Path | None:
    """The thresholds measured for a model, where there are any."""
    path = calibration_place(name, fingerprint, cache)
    return path if path.is_file() else None


def ranges_of(fingerprint: str, cache: Cache) -> Path | None:
    """Which layers may multiply bytes, as measured on this machine, or for the package."""
    found = (cache.ranges(fingerprint), SHIPPED_FOLDER / "ranges" / f"{fingerprint}.npz")
    return next((path for path in found if path.is_file()), None)


def known(
    entry: Entry, graph: Path, fingerprint: str, origin: str, checkpoint: Path | None, cache: Cache
) -> ResolvedModel:
    """A graph whose network the catalogue knows."""
    return ResolvedModel(
        entry.name,
        graph,
        fingerprint,
        origin,
        calibration_of(entry.name, fingerprint, cache),
        checkpoint,
        spec=entry.spec,
        has_defaults=entry.in_auto,
        ranges=ranges_of(fingerprint, cache),
    )
