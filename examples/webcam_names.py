"""Names on screen, from a webcam: ``python examples/webcam_names.py 0 gallery``; q closes the window."""

import sys

from recognizer import FaceRecognizer
from recognizer.emit.overlay import Overlay
from recognizer.emit.window import Window

camera, gallery = sys.argv[1:]
faces = FaceRecognizer(gallery)
with Window(render=Overlay()) as window:
    for result in faces.stream(camera):
        window.emit(result)
        if window.closed:
            break
