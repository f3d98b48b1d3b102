"""Fetch or import official checkpoints, and convert each to a graph once."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import zipfile
from pathlib import Path

from recognizer.children import clean_environment, python_command
from recognizer.errors import WeightsError
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, Entry, entry_of, entry_with_digest, fingerprint_of
from recognizer.models.digest import git_blob_id
from recognizer.models.download import Progress, download, no_progress

CHECKPOINT_MAX_BYTES = 1 << 30
"""The largest of the catalogue, IResNet-100, has 261 MB; a training's has its optimiser's state too."""
_CONVERTER = "recognizer.embed.convert"
_CONVERTER_NEEDS = ("torch", "timm", "onnx", "onnxruntime")


def fetch(entry: Entry, cache: Cache, *, progress: Progress = no_progress) -> Path:
    """Return the official checkpoint from the cache; download it where it is missing or altered.

    Raises:
        WeightsError: if the model has no download or the download fails.
    """
    if entry.url is None:
        raise WeightsError(f"{entry.name} has no download: {by_hand(entry)}.")
    with cache.locked(entry.name):
        path = cache.checkpoint(entry.name)
        if not os.path.isfile(path) or entry.blob_id not in (None, git_blob_id(path)):
            download(entry.url, path, blob_id=entry.blob_id, max_bytes=max_file_bytes(entry), progress=progress)
    return path


def import_checkpoint(path: Path, cache: Cache, *, name: str | None = None, progress: Progress = no_progress) -> str:
    """Verify an official checkpoint, copy it into the cache and convert it; returns the model's name.

    For a model without a published digest any file that fits its network is accepted.

    Raises:
        WeightsError: if the file is missing, is no official file, or is not the one named.
    """
    if not os.path.isfile(path):
        raise WeightsError(f"There is no file {path}, or it may not be read.")
    require_size(path, CHECKPOINT_MAX_BYTES)
    came = git_blob_id(path)
    name = name or getattr(entry_with_digest(came), "name", None) or variant_of(path)
    if name is None:
        raise WeightsError(f"{path} is no official file (digest {came}); pass --name MODEL to say which model it is.")
    entry = entry_of(name)
    if not entry.has_network:
        raise WeightsError(f"{name} is no checkpoint to import; {by_hand(entry)}.")
    if entry.blob_id not in (None, came):
        raise WeightsError(
            f"{path} is not the official {name}: wanted digest {entry.blob_id}, got {came} "
            f"({path.stat().st_size} bytes). Fetch it again; to use a file of your own, pass --model {name}={path}"
        )
    fingerprint = fingerprint_of(name, came)
    converted(
        cache, name, fingerprint, path, progress
    )  # before copying: a file of another network must not replace a good one
    cache.add_checkpoint(name, path)
    return name


def converted(cache: Cache, variant: str, fingerprint: str, checkpoint: Path, progress: Progress = no_progress) -> Path:
    """Return the graph of a checkpoint, from the cache or converted now.

    Args:
        cache: keeps the graphs.
        variant: the network that the checkpoint holds.
        fingerprint: fingerprint of the checkpoint.
        checkpoint: a ``.pt`` file.
        progress: called at the start and the end of a conversion.

    Raises:
        WeightsError: if the file is refused, torch is not installed, or the graph computes something else.
    """
    if found := cache.graph(fingerprint):
        return found

    progress(f"converting {variant}, once", 0, 1)
    graph = cache.add_graph(variant, fingerprint, lambda target: _convert(variant, checkpoint, target))
    progress(f"converting {variant}, once", 1, 1)
    return graph


def _convert(variant: str, checkpoint: Path, target: Path) -> float:
    """Convert in a subprocess, as torch takes a gigabyte that the recogniser would keep; return the parity."""
    missing = [name for name in _CONVERTER_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise WeightsError(
            f"Converting {checkpoint} needs the packages {', '.join(missing)}, which are not installed. On a "
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
        raise WeightsError(f"Converting {checkpoint} failed with status {done.returncode}{killed}. {last}".rstrip())
    return float(done.stdout)


def max_file_bytes(entry: Entry) -> int:
    """Return the most bytes that a checkpoint of a model may have: twice its float weights, and some."""
    return 8 * entry.parameters + (16 << 20)


def require_size(path: Path, limit: int) -> None:
    """Refuse a file that is too large, or a zip that unpacks to more.

    Raises:
        WeightsError: naming the sizes.
    """
    size = path.stat().st_size
    if size <= limit and zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(member.file_size for member in archive.infolist()))
        except (zipfile.BadZipFile, ValueError, RuntimeError):  # RuntimeError: encrypted, or a method it does not know
            return  # whoever opens it says what is wrong
    if size > limit:
        raise WeightsError(f"{path} is too large for a checkpoint: {size} bytes, wanted at most {limit}.")


def by_hand(entry: Entry) -> str:
    """Explain how to get a published model onto a machine without a network."""
    if entry.shipped is not None:
        return "it comes with the repository"
    if not entry.has_network:
        return f"get {entry.how_to_get}; --model FILE.onnx recognises it by its digest"
    if entry.url is None:
        return f"get {entry.how_to_get}, then: python main.py models import FILE --name {entry.name}"
    return f"download {entry.url} on another machine, then here: python main.py models import {entry.name}.pt"


def variant_of(path: Path) -> str | None:
    """Guess the network from a file name: the longest name of a published model that its stem begins with."""
    stem = path.stem.lower()
    published = [entry for entry in CATALOGUE.values() if entry.has_network]
    if official := next((entry.name for entry in published if entry.official_stem == stem), None):
        return official
    return max((entry.name for entry in published if stem.startswith(entry.name)), key=len, default=None)
