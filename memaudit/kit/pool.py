"""Many jobs by several speaking processes: answers in the order of the jobs, whatever their number."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue

from memaudit.errors import SpeechError
from memaudit.kit.job import Audio, FaultError, Job
from memaudit.kit.speakers import Source, Speaker
from memaudit.kit.worker_client import Worker

#: How often a chunk of a speaker with state is tried before its fault is reported.
ATTEMPTS = 3


def run(jobs: Iterable[Job], source: Source, speaker: Speaker, processes: int = 1) -> Generator[Audio]:
    """Do ``jobs`` in order. Of their audio, only that of a few chunks is in memory at a time.

    Close it (`contextlib.closing`) where not everything may be taken: that ends the processes at once.

    Args:
        jobs: taken as they are needed.
        source: what each process makes its speaker from.
        speaker: such a speaker, to know its chunks.
        processes: how many speak at a time; the audio does not depend on it.

    Raises:
        SpeechError: if an utterance stays faulty.
        MemauditError: if the speaker refuses.
    """
    pending = iter(jobs)
    chunks = iter(lambda: tuple(islice(pending, speaker.chunk)), ())
    attempts = ATTEMPTS if speaker.fresh else 1
    workers = [Worker(source, speaker.fresh) for _ in range(processes)]
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def work(chunk: Sequence[Job]) -> list[Audio]:
        worker = idle.get()
        try:
            return tried(worker, chunk, attempts)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(processes, thread_name_prefix="speech")
    running: deque[Future[list[Audio]]] = deque()
    try:
        while True:
            # One more than processes, so that none waits for the reader.
            wanted = islice(chunks, processes + 1 - len(running))
            running.extend(pool.submit(work, chunk) for chunk in wanted)
            if not running:
                return
            yield from running.popleft().result()
    except BaseException:
        for worker in workers:
            worker.stop()  # else the chunks that are being spoken would be waited for
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()


def tried(worker: Worker, chunk: Sequence[Job], attempts: int) -> list[Audio]:
    """Ask ``worker``, and after a fault ask it again in a new process.

    Raises:
        SpeechError: if the fault stays.
        MemauditError: if the speaker refuses.
    """
    for attempt in range(1, attempts + 1):
        try:
            return worker.ask(chunk)
        except FaultError as error:
            worker.close()
            if attempt == attempts:
                often = f" ({attempts} attempts, each in a new process)" if attempts > 1 else ""
                raise SpeechError(error.what + often, where=error.where, how=error.how) from error
    raise ValueError(f"attempts is {attempts}")
