# The lean run time for an edge box, amd64 and arm64:
#   docker buildx build --platform linux/amd64,linux/arm64 -t recognizer .
# Models are not part of it; bring a bundle once (python main.py models export-bundle, elsewhere):
#   docker run --rm -v recognizer-models:/models -v "$PWD/bundle.zip:/bundle.zip:ro" recognizer models import /bundle.zip
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RECOGNIZER_CACHE=/models
WORKDIR /app
COPY requirements-edge.txt .
RUN pip install --no-cache-dir -r requirements-edge.txt
COPY main.py LICENSE ./
COPY recognizer recognizer
COPY configs configs

# video: the group that may open webcams
RUN useradd --uid 10001 --groups video --no-create-home recognizer \
 && mkdir -p /models /gallery /out && chown recognizer /models /gallery /out
USER recognizer
VOLUME ["/models", "/gallery", "/out"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "main.py"]
CMD ["run", "--config", "/settings.yaml"]
