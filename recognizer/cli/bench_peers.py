"""python main.py bench peers: other libraries on the same frames, interleaved in one run."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from recognizer.app import build
from recognizer.bench import embedding, peer_detection, peer_video, threads
from recognizer.bench.chart import peers_chart
from recognizer.bench.embedding import first_faces
from recognizer.bench.peer_video import Peers
from recognizer.bench.peers import Absent, FacenetPyTorch, FaceRecognition
from recognizer.bench.timing import cpu_ms, wall_ms
from recognizer.capture.pictures import PICTURE_SUFFIXES, read_picture
from recognizer.cli import _bench_setup, _console, _options
from recognizer.cli._bench_tables import show_embedding
from recognizer.evaluation.plots import require_matplotlib
from recognizer.gallery.folder import scan


def peers(
    clip: _bench_setup.ClipOption = None,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Frames for single detections, evenly spread.")] = 12,
    segments: Annotated[
        int, typer.Option(min=1, help=f"Segments of {peer_video.SEGMENT} frames from the clip's start, for video.")
    ] = 4,
    rounds: Annotated[int, typer.Option(min=2, help="Batches of faces embedded.")] = 30,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    save: _bench_setup.SaveOption = None,
    plot: _bench_setup.PlotOption = None,
) -> None:
    """Compare speed and results with facenet-pytorch, FastMTCNN, EdgeFace in torch eager and face_recognition."""
    require_matplotlib("--plot", plot)
    bench = _bench_setup.set_up(
        clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    settings, resolved = bench.settings, bench.resolved
    images = peer_detection.spread_frames(settings, frames)
    for_photos, for_video = build.exact_detector(settings), build.video_detector(settings)
    missing: list[str] = []
    mtcnn = library = detection = None
    try:
        mtcnn = FacenetPyTorch(settings.detect, threads=settings.engine.threads)
        detection = peer_detection.compare(
            for_photos, for_video, mtcnn, images, min_face_px=settings.detect.min_face_px
        )
    except Absent as absent:
        missing.append(str(absent))
    try:
        found = scan(settings.gallery.folder, suffixes=PICTURE_SUFFIXES)
        library = FaceRecognition([(photo.person, read_picture(photo.path)) for photo in found.photos])
    except Absent as absent:
        missing.append(str(absent))
    eager = embedding.embedder_on(embedding.PROTOTYPE, settings, resolved)
    if eager is None:
        missing.append(f"EdgeFace in torch eager: torch or the checkpoint of {resolved.name}")
    threads.set_up(settings.engine.threads)
    faces = embedding.measure(settings, [resolved], first_faces(for_photos, images), rounds=rounds)
    video = peer_video.compare(
        settings, resolved, Peers(mtcnn=mtcnn, eager=eager, face_recognition=library), segments=segments
    )
    figures = {
        **bench.conditions(),
        "missing": missing,
        "detection": None if detection is None else detection.as_dict(),
        "embedding": [row.as_dict() for row in faces],
        "video": video.as_dict(),
    }

    def show() -> None:
        _bench_setup.show_conditions(figures)
        if detection is not None:
            _show_detection(detection)
        show_embedding(faces)
        _show_video(video)
        for what in missing:
            _console.out.print(f"missing: {what}", highlight=False, markup=False, soft_wrap=True)

    _bench_setup.save(save, figures, show, plot=plot, draw=lambda: peers_chart(video))


def _show_detection(found: peer_detection.DetectionComparison) -> None:
    table = Table(title=f"One detection, {found.frames} frames", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("CPU ms", "ms", "faster, CPU", "faster, wall"):
        table.add_column(heading, justify="right")
    table.add_row("facenet-pytorch", *(f"{each(found.theirs).median:.1f}" for each in (cpu_ms, wall_ms)))
    for name, ours in found.ours.items():
        medians = [f"{each(ours.spent).median:.1f}" for each in (cpu_ms, wall_ms)]
        speeds = [_bench_setup.times(each) for each in (ours.speedup.cpu, ours.speedup.wall)]
        table.add_row(f"ours, {name}", *medians, *speeds)
    _console.out.print(table)
    for name, ours in found.ours.items():
        _console.out.print(
            f"ours, {name}: {ours.every.found} of their {ours.every.reference} boxes, {ours.confident.found} of "
            f"their {ours.confident.reference} confident ones, {ours.large.found} of the "
            f"{ours.large.reference} of these that are large enough; {ours.every.extra} extra boxes",
            highlight=False,
            soft_wrap=True,
        )


def _show_video(video: peer_video.VideoComparison) -> None:
    table = Table(title=f"Video, {video.frames} frames, decoding included", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("CPU ms a frame", "over ours", "recall"):
        table.add_column(heading, justify="right")
    table.add_column("named, in frames")
    for name, way in video.as_dict()["ways"].items():
        named = ", ".join(f"{who} {count}" for who, count in way["named_frames"].items())
        table.add_row(
            name,
            f"{way['cpu_ms_per_frame']['median']:.1f}",
            _bench_setup.times(video.cost_ratio[name].cpu) if name in video.cost_ratio else "",
            f"{way['recall']['recall']:.3f} of {way['recall']['reference']}",
            f"{named or 'nobody'} (of {way['frames_seen']})",
        )
    _console.out.print(table)
    kept, of = video.names_kept
    _console.out.print(f"names of the per-frame pipeline that ours gives as well: {kept} of {of}", highlight=False)
