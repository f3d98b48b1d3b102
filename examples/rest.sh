#!/bin/sh
# REST with curl: SERVICE=http://127.0.0.1:8000 TOKEN=... sh examples/rest.sh "Ada Lovelace" ada.jpg party.jpg
# Start the service with `python main.py serve --api-only`, make a token with `serve token create me --scope review`.
set -eu
auth="Authorization: Bearer $TOKEN"
curl -sS --fail-with-body "$SERVICE/verify" -F "image1=@$2" -F "image2=@$3"; echo
curl -sS --fail-with-body -H "$auth" "$SERVICE/v1/people" -F "name=$1" -F "photos=@$2"; echo
curl -sS --fail-with-body -H "$auth" "$SERVICE/v1/identify" -F "image=@$3"; echo
curl -sS --fail-with-body -H "$auth" "$SERVICE/v1/people"; echo
