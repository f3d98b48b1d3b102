"""Each loss against its formula, written out a second time in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recognizer.train.embedder import losses
from recognizer.types import F32


def unit_rows(count: int, seed: int) -> F32:
    rows = np.random.default_rng(seed).standard_normal((count, 512)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


STUDENT, TEACHER, BANK = unit_rows(5, 1), unit_rows(5, 2), unit_rows(7, 3)


def tensors(*arrays: F32) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def test_cosine_is_half_the_mean_squared_distance() -> None:
    wanted = 0.5 * np.mean([np.sum((s - t) ** 2) for s, t in zip(STUDENT, TEACHER, strict=True)])
    assert float(losses.cosine(*tensors(STUDENT, TEACHER))) == pytest.approx(float(wanted), abs=1e-6)


def test_relation_is_the_mean_squared_gap_of_all_pairs_of_different_faces() -> None:
    gaps = [(STUDENT[i] @ STUDENT[j] - TEACHER[i] @ TEACHER[j]) ** 2 for i in range(5) for j in range(5) if i != j]
    assert float(losses.relation(*tensors(STUDENT, TEACHER))) == pytest.approx(float(np.mean(gaps)), rel=1e-5)


def test_contrast_is_the_divergence_of_the_two_rankings() -> None:
    total = 0.0
    faces = [*TEACHER, *BANK]
    for s, t in zip(STUDENT, TEACHER, strict=True):
        p = np.exp([float(t @ f) / 0.1 for f in faces])
        q = np.exp([float(s @ f) / 0.1 for f in faces])
        p, q = p / p.sum(), q / q.sum()
        total += float(np.sum(p * np.log(p / q)))
    student, teacher, bank = tensors(STUDENT, TEACHER, BANK)
    assert float(losses.contrast(student, teacher, bank, 0.1)) == pytest.approx(total / 5, rel=1e-4)


def test_a_perfect_student_loses_nothing() -> None:
    same, bank = tensors(TEACHER, BANK)
    assert float(losses.cosine(same, same)) == pytest.approx(0, abs=1e-6)
    assert float(losses.relation(same, same)) == 0
    assert float(losses.contrast(same, same, bank, 0.1)) == pytest.approx(0, abs=1e-6)


def test_contrast_without_a_bank_compares_within_the_batch() -> None:
    student, teacher = tensors(STUDENT, TEACHER)
    assert float(losses.contrast(student, teacher, torch.zeros(0, 512), 0.1)) > 0
