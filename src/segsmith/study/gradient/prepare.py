"""From what is asked of a gradient search to everything that it needs: space, lesson, supernet, costs."""

from dataclasses import dataclass, replace
from functools import partial

import torch

from segsmith.data.base import Dataset
from segsmith.data.cache import open_cache
from segsmith.data.open import open_dataset
from segsmith.data.select import joined_split, near_labels
from segsmith.errors import UserError
from segsmith.ops.blocks import Size
from segsmith.ops.memory import channels_last
from segsmith.search.architecture import Architecture, blocks_of
from segsmith.search.fitting import within
from segsmith.search.graph_guided import Guide
from segsmith.search.steering import LatencyWeight
from segsmith.search.supernet import LgcSupernet, chain_of
from segsmith.search.supernet_dynamic import DynamicSupernet
from segsmith.spaces import DynamicSpace, LgcSpace, Space
from segsmith.spaces.make import make_space
from segsmith.study.gradient.lessons import ClipLesson, FrameLesson, Lesson
from segsmith.study.gradient.loop import Searched
from segsmith.study.gradient.price import FlopsPrice, Price, price_of_table
from segsmith.study.gradient.settings import GradientOptions, GradientSettings, settings_named
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import prepare
from segsmith.study.proxy.collect import Say
from segsmith.study.proxy.dynamic import DynamicProxy, at
from segsmith.study.proxy.frames import shrunk
from segsmith.training.budget import Budget
from segsmith.training.feed import Source, feed
from segsmith.training.recipes import Phase, Recipe
from segsmith.training.run import device_of


@dataclass(frozen=True)
class GradientPrepared:
    """``goal`` is the budget, in the unit of ``price``."""

    space: Space
    settings: GradientSettings
    lesson: Lesson
    searched: Searched
    price: Price
    goal: float | None
    budget: Budget
    said: tuple[str, ...]


def prepare_gradient(options: GradientOptions, say: Say) -> GradientPrepared:
    settings = adapted(options)
    budget = Budget(settings.epochs) if options.minutes is None else Budget(minutes=options.minutes)
    goal = options.goal
    ready = _lgc if options.space == LgcSpace.name else _dynamic
    space, lesson, supernet, price, said = ready(options, settings, say)
    device = device_of(options.device)
    searched = Searched(
        channels_last(supernet, device),
        architecture_of(space, options).to(device),
        price.model(space),
        LatencyWeight(options.beta, goal),
    )
    check_reachable(space, searched, goal, price.unit)
    return GradientPrepared(space, settings, lesson, searched, price, goal, budget, said)


def check_reachable(space: Space, searched: Searched, goal: float | None, unit: str) -> None:
    """Refuse a budget before anything is searched for it."""
    if goal is None:
        return
    even = {decision.name: (0.0,) * len(decision.options) for decision in space.decisions}
    cheapest = within(space.decisions, searched.architecture.picks(), even, searched.costs.price, 0.0)
    least = searched.costs.price(cheapest)
    if least > goal:
        raise UserError(f"no network of this space is within {goal:.4g} {unit}", fix=f"the cheapest takes {least:.4g}")


Ready = tuple[Space, Lesson, torch.nn.Module, Price, tuple[str, ...]]


def _lgc(options: GradientOptions, settings: GradientSettings, say: Say) -> Ready:
    space = lgc_space(options)
    dataset = joined_split(open_dataset(options.data), options.split)
    classes, frames, native = len(dataset.classes), dataset.frames(options.split), frame_size(dataset, options.split)
    size = options.size or shrunk(native, settings.longest)
    device = device_of(options.device)
    cache = open_cache(
        near_labels(dataset, options.split),
        options.split,
        size=size if size != native else None,
        progress=partial(say, "frames"),
    )
    phase = Phase(1.0, (), crop=settings.crop)
    recipe = Recipe("search", (phase,), settings.epochs, settings.batch, scale=settings.scale)
    lesson = FrameLesson(feed(Source(dataset, cache, options.split, options.seed, 1, device), recipe, 0), device)
    torch.manual_seed(options.seed)
    narrow = replace(space, width=settings.width, branch=settings.branch)
    supernet = LgcSupernet(narrow, classes, one_path=settings.one_path, recompute=settings.recompute)
    said = f"{dataset.name}: {dataset.protocol}; {len(frames)} frames at {size[0]}x{size[1]}"
    return space, lesson, supernet, price_for(options, options.size or native, classes), (said,)


def lgc_space(options: GradientOptions) -> LgcSpace:
    space = make_space(options.space, dict(adapted(options).options) | dict(options.space_options))
    assert isinstance(space, LgcSpace)
    return space


def frame_size(dataset: Dataset, split: str) -> Size:
    height, width, _ = dataset.reader.image(dataset.frames(split)[0]).shape
    return height, width


def price_for(options: GradientOptions, size: Size, classes: int) -> Price:
    """A table speaks of the frames of its target, whatever is searched on."""
    return price_of_table(options.table) if options.table else FlopsPrice(size, classes, options.key_every)


def _dynamic(options: GradientOptions, settings: GradientSettings, say: Say) -> Ready:
    asked = SearchOptions(
        options.space,
        options.data,
        options.out,
        static=options.static,
        proxy=settings.proxy,
        space_options=options.space_options,
        trials=1,
        seed=options.seed,
        split=options.split,
        size=options.size,
        device=options.device,
    )
    ready = prepare(asked, say)
    space, proxy = ready.space, ready.opener.open()
    assert isinstance(space, DynamicSpace)
    assert isinstance(proxy, DynamicProxy)
    batch = min(settings.batch, len(proxy.train))
    stride = at(proxy.settings.learn_at, proxy.outline)
    lesson = ClipLesson(proxy.train, batch, proxy.settings.crop, stride, options.seed)
    torch.manual_seed(options.seed)
    supernet = DynamicSupernet(
        space, proxy.outline.taps, proxy.outline.dec, proxy.outline.classifier, one_path=settings.one_path
    )
    supernet.requires_grad_(True)
    return space, lesson, supernet, price_for(options, ready.size, len(ready.classes)), ready.said


def adapted(options: GradientOptions) -> GradientSettings:
    settings = settings_named(options.settings, options.space)
    names = ("one_path", "recompute", "epochs", "batch", "width")
    changes = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return replace(settings, **changes)


def architecture_of(space: Space, options: GradientOptions) -> Architecture:
    """Guided along the chain of cells, where there is one of independent cells."""
    blocks = blocks_of(space)
    if not isinstance(space, LgcSpace) or space.shared:
        return Architecture(blocks, options.seed)
    chain = chain_of(space)
    edges = len(next(block for block in blocks if block.name == chain[0]).decisions)
    width, gamma = options.guide_width, options.gamma
    guide = Guide(options.guide, len(chain), edges, len(space.operations), width, gamma, options.seed)
    return Architecture(blocks, options.seed, guide, chain)
