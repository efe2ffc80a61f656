"""From what is asked of a search to everything that its driver needs: space, data, features, meter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

from segsmith.data.augment import MEAN, STD, Triple
from segsmith.data.base import Dataset
from segsmith.data.cache import default_folder, open_cache
from segsmith.data.open import open_dataset
from segsmith.data.select import joined_split
from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.meta import Meta
from segsmith.ops.memory import channels_last
from segsmith.spaces import DynamicSpace, Space
from segsmith.spaces.make import make_space
from segsmith.study.options import SearchOptions
from segsmith.study.proxy.collect import Say, Wanted, Workshop, collect
from segsmith.study.proxy.dynamic import DynamicOpener
from segsmith.study.proxy.frames import FrameSource, shrunk
from segsmith.study.proxy.presets import ProxySettings, proxy_named
from segsmith.study.proxy.scoring import Opener
from segsmith.study.proxy.split import MetaSplit, meta_split, thinned
from segsmith.study.proxy.stem import Stem, collect_crops, collect_frames, frozen
from segsmith.study.proxy.store import Store
from segsmith.study.proxy.template import Pictures, TemplateOpener, batches
from segsmith.training.match import require_same_classes
from segsmith.training.run import device_of
from segsmith.training.start import checkpoint_of


@dataclass(frozen=True)
class Prepared:
    """``size`` is the frame's, for costs."""

    space: Space
    settings: ProxySettings
    opener: Opener
    classes: tuple[str, ...]
    size: tuple[int, int]
    device: str
    static: Genotype | None
    said: tuple[str, ...]


def prepare(options: SearchOptions, say: Say) -> Prepared:
    settings = proxy_named(options.proxy, options.space)
    dataset = joined_split(open_dataset(options.data), options.split)
    ready = _dynamic if options.space == DynamicSpace.name else _template
    return ready(Ask(options, settings, dataset, device_of(options.device), say))


@dataclass(frozen=True)
class Ask:
    """What both kinds of search start from."""

    options: SearchOptions
    settings: ProxySettings
    dataset: Dataset
    device: str
    say: Say

    def split(self) -> MetaSplit:
        made = meta_split(
            self.dataset, self.options.split, self.settings.length, by=self.options.meta, seed=self.options.seed
        )
        return MetaSplit(thinned(made.train, self.settings.clips), thinned(made.val, self.settings.judged))

    def source(self, size: tuple[int, int], mean: Triple = MEAN, std: Triple = STD) -> FrameSource:
        """``size``: that of the network's training; 0x0 for the frames' own."""
        asked = self.options.size or (size if any(size) else None)
        if asked is None:
            first = self.dataset.frames(self.options.split)[0]
            whole = self.dataset.reader.image(first).shape
            bounded = shrunk((whole[0], whole[1]), self.settings.longest)
            asked = bounded if bounded != (whole[0], whole[1]) else None
        show = self._showing("frames")
        cache = open_cache(self.dataset, self.options.split, size=asked, progress=show)
        height, width, _ = cache.image(0).shape
        classes, pad = len(self.dataset.classes), self.settings.pad
        return FrameSource(cache, cache.folder.name, (height, width), classes, mean, std, pad)

    @property
    def shop(self) -> Workshop:
        return Workshop(default_folder(), torch.device(self.device), self.say)

    def _showing(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.say(what, done, total)

    def resident(self, *stores: Store) -> bool:
        """Whether every worker may hold the features in its own memory."""
        held = sum(store.size for store in stores) * (self.options.workers or 1)
        return held <= self.options.memory_gb * 1e9


def _dynamic(ask: Ask) -> Prepared:
    path = checkpoint_of(ask.options.static)
    if path is None:
        raise UserError(
            f"--static {ask.options.static!r} is no trained network" if ask.options.static else "--static is missing",
            fix="a dynamic cell stands on a trained network: give its run or checkpoint",
        )
    network, meta = load_checkpoint(path)
    require_same_classes(meta, ask.dataset)
    below = meta.genotype.static or meta.genotype
    space = make_space(ask.options.space, ask.options.words, below)
    assert isinstance(space, DynamicSpace)
    static = network.static
    device = torch.device(ask.device)
    channels_last(network, device)
    split, source = ask.split(), _source(ask, meta)
    read = {name.removeprefix("prev:") for name in space.inputs}
    taps, half = tuple(name for name in static.taps if name in read), 0.5 in space.step_scales
    parts = (
        (split.train, ask.settings.learn_at, source),
        (split.val, ask.settings.judge_at, replace(source, pad=0)),
    )
    train, val = (
        collect(static, frames, clips, Wanted(taps, half, min(stride, static.dec.stride)), ask.shop)
        for clips, stride, frames in parts
    )
    classifier = arrays_of(static.classifier.state_dict())
    resident = ask.resident(train, val)
    opener = DynamicOpener(below, static.classes, classifier, train, val, ask.settings, ask.device, resident)
    said = (_said(ask, split), f"static network from {ask.options.static}")
    names = ask.dataset.classes.names
    return Prepared(space, ask.settings, opener, names, replace(source, pad=0).size, ask.device, below, said)


def _source(ask: Ask, meta: Meta) -> FrameSource:
    mean, std = (cast(Triple, tuple(values)) for values in (meta.mean, meta.std))
    return ask.source(meta.size, mean, std)


def _template(ask: Ask) -> Prepared:
    stem = Stem(ask.options.static, ask.options.encoder_weights)
    if not (stem.static or stem.encoder_weights):
        raise UserError(
            "a template network grows on a trained stem, and none is given",
            fix="--static RUN takes that of a trained network, --encoder-weights FILE that of another library",
        )
    space = make_space(ask.options.space, ask.options.words)
    device = torch.device(ask.device)
    weights = stem.weights()
    split, source = ask.split(), ask.source((0, 0))
    network = frozen(weights, device)
    batch = min(ask.settings.batch, len(split.train))
    crops = replace(batches(source, split.train, ask.settings, batch, ask.options.seed, device), drop_last=False)
    crops = replace(crops, shuffle=False)
    train = collect_crops(network, crops, source, ask.settings.learn_at, ask.shop)
    val = collect_frames(network, split.val, source, ask.settings.judge_at, ask.shop)
    pictures, resident = Pictures(source, split.train, split.val), ask.resident(train, val)
    opener = TemplateOpener(arrays_of(weights), train, val, pictures, ask.settings, ask.device, resident)
    said = (_said(ask, split), f"stem from {stem.static or stem.encoder_weights}")
    return Prepared(space, ask.settings, opener, ask.dataset.classes.names, source.size, ask.device, None, said)


def _said(ask: Ask, split: MetaSplit) -> str:
    how = f"clips of {ask.settings.length}" if ask.settings.length > 1 else "frames"
    counts = f"{len(split.train)} {how} to learn from, {len(split.val)} to judge by"
    return f"{ask.dataset.name}: {ask.dataset.protocol}; {counts}"


def arrays_of(weights: Mapping[str, torch.Tensor]) -> dict[str, npt.NDArray[np.generic]]:
    """As they travel to other processes."""
    return {name: x.detach().cpu().numpy() for name, x in weights.items()}
