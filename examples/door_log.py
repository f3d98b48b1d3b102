"""Who came when, as a table: ``python examples/door_log.py rtsp://camera/stream gallery door.csv``."""

import csv
import datetime as dt
import sys

from recognizer import FaceRecognizer
from recognizer.types import EventKind

source, gallery, log = sys.argv[1:]
with open(log, "a", newline="", buffering=1) as file:
    table = csv.writer(file)
    for result in FaceRecognizer(gallery).stream(source):
        for event in result.events:
            if event.kind is EventKind.RECOGNISED:
                now = dt.datetime.now().astimezone().isoformat(timespec="seconds")
                table.writerow([now, event.source, event.name, f"{event.similarity:.2f}"])
