"""What this machine's processor multiplies quickly, as Linux tells it; of other systems nothing is known."""

from __future__ import annotations

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
BYTE_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni"})
"""Flags: four products of bytes in one step. Without them sums of two products may overflow, and OpenVINO is no
faster."""
HALF_PRODUCTS = frozenset({"avx512_bf16", "amx_bf16"})
"""Flags: two products of bfloat16 numbers in the time of one of floats."""


def has_vnni(cpuinfo: Path = CPUINFO) -> bool:
    """Whether bytes in place of floats are worth it here."""
    return not BYTE_PRODUCTS.isdisjoint(_flags(cpuinfo))


def has_bf16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether bfloat16 numbers in place of floats are."""
    return not HALF_PRODUCTS.isdisjoint(_flags(cpuinfo))


def _flags(cpuinfo: Path) -> list[str]:
    try:
        lines = cpuinfo.read_text("ascii", "replace").splitlines()
    except OSError:
        return []
    return next((line for line in lines if line.startswith("flags")), "").split()
