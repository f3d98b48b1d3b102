"""Detect fast int8 and bf16 arithmetic of the processor, from Linux' cpuinfo; elsewhere assume none."""

from __future__ import annotations

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
VNNI_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})
"""Flags of int8 dot products, four products in one step. Without them sums of two products may overflow, and int8 is
no faster in OpenVINO."""
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
"""Flags of bfloat16 dot products, two in the time of one in fp32."""


def has_vnni(cpuinfo: Path = CPUINFO) -> bool:
    """Whether int8 is faster than fp32 on this processor."""
    return not VNNI_FLAGS.isdisjoint(_flags(cpuinfo))


def has_bf16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether bfloat16 is faster than fp32 on this processor."""
    return not BF16_FLAGS.isdisjoint(_flags(cpuinfo))


def _flags(cpuinfo: Path) -> list[str]:
    try:
        lines = cpuinfo.read_text("ascii", "replace").splitlines()
    except OSError:
        return []
    return next((line for line in lines if line.startswith("flags")), "").split()
