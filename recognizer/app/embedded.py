"""Embed many pictures with the settings' detector and model; vectors are cached on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from recognizer.app import build, config
from recognizer.app.build import engines
from recognizer.errors import ImageError
from recognizer.evaluation.faces import EmbeddedPictures, Picture, VectorStore, cut_with, embed_pictures, take_aligned
from recognizer.models.cache import Cache
from recognizer.models.digest import sha256
from recognizer.models.resolve import ResolvedModel

Counting = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Context manager of a progress bar with a title; gives a function of (done, total)."""


@contextmanager
def uncounted(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show no progress."""
    yield lambda done, total: None


def embedded(
    settings: config.Settings,
    resolved: ResolvedModel,
    pictures: Sequence[Picture],
    *,
    face_share: float | None,
    cache: Path | None,
    what: str,
    counting: Counting = uncounted,
    on_unreadable: Callable[[Picture, ImageError], None] | None = None,
) -> EmbeddedPictures:
    """Embed pictures, or read their vectors from the cache.

    Args:
        settings: of detector and engine.
        resolved: the model.
        pictures: what to embed.
        face_share: side of the fallback crop as a share of the picture's shorter side; ``None``: they are crops.
        cache: folder for the vectors; ``None`` for the user's cache.
        what: title for the progress.
        counting: shows the progress.
        on_unreadable: called for each picture that cannot be read; by default the first one raises.

    Raises:
        ImageError: if a picture cannot be read and ``on_unreadable`` is not given.
    """
    detect = settings.detect
    thresholds = (detect.pnet_threshold, detect.rnet_threshold, detect.onet_threshold)
    detector = f"mtcnn{detect.min_face_px:g}-" + "-".join(f"{threshold:g}" for threshold in thresholds)
    aligner = "aligned" if face_share is None else f"{detector}-filled-centre-{face_share:g}"
    aligner += "-directional"  # how sharpness is measured: it is cached, too
    if engines.engine_of(settings, resolved) == engines.INT8:
        aligner += f"-int8-{sha256(resolved.ranges)[:8]}" if resolved.ranges else ""
    folder = cache or Cache().folder / "embeddings"
    plain = settings.model_copy(update={"embed": settings.embed.model_copy(update={"flip": False})})  # both are kept
    with VectorStore(folder, model=resolved.fingerprint, aligner=aligner) as store, counting(what) as on_progress:
        known = store.known()
        if all(picture.stamp in known for picture in pictures):  # no model needs to be loaded
            return store.get([picture.stamp for picture in pictures])
        embedder = build.embedder(plain, resolved)
        cut = embedder.spec.crop
        take = (
            take_aligned(cut)
            if face_share is None
            else cut_with(build.photo_detector(settings), face_share=face_share, cut=cut)
        )
        return embed_pictures(
            pictures, cut=take, embedder=embedder, store=store, on_progress=on_progress, on_unreadable=on_unreadable
        )
