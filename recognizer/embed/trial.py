"""Run a graph on a picture, as `recognizer.models.trial` does in a process of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path

import numpy as np

from recognizer.embed.embedder import GraphEmbedder
from recognizer.errors import EngineError, ModelError
from recognizer.models.catalogue import CATALOGUE
from recognizer.models.published_specs import EDGEFACE
from recognizer.protocols import GraphRunner

MAX_MEMORY_BYTES = 8 << 30
"""Of address space, of which libraries take some GB before any weight is loaded."""


def run(graph: Path, name: str) -> None:
    """Run a graph on a picture.

    Raises:
        EngineError: if the engine refuses it, or its vectors are not those of a network.
    """
    entry = CATALOGUE.get(name)
    spec = entry.spec if entry else EDGEFACE
    GraphEmbedder(runner=_runner(graph), model=name, spec=spec).check()


def _runner(graph: Path) -> GraphRunner:
    if importlib.util.find_spec("openvino"):
        from recognizer.models.engines.openvino import OpenVinoRunner

        return OpenVinoRunner(graph, threads=1, batches=(1,))
    if importlib.util.find_spec("onnxruntime"):
        from recognizer.models.engines.onnxruntime import OnnxRuntimeRunner

        return OnnxRuntimeRunner(graph, threads=1)
    raise EngineError("No graph engine is installed: pip install openvino (or onnxruntime).")


def main() -> int:
    """Run the graph of the first argument as the model of the second; print why it is refused."""
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    np.seterr(all="ignore")
    try:
        run(Path(sys.argv[1]), sys.argv[2])
    except MemoryError:
        print(f"it needs more than {MAX_MEMORY_BYTES >> 30} GB of memory.")
        return ModelError.exit_code
    except ModelError as error:
        print(error)  # not to stderr, where the engines write
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
