"""Write an evaluation as one HTML file: tables, plots, and the worst errors as pictures."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from recognizer import metrics
from recognizer.errors import OutputError
from recognizer.evaluation.identification import Identification
from recognizer.evaluation.pairs import PairSet
from recognizer.evaluation.plots import Axis, curves, histograms
from recognizer.evaluation.verification import Verification
from recognizer.types import U8

WORST = 12
"""Errors of each kind that are shown."""
_SIDE_PX = 112
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1c2430}
table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.25rem .8rem;border-bottom:1px solid #d8dde4;text-align:right}td{white-space:pre}
td:first-child,th:first-child{text-align:left}td small{color:#5b6675}
svg{max-width:100%;height:auto}
.plots{display:flex;flex-wrap:wrap;gap:1rem}.pairs{display:flex;flex-wrap:wrap;gap:.8rem}
figure{margin:0;font-size:12px;width:224px}figure img{width:112px;height:112px;object-fit:cover}
figure.one{width:112px}figcaption{overflow-wrap:anywhere}"""


def page(title: str, sections: Sequence[str]) -> str:
    """Put sections into one page."""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
    return f"{head}<style>{_STYLE}</style><h1>{escape(title)}</h1>{''.join(sections)}</html>\n"


def write(path: Path, text: str) -> None:
    """Write a report.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The report {path} cannot be written: {error.strerror}.") from error


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Make an HTML table of text; the second line of a cell is set in small type."""
    top = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>"


def _cell(text: str) -> str:
    first, _, more = text.partition("\n")
    return escape(first) + (f"\n<small>{escape(more)}</small>" if more else "")


def verification_section(results: Sequence[Verification], protocol: PairSet) -> str:
    """Show verification runs of one protocol: table, ROC, DET, distributions, and the first run's worst errors."""
    rows = [
        (
            "with flip" if result.flip else "no flip",
            f"{100 * result.accuracy.mean:.2f} %\n± {100 * result.accuracy.deviation:.2f}",
            *(
                f"{rate.tar:.4f}{'' if rate.resolved else ' *'}\n{rate.low:.4f} to {rate.high:.4f}"
                for rate in result.rates
            ),
            f"{result.auc:.5f}",
            f"{100 * result.eer:.2f} %",
        )
        for result in results
    ]
    headings = ["", "accuracy", *(f"TAR at FMR {rate.fmr:g}" for rate in results[0].rates), "AUC", "EER"]
    names = [row[0] for row in rows]
    rocs = [metrics.roc(result.similarities[result.same], result.similarities[~result.same]) for result in results]
    least = 1 / max(2, int((~results[0].same).sum()))
    fmr = Axis("FMR", least, 1, log=True)
    worst = min(float(np.interp(least, r[1], r[2])) for r in rocs)
    plots = [
        curves(
            "ROC",
            fmr,
            Axis("TAR", min(0.98, math.floor(20 * worst) / 20), 1),
            {n: (r[1], r[2]) for n, r in zip(names, rocs, strict=True)},
        ),
        curves(
            "DET",
            fmr,
            Axis("FNMR", 1e-3, 1, log=True),
            {n: (r[1], 1 - r[2]) for n, r in zip(names, rocs, strict=True)},
        ),
        histograms(
            f"Similarities, {names[0]}: {results[0].model}",
            Axis("cosine", -0.3, 1),
            {
                "one person": results[0].similarities[results[0].same],
                "two people": results[0].similarities[~results[0].same],
            },
        ),
    ]
    missed = f"{results[0].pictures} pictures, no face found in {results[0].without_face}"
    notes = f"<p>{escape(missed)}, where the crop is {escape(results[0].fallback)}."
    notes += " Ten folds, the threshold chosen on the other nine; 95 % bootstrap intervals."
    if not all(rate.resolved for rate in results[0].rates):
        notes += " * fewer impostor pairs than 1 / FMR: the threshold depends on the most similar pair alone."
    notes += "</p>"
    errors = "".join(_errors(results[0], protocol))
    title = f"<h2>{escape(protocol.name)}: {len(protocol.same)} pairs, {escape(results[0].model)}</h2>"
    return f'{title}{table(headings, rows)}{notes}<div class="plots">{"".join(plots)}</div>{errors}'


def _errors(result: Verification, protocol: PairSet) -> Iterator[str]:
    threshold = result.accuracy.threshold
    for same, words in ((True, "one person, taken for two"), (False, "two people, taken for one")):
        rows = np.nonzero(protocol.same == same)[0]
        order = rows[np.argsort(result.similarities[rows] * (1 if same else -1))]
        wrong = [row for row in order if (result.similarities[row] >= threshold) != same][:WORST]
        yield f"<h3>Worst errors: {words} ({len(wrong)} shown, threshold {threshold:.3f})</h3>"
        figures = []
        for row in wrong:
            two = [protocol.pictures[side[row]] for side in (protocol.left, protocol.right)]
            images = "".join(f'<img src="{embedded(picture.read())}" alt="">' for picture in two)
            names = " / ".join(picture.name for picture in two)
            caption = f"{result.similarities[row]:.3f} {names}"
            figures.append(f"<figure>{images}<figcaption>{escape(caption)}</figcaption></figure>")
        yield f'<div class="pairs">{"".join(figures)}</div>'


def embedded(image: U8) -> str:
    """Encode the middle square of a picture, 112 px wide, as a data URL."""
    height, width = image.shape[:2]
    side = min(height, width)
    square = image[(height - side) // 2 :, (width - side) // 2 :][:side, :side]
    small = cv2.resize(square, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def identification_section(results: Sequence[Identification], *, model: str, note: str) -> str:
    """Show open-set identification: table, DET, CMC and distributions.

    Args:
        results: for each size and number of photos.
        model: its fingerprint.
        note: on the pictures.
    """
    rows, det, cmc = [], {}, {}
    for result in results:
        values = result.as_dict()
        name = f"{result.people} people, {result.photos} photo{'s' if result.photos > 1 else ''}"
        tpir = [
            f"{v['tpir']:.4f}{'' if v['resolved'] else ' *'}\n{v['range_95'][0]:.4f} to {v['range_95'][1]:.4f}"
            for v in values["tpir"]
        ]
        rows.append((name, f"{values['rank_1']:.4f}", *tpir))
        mated = np.concatenate([np.where(draw.right == 1, draw.mated, -1) for draw in result.draws])
        non_mated = np.concatenate([draw.non_mated for draw in result.draws])
        thresholds, fpir, found = metrics.roc(mated.astype(np.float32), non_mated)
        real = thresholds > -1  # at -1 the wrongly ranked probes would count as well
        det[name] = (fpir[real], 1 - found[real])
        cmc[name] = (np.arange(1, len(values["cmc"]) + 1), values["cmc"])
    headings = ["gallery", "rank 1", *(f"TPIR at FPIR {100 * v['fpir']:g} %" for v in results[0].as_dict()["tpir"])]
    low = min(float(np.min(values)) for _, values in cmc.values())
    last = results[-1]
    plots = [
        curves("DET", Axis("FPIR", 1e-4, 1, log=True), Axis("FNIR", 1e-3, 1, log=True), det),
        curves("CMC", Axis("rank", 1, 20), Axis("share within rank", max(0.0, low - 0.01), 1), cmc),
        histograms(
            f"Nearest person, {last.people} people, {last.photos} photo{'s' if last.photos > 1 else ''}",
            Axis("cosine", -0.1, 1),
            {
                "mated": np.concatenate([draw.mated for draw in last.draws]),
                "non-mated": np.concatenate([draw.non_mated for draw in last.draws]),
            },
        ),
    ]
    head = f"<h2>Open-set identification, {escape(model)}</h2>"
    return f'{head}{table(headings, rows)}<p>{escape(note)}</p><div class="plots">{"".join(plots)}</div>'
