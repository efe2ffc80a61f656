"""From what is asked of a search to everything that its driver needs: space, data, features, meter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn

from segsmith.data.augment import MEAN, STD, Triple
from segsmith.data.base import Dataset
from segsmith.data.cache import default_folder, open_cache
from segsmith.data.open import open_dataset
from segsmith.data.select import joined_split, near_labels
from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.networks.build import VideoNetwork
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.tensors import digest, weights_of
from segsmith.ops.memory import channels_last
from segsmith.spaces import DynamicSpace, Space
from segsmith.spaces.make import make_space
from segsmith.study.options import SearchOptions
from segsmith.study.proxy.collect import Say, Wanted, Workshop, collect
from segsmith.study.proxy.dynamic import DynamicOpener
from segsmith.study.proxy.frames import FrameSource, shrunk
from segsmith.study.proxy.presets import ProxySettings, proxy_named
from segsmith.study.proxy.split import MetaSplit, meta_split, thinned
from segsmith.study.proxy.stem import Stem, collect_crops, collect_frames, frozen
from segsmith.study.proxy.store import Store
from segsmith.study.proxy.template import Pictures, TemplateOpener, batches
from segsmith.study.proxy.weights import arrays_of
from segsmith.training.match import require_same_classes
from segsmith.training.run import device_of
from segsmith.training.start import checkpoint_of

Collected: TypeAlias = DynamicOpener | TemplateOpener


@dataclass(frozen=True)
class Known:
    """What can be told at once: frames are decoded and features computed by ``collect``, which may take long. ``size``
    is the frame's, for costs; ``weights`` the digest of those that candidates stand on."""

    space: Space
    settings: ProxySettings
    classes: tuple[str, ...]
    size: tuple[int, int]
    device: str
    static: Genotype | None
    weights: str
    said: tuple[str, ...]
    collect: Callable[[Say], Collected]


@dataclass(frozen=True)
class Prepared(Known):
    opener: Collected


def look_up(options: SearchOptions) -> Known:
    settings = proxy_named(options.proxy, options.space)
    dataset = joined_split(open_dataset(options.data), options.split)
    known = _dynamic if options.space == DynamicSpace.name else _template
    return known(Ask(options, settings, dataset, device_of(options.device)))


def prepare(options: SearchOptions, say: Say) -> Prepared:
    """Everything at once, for those who have nothing to ask in between."""
    known = look_up(options)
    return Prepared(**vars(known), opener=known.collect(say))


@dataclass(frozen=True)
class Ask:
    """What both kinds of search start from."""

    options: SearchOptions
    settings: ProxySettings
    dataset: Dataset
    device: str

    def split(self) -> MetaSplit:
        made = meta_split(
            self.dataset, self.options.split, self.settings.length, by=self.options.meta, seed=self.options.seed
        )
        return MetaSplit(thinned(made.train, self.settings.clips), thinned(made.val, self.settings.judged))

    @cached_property
    def whole(self) -> tuple[int, int]:
        """The size of a frame as it is."""
        height, width, _ = self.dataset.reader.image(self.dataset.frames(self.options.split)[0]).shape
        return height, width

    def resized(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """What frames are brought to, if to anything. ``size``: that of the network's training; 0x0 for none."""
        asked = self.options.size or (size if any(size) else None)
        bounded = asked or shrunk(self.whole, self.settings.longest)
        return bounded if asked or bounded != self.whole else None

    def costed(self, size: tuple[int, int] = (0, 0)) -> tuple[int, int]:
        """The size of frames that networks are for. Candidates may learn from smaller ones."""
        return self.options.size or (size if any(size) else self.whole)

    def source(self, resized: tuple[int, int] | None, mean: Triple = MEAN, std: Triple = STD) -> FrameSource:
        """Frames as the data set reads them, until they are ``decoded``."""
        classes, pad = len(self.dataset.classes), self.settings.pad
        return FrameSource(self.dataset.reader, "", resized or self.whole, classes, mean, std, pad)

    def decoded(self, source: FrameSource, resized: tuple[int, int] | None, say: Say) -> FrameSource:
        split = self.options.split
        cache = open_cache(near_labels(self.dataset, split), split, size=resized, progress=partial(say, "frames"))
        return replace(source, reader=cache, key=cache.folder.name)

    def shop(self, say: Say) -> Workshop:
        return Workshop(default_folder(), torch.device(self.device), say)

    def resident(self, *stores: Store) -> bool:
        """Whether every worker may hold the features in its own memory."""
        held = sum(store.size for store in stores) * self.options.sharing
        return held <= self.options.memory_gb * 1e9


def _dynamic(ask: Ask) -> Known:
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
    mean, std = (cast(Triple, tuple(values)) for values in (meta.mean, meta.std))
    split, resized = ask.split(), ask.resized(meta.size)
    source = ask.source(resized, mean, std)
    return Known(
        space,
        ask.settings,
        ask.dataset.classes.names,
        ask.costed(meta.size),
        ask.device,
        below,
        digest(weights_of(cast(nn.Module, network.static))),
        (_said(ask, split), f"static network from {ask.options.static}"),
        lambda say: _collect_cells(ask, network, space, split, ask.decoded(source, resized, say), say),
    )


def _collect_cells(
    ask: Ask, network: VideoNetwork, space: DynamicSpace, split: MetaSplit, source: FrameSource, say: Say
) -> DynamicOpener:
    static = network.static
    channels_last(network, torch.device(ask.device))
    read = {name.removeprefix("prev:") for name in space.inputs}
    taps, half = tuple(name for name in static.taps if name in read), 0.5 in space.step_scales
    parts = (
        (split.train, ask.settings.learn_at, source),
        (split.val, ask.settings.judge_at, replace(source, pad=0)),
    )
    train, val = (
        collect(static, frames, clips, Wanted(taps, half, min(stride, static.dec.stride)), ask.shop(say))
        for clips, stride, frames in parts
    )
    resident = ask.resident(train, val)
    return DynamicOpener.on(static, space.static, (train, val), ask.settings, ask.device, resident)


def _template(ask: Ask) -> Known:
    stem = Stem(ask.options.static, ask.options.encoder_weights)
    if not (stem.static or stem.encoder_weights):
        raise UserError(
            "a template network grows on a trained stem, and none is given",
            fix="--static RUN takes that of a trained network, --encoder-weights FILE that of another library",
        )
    space = make_space(ask.options.space, ask.options.words)
    weights = stem.weights()
    split, resized = ask.split(), ask.resized((0, 0))
    source = ask.source(resized)
    return Known(
        space,
        ask.settings,
        ask.dataset.classes.names,
        ask.costed(),
        ask.device,
        None,
        digest(weights),
        (_said(ask, split), f"stem from {stem.static or stem.encoder_weights}"),
        lambda say: _collect_stems(ask, weights, split, ask.decoded(source, resized, say), say),
    )


def _collect_stems(
    ask: Ask, weights: dict[str, Tensor], split: MetaSplit, source: FrameSource, say: Say
) -> TemplateOpener:
    device, shop = torch.device(ask.device), ask.shop(say)
    network = frozen(weights, device)
    batch = min(ask.settings.batch, len(split.train))
    crops = replace(batches(source, split.train, ask.settings, batch, ask.options.seed, device), drop_last=False)
    crops = replace(crops, shuffle=False)
    train = collect_crops(network, crops, source, ask.settings.learn_at, shop)
    val = collect_frames(network, split.val, source, ask.settings.judge_at, shop)
    pictures, resident = Pictures(source, split.train, split.val), ask.resident(train, val)
    return TemplateOpener(arrays_of(weights), train, val, pictures, ask.settings, ask.device, resident)


def unseen(opener: Collected, classes: Sequence[str]) -> tuple[str, ...]:
    """Classes that occur nowhere in what candidates are judged by."""
    arrays = opener.val.load(torch.device("cpu"), resident=False)
    masks = arrays["masks"]
    if "clips" in arrays:  # places of frames, the first of which the static network answers
        masks = masks[arrays["clips"][:, 2:].unique()]
    pixels = torch.bincount(masks.flatten(), minlength=len(classes))
    return tuple(name for name, count in zip(classes, pixels[: len(classes)].tolist(), strict=True) if not count)


def _said(ask: Ask, split: MetaSplit) -> str:
    how = f"clips of {ask.settings.length}" if ask.settings.length > 1 else "frames"
    counts = f"{len(split.train)} {how} to learn from, {len(split.val)} to judge by"
    return f"{ask.dataset.name}: {ask.dataset.protocol}; {counts}"
