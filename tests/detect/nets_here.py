"""The detector with the graphs of the repository, for tests."""

from __future__ import annotations

from functools import cache

from recognizer.app.build.detectors import GRAPHS
from recognizer.detect.follow import FollowNet
from recognizer.detect.mtcnn import Mtcnn
from recognizer.detect.proposals import ProposalNet
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines.openvino import OpenVinoRunner
from recognizer.protocols import GraphRunner


@cache
def net(name: str) -> GraphRunner:
    return OpenVinoRunner(SHIPPED_FOLDER / GRAPHS[name], threads=1)


def mtcnn(*, min_face_px: float = 40, own: bool = True) -> Mtcnn:
    return Mtcnn(
        pnet=net("pnet"),
        rnet=net("rnet"),
        onet=net("onet"),
        min_face_px=min_face_px,
        proposals=ProposalNet(net("proposals"), min_face_px=min_face_px),
        follow=FollowNet(net("follow")) if own else None,
    )
