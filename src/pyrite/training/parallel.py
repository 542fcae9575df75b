"""Several processes on one machine, a device each: with jobs of their own, or all on each job together."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import torch
from torch.multiprocessing.spawn import ProcessExitedException, start_processes

from pyrite.base.errors import PyriteError

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")
Work = Callable[[Job, Any, Callable[[], object]], Outcome]

KILLED = (
    "a training process was killed, perhaps for want of memory; the fits that were done are kept, run it again with "
    "more memory or fewer devices"
)


def launched() -> bool:
    """Whether `accelerate launch` or `torchrun` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def devices() -> int:
    """How many processes have a device of their own: an accelerator each or, without one, a CPU core each."""
    if count := torch.accelerator.device_count():
        return count
    # Not every system can say which cores this process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes of main memory that processes can still take, within a container's limit where there is one."""
    free: int = psutil.virtual_memory().available
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())  # "max" without a limit
        free = min(free, limit - int((group / "memory.current").read_text()))
    except (OSError, ValueError):
        pass
    return free


def side_by_side(
    work: Work[Job, Outcome], jobs: Sequence[Job], shared: Any, workers: int, report: Callable[[int], object]
) -> Iterator[Outcome]:
    """Do jobs in processes of their own, in order; yields what `work(job, shared, advance)` returns, as it is ready.

    The processes need not speak to each other: they meet in the store.

    Args:
        report: called now and then with how often all jobs have called `advance`.

    Raises:
        PyriteError: a job raised it, or a process was killed.
    """
    context = multiprocessing.get_context("spawn")
    steps, numbers = context.Value("L", 0), context.SimpleQueue()
    for number in range(workers):
        numbers.put(number)
    pool = ProcessPoolExecutor(workers, context, _begin, (work, shared, steps, numbers))
    try:
        with _deaf_to_ctrl_c():
            waiting = {pool.submit(_work, job) for job in jobs}
        while waiting:
            done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            for finished in done:
                yield finished.result()
            report(steps.value)
    except BrokenProcessPool:
        raise PyriteError(KILLED) from None
    except KeyboardInterrupt:
        # Else the pool would wait for the jobs at work, which may take minutes.
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_duty: tuple[Any, Any, Callable[[], object]]


def _begin(work: Any, shared: Any, steps: Any, numbers: Any) -> None:
    """Make this process a worker on a device of its own, which ends when its parent does."""
    global _duty

    def advance() -> None:
        with steps.get_lock():
            steps.value += 1

    number = numbers.get()
    _duty = work, shared, advance
    if torch.cuda.is_available():
        torch.cuda.set_device(number)
    _belong_to_parent()


def _work(job: Any) -> Any:
    work, shared, advance = _duty
    return work(job, shared, advance)


def together(
    work: Work[Job, Outcome], jobs: Sequence[Job], shared: Any, processes: int, report: Callable[[int], object]
) -> Iterator[Outcome]:
    """Do each job by all processes at once, which find each other as under `torchrun`; yields what the first returns.

    Raises:
        PyriteError: a job raised it, or a process was killed.
    """
    context = multiprocessing.get_context("spawn")
    steps, answers = context.Value("L", 0), context.Queue()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = (processes, port, work, jobs, shared, steps, answers)
    with _deaf_to_ctrl_c():
        group: Any = start_processes(  # type: ignore[no-untyped-call]
            _member, arguments, processes, join=False, daemon=True
        )
    running, failed, error = True, False, PyriteError(KILLED)
    while running:
        try:
            running = not group.join(timeout=0.2)
        except ProcessExitedException:
            running, failed = False, True
        while not answers.empty():
            # An error may come some time before the end of the process that it ended.
            if isinstance(answer := answers.get(), PyriteError):
                error = answer
            else:
                yield answer
        report(steps.value)
    if failed:
        raise error


def _member(rank: int, processes: int, port: int, work: Any, jobs: Any, shared: Any, steps: Any, answers: Any) -> None:
    places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)} | {k: str(v) for k, v in places.items()}
    _belong_to_parent()

    def advance() -> None:
        if rank == 0:
            steps.value += 1

    try:
        for job in jobs:
            outcome = work(job, shared, advance)
            if rank == 0:
                answers.put(outcome)
    except PyriteError as error:
        answers.put(error)
        answers.close()
        answers.join_thread()
        os._exit(1)
    torch.distributed.destroy_process_group()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that start meanwhile don't hear Ctrl-C, not even while they import; the parent hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _belong_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
