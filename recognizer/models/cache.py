"""Keep verified checkpoints, and the graphs converted from them, in the user's cache.

    checkpoints/<name>.pt
    graphs/<fingerprint>-v<converter>.onnx     the graph
    graphs/<fingerprint>-v<converter>.json     its manifest with the SHA-256; a graph that does not match is not used
    calibration/<fingerprint>.json             thresholds measured here, for a model without shipped ones
    ranges/<fingerprint>.npz                   int8 ranges measured here

Files are replaced atomically. One process converts a model; others wait at its lock.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout
from loguru import logger

from recognizer.errors import WeightsError
from recognizer.models.digest import sha256
from recognizer.models.manifest import Manifest, manifest_from
from recognizer.permissions import warn_if_world_writable
from recognizer.whole_files import whole_file

FOLDER_VARIABLE = "RECOGNIZER_CACHE"
CONVERTER_VERSION = 2
"""Part of the file names; raise it when conversion changes its output."""
_LOCK_S = 300.0


class Cache:
    """Reads and writes files below one folder; creates folders on first use."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use ``folder``, else ``RECOGNIZER_CACHE``, else the platform's cache folder."""
        chosen = os.environ.get(FOLDER_VARIABLE)
        self.folder = folder or (Path(chosen) if chosen else platformdirs.user_cache_path("recognizer"))

    def checkpoint(self, name: str) -> Path:
        """Return the path of a model's official checkpoint; it may not exist."""
        return self.folder / "checkpoints" / f"{name}.pt"

    def unreachable_for_s(self) -> float:
        """Return the seconds since the last failed download; infinite when none failed."""
        try:
            return time.time() - (self.folder / "unreachable").stat().st_mtime
        except OSError:
            return math.inf

    def note_unreachable(self) -> None:
        """Record that a download failed just now; ignored where the cache cannot be written."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "unreachable").touch()

    def graph_path(self, fingerprint: str) -> Path:
        """Return the path of the graph of these weights; it may not exist."""
        return self.folder / "graphs" / f"{fingerprint}-v{CONVERTER_VERSION}.onnx"

    def calibration(self, fingerprint: str) -> Path:
        """Return the path of the calibration of these weights; it may not exist."""
        return self.folder / "calibration" / f"{fingerprint}.json"

    def ranges(self, fingerprint: str) -> Path:
        """Return the path of the int8 ranges of these weights; it may not exist."""
        return self.folder / "ranges" / f"{fingerprint}.npz"

    def graphs_of(self, name: str) -> list[str]:
        """Return the fingerprints of all valid graphs of a model, of any checkpoint."""
        found = sorted((self.folder / "graphs").glob(f"{name}-*-v{CONVERTER_VERSION}.json"))
        fingerprints = [path.stem.removesuffix(f"-v{CONVERTER_VERSION}") for path in found]
        return [each for each in fingerprints if each.rpartition("-")[0] == name and self.graph(each)]

    def graph(self, fingerprint: str) -> Path | None:
        """Return the converted graph of these weights; ``None`` when absent or damaged."""
        path = self.graph_path(fingerprint)
        manifest = self.manifest(fingerprint)
        warn_if_world_writable(self.folder, path.parent, path, path.with_suffix(".json"), what="The model cache")
        if manifest is None or not os.path.isfile(path) or sha256(path) != manifest.sha256:
            return None
        return path

    def manifest(self, fingerprint: str) -> Manifest | None:
        """Return the manifest of a graph; ``None`` when absent or unreadable."""
        try:
            return manifest_from(json.loads(self.graph_path(fingerprint).with_suffix(".json").read_text("utf-8")))
        except (OSError, ValueError, RecursionError):
            return None

    def add_graph(self, name: str, fingerprint: str, make: Callable[[Path], float], *, brought: bool = False) -> Path:
        """Return the graph of these weights, converting where it is missing or damaged.

        Args:
            name: model or network, for the manifest.
            fingerprint: of the weights.
            brought: ``make`` takes it from a bundle.
            make: writes the graph to the path it is given and returns the parity it measured.

        Raises:
            WeightsError: if the cache cannot be written, another process holds it for minutes, or ``make`` raises it.
        """
        path = self.graph_path(fingerprint)
        with self.locked(fingerprint):
            if found := self.graph(fingerprint):  # converted by another process while this one waited
                return found
            if path.exists():
                logger.warning("The cached graph {} is damaged; it is converted again.", path)
            for left_over in path.parent.glob(f"{path.stem}.*.tmp"):  # of killed processes: this one holds the lock
                left_over.unlink(missing_ok=True)
            part = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
            try:
                parity = make(part)
                _write_json(path.with_suffix(".json"), Manifest(name, fingerprint, sha256(part), parity, brought))
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
        with self.locked(name), whole_file(target) as part:
            shutil.copyfile(source, part)
        return target

    @contextmanager
    def locked(self, what: str) -> Iterator[None]:
        """Hold the lock of one model among all processes, and create the cache's folders.

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
                f"Another process has held the lock of {what} in {self.folder} for {_LOCK_S:g} s; end it and try again."
            ) from None
        except OSError as error:
            raise WeightsError(
                f"The model cache {self.folder} cannot be written ({error.strerror or error}): free some space, or "
                f"set {FOLDER_VARIABLE} to a folder that can."
            ) from error


def _write_json(path: Path, manifest: Manifest) -> None:
    with whole_file(path) as part:
        part.write_text(json.dumps(manifest.as_dict(), indent=2), "utf-8")
