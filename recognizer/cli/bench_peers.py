"""python main.py bench peers: the same work by others, on the same frames, in turns, in one run."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from recognizer.app import build
from recognizer.bench import embedding, peer_detection, peer_video, threads
from recognizer.bench.chart import Bar, bars
from recognizer.bench.peer_video import Peers
from recognizer.bench.peers import Absent, FacenetPyTorch, FaceRecognition
from recognizer.bench.timing import cpu_ms, wall_ms
from recognizer.capture.pictures import PICTURE_SUFFIXES, read_picture
from recognizer.cli import _bench_setup, _console
from recognizer.cli._bench_tables import first_faces, show_embedding
from recognizer.gallery.folder import scan


def peers(
    clip: _bench_setup.ClipOption = None,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Frames for one detection, evenly spread.")] = 12,
    segments: Annotated[
        int, typer.Option(min=1, help=f"Runs of {peer_video.SEGMENT} frames, from the clip's beginning on, for video.")
    ] = 4,
    rounds: Annotated[int, typer.Option(min=2, help="Batches of faces embedded.")] = 30,
    gallery: _console.GalleryOption = None,
    config_file: _console.ConfigOption = None,
    model: _console.ModelOption = None,
    engine: _console.EngineOption = None,
    weights_dir: _console.WeightsDirOption = None,
    spec: _console.SpecOption = None,
    save: _bench_setup.SaveOption = None,
    plot: _bench_setup.PlotOption = None,
) -> None:
    """Compare with facenet-pytorch, FastMTCNN, EdgeFace in torch eager and face_recognition; is it the same work?"""
    bench = _bench_setup.set_up(
        clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    settings, resolved = bench.settings, bench.resolved
    images = peer_detection.spread_frames(settings, frames)
    for_photos, for_video = build.exact_detector(settings), build.video_detector(settings)
    missing: list[str] = []
    mtcnn = library = race = None
    try:
        mtcnn = FacenetPyTorch(settings.detect, threads=settings.engine.threads)
        race = peer_detection.race(for_photos, for_video, mtcnn, images, min_face_px=settings.detect.min_face_px)
    except Absent as absent:
        missing.append(str(absent))
    try:
        found = scan(settings.gallery.folder, suffixes=PICTURE_SUFFIXES)
        library = FaceRecognition([(photo.person, read_picture(photo.path)) for photo in found.photos])
    except Absent as absent:
        missing.append(str(absent))
    eager = embedding.embedder_on(embedding.PROTOTYPE, settings, resolved)
    if eager is None:
        missing.append(f"EdgeFace in torch eager: no torch here, or no checkpoint of {resolved.name}")
    threads.set_up(settings.engine.threads)
    faces = embedding.measure(settings, [resolved], first_faces(for_photos, images), rounds=rounds)
    video = peer_video.race(
        settings, resolved, Peers(mtcnn=mtcnn, eager=eager, face_recognition=library), segments=segments
    )
    figures = {
        **bench.facts(),
        "missing": missing,
        "detection": None if race is None else race.as_dict(),
        "embedding": [row.as_dict() for row in faces],
        "video": video.as_dict(),
    }

    def show() -> None:
        _bench_setup.show_facts(figures)
        if race is not None:
            _show_detection(race)
        show_embedding(faces)
        _show_video(video)
        for what in missing:
            _console.out.print(f"left out: {what}", highlight=False, markup=False, soft_wrap=True)

    _bench_setup.save(save, figures, show, plot=plot, draw=lambda: _draw(video))


def _show_detection(race: peer_detection.DetectionRace) -> None:
    table = Table(title=f"One detection, {race.frames} frames", title_justify="left")
    table.add_column("")
    for heading in ("CPU ms", "ms", "faster, CPU", "faster, wall"):
        table.add_column(heading, justify="right")
    table.add_row("facenet-pytorch", *(f"{each(race.theirs).median:.1f}" for each in (cpu_ms, wall_ms)))
    for name, search in race.ours.items():
        medians = [f"{each(search.spent).median:.1f}" for each in (cpu_ms, wall_ms)]
        speeds = [_bench_setup.times(each) for each in (search.speedup.cpu, search.speedup.wall)]
        table.add_row(f"ours, {name}", *medians, *speeds)
    _console.out.print(table)
    for name, search in race.ours.items():
        _console.out.print(
            f"ours, {name}: {search.every.found} of their {search.every.reference} boxes, {search.confident.found} of "
            f"their {search.confident.reference} confident ones, {search.asked_for.found} of the "
            f"{search.asked_for.reference} of these as large as asked for; {search.every.extra} are not theirs",
            highlight=False,
            soft_wrap=True,
        )


def _show_video(video: peer_video.VideoRace) -> None:
    table = Table(title=f"Video, {video.frames} frames, decoding included", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("CPU ms a frame", "dearer than ours", "recall"):
        table.add_column(heading, justify="right")
    table.add_column("named, in frames")
    for name, way in video.as_dict()["ways"].items():
        named = ", ".join(f"{who} {count}" for who, count in way["named_frames"].items())
        table.add_row(
            name,
            f"{way['cpu_ms_per_frame']['median']:.1f}",
            _bench_setup.times(video.dearer[name].cpu) if name in video.dearer else "",
            f"{way['recall']['recall']:.3f} of {way['recall']['reference']}",
            f"{named or 'nobody'} (of {way['frames_seen']})",
        )
    _console.out.print(table)
    kept, of = video.names_kept
    _console.out.print(f"names that the per-frame way gives and ours as well: {kept} of {of}", highlight=False)


def _draw(video: peer_video.VideoRace) -> str:
    rows = [Bar(name, cpu_ms(way.per_frame), "ours" if name == "ours" else "peer") for name, way in video.ways.items()]
    return bars("CPU time of a frame, decoding included (logarithmic)", "ms", rows, log=True)
