"""Part "faces": thousands of different faces as fast as they can be recognised."""

from __future__ import annotations

from recognizer.demo import demo_clip
from tests.soak import clips
from tests.soak.context import LARGEST_MB, Context
from tests.soak.events import problems
from tests.soak.product import Product
from tests.soak.report import Part
from tests.soak.slope import BLOCKS, slope

PEOPLE_A_SECOND = 15
"""Strangers that two busy cores recognise a second: 88 frames/s were measured beside seven other jobs."""
SLOPE_KB_A_FACE = 10.0
"""Growth that must not be proven; what is kept of a face, with its vector, would be 2 KB."""
WRONG_NAMES = 3
"""Expected is 0.1: three photos are enrolled, at one false match in 100,000 comparisons."""


def faces(context: Context, part: Part, seconds: float) -> None:
    """Recognise a video of LFW's people: nobody is enrolled, everybody appears and is lost."""
    if context.data is None:
        part.not_run = "It needs LFW's pictures of the development data (RECOGNIZER_TEST_DATA)."
        return
    pictures = clips.strangers(context.data, people=max(60, round(seconds * PEOPLE_A_SECOND)))
    clip = clips.faces_clip(context.place("faces") / "faces.mkv", pictures)
    gallery = context.gallery("gallery-faces")
    source = {"faces": str(clip)}
    with Product(context.folder / "faces-run", source, gallery=gallery, model=context.model) as product:
        status = product.wait_end(3 * seconds + 120)
    part.check("exit status", status == 0, wanted="0", came=status)
    records = product.events.refresh()
    found = problems(records)
    part.check("events complete", not found, wanted="every face has its end", came="; ".join(found[:3]) or "complete")
    wanted = len(pictures) * clips.FACE_FRAMES
    frames = product.summary().get("frames", 0)
    part.check("every frame is processed", frames == wanted, wanted=f"{wanted} frames", came=frames)
    appeared = sum(record["kind"] == "appeared" for record in records)
    named = {record["name"] for record in records if record["kind"] == "recognised"}
    named_count = sum(record["kind"] == "recognised" for record in records)
    part.at_most("strangers with a name", named_count, WRONG_NAMES, f"({', '.join(sorted(named)) or 'none'})")
    part.figures |= {
        "people shown": str(len(pictures)),
        "faces reported": str(appeared),
        "recognition": f"{product.summary().get('fps')} frames/s",
        "enrolled": ", ".join(demo_clip.GALLERY),
    }
    _memory(part, product, len(pictures))


def _memory(part: Part, product: Product, people: int) -> None:
    samples = product.samples[len(product.samples) // 5 : -2]
    if not samples:
        return
    part.at_most("most memory", max(sample.resident_mb for sample in product.samples), LARGEST_MB, "MB")
    if len(samples) >= 2 * BLOCKS:
        span_s = product.samples[-1].at - product.samples[0].at
        a_face = slope(
            [sample.at / span_s * people for sample in samples], [sample.resident_mb * 1024 for sample in samples]
        )
        part.slope("memory for each face", a_face, SLOPE_KB_A_FACE, "KB")
        an_hour = slope([sample.at / 3600 for sample in samples], [sample.resident_mb for sample in samples])
        text = f"{an_hour.value:.0f} MB/h (95 %: {an_hour.low:.0f} to {an_hour.high:.0f})"
        part.figures["memory slope"] = f"{text} over {span_s:.0f} s"
