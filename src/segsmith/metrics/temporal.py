"""How steady predictions are from frame to frame, measured against labels, without optical flow."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from segsmith.data.base import VOID
from segsmith.metrics.counts import Mask, as_ids, as_pair, share

LONGEST = 255


@dataclass(frozen=True, slots=True)
class TemporalScores:
    """Shares by window length n, nan where no sequence was long enough.

    ``official``: of the pixels whose true id stays the same through n frames (void counted as an id), the share
    whose predicted id stays the same, right or wrong; the last window of every sequence is left out and all windows
    of all sequences weigh the same, as VSPW's own code has it. ``strict``: of the pixels that keep one true class,
    the share predicted as that class throughout, over all windows. ``flicker``: of the pixels that keep their true
    class from one frame to the next, the share whose prediction changes. ``stable`` and ``changed`` describe the
    truth alone, void counted as an id: the share of pixels that stay the same through n frames, over all windows,
    and the share that changes from one frame to the next.
    """

    official: dict[int, float]
    strict: dict[int, float]
    flicker: float
    stable: dict[int, float]
    changed: float
    frames: int
    windows: dict[int, int]

    def record(self) -> dict[str, float | int | None]:
        """The same as JSON holds it."""
        values: dict[str, float] = {"flicker": self.flicker, "truth_changed": self.changed}
        for n in self.official:
            values |= {f"vc{n}": self.official[n], f"vc{n}_strict": self.strict[n], f"truth_stable{n}": self.stable[n]}
        shares = {name: None if math.isnan(value) else value for name, value in values.items()}
        return {**shares, "frames": self.frames}


@dataclass
class _Shares:
    """One share for each window, in three kinds."""

    official: list[float] = field(default_factory=list)
    strict: list[float] = field(default_factory=list)
    stable: list[float] = field(default_factory=list)


def mean_share(shares: Sequence[float]) -> float:
    """Exactly rounded, whatever the order. Windows without a pixel to judge do not count."""
    known = [value for value in shares if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else float("nan")


def lengthen(run: Tensor, held: Tensor, longest: int) -> None:
    """Where the condition held the run is one longer, no longer than ``longest``; elsewhere it is broken."""
    run.clamp_(max=longest - 1).add_(1).mul_(held)


def changes(prediction: Tensor, before: Tensor, steady: Tensor) -> list[int]:
    """How many of the steady pixels changed their prediction, and how many are steady."""
    return torch.stack([(steady & (prediction != before)).count_nonzero(), steady.count_nonzero()]).tolist()


class _Sequence:
    """What has to be known of the frames so far: the last one, and for how long every pixel has been as it is."""

    def __init__(self, guess: Tensor, true: Tensor, longest: int) -> None:
        self.guess, self.true, self.longest, self.frames = guess, true, longest, 1
        self.true_same = torch.zeros_like(true)
        self.guess_same = torch.zeros_like(true)
        self.right = (guess == true).to(torch.uint8)

    def advance(self, guess: Tensor, true: Tensor) -> list[int]:
        """Take the next frame in; flicker's two counts and how many true ids changed."""
        if true.shape != self.true.shape:
            raise ValueError(f"frames of one sequence differ in shape: {tuple(self.true.shape)}, {tuple(true.shape)}")
        same = true == self.true
        counts = [*changes(guess, self.guess, same & (true != VOID)), same.numel() - int(same.count_nonzero())]
        lengthen(self.true_same, same, self.longest)
        lengthen(self.guess_same, guess == self.guess, self.longest)
        lengthen(self.right, guess == true, self.longest)
        self.guess, self.true = guess, true
        self.frames += 1
        return counts

    def window(self, n: int) -> tuple[float, float, float]:
        """The official, the strict and the truth's own share in the n frames up to now."""
        kept = self.true_same >= n - 1
        judged = kept & (self.true != VOID)
        maps = (kept & (self.guess_same >= n - 1), kept, judged & (self.right >= n), judged)
        alike, stable, right, known = torch.stack([map_.count_nonzero() for map_ in maps]).tolist()
        return share(alike, stable), share(right, known), share(stable, kept.numel())


class Temporal:
    """Fed frame by frame; holds one frame and three counters for each pixel, however long the sequence.

    Sequences of n frames or fewer have no official VC_n, those of fewer than n no strict one either.
    """

    def __init__(self, n: Sequence[int] = (8, 16), device: torch.device | str = "cpu") -> None:
        if not n or not all(2 <= length <= LONGEST for length in n):
            raise ValueError(f"windows of {tuple(n)} frames: each must be 2 to {LONGEST}")
        self.n = tuple(n)
        self.device = torch.device(device)
        self.reset()

    def reset(self) -> None:
        self._now: _Sequence | None = None
        self._shares = {n: _Shares() for n in self.n}
        self._flicker = [0, 0]
        self._changed = [0, 0]
        self._frames = 0

    def update(self, prediction: Mask, truth: Mask | None) -> None:
        """The next frame of the sequence, HxW. A frame without labels ends the sequence."""
        if truth is None:
            self.end_sequence()
            return
        guess, true = as_pair(prediction, truth, self.device)
        self._frames += 1
        if self._now is None:
            self._now = _Sequence(guess, true, max(self.n))
            return
        flickered, steady, changed = self._now.advance(guess, true)
        self._flicker = [self._flicker[0] + flickered, self._flicker[1] + steady]
        self._changed = [self._changed[0] + changed, self._changed[1] + true.numel()]
        for n, shares in self._shares.items():
            if self._now.frames >= n:
                official, strict, stable = self._now.window(n)
                shares.official.append(official)
                shares.strict.append(strict)
                shares.stable.append(stable)

    def end_sequence(self) -> None:
        """What comes next does not follow what came before."""
        for n, shares in self._shares.items():
            if self._now is not None and self._now.frames >= n:
                shares.official.pop()
        self._now = None

    def merge(self, other: Self) -> None:
        """Add the sequences of another one; both end the sequence they are in."""
        if other.n != self.n:
            raise ValueError(f"windows of {other.n} frames cannot be merged with those of {self.n}")
        self.end_sequence()
        other.end_sequence()
        for n, shares in self._shares.items():
            shares.official += other._shares[n].official
            shares.strict += other._shares[n].strict
            shares.stable += other._shares[n].stable
        self._flicker = [a + b for a, b in zip(self._flicker, other._flicker, strict=True)]
        self._changed = [a + b for a, b in zip(self._changed, other._changed, strict=True)]
        self._frames += other._frames

    def scores(self) -> TemporalScores:
        """Ends the sequence that it is in."""
        self.end_sequence()
        return TemporalScores(
            official={n: mean_share(shares.official) for n, shares in self._shares.items()},
            strict={n: mean_share(shares.strict) for n, shares in self._shares.items()},
            flicker=share(*self._flicker),
            stable={n: mean_share(shares.stable) for n, shares in self._shares.items()},
            changed=share(*self._changed),
            frames=self._frames,
            windows={n: len(shares.strict) for n, shares in self._shares.items()},
        )


def _of_truth(masks: Iterable[Mask], n: int) -> TemporalScores:
    temporal = Temporal((n,))
    for mask in masks:
        ids = as_ids(mask, temporal.device)
        temporal.update(ids, ids)
    return temporal.scores()


def stable_share(masks: Iterable[Mask], n: int) -> float:
    """The share of pixels whose id stays the same through n frames: over all windows of one sequence, void an id."""
    return _of_truth(masks, n).stable[n]


def changed_share(masks: Iterable[Mask]) -> float:
    """The share of pixels whose id changes from one frame of a sequence to the next, void an id."""
    return _of_truth(masks, 2).changed
