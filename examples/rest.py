"""REST with Python: ``SERVICE=http://127.0.0.1:8000 TOKEN=... python examples/rest.py Ada ada.jpg party.jpg``."""

import os
import sys
from pathlib import Path

import httpx

name, photo, party = sys.argv[1:]
token = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
with httpx.Client(base_url=os.environ["SERVICE"], headers=token, timeout=30) as service:
    added = service.post("/v1/people", data={"name": name}, files={"photos": Path(photo).read_bytes()})
    print(added.json().get("error", {}).get("message", f"{name} is enrolled"))
    for face in service.post("/v1/identify", files={"image": Path(party).read_bytes()}).json()["faces"]:
        print(face["status"], face["name"], round(face["similarity"], 2), face["box"])
