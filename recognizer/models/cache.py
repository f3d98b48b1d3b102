"""The user's cache: official checkpoints once verified, and the graphs that were converted from them.

    checkpoints/<name>.pt
    graphs/<fingerprint>-v<converter>.onnx     the graph
    graphs/<fingerprint>-v<converter>.json     its SHA-256: a graph that does not fit it does not count
    calibration/<fingerprint>.json             thresholds measured here, of a model that the package has none of
    ranges/<fingerprint>.npz                   which layers may multiply bytes, measured here

Every file appears whole or not at all. One process converts, the others wait for it at the lock.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout
from loguru import logger

from recognizer.errors import WeightsError
from recognizer.models.digest import sha256

FOLDER_VARIABLE = "RECOGNIZER_CACHE"
CONVERTER_VERSION = 2
"""Part of the file names: raise it when conversion gives other graphs."""
_LOCK_S = 300.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands beside a cached graph."""

    name: str
    """Model in the catalogue, or the variant of a file of one's own."""
    fingerprint: str
    sha256: str
    """Of the graph."""
    parity: float
    """Smallest cosine between graph and torch network when it was converted."""


class Cache:
    """Reads and writes below one folder; nothing is created before it is needed."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use ``folder``, else ``RECOGNIZER_CACHE``, else the place that the platform has for caches."""
        chosen = os.environ.get(FOLDER_VARIABLE)
        self.folder = folder or (Path(chosen) if chosen else platformdirs.user_cache_path("recognizer"))

    def checkpoint(self, name: str) -> Path:
        """Where the official checkpoint of a model lies, or would lie."""
        return self.folder / "checkpoints" / f"{name}.pt"

    def unreachable_for_s(self) -> float:
        """Seconds since a download was last tried in vain; infinite when none was."""
        try:
            return time.time() - (self.folder / "unreachable").stat().st_mtime
        except OSError:
            return math.inf

    def note_unreachable(self) -> None:
        """Remember that a download was tried in vain just now; a cache that cannot be written forgets it."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "unreachable").touch()

    def graph_path(self, fingerprint: str) -> Path:
        """Where the graph of these weights lies, or would lie."""
        return self.folder / "graphs" / f"{fingerprint}-v{CONVERTER_VERSION}.onnx"

    def calibration(self, fingerprint: str) -> Path:
        """Where thresholds measured for these weights lie, or would lie."""
        return self.folder / "calibration" / f"{fingerprint}.json"

    def ranges(self, fingerprint: str) -> Path:
        """Where the ranges measured for these weights lie, or would lie."""
        return self.folder / "ranges" / f"{fingerprint}.npz"

    def graphs_of(self, name: str) -> list[str]:
        """Fingerprints of the whole graphs of a model, whichever file they were made from."""
        found = sorted((self.folder / "graphs").glob(f"{name}-*-v{CONVERTER_VERSION}.json"))
        fingerprints = [path.stem.removesuffix(f"-v{CONVERTER_VERSION}") for path in found]
        return [each for each in fingerprints if each.rpartition("-")[0] == name and self.graph(each)]

    def graph(self, fingerprint: str) -> Path | None:
        """The converted graph of these weights when it is there and whole."""
        path = self.graph_path(fingerprint)
        manifest = self.manifest(fingerprint)
        if manifest is None or not path.is_file() or sha256(path) != manifest.sha256:
            return None
        return path

    def manifest(self, fingerprint: str) -> Manifest | None:
        """What was written beside a graph; ``None`` when absent or unreadable."""
        try:
            return Manifest(**json.loads(self.graph_path(fingerprint).with_suffix(".json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def add_graph(self, name: str, fingerprint: str, make: Callable[[Path], float]) -> Path:
        """Return the graph of these weights, making it where it is missing or damaged.

        Args:
            name: model or variant, for the manifest.
            fingerprint: of the weights.
            make: writes the graph to the path it is given and returns the parity it measured.

        Raises:
            WeightsError: if the cache cannot be written, another process holds it for minutes, or ``make`` raises it.
        """
        path = self.graph_path(fingerprint)
        with self.locked(fingerprint):
            if found := self.graph(fingerprint):  # made by another process while we waited
                return found
            if path.exists():
                logger.warning("The cached graph {} is damaged; it is made again.", path)
            for left_over in path.parent.glob(f"{path.stem}.*.tmp"):  # of a process that was killed: we hold the lock
                left_over.unlink(missing_ok=True)
            part = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
            try:
                parity = make(part)
                _write_json(path.with_suffix(".json"), Manifest(name, fingerprint, sha256(part), parity))
                os.replace(part, path)
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
        return path

    def add_checkpoint(self, name: str, source: Path) -> Path:
        """Copy a verified checkpoint into the cache.

        Raises:
            WeightsError: if the cache cannot be written.
        """
        target = self.checkpoint(name)
        with self.locked(name):
            part = target.with_name(f"{target.name}.{os.getpid()}.tmp")
            shutil.copyfile(source, part)
            os.replace(part, target)
        return target

    @contextmanager
    def locked(self, what: str) -> Iterator[None]:
        """Hold one model of the cache alone among processes; its folders exist inside.

        Raises:
            WeightsError: if the folder cannot be written, or the lock is not free within minutes.
        """
        try:
            for part in ("checkpoints", "graphs", "locks"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "locks" / f"{what}.lock", timeout=_LOCK_S):
                yield
        except Timeout:
            raise WeightsError(
                f"Another process has been holding {what} in {self.folder} for {_LOCK_S:g} s; end it and try again."
            ) from None
        except OSError as error:
            raise WeightsError(
                f"The model cache {self.folder} cannot be written ({error.strerror or error}): free some space, or "
                f"set {FOLDER_VARIABLE} to a folder that can."
            ) from error


def _write_json(path: Path, manifest: Manifest) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    part.write_text(json.dumps(asdict(manifest), indent=2), "utf-8")
    os.replace(part, path)
