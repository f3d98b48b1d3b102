"""A message with a picture when somebody is recognised: ``python examples/rtsp_to_telegram.py rtsp://... gallery``.

TELEGRAM_TOKEN is what Telegram's @BotFather gave, TELEGRAM_CHAT the chat that the bot writes to.
"""

import os
import sys

import cv2
import httpx

from recognizer import FaceRecognizer
from recognizer.emit.overlay import draw
from recognizer.types import EventKind

camera, gallery = sys.argv[1:]
bot = f"{os.environ.get('TELEGRAM_API', 'https://api.telegram.org')}/bot{os.environ['TELEGRAM_TOKEN']}"
for result in FaceRecognizer(gallery).stream(camera):
    for event in result.events:
        if event.kind is EventKind.RECOGNISED:
            _, picture = cv2.imencode(".jpg", draw(result.frame.image, result.tracks, result.identities))
            text = {"chat_id": os.environ["TELEGRAM_CHAT"], "caption": f"{event.name} is at {event.source}"}
            answer = httpx.post(f"{bot}/sendPhoto", data=text, files={"photo": ("face.jpg", picture.tobytes())})
            if answer.is_error:  # the address holds the token, so it is not printed
                print(f"Telegram refused the message: {answer.status_code} {answer.text}", file=sys.stderr)
