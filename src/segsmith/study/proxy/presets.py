"""How a candidate is scored: what the papers did, number by number, and what takes seconds."""

from dataclasses import dataclass, replace

from segsmith.errors import UserError
from segsmith.spaces import LgcSpace, TemplateSpace
from segsmith.spaces.make import SPACES


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a candidate's training; behind every one it is judged, and behind all but the last maybe stopped.

    ``encoder_lr`` is for a stage that trains the network end to end, on frames; 0 stands for training on what was
    computed once.
    """

    epochs: int
    lr: float
    encoder_lr: float = 0.0


@dataclass(frozen=True)
class ProxySettings:
    """``longest`` bounds the longer side of a frame (0: as it is), ``pad`` is what the shorter side of a frame for
    training is padded to. ``crop`` is what is learnt from at a time (0: whole frames). ``clips`` and ``judged`` bound
    how many clips are learnt from and judged by (0: all). ``learn_at`` and ``judge_at`` are the strides at which
    logits and masks meet (1: at every pixel); ``anneal`` lets the learning rate fall over all stages. From ``settle``
    clips batch norms take their statistics before the candidate is judged (0: from what it learnt last).
    """

    name: str
    space: str
    stages: tuple[Stage, ...]
    batch: int
    length: int = 1
    longest: int = 0
    pad: int = 0
    crop: tuple[int, int] = (0, 0)
    scale: tuple[float, float] = (1.0, 1.0)
    mirror: bool = False
    clips: int = 0
    judged: int = 0
    learn_at: int = 1
    judge_at: int = 1
    anneal: bool = False
    settle: int = 0
    options: tuple[tuple[str, str], ...] = ()
    notes: str = ""

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)


PAPER_CAMVID = ProxySettings(
    name="paper-camvid",
    space="dynamic",
    stages=(Stage(10, 8e-3), Stage(10, 8e-3)),
    batch=48,
    length=3,
    pad=400,
    options=(("rows", "5"),),
    notes="paper 1, section 4.1",
)

PAPER_CITYSCAPES = ProxySettings(
    name="paper-cityscapes",
    space="dynamic",
    stages=(Stage(5, 8e-3), Stage(5, 8e-3)),
    batch=48,
    length=2,
    longest=1024,
    crop=(512, 512),
    options=(("rows", "4"),),
    notes="paper 1, section 4.1; crops are cut from features of whole frames",
)

PAPER_TEMPLATE = ProxySettings(
    name="paper-template",
    space="template",
    stages=(Stage(5, 7e-3), Stage(5, 2e-3, encoder_lr=5e-4)),
    batch=32,
    longest=1024,
    crop=(321, 321),
    scale=(0.7, 1.4),
    mirror=True,
    options=(("adapt", "48"), ("head", "48")),
    notes="paper 2, section 4.1",
)

QUICK_DYNAMIC = ProxySettings(
    name="quick",
    space="dynamic",
    stages=(Stage(2, 8e-3), Stage(2, 8e-3)),
    batch=4,
    length=3,
    longest=512,
    crop=(160, 160),
    clips=64,
    judged=24,
    learn_at=8,
    judge_at=8,
    anneal=True,
    settle=24,
    notes="a candidate in seconds on a CPU",
)

QUICK_TEMPLATE = ProxySettings(
    name="quick",
    space="template",
    stages=(Stage(2, 7e-3), Stage(2, 7e-3)),
    batch=8,
    longest=512,
    crop=(128, 128),
    clips=64,
    judged=16,
    mirror=True,
    learn_at=4,
    judge_at=4,
    anneal=True,
    settle=64,
    notes="a candidate in seconds on a CPU; the stem stands still",
)

PRESETS = (QUICK_DYNAMIC, QUICK_TEMPLATE, PAPER_CAMVID, PAPER_CITYSCAPES, PAPER_TEMPLATE)


def proxy_named(name: str, space: str) -> ProxySettings:
    """The preset of that name for that space."""
    searched = [known for known in SPACES if known != LgcSpace.name]  # that one is searched by gradient alone
    if space not in searched:
        raise UserError(
            f"there is no search of a {space!r} space by a short training", fix=f"take {' or '.join(searched)}"
        )
    fitting = {preset.name: preset for preset in PRESETS if preset.space == space} or _on_a_stem(space)
    if name not in fitting:
        raise UserError(f"there is no proxy {name!r} for the {space} space", fix=f"take one of {', '.join(fitting)}")
    return fitting[name]


def _on_a_stem(space: str) -> dict[str, ProxySettings]:
    """For a space without presets of its own: its networks stand on a stem as templates do. What the template space
    is set to for a paper it knows nothing of."""
    presets = (preset for preset in PRESETS if preset.space == TemplateSpace.name)
    return {preset.name: replace(preset, space=space, options=()) for preset in presets}


def longer(settings: ProxySettings, factor: float) -> ProxySettings:
    """The same with so many times the epochs, in every stage at least one."""
    stages = tuple(replace(stage, epochs=max(1, round(factor * stage.epochs))) for stage in settings.stages)
    return replace(settings, stages=stages)
