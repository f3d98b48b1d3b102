"""Official checkpoints: fetch them, take them from a file, and turn each into a graph once."""

from __future__ import annotations

from pathlib import Path

from recognizer.errors import WeightsError
from recognizer.weights.cache import Cache
from recognizer.weights.catalogue import CATALOGUE, Entry, entry_of, entry_with_digest
from recognizer.weights.digest import git_blob_id
from recognizer.weights.fetch import Progress, download, no_progress


def fetch(entry: Entry, cache: Cache, *, progress: Progress = no_progress) -> Path:
    """Have the official checkpoint in the cache, downloading it where it is missing or altered.

    Raises:
        WeightsError: if the model has no download or the download fails.
    """
    if entry.url is None or entry.blob_id is None:
        raise WeightsError(f"{entry.name} comes with the repository; there is nothing to fetch.")
    with cache.locked(entry.name):
        path = cache.checkpoint(entry.name)
        if not path.is_file() or git_blob_id(path) != entry.blob_id:
            download(entry.url, path, blob_id=entry.blob_id, progress=progress)
    return path


def import_checkpoint(path: Path, cache: Cache, *, name: str | None = None, progress: Progress = no_progress) -> str:
    """Verify an official checkpoint, copy it into the cache and convert it; returns the model's name.

    Raises:
        WeightsError: if the file is missing, or is none of the official ones, or not the one named.
    """
    if not path.is_file():
        raise WeightsError(f"There is no file {path}.")
    came = git_blob_id(path)
    name = name or getattr(entry_with_digest(came), "name", None) or variant_of(path)
    if name is None:
        raise WeightsError(f"{path} is none of the official files (digest {came}); --name says which it should be.")
    entry = entry_of(name)
    if came != entry.blob_id:
        raise WeightsError(
            f"{path} is not the official {name}: wanted digest {entry.blob_id}, came {came} "
            f"({path.stat().st_size} bytes). Fetch it again; a file of your own is used by --model {name}={path}"
        )
    kept = cache.add_checkpoint(name, path)
    converted(cache, name, entry.fingerprint, kept, progress)
    return name


def converted(cache: Cache, variant: str, signed: str, checkpoint: Path, progress: Progress = no_progress) -> Path:
    """The graph of a checkpoint, from the cache or made now.

    Args:
        cache: where graphs are kept.
        variant: which network the checkpoint holds.
        signed: fingerprint of the checkpoint.
        checkpoint: a ``.pt`` file.
        progress: told that conversion began and ended.

    Raises:
        WeightsError: if the file is refused, torch is not installed, or the graph computes something else.
    """
    if found := cache.graph(signed):
        return found

    def make(target: Path) -> float:
        try:
            from recognizer.embed import convert  # loads torch, which a lean install does not have
        except ModuleNotFoundError as error:
            raise WeightsError(
                f"Converting {checkpoint} needs the package {error.name}, which this install leaves out. On a "
                "machine that has it: python main.py models export-bundle models.zip; here: python main.py models "
                "import models.zip"
            ) from error
        return convert.to_onnx(variant, checkpoint, target)

    progress(f"converting {variant}, once", 0, 1)
    graph = cache.add_graph(variant, signed, make)
    progress(f"converting {variant}, once", 1, 1)
    return graph


def by_hand(entry: Entry) -> str:
    """How a person gets a published model onto a machine without a network."""
    return f"save {entry.url} on another machine, then here: python main.py models import {entry.name}.pt"


def variant_of(path: Path) -> str | None:
    """The variant that a file name tells: the longest name of a published model that its stem begins with."""
    fitting = [e.name for e in CATALOGUE.values() if e.url and path.stem.lower().startswith(e.name)]
    return max(fitting, key=len, default=None)
