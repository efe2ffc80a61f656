"""What the papers did to train their networks, number by number, and what this house does without their weights.

A recipe is a list of phases; a phase says which parts of the network learn, and how fast. Parts that a phase does
not name stand still, their batch norms too.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from segsmith.errors import UserError


@dataclass(frozen=True, slots=True)
class Rate:
    """One part of the network (a word of ``parts.PARTS``) and its optimiser."""

    part: str
    optimiser: str
    lr: float
    momentum: float = 0.9
    weight_decay: float = 0.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the budget. ``crop`` is a share of the recipe's; ``zoom`` goes with its scale, so that a small crop
    still sees most of the street; ``length`` the frames of a clip (1: single images); ``stride`` their distance;
    ``truncate`` the steps between detachments of the state."""

    share: float
    rates: tuple[Rate, ...]
    crop: float = 1.0
    zoom: float = 1.0
    length: int = 1
    stride: int = 1
    truncate: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """``crop`` 0 means the whole frame, otherwise the side (or sides) of the crop in pixels."""

    name: str
    phases: tuple[Phase, ...]
    epochs: float
    batch: int
    crop: tuple[int, int] = (0, 0)
    scale: tuple[float, float] = (0.5, 2.0)
    mirror: bool = True
    jitter: float = 0.0
    schedule: str = "poly"
    power: float = 0.9
    warmup: float = 0.0
    floor: float = 0.0
    auxiliary: float = 0.0
    class_weights: bool = False
    hard_share: float = 0.0  # online hard-example mining: the share of labelled pixels that counts; 0 is off
    ema: float = 0.0  # decay of the averaged weights; 0 is off
    clip_norm: float = 0.0
    key_loss: float = 0.0  # weight of the first frame's loss in a clip
    consistency: float = 0.0
    pseudo_labels: bool = False
    synthetic: float = 0.0  # share of clips made from one image by synthetic motion
    distil: float = 1.0  # weight of the teacher, where there is one
    settle: int = 0  # whole frames from which batch norms take their statistics at the end; 0 is off
    notes: str = field(default="", compare=False)


STATIC = Recipe(
    name="static",
    phases=(
        Phase(1.0, (Rate("encoder", "sgd", 5e-2, weight_decay=1e-5), Rate("decoder", "sgd", 1e-2, weight_decay=1e-5))),
    ),
    epochs=2000,
    batch=32,
    crop=(600, 600),
    auxiliary=0.3,
    notes="paper 1, section 6 (CamVid)",
)

DYNAMIC = Recipe(
    name="dynamic",
    phases=(
        Phase(10 / 110, (Rate("cell", "adam", 8e-3),), length=3),
        Phase(100 / 110, (Rate("cell", "adam", 4e-3), Rate("static", "sgd", 5e-4)), length=3),
    ),
    epochs=110,
    batch=16,
    crop=(600, 600),
    scale=(1.0, 1.0),
    schedule="constant",
    notes="paper 1, section 4.2 (CamVid): the cell alone, then end to end; loss on the frames after the first",
)

TEMPLATE = Recipe(
    name="template",
    phases=(Phase(1.0, (Rate("all", "sgd", 5e-2, weight_decay=1e-5),)),),
    epochs=1000,
    batch=10,
    crop=(0, 0),
    scale=(0.7, 1.4),
    notes="paper 2, sections 5.1 and 5.3 (CamVid)",
)

LGC = Recipe(
    name="lgc",
    phases=(Phase(1.0, (Rate("all", "sgd", 1e-2, weight_decay=5e-4),)),),
    epochs=200,
    batch=8,
    crop=(0, 0),
    hard_share=0.25,
    notes="paper 3, section IV-A: poly, online hard-example mining, scale and flip",
)

SCRATCH = Recipe(
    name="scratch",
    phases=(
        Phase(0.50, (Rate("all", "adamw", 8e-3, weight_decay=1e-2),), crop=0.5, zoom=0.65),
        Phase(0.25, (Rate("all", "adamw", 8e-3, weight_decay=1e-2),), crop=0.75, zoom=0.85),
        Phase(0.25, (Rate("all", "adamw", 8e-3, weight_decay=1e-2),), crop=1.0),
    ),
    epochs=800,
    batch=8,
    crop=(0, 0),
    scale=(0.8, 1.4),
    jitter=0.2,
    warmup=0.02,
    class_weights=True,
    ema=0.998,
    clip_norm=5.0,
    settle=64,
    notes="no pre-trained weights: small pictures first, class weights, averaged weights",
)

VIDEO = Recipe(
    name="video",
    phases=(
        Phase(0.25, (Rate("cell", "adamw", 4e-3, weight_decay=1e-4),), crop=0.7, length=3),
        Phase(0.40, (Rate("cell", "adamw", 2e-3, weight_decay=1e-4),), crop=0.7, length=6, truncate=3),
        Phase(
            0.35,
            (Rate("cell", "adamw", 1e-3, weight_decay=1e-4), Rate("static", "adamw", 2e-4, weight_decay=1e-2)),
            length=4,
            truncate=2,
        ),
    ),
    epochs=120,
    batch=8,
    crop=(0, 0),
    scale=(0.75, 1.5),
    jitter=0.2,
    warmup=0.02,
    class_weights=True,
    ema=0.995,
    clip_norm=5.0,
    key_loss=0.5,
    synthetic=0.5,
    notes="longer roll-outs with the state detached on the way, real clips mixed with synthetic motion",
)


def learning_the_head(recipe: Recipe) -> Recipe:
    """For a head that is new: where the cell learns alone, the classifier of key frames learns beside it."""
    phases = tuple(
        replace(phase, rates=(*phase.rates, *(replace(rate, part="head") for rate in phase.rates)))
        if all(rate.part == "cell" for rate in phase.rates)
        else phase
        for phase in recipe.phases
    )
    return replace(recipe, phases=phases)


RECIPES = {recipe.name: recipe for recipe in (STATIC, DYNAMIC, TEMPLATE, LGC, SCRATCH, VIDEO)}


def recipe_named(name: str) -> Recipe:
    if name not in RECIPES:
        raise UserError(f"there is no recipe {name!r}", fix=f"take one of {', '.join(RECIPES)}")
    return RECIPES[name]


def plain(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain data for the run's record."""
    from dataclasses import asdict

    return asdict(recipe)
