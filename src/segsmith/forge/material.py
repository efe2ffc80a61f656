"""The data as a forge sees it: whether it can be learnt from, which space it is good for, how much there is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from segsmith.data.base import Dataset, Frame, Image, Reader
from segsmith.data.cache import FrameCache, Size, open_cache
from segsmith.data.check import check
from segsmith.data.faults import Fault
from segsmith.data.open import open_dataset
from segsmith.data.select import near_labels
from segsmith.errors import UserError
from segsmith.forge.options import AUTO, DYNAMIC, LGC, TEMPLATE, ForgeOptions
from segsmith.latency.table import Table
from segsmith.latency.target import Target, is_here, load_target, this_machine
from segsmith.study.limits import parse_floors
from segsmith.study.proxy.presets import ProxySettings, proxy_named
from segsmith.study.proxy.split import MetaSplit, meta_split, thinned

TRAIN = "train"
FEWEST = 16
"""Labelled frames, or clips that end in one, below which nothing is learnt that holds."""


@dataclass(frozen=True)
class Material:
    """``size`` is what networks are trained and timed at; ``resized`` whether frames have another. ``clips``: how many
    candidates learn from and are judged by. ``scored`` and ``judged``: how many frames a network is run on behind its
    training, and in the end, on ``split``."""

    dataset: Dataset
    space: str
    target: Target
    resized: bool
    settings: ProxySettings
    clips: tuple[int, int]
    scored: int
    split: str
    judged: int

    @property
    def size(self) -> Size:
        return self.target.size

    @property
    def work_size(self) -> Size | None:
        """As training and searching are asked for it."""
        return self.size if self.resized else None


def material_of(options: ForgeOptions) -> Material:
    """Refuses, by name, what nothing can be learnt from; decodes what is to be learnt from once and for all."""
    dataset = open_dataset(options.data)
    refuse_fatal(dataset.faults)
    for name in parse_floors(options.floors):
        if name not in dataset.classes.names:
            raise UserError(f"--floor {name}: there is no such class", fix=", ".join(dataset.classes.names))
    if not dataset.frames(TRAIN):
        refuse_fatal(check(dataset).faults)
    space = space_for(dataset, options.space)
    settings = proxy_named("quick", TEMPLATE if space == LGC else space)  # a supernet learns from frames
    height, width = dataset.reader.image(dataset.frames(TRAIN)[0]).shape[:2]
    target = target_of(options, (height, width))
    resized = target.size != (height, width)
    judged = next((name for name in ("test", "val", TRAIN) if any(f.labelled for f in dataset.frames(name))), TRAIN)
    caches = [open_cache(near_labels(dataset, TRAIN), TRAIN, size=target.size if resized else None)]
    caches += [open_cache(dataset, name) for name in sorted({"val", judged} & set(dataset.splits) - {TRAIN})]
    refuse_fatal(check(replace(dataset, reader=Decoded.of(caches, dataset.reader)), workers=1).faults)
    split = clips_of(dataset, settings, options.seed)
    scored = len(dataset.frames("val"))
    counts = len(split.train), len(split.val)
    return Material(dataset, space, target, resized, settings, counts, scored, judged, len(dataset.frames(judged)))


@dataclass(frozen=True)
class Decoded:
    """Frames as far as they are in caches, so that none is decoded twice; the others as they are read."""

    caches: Mapping[Frame, FrameCache]
    others: Reader

    @classmethod
    def of(cls, caches: list[FrameCache], others: Reader) -> "Decoded":
        return cls({frame: cache for cache in caches for frame in cache.frames}, others)

    def image(self, frame: Frame) -> Image:
        return self.caches.get(frame, self.others).image(frame)

    def mask(self, frame: Frame) -> Image | None:
        return self.caches.get(frame, self.others).mask(frame)


def refuse_fatal(faults: Iterable[Fault]) -> None:
    for fault in faults:
        if fault.fatal:
            raise UserError(fault.what, fix=fault.fix, path=fault.file or None)


def space_for(dataset: Dataset, asked: str) -> str:
    """Cells for clips, image networks for single frames; a data set that is too small for either is refused."""
    frames = len(dataset.clips(TRAIN))
    clips = len(dataset.clips(TRAIN, proxy_named("quick", DYNAMIC).length))
    if frames < FEWEST:
        raise UserError(
            f"{dataset.name} has {frames} labelled frames to learn from, and a search needs {FEWEST}",
            fix="label more, or tune a trained network on them: segsmith train MODEL --data …",
        )
    if asked == DYNAMIC and clips < FEWEST:
        raise UserError(
            f"{dataset.name} has {clips} clips of 3 frames to learn from, and cells between frames need {FEWEST}",
            fix=f"--space {TEMPLATE} needs single frames alone",
        )
    return (DYNAMIC if clips >= FEWEST else TEMPLATE) if asked == AUTO else asked


def clips_of(dataset: Dataset, settings: ProxySettings, seed: int) -> MetaSplit:
    """As a search will cut them."""
    made = meta_split(dataset, TRAIN, settings.length, seed=seed)
    return MetaSplit(thinned(made.train, settings.clips), thinned(made.val, settings.judged))


def target_of(options: ForgeOptions, size: Size) -> Target:
    """That of the file, of the table, or this machine with frames as the data has them."""
    if options.target:
        target = load_target(options.target)
    elif options.table:
        target = Table.load(options.table).target
    else:
        backend = "cuda" if options.device == "cuda" else "onnxruntime"
        target = replace(this_machine(backend), size=size)
    if options.table:
        Table.load(options.table).check_target(target)
    elif not is_here(target):
        raise UserError(
            f"the target is {target.device}, and this machine is another",
            fix="--table: segsmith latency pack measures there what it is made of",
            path=Path(options.target),
        )
    return replace(target, key_every=options.key_every) if options.key_every else target
