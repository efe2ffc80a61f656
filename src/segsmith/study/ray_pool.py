"""Candidates trained on the machines of a Ray cluster. Data go into its object store, which holds them once for each
machine; a machine that dies takes its workers with it, and their candidates are begun again on others."""

import logging
import time
import warnings
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import Any

import numpy as np
import ray
import torch
from torch import Tensor

from segsmith.data.base import Frame, Image, Reader
from segsmith.data.cache import INDEX, NO_MASK, FrameCache
from segsmith.data.housekeeping import PIXELS
from segsmith.errors import UserError
from segsmith.study.pool import TRIES, late
from segsmith.study.proxy.scoring import Job, Opener, Outcome, Proxy, failure
from segsmith.study.proxy.store import Arrays, Store
from segsmith.study.worker import Broken, Ready, answer, opened

PATIENCE_S = 300.0
"""How long the cluster may be without a single worker."""

WORDS = 300
"""Characters of an error of Ray's."""


@dataclass(frozen=True)
class Share:
    """What one candidate takes of the cluster."""

    cpus: float = 1.0
    gpus: float = 0.0

    @property
    def device(self) -> str:
        return "cuda" if self.gpus else "cpu"

    @property
    def threads(self) -> int:
        return max(1, int(self.cpus))


@dataclass(frozen=True)
class SharedArrays:
    """Arrays in the object store. On a CPU they are read where they lie, by all workers of a machine."""

    refs: Mapping[str, Any]

    def load(self, device: torch.device, resident: bool) -> dict[str, Tensor]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not writable.*")  # nobody writes
            arrays = {name: torch.from_numpy(ray.get(ref)) for name, ref in self.refs.items()}
        return {name: x.to(device) for name, x in arrays.items()} if resident else arrays


@dataclass(frozen=True)
class SharedFrames:
    """Decoded frames in the object store, as a frame cache has them."""

    pixels: Any
    rows: Any
    places: Mapping[Frame, int]

    def image(self, frame: Frame) -> Image:
        start, _, height, width = self._row(frame)
        return self._part(start, (height, width, 3))

    def mask(self, frame: Frame) -> Image | None:
        _, start, height, width = self._row(frame)
        return None if start == NO_MASK else self._part(start, (height, width))

    def _row(self, frame: Frame) -> list[int]:
        return [int(value) for value in ray.get(self.rows)[self.places[frame]]]

    def _part(self, start: int, shape: tuple[int, ...]) -> Image:
        flat = ray.get(self.pixels)[start : start + int(np.prod(shape))]
        return np.asarray(flat, np.uint8).reshape(shape)


@dataclass(frozen=True)
class IntoObjectStore:
    """The driver's arrays and frames, brought to where every machine of the cluster reads them."""

    device: str

    def arrays(self, arrays: Arrays) -> Arrays:
        assert isinstance(arrays, Store)
        return SharedArrays({name: ray.put(x.numpy()) for name, x in arrays.load(torch.device("cpu"), False).items()})

    def frames(self, frames: Reader) -> Reader:
        assert isinstance(frames, FrameCache)
        pixels = np.memmap(frames.folder / PIXELS, dtype=np.uint8, mode="r").view(np.ndarray)
        places = {frame: place for place, frame in enumerate(frames.frames)}
        return SharedFrames(ray.put(pixels), ray.put(np.load(frames.folder / INDEX)), places)


class _Worker:
    """The actor."""

    def __init__(self, opener: Opener, threads: int) -> None:
        torch.set_num_threads(threads)
        self.opener = opener
        self.proxy: Proxy | None = None

    def open(self) -> Ready | Broken:
        proxy = opened(self.opener)
        if isinstance(proxy, Broken):
            return proxy
        self.proxy = proxy
        return Ready(str(proxy.device))

    def answer(self, job: Job) -> Outcome:
        """Data that are lost with a machine are no fault of the candidate."""
        assert self.proxy is not None
        return answer(self.proxy, job, passing=(ray.exceptions.RayError,))


@dataclass(eq=False)
class _Hand:
    """A worker somewhere, and what is awaited of it: that its proxy is open, on a ``device``, or the outcome of its
    job."""

    actor: Any
    awaited: Any
    ready: bool = False
    job: Job | None = None
    since: float = 0.0
    device: str = ""


@dataclass
class RayPool:
    """``count`` workers, or as many as fit on the cluster (0). A job that no worker is free for waits. ``why`` the
    last worker that did not begin did not."""

    opener: Opener
    count: int
    share: Share
    timeout: float = 0.0
    hands: list[_Hand] = field(default_factory=list)
    queue: deque[Job] = field(default_factory=deque)
    tries: dict[int, int] = field(default_factory=dict)
    why: str = ""
    begun: bool = False

    def __post_init__(self) -> None:
        options = {"num_cpus": self.share.cpus, "num_gpus": self.share.gpus, "max_restarts": 0}
        self.kind = ray.remote(_Worker).options(**options)
        self.moved = ray.put(self.opener.moved(IntoObjectStore(self.share.device)))
        self.last_seen = time.monotonic()
        self._fill()
        self.first = list(self.hands)

    @property
    def free(self) -> int:
        """With nobody there yet, one job may wait: a study ends where nothing is pending."""
        idle = sum(hand.ready and hand.job is None for hand in self.hands)
        busy = any(hand.job is not None for hand in self.hands)
        return max(idle, 0 if busy else 1) - len(self.queue)

    def submit(self, job: Job) -> None:
        self.queue.append(job)
        self._dispatch()

    def wait(self, seconds: float) -> list[tuple[int, Outcome]]:
        self._fill()
        self._dispatch()
        awaited = {hand.awaited: hand for hand in self.hands if hand.awaited is not None}
        done, _ = ray.wait(list(awaited), timeout=seconds) if awaited else ([], [])
        found = [self._heard(awaited[ref]) for ref in done]
        found += [self._late(hand) for hand in list(self.hands) if self._is_late(hand)]
        self._dispatch()
        self._check_alive()
        return [finished for finished in found if finished is not None]

    def close(self) -> None:
        for hand in self.hands:
            ray.kill(hand.actor)
        self.hands.clear()
        ray.shutdown()

    def _fill(self) -> None:
        wanted = self.count or fitting(self.share)
        for _ in range(wanted - len(self.hands)):
            actor: Any = self.kind.remote(self.moved, self.share.threads)
            self.hands.append(_Hand(actor, actor.open.remote()))

    def _dispatch(self) -> None:
        for hand in self.hands:
            if self.queue and hand.ready and hand.job is None:
                hand.job, hand.since = self.queue.popleft(), time.monotonic()
                self.tries[hand.job.number] = self.tries.get(hand.job.number, 0) + 1
                hand.awaited = hand.actor.answer.remote(hand.job)

    def _heard(self, hand: _Hand) -> tuple[int, Outcome] | None:
        try:
            message = ray.get(hand.awaited)
        except ray.exceptions.RayError as error:
            return self._dead(hand, error)
        hand.awaited, self.last_seen = None, time.monotonic()
        if isinstance(message, Broken):
            raise UserError(message.why)
        if isinstance(message, Ready):
            self.begun, hand.ready, hand.device = True, True, message.device
            return None
        assert hand.job is not None
        number, hand.job = hand.job.number, None
        del self.tries[number]
        return number, message

    def _dead(self, hand: _Hand, error: Exception) -> tuple[int, Outcome] | None:
        """Its candidate is begun once more, by another worker: with half the batch if this one was killed for its
        memory."""
        self.hands.remove(hand)
        job, words = hand.job, _last_line(error)
        if job is None:
            self._check_can_begin(error)
            return None
        if self.tries[job.number] < TRIES:
            self.queue.appendleft(replace(job, half=isinstance(error, ray.exceptions.OutOfMemoryError)))
            return None
        del self.tries[job.number]
        halved = ", the second time with half the batch" if job.half else ""
        seconds, reason = time.monotonic() - hand.since, f"its worker died {TRIES} times{halved}: {words}"
        return job.number, failure(reason, seconds, hand.device, self.share.threads)

    def _check_can_begin(self, error: Exception) -> None:
        """There is nothing to wait for where none of the first workers has begun, and this one through its own fault:
        others would fare alike."""
        self.why = _last_line(error)
        at_fault = isinstance(error, ray.exceptions.RayTaskError) or getattr(error, "actor_init_failed", False)
        if at_fault and not self.begun and not any(hand in self.hands for hand in self.first):
            fix = "the same Python, segsmith and torch have to be installed on every machine"
            raise UserError(f"no worker of the cluster can begin: {self.why}", fix=fix)

    def _is_late(self, hand: _Hand) -> bool:
        return hand.job is not None and self.timeout > 0 and time.monotonic() - hand.since > self.timeout

    def _late(self, hand: _Hand) -> tuple[int, Outcome]:
        assert hand.job is not None
        self.hands.remove(hand)
        ray.kill(hand.actor)
        del self.tries[hand.job.number]
        return late(hand.job, self.timeout, hand.device, self.share.threads)

    def _check_alive(self) -> None:
        if any(hand.ready for hand in self.hands):
            self.last_seen = time.monotonic()
        elif time.monotonic() - self.last_seen > PATIENCE_S:
            why = f"; the last one failed: {self.why}" if self.why else ""
            raise UserError(
                f"for {PATIENCE_S:.0f} s no machine of the cluster has started a worker{why}",
                fix=f"is there one with {self.share.cpus:g} CPUs and {self.share.gpus:g} GPUs free?",
            )


def _last_line(error: Exception) -> str:
    """Ray puts the cause last, behind its own words and traces, and says much of it."""
    return shorten(str(error).strip().rpartition("\n")[2], WORDS)


def join_cluster(address: str) -> None:
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, ignore_reinit_error=True)
    except (ConnectionError, ValueError, RuntimeError) as error:
        words = str(error).strip().partition("\n")[0]
        raise UserError(f"--ray {address}: {words}", fix="start one with: ray start --head") from None


def fitting(share: Share) -> int:
    """How many candidates the cluster has room for, at least one."""
    have = ray.cluster_resources()
    wanted = {"CPU": share.cpus, "GPU": share.gpus}
    return max(1, min(int(have.get(name, 0) // amount) for name, amount in wanted.items() if amount > 0))
