"""Gradient searches: what the paper did, number by number, what takes minutes on a CPU, and what may be asked."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from segsmith.errors import UserError
from segsmith.study.limits import parse_amount
from segsmith.study.options import plain


@dataclass(frozen=True)
class GradientSettings:
    """``width`` and ``branch`` are the supernet's, not those of the network that comes out. ``warmup``: the share of
    the search in which the weights alone learn. ``one_path``: a single operation of each edge runs, not all.
    ``options`` are those of the space. For the LGC space alone: ``crop``, a share of the frame, and ``scale``; for the
    dynamic one: the ``proxy`` whose clips and crops they are."""

    name: str
    epochs: float
    batch: int
    space: str = "lgc"
    proxy: str = ""
    width: int = 8
    branch: int = 48
    lr: float = 0.025
    lr_end: float = 0.001
    momentum: float = 0.9
    decay: float = 1e-3
    clip_norm: float = 0.0
    arch_lr: float = 1e-3
    guide_lr: float = 1e-3
    arch_betas: tuple[float, float] = (0.5, 0.999)
    arch_decay: float = 1e-4
    temperature: tuple[float, float] = (1.0, 0.03)
    warmup: float = 0.0
    one_path: bool = False
    recompute: bool = False
    longest: int = 0
    crop: float = 1.0
    scale: tuple[float, float] = (0.5, 2.0)
    options: tuple[tuple[str, str], ...] = ()
    notes: str = ""


PAPER = GradientSettings(
    name="paper",
    epochs=100,
    batch=16,
    notes="paper 3, section IV-A; it gives no number of epochs",
)

QUICK = GradientSettings(
    name="quick",
    epochs=5,
    batch=8,
    branch=16,
    lr=0.05,
    clip_norm=5.0,
    arch_lr=0.06,
    warmup=0.1,
    one_path=True,
    longest=128,
    scale=(1.0, 1.0),
    options=(("cells", "6"), ("reductions", "1,3")),
    notes="minutes on a CPU: six cells, one path of them at a time, small frames",
)

HOUR = GradientSettings(
    name="hour",
    epochs=40,
    batch=8,
    branch=24,
    lr=0.05,
    clip_norm=5.0,
    arch_lr=0.05,
    warmup=0.1,
    one_path=True,
    longest=240,
    notes="all fourteen cells on a CPU, one path of them at a time",
)

QUICK_DYNAMIC = GradientSettings(
    name="quick",
    epochs=40,
    batch=4,
    space="dynamic",
    proxy="quick",
    lr=0.02,
    clip_norm=5.0,
    arch_lr=0.03,
    warmup=0.1,
    one_path=True,
    notes="minutes on a CPU, on what the static network gave once for all",
)

CAMVID_DYNAMIC = replace(
    QUICK_DYNAMIC,
    name="paper-camvid",
    epochs=100,
    batch=16,
    proxy="paper-camvid",
    arch_lr=0.01,
    notes="the clips of paper 1, section 4.1",
)

PRESETS = (QUICK, HOUR, PAPER, QUICK_DYNAMIC, CAMVID_DYNAMIC)

FREE = ("out", "device", "quiet", "measure")
"""What may be another when a search goes on."""


@dataclass(frozen=True)
class GradientOptions:
    """``latency`` and ``flops`` are budgets as written. None is the settings' own value."""

    space: str
    data: str
    out: str
    static: str = ""
    settings: str = "quick"
    space_options: tuple[tuple[str, str], ...] = ()
    table: str = ""
    beta: float = 0.005
    latency: str = ""
    flops: str = ""
    guide: str = "edges"
    guide_width: int = 64
    gamma: float = 0.5
    one_path: bool | None = None
    recompute: bool | None = None
    epochs: float | None = None
    minutes: float | None = None
    batch: int | None = None
    width: int | None = None
    size: tuple[int, int] | None = None
    split: str = "train"
    key_every: int = 10
    seed: int = 0
    measure: bool = True
    device: str = "auto"
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.latency and self.flops:
            raise UserError("--latency and --flops", fix="one budget of the two")
        if self.latency and not self.table:
            raise UserError("--latency needs --table", fix="segsmith latency measure makes one")
        if self.flops and self.table:
            raise UserError("--flops and --table", fix="without a table FLOPs stand in for the latency")
        if not 0 <= self.beta < float("inf"):
            raise UserError(f"--beta {self.beta} is below zero")

    @property
    def goal(self) -> float | None:
        """The budget, in milliseconds or in millions of FLOPs."""
        if self.latency:
            return parse_amount(self.latency, "latency")
        return parse_amount(self.flops, "flops") / 1e6 if self.flops else None

    def record(self) -> dict[str, Any]:
        return asdict(self)

    def check_goes_on(self, configuration: dict[str, Any]) -> None:
        """Refuse to go on with a search that is about something else."""
        now = plain(self.record())
        for field in fields(self):
            held = configuration.get(field.name)
            if field.name not in FREE and held != now[field.name]:
                raise UserError(
                    f"holds a search with --{field.name.replace('_', '-')} {held}, not {now[field.name]}",
                    fix="ask the same, or name a new folder",
                    path=self.out,
                )


def settings_named(name: str, space: str) -> GradientSettings:
    fitting = {preset.name: preset for preset in PRESETS if preset.space == space}
    if not fitting:
        spaces = " or ".join(sorted({preset.space for preset in PRESETS}))
        raise UserError(f"the {space} space has no gradient search", fix=f"take {spaces}")
    if name not in fitting:
        raise UserError(f"there are no settings {name!r} for the {space} space", fix=f"take {' or '.join(fitting)}")
    return fitting[name]
