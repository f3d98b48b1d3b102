# The lean installation, without torch, with the service and the integrations (arm64: see docs/install.md first):
#   docker build -t recognizer .
# docs/install.md says how to run it. Only the small shipped models are inside. For others, make a bundle elsewhere
# (models export-bundle FILE.zip NAME) and import it once:
#   docker run --rm -v recognizer-models:/models -v "$PWD/bundle.zip:/bundle.zip:ro" recognizer models import /bundle.zip
ARG BASE=docker.io/library/python:3.12-slim
FROM ${BASE}

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RECOGNIZER_CACHE=/models
WORKDIR /app
COPY requirements-edge.txt requirements-serve.txt requirements-integrations.txt ./
RUN pip install --no-cache-dir -r requirements-edge.txt -r requirements-serve.txt -r requirements-integrations.txt
COPY main.py LICENSE ./
# compiled once: without, each start compiles 330 modules, 0.2 s
COPY recognizer recognizer
RUN python -m compileall -q recognizer
COPY configs configs

# the group "video" may open webcams
RUN useradd --uid 10001 --groups video --no-create-home recognizer \
 && mkdir -p /models /data/gallery && chown -R recognizer /models /data
USER recognizer
VOLUME ["/models", "/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
  CMD ["python", "main.py", "health", "--alive", "--config", "/data/site.yaml"]
ENTRYPOINT ["python", "main.py"]
CMD ["serve", "--config", "/data/site.yaml"]
