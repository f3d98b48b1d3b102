# The lean installation, without torch, for amd64 and arm64:
#   docker buildx build --platform linux/amd64,linux/arm64 -t recognizer .
# Only the small shipped models are inside. For others, make a bundle elsewhere (models export-bundle FILE.zip NAME) and
# import it once:
#   docker run --rm -v recognizer-models:/models -v "$PWD/bundle.zip:/bundle.zip:ro" recognizer models import /bundle.zip
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RECOGNIZER_CACHE=/models
WORKDIR /app
COPY requirements-edge.txt .
RUN pip install --no-cache-dir -r requirements-edge.txt
COPY main.py LICENSE ./
COPY recognizer recognizer
COPY configs configs

# the group "video" may open webcams
RUN useradd --uid 10001 --groups video --no-create-home recognizer \
 && mkdir -p /models /gallery /out && chown recognizer /models /gallery /out
USER recognizer
VOLUME ["/models", "/gallery", "/out"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "main.py"]
CMD ["run", "--config", "/settings.yaml"]
