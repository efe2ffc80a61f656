"""How much of a paper's work is done: what the paper did, what an hour allows, and what ends in minutes.

Recipes, spaces and samplers are the paper's at every scale. A scale sets budgets, counts and sizes, and takes the
searches' own presets of the same names where they have such.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from segsmith.errors import UserError

Size = tuple[int, int]
ALL_ABLATIONS = ("table6", "table7", "table8", "table9", "table10", "table11", "figure7")


@dataclass(frozen=True)
class Training:
    """What takes the place of a recipe's own; None is the recipe's."""

    minutes: float | None = None
    epochs: float | None = None
    batch: int | None = None
    crop: Size | None = None


@dataclass(frozen=True)
class Scale:
    """``image`` and ``cell`` are trainings of networks on single frames and on video, ``city_...`` those on Cityscapes.
    ``proxy``, ``sampler`` and ``trials`` are of the search by candidates, of whose best ``networks`` are trained;
    ``longer`` says how many times as long the longer training of a rank correlation is, ``ranked`` of how many networks
    each. ``gradient`` and ``minutes`` are of the search by gradient, ``ablations`` those of its tables that are worked
    out, with ``seeds`` searches for each row and ``drawn`` random networks; ``width`` is the derived networks'.
    ``timed`` is the size of frames for latencies, ``camvid_timed`` that of the LGC paper's CamVid."""

    name: str
    image: Training = Training()
    cell: Training = Training()
    city_image: Training = Training()
    city_cell: Training = Training()
    size: Size | None = None
    timed: Size = (1024, 2048)
    camvid_timed: Size = (720, 960)
    proxy: str = ""
    city_proxy: str = ""
    sampler: str = "paper"
    trials: int = 0
    networks: int = 2
    ranked: int = 20
    longer: float = 2.0
    gradient: str = "paper"
    minutes: float | None = None
    ablations: tuple[str, ...] = ALL_ABLATIONS
    seeds: int = 5
    drawn: int = 10
    width: int | None = None


CELLS = (
    Scale(
        "paper",
        city_image=Training(epochs=1000, batch=28, crop=(800, 800)),
        city_cell=Training(epochs=400, batch=16, crop=(769, 769)),
        proxy="paper-camvid",
        city_proxy="paper-cityscapes",
        trials=1000,
    ),
    Scale(
        "hour",
        image=Training(minutes=22, batch=8, crop=(192, 256)),
        cell=Training(minutes=6, batch=4, crop=(192, 256)),
        city_image=Training(minutes=22, batch=8, crop=(192, 256)),
        city_cell=Training(minutes=6, batch=4, crop=(192, 256)),
        timed=(360, 480),
        proxy="quick",
        city_proxy="quick",
        sampler="quick",
        trials=100,
    ),
    Scale(
        "minutes",
        image=Training(minutes=1.0, batch=8, crop=(96, 128)),
        cell=Training(minutes=0.4, batch=4, crop=(96, 128)),
        city_image=Training(minutes=1.0, batch=8, crop=(96, 128)),
        city_cell=Training(minutes=0.4, batch=4, crop=(96, 128)),
        timed=(256, 512),
        proxy="quick",
        city_proxy="quick",
        sampler="quick",
        trials=14,
    ),
)

TEMPLATES = (
    Scale(
        "paper",
        city_image=Training(epochs=1000, batch=6, crop=(769, 769)),
        proxy="paper-template",
        trials=2000,
    ),
    Scale(
        "hour",
        image=Training(minutes=8, batch=8, crop=(192, 256)),
        city_image=Training(minutes=8, batch=6, crop=(192, 256)),
        timed=(360, 480),
        proxy="quick",
        sampler="quick",
        trials=100,
        ranked=8,
        networks=1,
    ),
    Scale(
        "minutes",
        image=Training(minutes=0.5, batch=8, crop=(96, 128)),
        city_image=Training(minutes=0.5, batch=6, crop=(96, 128)),
        timed=(256, 512),
        proxy="quick",
        sampler="quick",
        trials=10,
        ranked=3,
        longer=1.5,
        networks=1,
    ),
)

LGC = (
    Scale("paper", timed=(769, 1537)),
    Scale(
        "hour",
        image=Training(minutes=1.0, batch=8, crop=(192, 256)),
        city_image=Training(minutes=1.0, batch=8, crop=(192, 256)),
        timed=(360, 480),
        camvid_timed=(360, 480),
        gradient="hour",
        minutes=0.8,
        seeds=1,
        drawn=2,
    ),
    Scale(
        "minutes",
        image=Training(minutes=0.25, batch=8, crop=(96, 128)),
        city_image=Training(minutes=0.25, batch=8, crop=(96, 128)),
        timed=(256, 512),
        camvid_timed=(256, 512),
        gradient="quick",
        minutes=0.25,
        ablations=("table6", "table7", "table8", "table9", "table10", "figure7"),
        seeds=1,
        drawn=1,
        width=16,
    ),
)

SCALES: Mapping[str, Mapping[str, Scale]] = {
    paper: {scale.name: scale for scale in scales}
    for paper, scales in (("dynamic-cells", CELLS), ("template-search", TEMPLATES), ("lgcnet", LGC))
}


def scale_named(paper: str, name: str) -> Scale:
    if paper not in SCALES:
        raise UserError(f"there is no paper {paper!r}", fix=f"take {', '.join(SCALES)}")
    if name not in SCALES[paper]:
        raise UserError(f"there is no scale {name!r}", fix=f"take {', '.join(SCALES[paper])}")
    return SCALES[paper][name]
