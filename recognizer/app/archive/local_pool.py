"""Index videos in processes of this machine; one that dies costs its video, which is tried again alone."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from loguru import logger

from recognizer.app.archive.find import ArchiveFile
from recognizer.app.archive.recognise import IndexedFile, Plan, index_file
from recognizer.children import begin_pool_worker, protect_this_process

_AHEAD = 2
"""Videos handed to each process, so that none waits for the next one."""
_WATCH_S = 1.0


def index_here(plan: Plan, files: Sequence[ArchiveFile], *, processes: int) -> Iterator[IndexedFile]:
    """Yield what came of each video, as it comes.

    Args:
        plan: how they are recognised.
        files: the videos.
        processes: how many work at once.
    """
    todo, suspects = deque(files), deque[ArchiveFile]()
    while todo or suspects:
        # a video that may have ended its process is tried again alone, so that none is blamed for another
        batch, alone = (deque([suspects.popleft()]), True) if suspects else (todo, False)
        lost = yield from _until_broken(plan, batch, processes=1 if alone else processes)
        if alone and lost:
            failed = f"{lost[0].name}: the process that recognised it ended twice; play it to see whether it is damaged"
            yield IndexedFile(file=lost[0], failed=failed)
        else:
            suspects.extend(lost)


def _until_broken(
    plan: Plan, todo: deque[ArchiveFile], *, processes: int
) -> Generator[IndexedFile, None, list[ArchiveFile]]:
    """Yield results; return the videos on one of which a process ended, or none when all are done."""
    protect_this_process()
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(processes, mp_context=context, initializer=begin_pool_worker)
    running: dict[Future[IndexedFile], ArchiveFile] = {}
    try:
        while todo or running:
            while todo and len(running) < _AHEAD * processes:
                file = todo[0]  # taken once it is submitted: a broken pool refuses
                running[executor.submit(index_file, plan, file)] = file
                todo.popleft()
            done, _ = wait(running, timeout=_WATCH_S, return_when=FIRST_COMPLETED)
            if not done and any(not each.is_alive() for each in list((executor._processes or {}).values())):
                _end(executor)
            for future in done:
                file = running[future]
                try:
                    found = future.result()
                except BrokenProcessPool:
                    raise
                except Exception as error:  # of one video; the others go on
                    found = IndexedFile(file=file, failed=f"{file.name}: {type(error).__name__}: {error}")
                del running[future]
                yield found
    except BrokenProcessPool:
        lost = list(running.values())
        logger.warning("a process that indexes videos ended; {} videos are tried again", len(lost))
        return lost
    finally:
        _end(executor)
        executor.shutdown(wait=True, cancel_futures=True)
    return []


def _end(executor: ProcessPoolExecutor) -> None:
    """End the processes; what they have not handed over is not written, and done again."""
    for process in list((executor._processes or {}).values()):
        process.kill()
    if executor._result_queue is not None:
        # else the pool waits for ever for the rest of a result
        executor._result_queue._writer.close()  # type: ignore[attr-defined]
