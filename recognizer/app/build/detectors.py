"""Build the face detectors: MTCNN with exact proposals for photos, with our own nets for video."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from recognizer.app.build.engines import engine_name, graph
from recognizer.app.config import Settings
from recognizer.detect.follow import FollowNet
from recognizer.detect.mtcnn import Mtcnn, Thresholds
from recognizer.detect.picture import MAX_CANDIDATES, PictureDetector
from recognizer.detect.proposals import ProposalNet
from recognizer.detect.stale_boxes import StaleBoxes
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.protocols import Detector, GraphRunner

GRAPHS = {
    "follow": "follow_own.onnx",
    "proposals": "proposals_own.onnx",
    "pnet": "mtcnn_pnet.onnx",
    "rnet": "mtcnn_rnet.onnx",
    "onet": "mtcnn_onet.onnx",
}
"""Files of the nets in the package."""
VIDEO_BATCHES = {
    "follow": (1, 2, 4, 6, 8),
    "proposals": (1,),
    "rnet": (4, 6, 8, 16, 64),
    "onet": (1, 2, 4, 6, 8, 16),
}
"""Batch sizes that occur in video. A graph for one fixed size takes 0.5 to 0.9 of the time of one for any size;
OpenVINO compiles these before the first frame, or beside the first ones."""

Load = Callable[[str], GraphRunner]
"""Makes the runner of a net by its name in ``GRAPHS``."""
Wrap = Callable[[str, GraphRunner], GraphRunner]
"""Puts something around the runner of a net, such as a clock."""


def video_detector(
    settings: Settings,
    wrap: Wrap = lambda name, runner: runner,
    *,
    later: list[Callable[[], object]] | None = None,
) -> Detector:
    """Build the detector for video, with every graph compiled before the first frame.

    With our own proposal net the nets may run in bf16: scores move by 0.001, and as many faces and names come of it
    (recall on three clips .964, .996, .970 against .966, .996, .964 in fp32, means of 7 to 20 first frames; names for
    90.4 against 90.5 % of the face-time of a TV clip, means of 21 first frames).

    Args:
        settings: engine, thresholds, and how faces are followed.
        wrap: applied to each net's runner.
        later: see ``engines.graph``.
    """
    bf16 = has_fast_detection(settings)

    def load(name: str) -> GraphRunner:
        return wrap(name, _runner(settings, name, precompile=True, bf16=bf16, later=later))

    proposals = ProposalNet(load("proposals"), min_face_px=settings.detect.min_face_px) if bf16 else None
    return _mtcnn(settings, load, proposals)


def exact_detector(settings: Settings, *, max_candidates: float = np.inf) -> Detector:
    """Build MTCNN as facenet-pytorch has it: in fp32, with P-Net's whole pyramid; for single pictures."""
    load = partial(_runner, settings, precompile=False, bf16=False)
    return _mtcnn(settings, load, None, max_candidates=max_candidates)


def photo_detector(settings: Settings) -> Detector:
    """Build the detector for photos of any size: exact MTCNN, tried at several scales where no face is found."""
    return PictureDetector(exact_detector(settings, max_candidates=MAX_CANDIDATES))


def proposal_net(settings: Settings) -> ProposalNet:
    """Build our own proposal net alone."""
    runner = _runner(settings, "proposals", precompile=False, bf16=False)
    return ProposalNet(runner, min_face_px=settings.detect.min_face_px)


def has_fast_detection(settings: Settings) -> bool:
    """Whether our own proposal net does most detections of a video; torch has MTCNN's nets only."""
    return settings.detect.full_interval_s > 0 and engine_name(settings) != "torch"


def _mtcnn(
    settings: Settings, load: Load, proposals: ProposalNet | None, *, max_candidates: float = np.inf
) -> Detector:
    detect, follow = settings.detect, settings.track.follow
    mtcnn = Mtcnn(
        pnet=load("pnet"),
        rnet=load("rnet"),
        onet=load("onet"),
        min_face_px=detect.min_face_px,
        thresholds=Thresholds(detect.pnet_threshold, detect.rnet_threshold, detect.onet_threshold),
        factor=detect.factor,
        proposals=proposals,
        follow=FollowNet(load("follow")) if follow == "own" and engine_name(settings) != "torch" else None,
        max_candidates=max_candidates,
    )
    return StaleBoxes(mtcnn) if follow == "copy" else mtcnn


def _runner(
    settings: Settings,
    name: str,
    *,
    precompile: bool,
    bf16: bool,
    later: list[Callable[[], object]] | None = None,
) -> GraphRunner:
    if engine_name(settings) == "torch" and name not in ("proposals", "follow"):
        return _torch_runner(settings, name)
    batches = VIDEO_BATCHES.get(name, ())
    return graph(
        settings,
        SHIPPED_FOLDER / GRAPHS[name],
        batches=batches,
        precompile=batches if precompile else (),
        bf16=bf16,
        later=later,
    )


def _torch_runner(settings: Settings, name: str) -> GraphRunner:
    from recognizer.detect import nets
    from recognizer.models.engines.torch import TorchRunner

    return TorchRunner(nets.load(name), outputs=nets.OUTPUTS[name], threads=settings.engine.threads)
