"""The worker's process: ``python -m recognizer.runtime.workers.child LINK PICTURES``, two open descriptors.

Its first message is the plan, its second what to start with. Its log lines go to the pool, which has the terminal.
"""

from __future__ import annotations

import signal
import sys
import warnings
from typing import TYPE_CHECKING

import cv2
from loguru import logger

from recognizer.runtime.workers import messages
from recognizer.runtime.workers.link import Link
from recognizer.runtime.workers.pictures import PictureWriter
from recognizer.runtime.workers.worker import Worker

if TYPE_CHECKING:
    from loguru import Message


def main(link_descriptor: int, pictures_descriptor: int) -> None:
    """Work until there is nothing left to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the pool, which ends all in order
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    cv2.setNumThreads(1)  # a stage's images are small
    link = Link(link_descriptor)

    def forward(line: Message) -> None:
        link.send(messages.Log(line.record["level"].name, line.record["message"]))

    logger.remove()
    logger.add(
        forward,
        level="DEBUG",
        format="{message}",
    )
    plan, start = link.receive(), link.receive()
    if start is None:  # the pool has gone already
        return
    with logger.catch(reraise=False, onerror=lambda _: sys.exit(1)):
        Worker(link, PictureWriter(pictures_descriptor), plan).run(start)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
