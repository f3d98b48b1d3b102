"""The model card that lies beside a shipped graph: what it is, how it was made, what it reaches, what it is not for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recognizer.embed.trained import Snapshot
from recognizer.train.embedder.settings import DistilConfig
from recognizer.train.embedder.ship import Measured

_CARD = """\
# {title}

{parameters:.2f} M parameters, {megabytes:.1f} MB: an EdgeFace XXS (George et al., IEEE T-BIOM 2024,
<https://arxiv.org/abs/2307.01838>) of our own, for machines that cannot fetch the published weights. Its input
`faces` is (batch, 3, 112, 112) float32 RGB, `(pixel / 255 - 0.5) / 0.5`, aligned to the ArcFace template; its output
`vectors` is (batch, 512) float32, not of unit length. Weights are kept in half precision, sums in single precision.

## How good it is

Folds 9 and 10 of LFW: 600 pairs of one person, 600 of two; no person in them was seen in training. The threshold of
one fold is chosen on the other. Each face's vector alone, and averaged with its mirror image's:

| engine | accuracy | with mirror | TAR at FMR 1e-3 | with mirror | least cosine to the trained network |
| --- | --- | --- | --- | --- | --- |
{rows}

With 600 pairs of different people FMR 1e-3 means that none may pass: a coarse number. The teacher reaches {teacher}
with mirror on the same pairs and crops. LFW cannot rank good models and says little about video.

## How it was made

Distillation from {start}; no published XXS weights were used. The student learns the teacher's vectors for
the same random views of the same faces: cosine (weight {cosine:g}), relations within a batch ({relation:g}; Park et
al. 2019), ranking among {bank:,} other faces ({contrast:g}; Fang et al. 2021). Muon for the blocks' matrices, AdamW
for the rest; warm-up, stable rate, decay; the averaged weights ship.

- Teacher: `{teacher_name}` as published by Idiap.
- Data: {faces:,} aligned faces: the archives named in the config (no identity labels) and the LFW people who are
  not in folds 9 and 10; {views} random views of each (pose, profile, picture edge, light, low resolution, blur, JPEG,
  noise, occlusion).
- So far: {samples:,} of {planned:,} samples in {hours:.1f} hours on {processes} shared CPU cores, last at
  {size_px} px; {state}. The graph takes 112 px and shrinks them itself where it learned at a smaller size.
- Command: `python main.py train --config {config}`; then `python main.py train --config {config} --export {target}`.

## What it is not good for

- Decisions about people's rights, access or guilt. It suggests a name; a person decides.
- Telling apart strangers in large galleries: its errors at low FMR are a multiple of the published models'.
- Profile views, faces under some 30 px, heavy occlusion; it has seen them, but few.
- Fairness over age, sex and origin was not measured. LFW is mostly light-skinned adult men.
- Vectors of other models: they cannot be compared with this one's.

## Licences

The graph follows its sources. Teacher: the EdgeFace repository is BSD-3-Clause; some re-publications label the weights
CC BY-NC-SA 4.0. Training data: LFW and the face archives are for research use. So: research use, and ask before any
other.
"""


def write(
    *,
    path: Path,
    graph: Path,
    config_path: Path,
    config: DistilConfig,
    taken: Snapshot,
    faces: int,
    teacher_accuracy: float,
    measured: Sequence[Measured],
) -> None:
    """Write the card of ``graph`` to ``path``."""
    rows = [
        f"| {m.engine} | {m.plain.accuracy:.2%} | {m.mirrored.accuracy:.2%} | {m.plain.tar:.3f} | {m.mirrored.tar:.3f} "
        f"| {m.parity:.6f} |"
        for m in measured
    ]
    ended = taken.samples + config.schedule.batch > config.schedule.samples
    decayed = config.schedule.rate(taken.samples) < 1
    state = "finished" if ended else "in its final decay" if decayed else "not finished: the rate has not decayed yet"
    initial = config.student.initial
    path.write_text(
        _CARD.format(
            title=graph.stem,
            start="a random start" if initial is None else f"the weights of an earlier `{initial.name}`",
            parameters=sum(p.numel() for p in taken.network.parameters()) / 1e6,
            megabytes=graph.stat().st_size / 1e6,
            rows="\n".join(rows),
            teacher=f"{teacher_accuracy:.2%}",
            teacher_name=config.teacher.name,
            cosine=config.losses.cosine,
            relation=config.losses.relation,
            contrast=config.losses.contrast,
            bank=config.losses.bank,
            faces=faces,
            views=config.data.views,
            samples=taken.samples,
            planned=config.schedule.samples,
            hours=taken.hours,
            processes=config.run.processes,
            size_px=taken.size_px,
            state=state,
            config=config_path.as_posix(),
            target=graph.as_posix(),
        ),
        encoding="utf-8",
    )
