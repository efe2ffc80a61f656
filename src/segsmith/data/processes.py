"""Work dealt to processes, taken back in whatever order it is done."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from typing import TypeVar

from segsmith.errors import UserError

Job = TypeVar("Job")
Result = TypeVar("Result")

AHEAD = 3
"""Jobs handed out for each process, so that none waits for the next."""


def dealt(
    function: Callable[[Job], Result], jobs: Iterable[Job], processes: int, begin: Callable[[], None] | None = None
) -> Iterator[tuple[Job, Result]]:
    """Every job with what the function makes of it. ``begin`` runs first in each process.

    Leaving early (Ctrl-C, a fault) ends the processes where they are: what they write, they write beside and rename.
    """
    waiting = iter(jobs)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin)
    running: dict[Future[Result], Job] = {}
    finished = False
    try:
        while True:
            while len(running) < AHEAD * processes and (job := next(waiting, None)) is not None:
                with interrupts_held_back():
                    running[pool.submit(function, job)] = job
            if not running:
                finished = True
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        raise UserError("a helping process died", fix="if memory ran out, use --workers 1") from error
    finally:
        if not finished:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Processes started here never hear Ctrl-C, not even while they load; this one hears it right afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it unblocks interrupts when it starts, and it starts with the first process
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
