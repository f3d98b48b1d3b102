"""Say so where ``ulimit -v`` leaves too little: libraries fail with all kinds of errors then, and some hang."""

from __future__ import annotations

LEAST_BYTES = 1_000_000_000
"""Below it not every command can be imported (0.6 GB), and OpenVINO may hang (0.8 GB)."""
OPENVINO_BYTES = 2_000_000_000
"""With 1.5 GB OpenVINO cannot run a graph on two cores; ONNX Runtime identifies pictures with 1.2 GB."""
_REMEDY = (
    "raise or remove that limit, which counts addresses and not memory: MemoryMax= of systemd and --memory of Docker "
    "limit memory"
)


def too_few() -> str | None:
    """Return an error message where this process may use too few addresses to run at all."""
    limit = address_limit()
    if limit is None or limit >= LEAST_BYTES:
        return None
    return f"ulimit -v is {limit / 1e9:.1f} GB, wanted at least {OPENVINO_BYTES / 1e9:.0f} GB; {_REMEDY}."


def scarce() -> str | None:
    """Return a note where OpenVINO will probably not run."""
    limit = address_limit()
    if limit is None or limit >= OPENVINO_BYTES:
        return None
    return (
        f"ulimit -v is {limit / 1e9:.1f} GB and OpenVINO needs about {OPENVINO_BYTES / 1e9:.0f} GB. If an engine or a "
        f"picture fails: {_REMEDY}."
    )


def address_limit() -> int | None:
    """Bytes of addresses that this process may use; ``None`` for any number, or where no system says it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit
