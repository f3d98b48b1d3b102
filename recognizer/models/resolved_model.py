"""Describe a model on this machine, and find its checkpoint, calibration and int8 ranges."""

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
"""Of the checkpoints that ``train`` writes."""


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model on this machine, ready to run."""

    name: str
    """Name in the catalogue; for a graph of one's own the stem of its file."""
    graph: Path
    """ONNX file: faces (batch, 3, S, S) to vectors (batch, D), as its spec says."""
    fingerprint: str
    """Identifies the weights, the same on every machine and engine; vectors are compared only within one."""
    origin: str
    """One sentence: where it comes from, and why it was chosen."""
    calibration: Path | None
    """Calibration file of these weights; ``None`` without one."""
    checkpoint: Path | None = None
    """The ``.pt`` file of the torch network ``name``, where there is one."""
    spec: EmbedderSpec = EDGEFACE
    """Input and output of the graph."""
    own_graph: bool = False
    """An ONNX file of one's own, which must be checked by a first run."""
    has_defaults: bool = True
    """Its similarities are distributed as EdgeFace's, so cautious default thresholds apply without a calibration."""
    ranges: Path | None = None
    """File of the int8 ranges of its layers, where they were measured."""


def places(weights_dir: Path | None) -> Iterator[tuple[str, Path]]:
    """Yield the folders to search for official checkpoints, in order, as (name for messages, folder)."""
    if weights_dir is not None:
        yield f"--weights-dir {weights_dir}", weights_dir
    if chosen := os.environ.get(FOLDER_VARIABLE):
        yield f"{FOLDER_VARIABLE} {chosen}", Path(chosen).expanduser()


def in_folder(entry: Entry, folder: Path) -> Path | None:
    """Find the file in a folder that has the name of the model's checkpoint."""
    if not entry.has_network:
        return None
    stems = [entry.name, *([entry.official_stem] if entry.official_stem else [])]
    found = (folder / f"{stem}{suffix}" for stem in stems for suffix in CHECKPOINT_SUFFIXES)
    return next((path for path in found if os.path.isfile(path)), None)


def calibration_place(name: str, fingerprint: str, cache: Cache) -> Path:
    """Return the path of a model's calibration: in the package for official ``auto`` models, else in the cache."""
    entry = CATALOGUE.get(name)
    if entry is not None and entry.in_auto:
        official = entry.blob_id or (git_blob_id(entry.shipped) if entry.shipped and entry.shipped_file else "")
        if fingerprint == fingerprint_of(name, official):
            return SHIPPED_FOLDER / "calibration" / f"{name}.json"
    return cache.calibration(fingerprint)


def calibration_of(name: str, fingerprint: str, cache: Cache) -> Path | None:
    """Return the calibration file of a model; ``None`` without one."""
    path = calibration_place(name, fingerprint, cache)
    return path if os.path.isfile(path) else None


def ranges_of(fingerprint: str, cache: Cache) -> Path | None:
    """Return the int8 ranges measured on this machine, else those in the package; ``None`` without any."""
    found = (cache.ranges(fingerprint), SHIPPED_FOLDER / "ranges" / f"{fingerprint}.npz")
    return next((path for path in found if os.path.isfile(path)), None)


def doubt(entry: Entry, fingerprint: str, cache: Cache) -> str:
    """Say that a graph of the cache came in a bundle and is not in the catalogue; else return nothing."""
    manifest = cache.manifest(fingerprint)
    if manifest is None or not manifest.brought or manifest.sha256 == entry.graph_sha256:
        return ""
    return "; it came in a bundle: unverified"


def known(
    entry: Entry, graph: Path, fingerprint: str, origin: str, checkpoint: Path | None, cache: Cache
) -> ResolvedModel:
    """Describe a graph whose network is in the catalogue."""
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
