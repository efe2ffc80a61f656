"""Samplers by name: our controllers, and Optuna's own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any

from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from segsmith.errors import UserError
from segsmith.search import ppo, reinforce
from segsmith.search.seeded import seeded
from segsmith.search.trials import check_single_objective
from segsmith.spaces import Space

DEFAULT = "quick"


@dataclass(frozen=True)
class Maker:
    """``make`` is called with the space and ``seed=``; also with ``settings=``, one of ``settings``, where there are
    any. ``several``: whether the sampler takes several objectives."""

    make: Callable[..., BaseSampler]
    settings: Mapping[str, Any] = field(default_factory=dict)
    several: bool = False


SAMPLERS: dict[str, Maker] = {
    "ppo": Maker(ppo.PPOSampler, ppo.SETTINGS),
    "reinforce": Maker(reinforce.ReinforceSampler, reinforce.SETTINGS),
    "random": Maker(seeded(RandomSampler), several=True),
    "tpe": Maker(seeded(partial(TPESampler, multivariate=True)), several=True),
    "nsga2": Maker(seeded(NSGAIISampler), several=True),
}


def make_sampler(name: str, space: Space, seed: int = 0, settings: str = DEFAULT, objectives: int = 1) -> BaseSampler:
    check_sampler(name, settings, objectives)
    maker = SAMPLERS[name]
    chosen = {"settings": maker.settings[settings]} if maker.settings else {}
    return maker.make(space, seed=seed, **chosen)


def check_sampler(name: str, settings: str, objectives: int) -> None:
    _check_name("sampler", name, SAMPLERS)
    maker = SAMPLERS[name]
    if maker.settings:
        _check_name("sampler settings", settings, maker.settings)
    elif settings != DEFAULT:
        having = ", ".join(other for other, one in SAMPLERS.items() if one.settings)
        raise UserError(
            f"{name} has no settings, and {settings!r} is asked for",
            fix=f"leave --sampler-settings out; {having} have some",
        )
    if not maker.several:
        check_single_objective(name, objectives)


def _check_name(what: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        near = get_close_matches(name, names, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UserError(f"unknown {what} {name!r}", fix=f"{guess}there are {', '.join(names)}")
