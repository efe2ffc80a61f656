"""The process that trains candidates for the study's driver, and nothing else."""

import os
import signal
import threading
import traceback
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection

import torch

from segsmith.errors import UserError
from segsmith.study.proxy.scoring import Job, Opener, Outcome, Proxy, evaluate, failure

FAULTS = (ArithmeticError, AssertionError, LookupError, OSError, RuntimeError, TypeError, UserError, ValueError)
"""What a candidate may raise and its worker survives. Anything else ends the worker, which is recorded as well."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The proxy is open."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The proxy cannot be opened, which is the user's to mend."""

    why: str


@dataclass(frozen=True, slots=True)
class Done:
    number: int
    outcome: Outcome


def serve(opener: Opener, link: "Connection[Ready | Broken | Done, Job]", threads: int) -> None:
    """Answer jobs until the driver closes the link or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to answer
    threading.Thread(target=_end_with_driver, daemon=True).start()
    torch.set_num_threads(threads)
    try:
        proxy = opener.open()
    except UserError as error:
        link.send(Broken(str(error)))
        return
    link.send(Ready())
    while True:
        try:
            job = link.recv()
        except EOFError:
            return
        link.send(Done(job.number, answer(proxy, job)))


def answer(proxy: Proxy, job: Job) -> Outcome:
    """The candidate's outcome; what it raises becomes the reason of its failure, never a score."""
    try:
        return evaluate(proxy, job)
    except FAULTS as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        words = " ".join(str(error).split())
        return failure(f"{type(error).__name__}: {words} ({os.path.basename(last.filename)}:{last.lineno})")


def _end_with_driver() -> None:
    """A driver that was killed closes nothing, and this candidate's score has nowhere to go."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
