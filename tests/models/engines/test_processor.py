from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.models.engines import processor


@pytest.mark.parametrize(
    ("flags", "vnni", "bf16"),
    [
        ("flags : fpu avx512_vnni", True, False),
        ("flags\t: avx2 avx_vnni sse", True, False),
        ("flags : avx512_vnni avx512_bf16", True, True),
        ("flags : amx_bf16", False, True),
        ("flags : avx2 vnni512 bf16", False, False),
        ("", False, False),
    ],
)
def test_the_processor_is_asked(tmp_path: Path, flags: str, vnni: bool, bf16: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\n{flags}\n", "utf-8")
    assert processor.has_vnni(cpuinfo) is vnni
    assert processor.has_bf16(cpuinfo) is bf16


def test_where_nothing_is_cpuinfo_floats_are_multiplied(tmp_path: Path) -> None:
    assert not processor.has_vnni(tmp_path / "none")
    assert not processor.has_bf16(tmp_path / "none")
