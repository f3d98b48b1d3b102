"""From a name to a graph ready to run: find it, verify it, fetch it, convert it, and say which was taken and why."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from recognizer.errors import WeightsError
from recognizer.weights.cache import Cache
from recognizer.weights.catalogue import (
    CATALOGUE,
    SHIPPED_FOLDER,
    Entry,
    entry_of,
    entry_with_digest,
    fingerprint,
)
from recognizer.weights.checkpoints import by_hand, converted, fetch, variant_of
from recognizer.weights.digest import git_blob_id
from recognizer.weights.fetch import Progress, no_progress

AUTO = "auto"
FOLDER_VARIABLE = "RECOGNIZER_WEIGHTS"
SUFFIXES = (".pt", ".onnx")
TRY_AGAIN_S = 24 * 3600.0
"""A machine without the network, but with a model of the package, is not made to wait for it at each start."""


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model on this machine, ready to run."""

    name: str
    """In the catalogue; for a graph of one's own the stem of its file."""
    graph: Path
    """ONNX file: ``faces`` (batch, 3, 112, 112) to ``vectors`` (batch, 512)."""
    fingerprint: str
    """The same on every machine and engine for the same weights, and different for others."""
    origin: str
    """One sentence: which was taken, and why."""
    calibration: Path | None
    """Thresholds measured for these weights, where there are any."""
    checkpoint: Path | None = None
    """The ``.pt`` file, where it is at hand, for those who want the torch network (variant ``name``)."""


def resolve(
    name: str = AUTO,
    *,
    weights_dir: Path | None = None,
    cache_dir: Path | None = None,
    offline: bool = False,
    progress: Progress = no_progress,
    catalogue: Mapping[str, Entry] = CATALOGUE,
) -> ResolvedModel:
    """Find a model, verify it, and convert it where that has not been done.

    ``auto`` and the names of the catalogue are looked for in ``weights_dir``, in the folder that
    ``RECOGNIZER_WEIGHTS`` names, and in the user's cache; then at the official address; then, for ``auto``, in the
    package. The place counts before the model: what a person pointed at beats what lies around. Within a place
    ``auto`` prefers the catalogue's order. Files there must be the official ones, by digest.

    A path to a file is taken as it is: ``file.pt`` where the digest or the file's name tells the variant,
    ``variant=file.pt`` elsewhere, or ``file.onnx``.

    Args:
        name: ``auto``, a name of the catalogue, or a path.
        weights_dir: folder to look in first.
        cache_dir: instead of the user's cache.
        offline: do not try the network.
        progress: told about downloads and conversion.
        catalogue: the models to choose from, the preferred ones first.

    Raises:
        WeightsError: if nothing fitting is there and what was tried says why; if a file is altered, malicious or of
            another network.
    """
    cache = Cache(cache_dir)
    variant, _, path = ("", "", name) if Path(name).is_file() else name.rpartition("=")
    if variant or Path(path).suffix.lower() in SUFFIXES:
        return _from_path(Path(path).expanduser(), variant or None, cache, progress)
    wanted = list(catalogue.values()) if name == AUTO else [catalogue.get(name) or entry_of(name)]
    return _Search(cache, weights_dir, progress).run(name, wanted, offline=offline)


def places(weights_dir: Path | None) -> Iterator[tuple[str, Path]]:
    """The folders that may hold official checkpoints, as (what to call it, folder), in the order they are searched."""
    if weights_dir is not None:
        yield f"--weights-dir {weights_dir}", weights_dir
    if chosen := os.environ.get(FOLDER_VARIABLE):
        yield f"{FOLDER_VARIABLE} {chosen}", Path(chosen).expanduser()


class _Search:
    """One search by name; remembers in words what did not serve."""

    def __init__(self, cache: Cache, weights_dir: Path | None, progress: Progress) -> None:
        self._cache = cache
        self._weights_dir = weights_dir
        self._progress = progress
        self._tried: list[str] = []

    def run(self, name: str, wanted: list[Entry], *, offline: bool) -> ResolvedModel:
        why = "the best one found there" if name == AUTO else "as asked for"
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
        if not folder.is_dir():
            self._tried.append(f"{called}: no such folder")
            return None
        present = [entry for entry in wanted if entry.blob_id and (folder / f"{entry.name}.pt").is_file()]
        if not present:
            self._tried.append(f"{called}: no {wanted[0].name}.pt" if len(wanted) == 1 else f"{called}: no model in it")
        for entry in present:
            path = folder / f"{entry.name}.pt"
            came = git_blob_id(path)
            if came != entry.blob_id:
                self._skip(f"{path}: not the official file (wanted digest {entry.blob_id}, came {came})")
                continue
            try:
                return self._converted(entry, path, f"{entry.name} from {called}, {why}")
            except WeightsError as error:
                self._skip(f"{path}: {error}")
        return None

    def _in_cache(self, entry: Entry, why: str) -> ResolvedModel | None:
        if entry.blob_id is None:
            return None
        origin = f"{entry.name} from the cache {self._cache.folder}, {why}"
        if graph := self._cache.graph(entry.fingerprint):
            return self._result(entry, graph, entry.fingerprint, origin)
        path = self._cache.checkpoint(entry.name)
        if not path.is_file():
            return None
        came = git_blob_id(path)
        if came != entry.blob_id:
            self._skip(f"{path}: not the official file (wanted digest {entry.blob_id}, came {came})")
            return None
        try:
            return self._converted(entry, path, origin)
        except WeightsError as error:
            self._skip(f"{path}: {error}")
        return None

    def _official(self, wanted: list[Entry], *, offline: bool, may_do_without: bool) -> ResolvedModel | None:
        entry = next((entry for entry in wanted if entry.url), None)
        if entry is None:
            return None
        if offline:
            self._tried.append("download: not tried, offline was asked for")
            return None
        if may_do_without and self._cache.unreachable_for_s() < TRY_AGAIN_S:
            self._tried.append("download: tried in vain within the last day")
            return None
        try:
            path = fetch(entry, self._cache, progress=self._progress)
            return self._converted(entry, path, f"{entry.name}, downloaded from {entry.url}")
        except WeightsError as error:
            self._cache.note_unreachable()
            self._tried.append(f"download: {error}")
            logger.debug("download: {}", error)
        return None

    def _shipped(self, entry: Entry, shipped: Path, *, fallen_back: bool) -> ResolvedModel:
        origin = f"{entry.name}, shipped with the program"
        if fallen_back:
            origin += (
                f", because no better one is at hand ({'; '.join(self._tried)}). A more accurate one comes with: "
                "python main.py models fetch edgeface_xs_gamma_06"
            )
        return self._result(entry, shipped, fingerprint(entry.name, git_blob_id(shipped)), origin)

    def _converted(self, entry: Entry, checkpoint: Path, origin: str) -> ResolvedModel:
        graph = converted(self._cache, entry.name, entry.fingerprint, checkpoint, self._progress)
        return self._result(entry, graph, entry.fingerprint, origin, checkpoint)

    def _result(
        self, entry: Entry, graph: Path, signed: str, origin: str, checkpoint: Path | None = None
    ) -> ResolvedModel:
        return ResolvedModel(entry.name, graph, signed, origin, calibration_of(entry.name), checkpoint)

    def _skip(self, what: str) -> None:
        logger.warning("Not used: {}", what)
        self._tried.append(what)

    def _nothing(self, name: str, entry: Entry) -> str:
        asked = "No model was found" if name == AUTO else f"The model {name} was not found"
        tried = "".join(f"\n  - {line}" for line in self._tried)
        if entry.url is None:
            return f"{asked}: {entry.shipped} is missing from this checkout. Tried:{tried}"
        return (
            f"{asked}. Tried:{tried}\n"
            f"With a network: python main.py models fetch {entry.name}\n"
            f"Without: {by_hand(entry)}, or pass --weights-dir FOLDER, or set {FOLDER_VARIABLE}."
        )


class State(enum.Enum):
    """Where a model of the catalogue is to be had at once."""

    IN_WEIGHTS_DIR = "in weights dir"
    CACHED = "cached"
    SHIPPED = "shipped"
    ABSENT = "absent"


def state_of(entry: Entry, cache: Cache, weights_dir: Path | None = None) -> State:
    """Look for verified files of a model, in the order of ``resolve``, converting and fetching nothing."""
    for _, folder in places(weights_dir):
        path = folder / f"{entry.name}.pt"
        if entry.blob_id and path.is_file() and git_blob_id(path) == entry.blob_id:
            return State.IN_WEIGHTS_DIR
    if entry.blob_id:
        path = cache.checkpoint(entry.name)
        if cache.graph(entry.fingerprint) or (path.is_file() and git_blob_id(path) == entry.blob_id):
            return State.CACHED
    return State.SHIPPED if entry.shipped_file else State.ABSENT


def checkpoint_path(entry: Entry, cache: Cache, progress: Progress = no_progress) -> Path:
    """The official checkpoint itself, for those who want the torch network: found as ``resolve`` does, or fetched.

    Raises:
        WeightsError: if it is in no folder and cannot be fetched.
    """
    for _, folder in places(None):
        path = folder / f"{entry.name}.pt"
        if path.is_file() and git_blob_id(path) == entry.blob_id:
            return path
    return fetch(entry, cache, progress=progress)


def calibration_of(name: str) -> Path | None:
    """The thresholds measured for a model of the catalogue, where the package has them."""
    path = SHIPPED_FOLDER / "calibration" / f"{name}.json"
    return path if path.is_file() else None


def _from_path(path: Path, variant: str | None, cache: Cache, progress: Progress) -> ResolvedModel:
    if not path.is_file():
        raise WeightsError(f"There is no model file {path}.")
    digest = git_blob_id(path)
    if path.suffix.lower() == ".onnx":
        name = variant or path.stem
        origin = f"{path}, a graph of your own: unverified"
        return ResolvedModel(name, path, fingerprint(name, digest), origin, None)
    if official := entry_with_digest(digest):
        if variant not in (None, official.name):
            raise WeightsError(f"{path} is the official {official.name} (digest {digest}), not {variant}.")
        graph = converted(cache, official.name, official.fingerprint, path, progress)
        origin = f"{path}, the official {official.name} by its digest"
        return ResolvedModel(official.name, graph, official.fingerprint, origin, calibration_of(official.name), path)
    variant = variant or variant_of(path)
    if variant is None:
        names = ", ".join(e.name for e in CATALOGUE.values() if e.url)
        raise WeightsError(f"{path}: the file name does not tell the network; pass NAME={path} with one of: {names}.")
    signed = fingerprint(variant, digest)
    graph = converted(cache, variant, signed, path, progress)
    logger.warning("{} is not the official {}: unverified.", path, variant)
    return ResolvedModel(
        variant, graph, signed, f"{path}, used as {variant} but not the official file: unverified", None, path
    )
