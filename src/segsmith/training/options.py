"""What a person asks of a training run: defaults < recipe < flags."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from segsmith.errors import UserError
from segsmith.training.budget import SCHEDULES, Budget
from segsmith.training.recipes import Recipe, recipe_named

DEFAULT_RECIPES = {
    "decoder": "scratch",
    "template": "scratch",
    "lgc": "scratch",
    "external": "scratch",
    "dynamic": "video",
}
SEEDS = 2**32
"""So many are there: NumPy's luck, which much draws on, takes no others."""


def check_seed(seed: int) -> None:
    if not 0 <= seed < SEEDS:
        raise UserError(f"--seed {seed} is out of range", fix=f"from 0 to {SEEDS - 1}")


@dataclass(frozen=True)
class TrainOptions:
    """``what``: a genotype, preset, run or checkpoint. None is the recipe's own value. ``devices`` 0: as many
    processes as are of use here."""

    what: str
    data: str
    out: str
    recipe: str = ""
    epochs: float | None = None
    minutes: float | None = None
    size: tuple[int, int] | None = None
    crop: tuple[int, int] | None = None
    batch: int | None = None
    lr: float | None = None
    schedule: str | None = None
    ema: float | None = None
    split: str = "train"
    device: str = "auto"
    precision: str = "32"
    devices: int = 1
    seed: int = 0
    workers: int = 2
    accumulate: int = 1
    static: str = ""
    teacher: str = ""
    encoder_weights: str = ""
    consistency: float | None = None
    pseudo_labels: bool = False
    synthetic: float | None = None
    compiled: bool = False
    rewind: bool = False
    evaluations: int = 8
    key_every: int = 5
    quiet: bool = False

    def __post_init__(self) -> None:
        check_seed(self.seed)

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> "TrainOptions":
        pairs = {name: tuple(record[name]) for name in ("size", "crop") if record[name] is not None}
        return cls(**(record | pairs))

    def budget(self, recipe: Recipe) -> Budget:
        if self.epochs is None and self.minutes is None:
            return Budget(epochs=recipe.epochs)
        return Budget(self.epochs, self.minutes)

    @property
    def wants_auxiliary(self) -> bool:
        """Whether the network needs its auxiliary heads; a recipe that is not named has none."""
        return bool(self.recipe) and recipe_named(self.recipe).auxiliary > 0

    def adapted(self, kind: str) -> Recipe:
        """The recipe (the one for this kind of network where none is named) with the flags applied."""
        recipe = recipe_named(self.recipe or DEFAULT_RECIPES[kind])
        changes: dict[str, Any] = {
            "batch": self.batch,
            "crop": self.crop,
            "schedule": self.schedule,
            "ema": self.ema,
            "consistency": self.consistency,
            "synthetic": self.synthetic,
            "pseudo_labels": self.pseudo_labels or None,
        }
        recipe = replace(recipe, **{name: value for name, value in changes.items() if value is not None})
        if recipe.schedule not in SCHEDULES:
            raise UserError(f"there is no schedule {recipe.schedule!r}", fix=f"take one of {', '.join(SCHEDULES)}")
        if not 0 <= recipe.ema < 1:
            raise UserError(f"--ema {recipe.ema} is not between 0 and 1", fix="0.998 is a common value, 0 turns it off")
        if recipe.batch < 1:
            raise UserError(f"a batch of {recipe.batch} is empty", fix="--batch 8 is a common value")
        return recipe if self.lr is None else scaled(recipe, self.lr)


def scaled(recipe: Recipe, lr: float) -> Recipe:
    """The recipe with ``lr`` as its highest rate, and the others in proportion."""
    if not lr > 0:
        raise UserError(f"a learning rate of {lr} is not above zero")
    highest = max(rate.lr for phase in recipe.phases for rate in phase.rates)
    phases = tuple(
        replace(phase, rates=tuple(replace(rate, lr=rate.lr * lr / highest) for rate in phase.rates))
        for phase in recipe.phases
    )
    return replace(recipe, phases=phases)
