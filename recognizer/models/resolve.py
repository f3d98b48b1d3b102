"""Resolve a model's name to a graph: find, verify, download, convert, and say which was chosen and why."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.errors import ConfigError, WeightsError
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE, Entry, entry_of, fingerprint_of
from recognizer.models.checkpoints import by_hand, converted, fetch
from recognizer.models.digest import git_blob_id
from recognizer.models.download import Progress, no_progress
from recognizer.models.resolve_path import cached_graph, checkpoint_file, own_graph, trained_checkpoint
from recognizer.models.resolved_model import (
    CHECKPOINT_SUFFIXES,
    FOLDER_VARIABLE,
    TRAINED_SUFFIX,
    doubt,
    in_folder,
    known,
    places,
)
from recognizer.models.resolved_model import ResolvedModel as ResolvedModel

AUTO = "auto"
SUFFIXES = (*CHECKPOINT_SUFFIXES, TRAINED_SUFFIX, ".onnx")
TRY_AGAIN_S = 24 * 3600.0
"""Wait after a failed download, where the package has a model that serves instead."""


def resolve(
    name: str = AUTO,
    *,
    weights_dir: Path | None = None,
    cache_dir: Path | None = None,
    offline: bool = False,
    progress: Progress = no_progress,
    catalogue: Mapping[str, Entry] = CATALOGUE,
    spec: Mapping[str, Any] | None = None,
) -> ResolvedModel:
    """Find a model, verify it, and convert it unless that was done.

    ``auto`` and the names of the catalogue are searched in ``weights_dir``, in the folder ``RECOGNIZER_WEIGHTS`` and
    in the user's cache; then at the official address; then, for ``auto``, in the package. The first place that has
    any wanted model is used; within a place ``auto`` takes the catalogue's order. Files must have the official digest.

    A path is used as it is: ``file.pt`` where the digest or the file name identifies the network,
    ``variant=file.pt`` elsewhere, ``file.onnx``, whose spec is a YAML file beside it or ``spec``, or the
    ``.ckpt`` that ``train`` writes, which states its network. A fingerprint means a graph of the cache.

    Args:
        name: ``auto``, a name of the catalogue, or a path.
        weights_dir: folder to search first.
        cache_dir: instead of the user's cache.
        offline: do not try the network.
        progress: called during downloads and conversion.
        catalogue: the models to choose from, in order of preference.
        spec: keys for an ``.onnx`` file, over those of the file beside it.

    Raises:
        ConfigError: if the spec is not valid, or is given for another kind of model.
        WeightsError: if no such model is found (the message lists what was tried), or a file is altered, malicious
            or of another network.
    """
    cache = Cache(cache_dir)
    variant, _, path = ("", "", name) if os.path.isfile(name) else name.rpartition("=")
    is_path = bool(variant) or Path(path).suffix.lower() in SUFFIXES
    if is_path and Path(path).suffix.lower() == ".onnx":
        return own_graph(Path(path).expanduser(), variant or None, spec or {}, cache)
    if spec:
        raise ConfigError(f"A spec is for an .onnx file of your own; that of {name} is known.")
    if is_path and Path(path).suffix.lower() == TRAINED_SUFFIX:
        return trained_checkpoint(Path(path).expanduser(), variant or None, cache, progress)
    if is_path:
        return checkpoint_file(Path(path).expanduser(), variant or None, cache, progress)
    if found := cached_graph(name, cache):
        return found
    if name == AUTO:
        wanted = [entry for entry in catalogue.values() if entry.in_auto]
    else:
        wanted = [catalogue.get(name) or entry_of(name)]
    return _Search(cache, weights_dir, progress).run(name, wanted, offline=offline)


class _Search:
    """One search by name; records in words what was tried."""

    def __init__(self, cache: Cache, weights_dir: Path | None, progress: Progress) -> None:
        self._cache = cache
        self._weights_dir = weights_dir
        self._progress = progress
        self._tried: list[str] = []

    def run(self, name: str, wanted: list[Entry], *, offline: bool) -> ResolvedModel:
        why = "the best one found there" if name == AUTO else "as requested"
        for called, folder in places(self._weights_dir):
            if found := self._in_folder(wanted, called, folder, why):
                return found
        for entry in wanted:
            if found := self._in_cache(entry, why):
                return found
        self._tried.append(f"the cache {self._cache.folder}: no {'model' if name == AUTO else name}")
        may_do_without = any(entry.shipped_file for entry in wanted)
        if found := self._official(wanted, offline=offline, may_do_without=may_do_without):
            return found
        for entry in wanted:
            if (shipped := entry.shipped_file) is not None:
                return self._shipped(entry, shipped, fallen_back=name == AUTO)
        raise WeightsError(self._nothing(name, wanted[0]))

    def _in_folder(self, wanted: list[Entry], called: str, folder: Path, why: str) -> ResolvedModel | None:
        if not os.path.isdir(folder):
            self._tried.append(f"{called}: no such folder, or one that may not be entered")
            return None
        present = [(entry, path) for entry in wanted if (path := in_folder(entry, folder))]
        if not present:
            self._tried.append(f"{called}: no {wanted[0].name}.pt" if len(wanted) == 1 else f"{called}: no model in it")
        for entry, path in present:
            came = git_blob_id(path)
            if entry.blob_id not in (None, came):
                self._skip(f"{path}: not the official file (wanted digest {entry.blob_id}, got {came})")
                continue
            try:
                return self._converted(entry, path, f"{entry.name} from {called}, {why}")
            except WeightsError as error:
                self._skip(f"{path}: {error}")
        return None

    def _in_cache(self, entry: Entry, why: str) -> ResolvedModel | None:
        if not entry.has_network:
            return None
        origin = f"{entry.name} from the cache {self._cache.folder}, {why}"
        if entry.blob_id and (graph := self._cache.graph(entry.fingerprint)):
            return self._result(entry, graph, entry.fingerprint, origin + doubt(entry, entry.fingerprint, self._cache))
        path = self._cache.checkpoint(entry.name)
        if not os.path.isfile(path):  # false, too, in a folder of another user
            return self._brought(entry, origin) if entry.blob_id is None else None
        came = git_blob_id(path)
        if entry.blob_id not in (None, came):
            self._skip(f"{path}: not the official file (wanted digest {entry.blob_id}, got {came})")
            return None
        try:
            return self._converted(entry, path, origin)
        except WeightsError as error:
            self._skip(f"{path}: {error}")
        return None

    def _brought(self, entry: Entry, origin: str) -> ResolvedModel | None:
        """Use the graph of a bundle, which has no checkpoint here, if it is the only one of its name."""
        fingerprints = self._cache.graphs_of(entry.name)
        if len(fingerprints) > 1:
            self._tried.append(f"the cache holds {', '.join(fingerprints)}: pass one of them as --model")
        if len(fingerprints) != 1 or (graph := self._cache.graph(fingerprints[0])) is None:
            return None
        return self._result(entry, graph, fingerprints[0], origin + doubt(entry, fingerprints[0], self._cache))

    def _official(self, wanted: list[Entry], *, offline: bool, may_do_without: bool) -> ResolvedModel | None:
        entry = next((entry for entry in wanted if entry.url), None)
        if entry is None:
            return None
        if offline:
            self._tried.append("download: not tried, as --offline was given")
            return None
        if may_do_without and self._cache.unreachable_for_s() < TRY_AGAIN_S:
            self._tried.append("download: not tried again, as it failed within the last day")
            return None
        try:
            path = fetch(entry, self._cache, progress=self._progress)
            return self._converted(entry, path, f"{entry.name}, downloaded from {entry.url}")
        except WeightsError as error:
            self._cache.note_unreachable()
            self._tried.append(f"download: {str(error).rstrip('.')}")
            logger.debug("download: {}", error)
        return None

    def _shipped(self, entry: Entry, shipped: Path, *, fallen_back: bool) -> ResolvedModel:
        origin = f"{entry.name}, shipped with the program"
        if fallen_back:
            origin += (
                f", because no better one was found ({'; '.join(self._tried)}). For a more accurate one: "
                "python main.py models fetch edgeface_xs_gamma_06"
            )
        return self._result(entry, shipped, fingerprint_of(entry.name, git_blob_id(shipped)), origin)

    def _converted(self, entry: Entry, checkpoint: Path, origin: str) -> ResolvedModel:
        fingerprint = fingerprint_of(entry.name, git_blob_id(checkpoint))
        graph = converted(self._cache, entry.name, fingerprint, checkpoint, self._progress)
        return self._result(entry, graph, fingerprint, origin, checkpoint)

    def _result(
        self, entry: Entry, graph: Path, fingerprint: str, origin: str, checkpoint: Path | None = None
    ) -> ResolvedModel:
        return known(entry, graph, fingerprint, origin, checkpoint, self._cache)

    def _skip(self, what: str) -> None:
        logger.warning("Not used: {}", what)
        self._tried.append(what)

    def _nothing(self, name: str, entry: Entry) -> str:
        missing = "No model was found" if name == AUTO else f"The model {name} was not found"
        tried = "".join(f"\n  - {line}" for line in self._tried)
        if entry.shipped is not None:
            return f"{missing}: {entry.shipped} is missing from this installation. Tried:{tried}"
        if entry.url is None:
            way = by_hand(entry)
            once = f", or directly: --model {entry.name}=FILE" if entry.has_network else ""
            return f"{missing}. Tried:{tried}\n{way[:1].upper()}{way[1:]}{once}."
        return (
            f"{missing}. Tried:{tried}\n"
            f"With a network: python main.py models fetch {entry.name}\n"
            f"Without: {by_hand(entry)}, or pass --weights-dir FOLDER, or set {FOLDER_VARIABLE}."
        )


class State(enum.Enum):
    """Where a model of the catalogue is on this machine."""

    IN_WEIGHTS_DIR = "in weights dir"
    CACHED = "cached"
    SHIPPED = "shipped"
    ABSENT = "absent"


def state_of(entry: Entry, cache: Cache, weights_dir: Path | None = None) -> State:
    """Return where verified files of a model are, without converting or downloading."""
    for _, folder in places(weights_dir):
        if (there := in_folder(entry, folder)) and entry.blob_id in (None, git_blob_id(there)):
            return State.IN_WEIGHTS_DIR
    if entry.has_network:
        path = cache.checkpoint(entry.name)
        graph = cache.graph(entry.fingerprint) if entry.blob_id else cache.graphs_of(entry.name)
        if graph or (os.path.isfile(path) and entry.blob_id in (None, git_blob_id(path))):
            return State.CACHED
    return State.SHIPPED if entry.shipped_file else State.ABSENT


def checkpoint_path(entry: Entry, cache: Cache, progress: Progress = no_progress) -> Path:
    """Return the official checkpoint, for use with torch: found as ``resolve`` does, or downloaded.

    Raises:
        WeightsError: if it is in no folder and cannot be downloaded.
    """
    for _, folder in places(None):
        if (there := in_folder(entry, folder)) and entry.blob_id in (None, git_blob_id(there)):
            return there
    path = cache.checkpoint(entry.name)
    if entry.url is None and os.path.isfile(path):
        return path
    return fetch(entry, cache, progress=progress)
