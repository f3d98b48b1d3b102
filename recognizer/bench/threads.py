"""Set and read back the number of threads of every library, so that stages do not compete for the cores.

One thread each is fastest, as measured: the nets, pictures and matrices are small, so that more threads cost more than
they give when anything else runs; decoding, recognising and writing run in parallel.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import cv2


def set_up(threads: int) -> None:
    """Limit OpenCV, and FAISS and torch if they are loaded, to ``threads``; engines get theirs when they are built."""
    cv2.setNumThreads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    if "faiss" in sys.modules:
        sys.modules["faiss"].omp_set_num_threads(threads)


def in_use(engine_threads: int) -> dict[str, Any]:
    """Return the current number of threads by library; ``None`` if a library is not loaded.

    Args:
        engine_threads: of the graph engines.
    """
    torch, faiss = sys.modules.get("torch"), sys.modules.get("faiss")
    return {
        "cores": os.cpu_count(),
        "openvino": engine_threads,
        "onnxruntime": engine_threads,
        "opencv": cv2.getNumThreads(),
        "openblas": _number(os.environ.get("OPENBLAS_NUM_THREADS")),
        "openmp": _number(os.environ.get("OMP_NUM_THREADS")),
        "torch": torch.get_num_threads() if torch else None,
        "faiss": faiss.omp_get_max_threads() if faiss else None,
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
