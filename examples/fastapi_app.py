"""Names in a web application of one's own: ``GALLERY=gallery uvicorn --app-dir examples fastapi_app:app``."""

import os
from typing import Annotated

from fastapi import FastAPI, File, HTTPException

from recognizer import FaceRecognizer
from recognizer.errors import ImageError

app = FastAPI()
faces = FaceRecognizer(os.environ.get("GALLERY", "gallery"))


@app.post("/who")
def who(picture: Annotated[bytes, File()]) -> list[dict[str, object]]:
    """Name the faces of a picture. FastAPI runs this in a thread; one recogniser may be used from several."""
    try:
        found = faces.identify(picture)
    except ImageError as error:
        raise HTTPException(422, str(error)) from error
    return [{"name": face.name, "similarity": face.similarity, "box": face.box} for face in found]
