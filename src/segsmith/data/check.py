"""All files of a data set looked at: what there is, what is wrong, whether training would work."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from segsmith.data.base import Dataset, Frame, Reader
from segsmith.data.examine import Finding, examine, examine_all
from segsmith.data.processes import dealt
from segsmith.data.reader import PictureReader
from segsmith.data.report import Report, SplitReport, class_weights
from segsmith.data.verdict import faults_between
from segsmith.data.video import VideoReader
from segsmith.machine import cores

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of frames done and the number there are."""

CHUNK = 8
FEW = 64
"""Starting processes takes longer than looking at so many frames."""


def check(dataset: Dataset, workers: int | None = None, progress: Progress | None = None) -> Report:
    """Decodes every frame and mask. ``workers``: processes, all cores where not given; a video is read in order."""
    frames = [frame for split in dataset.splits for frame in dataset.frames(split)]
    wanted = cores() if workers is None else workers
    alone = wanted <= 1 or (workers is None and len(frames) < FEW) or isinstance(dataset.reader, VideoReader)
    found = _alone(dataset.reader, frames) if alone else _together(dataset.reader, _chunks(dataset, frames), wanted)
    findings: dict[Frame, Finding] = {}
    for done, (frame, finding) in enumerate(found, 1):
        findings[frame] = finding
        if progress:
            progress(done, len(frames))
    return _report(dataset, findings)


def _report(dataset: Dataset, findings: dict[Frame, Finding]) -> Report:
    splits = {split: _split(dataset, split, findings) for split in dataset.splits}
    seen = [fault for split in splits for frame in dataset.frames(split) for fault in findings[frame].faults]
    once = dict.fromkeys([*dataset.faults, *seen, *faults_between(dataset, findings, splits)])
    faults = sorted(once, key=lambda fault: not fault.fatal)
    train = splits.get("train")
    return Report(
        dataset.name,
        dataset.protocol,
        dataset.classes,
        splits,
        class_weights(train.shares) if train and train.labelled else (),
        tuple(faults),
        dataset.notes,
    )


def _split(dataset: Dataset, split: str, findings: dict[Frame, Finding]) -> SplitReport:
    frames = dataset.frames(split)
    totals = [0] * 256
    for frame in frames:
        for place, count in enumerate(findings[frame].counts):
            totals[place] += count
    sizes = Counter(findings[frame].size for frame in frames if findings[frame].size)
    return SplitReport(
        len(dataset.splits[split]),
        len(frames),
        sum(frame.labelled for frame in frames),
        tuple(totals[: len(dataset.classes)]),
        sum(totals[len(dataset.classes) :]),
        {f"{size[1]}x{size[0]}": count for size, count in sizes.most_common() if size},
    )


def _alone(reader: Reader, frames: Sequence[Frame]) -> Iterator[tuple[Frame, Finding]]:
    for frame in frames:
        yield frame, examine(reader, frame)


def _chunks(dataset: Dataset, frames: Sequence[Frame]) -> list[Sequence[Frame]]:
    """Files are dealt in small pieces; a simulated clip stays together, since its street is built but once."""
    if isinstance(dataset.reader, PictureReader):
        return [frames[start : start + CHUNK] for start in range(0, len(frames), CHUNK)]
    return [sequence.frames for found in dataset.splits.values() for sequence in found]


def _together(reader: Reader, chunks: list[Sequence[Frame]], workers: int) -> Iterator[tuple[Frame, Finding]]:
    """In whatever order the frames are done."""
    for frames, findings in dealt(partial(examine_all, reader), chunks, workers):
        yield from zip(frames, findings, strict=True)
