"""The composition root: settings become objects. The only file that knows two of a kind."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from loguru import logger

from recognizer.app.build.engines import IN_BYTES, engine_name, graph
from recognizer.app.config import Camera, Settings
from recognizer.calibration import calibration_file
from recognizer.calibration.drift import StrangerWatch
from recognizer.capture.adjust import Adjustment
from recognizer.capture.sources import Wishes, default_name, open_source
from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds as DecisionThresholds
from recognizer.detect.cadence import Cadence
from recognizer.detect.fast import StaleBoxes
from recognizer.detect.follow import FollowNet
from recognizer.detect.mtcnn import Mtcnn, Thresholds
from recognizer.detect.picture import PictureDetector
from recognizer.detect.proposals import ProposalNet
from recognizer.embed.embedder import GraphEmbedder
from recognizer.errors import ConfigError, EngineError
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.records import Enrolled
from recognizer.gallery.review import Limits, limits_at, limits_without_likeness
from recognizer.gallery.store import load_enrolled
from recognizer.match.exact_index import ExactIndex
from recognizer.models.cache import Cache
from recognizer.models.catalogue import SHIPPED_FOLDER, entry_of, fingerprint
from recognizer.models.digest import git_blob_id
from recognizer.models.download import Progress, no_progress
from recognizer.models.resolve import ResolvedModel, checkpoint_path, resolve
from recognizer.models.spec_file import inline
from recognizer.pipeline import Pipeline, Watch
from recognizer.protocols import Classifier, Detector, Embedder, FrameSource, GraphRunner, VectorIndex
from recognizer.track.tracker import Tracker

WEIGHTS = SHIPPED_FOLDER
GRAPHS = {
    "follow": "follow_own.onnx",
    "proposals": "proposals_own.onnx",
    "pnet": "mtcnn_pnet.onnx",
    "rnet": "mtcnn_rnet.onnx",
    "onet": "mtcnn_onet.onnx",
}
BATCHES = {
    "follow": (1, 2, 4, 6, 8),
    "proposals": (1,),
    "rnet": (4, 6, 8, 16, 64),
    "onet": (1, 2, 4, 6, 8, 16),
}
"""Sizes of the batches that a video brings to each net: a graph made for one size takes half to nine tenths of the
time, and OpenVINO compiles it before the first frame."""
FACES = (1, 8)
"""And to the embedder, which is ready for single faces. Eight at once take a fifth less; that graph is compiled where
eights come again and again, from a folder of photos, as it takes a quarter of a second and holds the weights anew."""
ONE_BY_ONE_BYTES = 80_000_000
"""Networks in larger files see single faces only: IResNet-100 takes as long for each of eight. EdgeFace's largest file
has 73 MB."""
FAISS_FROM = 1_000
"""Enrolled vectors from which FAISS answers sooner than NumPy; fewer are not worth loading it."""
COMPACT_FROM = 50_000
"""Enrolled vectors from which codes are worth learning: comparing every vector takes 8 ms a probe."""


def detector(
    settings: Settings,
    watched: Callable[[str, GraphRunner], GraphRunner] = lambda name, runner: runner,
    *,
    video: bool = True,
) -> Detector:
    """MTCNN, on graphs or on facenet-pytorch's own modules.

    For single pictures, and where every look is with the pyramid, it finds what facenet-pytorch does. Otherwise the
    nets may multiply bfloat16 numbers: scores move by 0.001, and as many faces and names come of it (recall of three
    clips .964, .996, .970 for .966, .996, .964, means of 7 to 20 first frames; names of a TV clip 90.4 for 90.5 % of
    its face-time, means of 21 cadences).

    Args:
        settings: engine, thresholds, and how faces are followed.
        watched: may put something around each of the nets, by its name in ``GRAPHS``, such as a clock.
        video: frames are about to come, not single pictures.
    """
    load = _torch_net if engine_name(settings) == "torch" else _graph_net

    def net(settings: Settings, name: str) -> GraphRunner:
        return watched(name, load(settings, name, ready=video, halves=video and glances))

    wanted = settings.detect
    own, glances = load is _graph_net, _glances(settings)
    mtcnn = Mtcnn(
        pnet=net(settings, "pnet"),
        rnet=net(settings, "rnet"),
        onet=net(settings, "onet"),
        min_face_px=wanted.min_face_px,
        thresholds=Thresholds(wanted.pnet_threshold, wanted.rnet_threshold, wanted.onet_threshold),
        factor=wanted.factor,
        proposals=ProposalNet(net(settings, "proposals"), min_face_px=wanted.min_face_px) if glances else None,
        follow=FollowNet(net(settings, "follow")) if own and settings.track.follow == "own" else None,
    )
    return StaleBoxes(mtcnn) if settings.track.follow == "copy" else mtcnn


def _glances(settings: Settings) -> bool:
    """Most looks are by nets of our own; torch has MTCNN's only."""
    return settings.detect.thorough_s > 0 and engine_name(settings) != "torch"


def proposals(settings: Settings) -> ProposalNet:
    """The net that says where faces may be, alone."""
    return ProposalNet(_graph_net(settings, "proposals"), min_face_px=settings.detect.min_face_px)


def picture_detector(settings: Settings) -> Detector:
    """The detector for single pictures."""
    return PictureDetector(detector(settings, video=False))


def _graph_net(settings: Settings, name: str, *, ready: bool = False, halves: bool = False) -> GraphRunner:
    batches = BATCHES.get(name, ())
    return graph(settings, WEIGHTS / GRAPHS[name], batches=batches, ready=batches if ready else (), halves=halves)


def _torch_net(settings: Settings, name: str, *, ready: bool, halves: bool) -> GraphRunner:
    from recognizer.detect import nets
    from recognizer.models.engines.torch import TorchRunner

    return TorchRunner(nets.load(name), outputs=nets.OUTPUTS[name], threads=settings.engine.threads)


def model(settings: Settings, progress: Progress = no_progress) -> ResolvedModel:
    """The embedding model of the settings, found, fetched or converted."""
    wanted = settings.embed
    facts = inline(wanted.facts) if isinstance(wanted.facts, str) else wanted.facts
    return resolve(wanted.model, weights_dir=wanted.weights_dir, progress=progress, facts=facts)


def embedder(settings: Settings, resolved: ResolvedModel | None = None) -> Embedder:
    """The embedding model, ready to run."""
    return _graph_embedder(settings, resolved or model(settings))


def classifier(settings: Settings, resolved: ResolvedModel) -> Classifier:
    """The model as a classifier of the people it was trained on.

    Raises:
        EngineError: if it has no classifier.
    """
    if resolved.facts.classes is None:
        raise EngineError(f"{resolved.name} has no classes; facenet_vggface2 and facenet_casia have.")
    return _graph_embedder(settings, resolved)


def _graph_embedder(settings: Settings, resolved: ResolvedModel) -> GraphEmbedder:
    if engine_name(settings) == "torch":
        runner = _torch_embedder(settings, resolved)
    else:
        sizes = FACES if resolved.graph.stat().st_size < ONE_BY_ONE_BYTES else FACES[:1]
        runner = graph(settings, resolved.graph, batches=sizes, ready=FACES[:1], ranges=resolved.ranges)
    if settings.engine.name == IN_BYTES and not getattr(runner, "layers_in_bytes", 0):
        logger.warning(
            "Nobody has measured what of {} may be computed in bytes ('models quantise' does); it runs as with "
            "--engine openvino.",
            resolved.name,
        )
    made = GraphEmbedder(runner=runner, model=resolved.fingerprint, facts=resolved.facts, flip=settings.embed.flip)
    if resolved.own_graph:
        made.check()
    return made


def _torch_embedder(settings: Settings, resolved: ResolvedModel) -> GraphRunner:
    if resolved.own_graph:
        raise EngineError(f"{resolved.graph} is a graph, which torch does not run: --engine openvino or onnxruntime.")
    from recognizer.embed import networks
    from recognizer.models.engines.torch import TorchRunner

    checkpoint = resolved.checkpoint or checkpoint_path(entry_of(resolved.name), Cache())
    if fingerprint(resolved.name, git_blob_id(checkpoint)) != resolved.fingerprint:
        raise EngineError(f"torch needs the checkpoint of {resolved.fingerprint}, and {checkpoint} is another one.")
    network = networks.load(resolved.name, checkpoint)
    return TorchRunner(network, outputs=networks.outputs(network), threads=settings.engine.threads)


def gallery_index(settings: Settings, fingerprint: str) -> VectorIndex:
    """The enrolled people, searchable; refused when they were enrolled with another model."""
    return index_of(enrolled_people(settings, fingerprint))


def enrolled_people(settings: Settings, fingerprint: str) -> Enrolled:
    """The enrolled people; refused when they were enrolled with another model."""
    enrolled = load_enrolled(settings.gallery.folder)
    enrolled.require(fingerprint)
    return enrolled


def index_of(enrolled: Enrolled) -> VectorIndex:
    """These people, searchable."""
    if len(enrolled) < FAISS_FROM or not importlib.util.find_spec("faiss"):
        return ExactIndex(enrolled=enrolled)
    if len(enrolled) >= COMPACT_FROM and enrolled.vectors.shape[1] % 2 == 0:  # its codes take two numbers each
        from recognizer.match.compact_index import CompactIndex

        return CompactIndex(enrolled=enrolled)
    from recognizer.match.faiss_index import FaissIndex

    return FaissIndex(enrolled=enrolled)


def calibrated(settings: Settings, resolved: ResolvedModel) -> calibration_file.Calibration:
    """The settings' calibration file, else the one that ``calibrate`` left in the gallery, else the model's."""
    own = site_calibration(settings)
    if settings.decide.calibration is None and own.is_file():
        try:
            return calibration_file.load(own, model=resolved.fingerprint)
        except ConfigError as error:
            logger.warning("{} Going on with the model's own thresholds; run calibrate again.", error)
    return calibration_file.load(settings.decide.calibration or resolved.calibration, model=resolved.fingerprint)


def site_calibration(settings: Settings) -> Path:
    """Where ``calibrate`` leaves what it found for a gallery, and ``run`` looks for it."""
    return settings.gallery.folder / RECORD_FOLDER / "calibration.json"


def has_thresholds(settings: Settings, resolved: ResolvedModel) -> bool:
    """Whether it is known what a name needs; of a network with similarities of its own somebody must measure it."""
    if resolved.has_defaults or calibrated(settings, resolved).measured:
        return True
    return settings.decide.known is not None and settings.decide.margin is not None


def limits(settings: Settings, resolved: ResolvedModel) -> Limits:
    """What enrolment asks of photos; how alike they may be depends on the model."""
    return Limits() if resolved.has_defaults else likeness(calibrated(settings, resolved))


def likeness(measured: calibration_file.Calibration) -> Limits:
    """What enrolment asks of photos, by a calibration."""
    if not measured.measured:
        return limits_without_likeness()
    return limits_at(known=measured.known, margin=measured.margin, sure=measured.sure)


def thresholds(settings: Settings, resolved: ResolvedModel, *, enrolled: int = 1) -> DecisionThresholds:
    """What a name needs: measured for the model and the size of the gallery, unless the settings say otherwise.

    Args:
        settings: may name a calibration file, or thresholds.
        resolved: the model.
        enrolled: vectors in the gallery; with a false-name budget the thresholds follow it.

    Raises:
        ConfigError: if nobody has measured any for this model.
    """
    wanted = settings.decide
    if not has_thresholds(settings, resolved):
        raise ConfigError(
            f"Nobody has measured how alike faces are to {resolved.fingerprint}, so that no threshold is known. "
            "Measure it once, on a folder of many people such as LFW's: python main.py calibrate --people FOLDER "
            f"--model {settings.embed.model}; or set decide.known and decide.margin in a settings file."
        )
    measured = calibrated(settings, resolved).at(enrolled)
    known = measured.known if wanted.known is None else wanted.known
    return DecisionThresholds(
        known=known,
        release=min(measured.release, known),
        margin=measured.margin if wanted.margin is None else wanted.margin,
        sure=max(measured.sure, known),
    )


def decider(settings: Settings, resolved: ResolvedModel, *, enrolled: int = 1, still: bool = False) -> Decider:
    """The decision for one source."""
    return Decider(
        thresholds=thresholds(settings, resolved, enrolled=enrolled),
        face_score=settings.decide.face_score,
        recheck_s=settings.decide.recheck_s,
        still=still,
        norm_range=resolved.facts.norm_range,
    )


def watch(
    settings: Settings, resolved: ResolvedModel, *, enrolled: int = 1, still: bool = False
) -> Callable[[], Watch]:
    """Makes what is remembered of a source."""

    def make() -> Watch:
        return Watch(
            Cadence(
                interval_s=0 if still else settings.detect.interval_s,
                shortest_s=settings.detect.shortest_s,
                thorough_s=settings.detect.thorough_s if _glances(settings) and not still else 0,
                cut=-1 if still else settings.detect.cut,  # unrelated pictures: nobody is followed into the next one
            ),
            Tracker(min_score=settings.track.min_score, keep_lost_s=settings.track.keep_lost_s),
            decider(settings, resolved, enrolled=enrolled, still=still),
        )

    return make


def stranger_watch(settings: Settings, resolved: ResolvedModel) -> StrangerWatch | None:
    """Counts how near strangers come to a name, against what the calibration expects; ``None`` where it says nothing.

    Raises:
        GalleryError: if nobody is enrolled.
    """
    near = strangers_near(settings, resolved, enrolled=len(enrolled_people(settings, resolved.fingerprint)))
    return None if near is None else StrangerWatch(near=near)


def strangers_near(settings: Settings, resolved: ResolvedModel, *, enrolled: int) -> float | None:
    """The similarity that few strangers reach with so many enrolled vectors; ``None`` where nobody measured it."""
    measured = calibrated(settings, resolved)
    if measured.impostors is None:
        return None
    return measured.impostors.fpir.threshold(StrangerWatch.SHARE, enrolled) + measured.shift


def pipeline(settings: Settings, resolved: ResolvedModel, *, still: bool = False) -> Pipeline:
    """All stages between source and sinks."""
    enrolled = enrolled_people(settings, resolved.fingerprint)
    return Pipeline(
        detector=picture_detector(settings) if still else detector(settings),
        embedder=embedder(settings, resolved),
        gallery=index_of(enrolled),
        watch=watch(settings, resolved, enrolled=len(enrolled), still=still),
    )


def source(settings: Settings) -> FrameSource:
    """Where frames come from; of several sources, the first."""
    return sources(settings)[0]


def sources(settings: Settings) -> list[FrameSource]:
    """Where frames come from, each under a name of its own."""
    made: list[FrameSource] = []
    for camera in settings.cameras:
        name = camera.name or default_name(camera.location)
        taken = {source.name for source in made}
        unique = next(n for n in (name, *(f"{name} ({i})" for i in range(2, len(made) + 3))) if n not in taken)
        made.append(open_source(camera.location, _wishes(camera, unique)))
    return made


def _wishes(camera: Camera, name: str) -> Wishes:
    return Wishes(
        name=name,
        threads=camera.decode_threads,
        deblock=camera.deblock,
        width=camera.width,
        height=camera.height,
        rate=camera.rate,
        transport=camera.transport,
        adjustment=Adjustment(
            rotate_deg=camera.rotate_deg,
            mirror=camera.mirror,
            region=camera.region,
            rate=camera.analysis_rate,
        ),
    )
