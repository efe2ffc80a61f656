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
from segsmith.study.proxy.scoring import Attempt, Job, Opener, Outcome, Proxy

MISHAPS = (OSError, torch.AcceleratorError)
"""What a candidate may raise without being to blame: a full disk, a device that the one before it has broken."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The proxy is open, and trains on this device."""

    device: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The proxy cannot be opened, by no worker."""

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
    proxy = opened(opener)
    if isinstance(proxy, Broken):
        link.send(proxy)
        return
    link.send(Ready(str(proxy.device)))
    while True:
        try:
            job = link.recv()
        except EOFError:
            return
        link.send(Done(job.number, answer(proxy, job)))


def opened(opener: Opener) -> Proxy | Broken:
    """Whatever the reason is, every other worker would find the same: it is told once, in place of ten dead workers."""
    try:
        return opener.open()
    except UserError as error:
        return Broken(str(error))
    except Exception as error:
        return Broken(f"the features cannot be read: {told(error)}")


def answer(proxy: Proxy, job: Job, passing: tuple[type[Exception], ...] = ()) -> Outcome:
    """The candidate's outcome; what it raises becomes the reason of its failure, never a score. Whatever it raises:
    operations may be the user's own. ``passing`` are errors of the pool."""
    attempt = Attempt(proxy, job)
    try:
        return attempt.outcome(*attempt.train())
    except passing:
        raise
    except Exception as error:
        return attempt.outcome("failed", told(error), certain=not isinstance(error, MISHAPS))


def told(error: Exception) -> str:
    """In one line, with the place where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words} ({os.path.basename(last.filename)}:{last.lineno})"


def _end_with_driver() -> None:
    """A driver that was killed closes nothing, and this candidate's score has nowhere to go."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
