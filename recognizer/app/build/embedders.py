"""Build the embedding model: its files, the embedder, the classifier."""

from __future__ import annotations

from loguru import logger

from recognizer.app.build.engines import INT8, engine_name, graph
from recognizer.app.config import Settings
from recognizer.embed.embedder import GraphEmbedder
from recognizer.errors import EngineError
from recognizer.models.cache import Cache
from recognizer.models.catalogue import entry_of, fingerprint_of
from recognizer.models.digest import git_blob_id
from recognizer.models.download import Progress, no_progress
from recognizer.models.resolve import ResolvedModel, checkpoint_path, resolve
from recognizer.models.spec_file import inline
from recognizer.protocols import Classifier, Embedder, GraphRunner

BATCHES = (1, 8)
"""Faces in a batch. Only the graph for single faces is compiled at the start: the one for eight takes a fifth less
time a face, but 0.25 s to compile and the memory of the weights again, so it follows where batches of eight recur."""
LARGE_FILE_BYTES = 80_000_000
"""Networks in larger files take single faces only: IResNet-100 takes as long for each of eight. EdgeFace's largest
file has 73 MB."""


def model(settings: Settings, progress: Progress = no_progress, *, offline: bool = False) -> ResolvedModel:
    """Find, fetch or convert the embedding model of the settings; ``offline``: do not fetch it.

    Raises:
        ConfigError: if ``embed.spec`` is not valid, or given for a model that is no file of one's own.
        WeightsError: if the model cannot be had; says what was tried.
    """
    embed = settings.embed
    spec = inline(embed.spec) if isinstance(embed.spec, str) else embed.spec
    return resolve(embed.model, weights_dir=embed.weights_dir, progress=progress, spec=spec, offline=offline)


def embedder(settings: Settings, resolved: ResolvedModel | None = None, *, batch: int | None = None) -> Embedder:
    """Load the embedding model.

    Args:
        settings: which model, and which engine.
        resolved: the model, where it was found before.
        batch: faces that always come at once; the vectors are the same, in less time. ``None``: any number.

    Raises:
        EngineError: if the engine cannot run it.
    """
    return _graph_embedder(settings, resolved or model(settings), batch=batch)


def classifier(settings: Settings, resolved: ResolvedModel) -> Classifier:
    """Load the model as a classifier of the people it was trained on.

    Raises:
        EngineError: if it has no classifier, or the engine cannot run it.
    """
    if resolved.spec.classes is None:
        raise EngineError(f"{resolved.name} has no classes; facenet_vggface2 and facenet_casia have.")
    return _graph_embedder(settings, resolved)


def _graph_embedder(settings: Settings, resolved: ResolvedModel, *, batch: int | None = None) -> GraphEmbedder:
    if resolved.own_graph or resolved.spec.fixed_batch_one:
        batch = None  # it may take no other number of faces than it was exported with
    if engine_name(settings) == "torch":
        runner = _torch_runner(settings, resolved)
    else:
        batches = BATCHES if batch is None else (batch,)
        if resolved.graph.stat().st_size >= LARGE_FILE_BYTES:
            batches = BATCHES[:1]
        runner = graph(settings, resolved.graph, batches=batches, precompile=batches[:1], ranges=resolved.ranges)
    if settings.engine.name == INT8 and not getattr(runner, "int8_layers", 0):
        logger.warning(
            "No int8 ranges are measured for {}, so it runs in floats as with --engine openvino; 'models quantise' "
            "measures them.",
            resolved.name,
        )
    made = GraphEmbedder(
        runner=runner,
        model=resolved.fingerprint,
        spec=resolved.spec,
        flip=settings.embed.flip,
        batch=batch or BATCHES[-1],
    )
    if resolved.own_graph:
        made.check()
    return made


def _torch_runner(settings: Settings, resolved: ResolvedModel) -> GraphRunner:
    if resolved.own_graph:
        raise EngineError(
            f"{resolved.graph} is an ONNX graph, which torch does not run: pass --engine openvino or onnxruntime."
        )
    from recognizer.embed import networks
    from recognizer.models.engines.torch import TorchRunner

    checkpoint = resolved.checkpoint or checkpoint_path(entry_of(resolved.name), Cache())
    if fingerprint_of(resolved.name, git_blob_id(checkpoint)) != resolved.fingerprint:
        raise EngineError(f"torch needs the checkpoint of {resolved.fingerprint}, and {checkpoint} is another one.")
    network = networks.load(resolved.name, checkpoint)
    return TorchRunner(network, outputs=networks.outputs(network), threads=settings.engine.threads)
