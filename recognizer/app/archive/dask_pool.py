"""Index videos on the workers of a Dask cluster: extra ``archive``, and the only file that knows Dask.

Every worker needs this program, and archive, gallery and models at the paths of this machine. The results come back
here, where one process writes them: a video whose worker is lost is done again by another one, and counted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distributed import Client, as_completed
from distributed.scheduler import KilledWorker

from recognizer.app.archive.find import ArchiveFile
from recognizer.app.archive.recognise import IndexedFile, Plan, index_file
from recognizer.errors import UsageError

_CONNECT_S = "10s"


def index_there(plan: Plan, files: Sequence[ArchiveFile], *, scheduler: str) -> Iterator[IndexedFile]:
    """Yield what came of each video, as it comes.

    Args:
        plan: how they are recognised.
        files: the videos.
        scheduler: address of Dask's scheduler, ``tcp://HOST:8786``.

    Raises:
        UsageError: if no scheduler answers there.
    """
    try:
        client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(f"--scheduler {scheduler}: no Dask scheduler answers there ({error}).") from error
    with client:
        # the plan goes with each video: scattered, it would be lost with the workers that hold it
        futures = {client.submit(index_file, plan, file, pure=False, retries=2): file for file in files}
        for future in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
            file = futures.pop(future)
            try:
                found = future.result()
            except KilledWorker:
                found = IndexedFile(file=file, failed=f"{file.name}: every worker that recognised it ended")
            except Exception as error:  # of a worker's installation; the others go on
                found = IndexedFile(file=file, failed=f"{file.name}: a worker failed ({type(error).__name__}: {error})")
            future.release()
            yield found
