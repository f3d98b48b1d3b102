"""Official checkpoints: fetch them, take them from a file, and turn each into a graph once."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

from recognizer.children import clean_environment, python_command
from recognizer.errors import WeightsError
from recognizer.weights.cache import Cache
from recognizer.weights.catalogue import CATALOGUE, Entry, entry_of, entry_with_digest, fingerprint
from recognizer.weights.digest import git_blob_id
from recognizer.weights.fetch import Progress, download, no_progress

_CONVERTER = "recognizer.embed.convert"
_CONVERTER_NEEDS = ("torch", "timm", "onnx", "onnxruntime")


def fetch(entry: Entry, cache: Cache, *, progress: Progress = no_progress) -> Path:
    """Have the official checkpoint in the cache, downloading it where it is missing or altered.

    Raises:
        WeightsError: if the model has no download or the download fails.
    """
    if entry.url is None:
        raise WeightsError(f"{entry.name} has no download; there is nothing to fetch. {by_hand(entry)}.")
    with cache.locked(entry.name):
        path = cache.checkpoint(entry.name)
        if not path.is_file() or entry.blob_id not in (None, git_blob_id(path)):
            download(entry.url, path, blob_id=entry.blob_id, progress=progress)
    return path


def import_checkpoint(path: Path, cache: Cache, *, name: str | None = None, progress: Progress = no_progress) -> str:
    """Verify an official checkpoint, copy it into the cache and convert it; returns the model's name.

    A model of whose file no digest is published takes any file that fits its network.

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
    if not entry.has_network:
        raise WeightsError(f"{name} is no checkpoint to import; {by_hand(entry)}.")
    if entry.blob_id not in (None, came):
        raise WeightsError(
            f"{path} is not the official {name}: wanted digest {entry.blob_id}, came {came} "
            f"({path.stat().st_size} bytes). Fetch it again; a file of your own is used by --model {name}={path}"
        )
    signed = fingerprint(name, came)
    converted(cache, name, signed, path, progress)  # first: a file of another network must not replace a good one
    cache.add_checkpoint(name, path)
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

    progress(f"converting {variant}, once", 0, 1)
    graph = cache.add_graph(variant, signed, lambda target: _convert(variant, checkpoint, target))
    progress(f"converting {variant}, once", 1, 1)
    return graph


def _convert(variant: str, checkpoint: Path, target: Path) -> float:
    """Convert in a process of its own: torch takes a gigabyte, which the recogniser would keep; returns the parity."""
    missing = [name for name in _CONVERTER_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise WeightsError(
            f"Converting {checkpoint} needs the packages {', '.join(missing)}, which this install leaves out. On a "
            "machine that has them: python main.py models export-bundle models.zip; here: python main.py models "
            "import models.zip"
        )
    command = python_command("-m", _CONVERTER, variant, str(checkpoint.resolve()), str(target.resolve()))
    done = subprocess.run(  # noqa: S603 - ourselves
        command, capture_output=True, text=True, env=clean_environment(), check=False
    )
    if done.returncode == WeightsError.exit_code:
        raise WeightsError(done.stderr.strip())
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        killed = " (killed; about 1.1 GB of memory is needed)" if done.returncode < 0 else ""
        raise WeightsError(f"Converting {checkpoint} ended with status {done.returncode}{killed}. {last}".rstrip())
    return float(done.stdout)


def by_hand(entry: Entry) -> str:
    """How a person gets a published model onto a machine without a network."""
    if entry.shipped is not None:
        return "it comes with the repository"
    if not entry.has_network:
        return f"get {entry.how_to_get}; --model FILE.onnx knows it by its digest"
    if entry.url is None:
        return f"get {entry.how_to_get}, then: python main.py models import FILE --name {entry.name}"
    return f"save {entry.url} on another machine, then here: python main.py models import {entry.name}.pt"


def variant_of(path: Path) -> str | None:
    """The variant that a file name tells: the longest name of a published model that its stem begins with."""
    stem = path.stem.lower()
    published = [entry for entry in CATALOGUE.values() if entry.has_network]
    if official := next((entry.name for entry in published if entry.official_stem == stem), None):
        return official
    return max((entry.name for entry in published if stem.startswith(entry.name)), key=len, default=None)
