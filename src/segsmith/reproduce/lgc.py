"""LGC networks: the rows of every ablation searched, trained and judged; the network of the paper's own settings
beside other real-time networks."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from segsmith.genotype import Genotype, load_genotype
from segsmith.genotype.vocabulary import ROLES
from segsmith.report.charts import Axis, Point, Series
from segsmith.reproduce.album import Album
from segsmith.reproduce.compared import NO_CITYSCAPES, Ours, compared, numbers_of
from segsmith.reproduce.looks import side_by_side
from segsmith.reproduce.plots import plot
from segsmith.reproduce.protocol import (
    Difference,
    budget_words,
    cityscapes_difference,
    data_difference,
    difference,
    latency_difference,
    size_difference,
    training_difference,
)
from segsmith.reproduce.published_lgc import ABLATIONS, CAMVID, CITYSCAPES, COUNTS, FIGURES
from segsmith.reproduce.scales import Training
from segsmith.reproduce.stage import Context, Found, Place, Stage
from segsmith.reproduce.work import costs, genotype_of, judged, trained
from segsmith.spaces import LgcSpace
from segsmith.study.gradient.ablation import AblationOptions, ablate
from segsmith.study.gradient.rows import BASE, TABLES
from segsmith.study.gradient.settings import PAPER, GradientOptions, GradientSettings, settings_named
from segsmith.training.options import TrainOptions
from segsmith.training.recipes import LGC

FOLDER, TRANSFER = "ablation", "transfer"
CURVE = "figure7"
DRAWINGS = {"graph": ("table6", 3), "linear": ("table6", 2), "random": ("table7", 0)}
"""Where the networks of figures 9, 10 and 11 come from: an ablation, and the place of its row."""


def stages(context: Context) -> Sequence[Stage]:
    rows = [Stage(table, partial(ablation, table=table)) for table in context.scale.ablations]
    return [*rows, Stage("networks", judge), Stage("costs", timed)]


def ablation(context: Context, table: str) -> Found:
    scale, options = context.scale, context.options
    data, training = context.home.data, training_of(context)
    words = (("width", str(scale.width)),) if scale.width else ()
    search = GradientOptions(
        "lgc", data, "", settings=scale.gradient, space_options=words, table=options.table, minutes=scale.minutes,
        size=scale.size, seed=options.seed, device=options.device, quiet=options.quiet,
    )  # fmt: skip
    train = TrainOptions(
        "", data, "", recipe=LGC.name, epochs=training.epochs, minutes=training.minutes, batch=training.batch,
        crop=training.crop, size=scale.size, device=options.device, evaluations=0, quiet=options.quiet,
    )  # fmt: skip
    folder = str(context.out / FOLDER)
    return {"rows": ablate(AblationOptions((table,), folder, search, train, scale.seeds, scale.drawn))[table]}


def training_of(context: Context) -> Training:
    return context.scale.city_image if context.home.city else context.scale.image


def judge(context: Context) -> Found:
    """The network of the paper's settings, where it was searched; trained again on the user's data if that is another
    place."""
    found = {context.home.key: judged(context, home_run(context), context.home)}
    if context.home.city:
        data = context.places[0]
        run = trained(context, TRANSFER, str(home_run(context)), data, context.scale.image, recipe=LGC.name)
        found["data"] = judged(context, run, data)
    return found


def home_run(context: Context) -> Path:
    return context.out / FOLDER / BASE.run / "seed-0" / "train"


def runs(context: Context) -> dict[str, tuple[Place, Path]]:
    """The trained network by place."""
    found = {context.home.key: (context.home, home_run(context))}
    return found if not context.home.city else {**found, "data": (context.places[0], context.out / TRANSFER)}


def timed(context: Context) -> Found:
    genotype = {"LGC": genotype_of(home_run(context))}
    sizes = {"cityscapes": context.scale.timed, "data": context.scale.camvid_timed}
    found = {key: costs(context, genotype, size) for key, size in sizes.items()}
    on = found["data"]["on"]
    return {"on": on, **{key: {"on": one["on"], **one["networks"]["LGC"]} for key, one in found.items()}}


def tables(context: Context) -> list[dict[str, Any]]:
    found, done = [], context.scale.ablations
    for printed, key in ((CITYSCAPES, "cityscapes"), (CAMVID, "data")):
        scores = context.found["networks"].get(key)
        cost = context.found["costs"][key]
        ms = cost["ms"]
        values = {"mIoU %": 100 * scores["miou"] if scores else None, "latency ms": ms, "FPS": 1000 / ms}
        place = context.place(key)
        remark = f"judged on {place.shown}" if scores and place else f"mIoU {NO_CITYSCAPES}"
        absent_here, note = "coarse labels and TensorRT are not taken up", f"Here: {cost['on']}."
        found.append(compared(printed, {"LGC": Ours(values, remark=remark)}, absent_here, notes=[note]))
    for name, printed in ABLATIONS.items():
        rows = context.found[name]["rows"] if name in done else []
        found.append(compared(printed, {row["row"]: ours(row) for row in rows}, absent(context, name)))
    counted = {name: counts(context, table, place) for name, (table, place) in DRAWINGS.items() if table in done}
    return [*found, compared(COUNTS, counted, absent(context, "table6"))]


def absent(context: Context, table: str) -> str:
    reason = ": the search has too few cells" if table == "table11" and settings_of(context).options else ""
    return f"not at scale {context.scale.name}{reason}"


def settings_of(context: Context) -> GradientSettings:
    return settings_named(context.scale.gradient, "lgc")


def ours(row: dict[str, Any]) -> Ours:
    """Frames a second are of the mean latency."""
    many = len(row["runs"]) > 1
    values = {"mIoU %": 100 * row["miou"]["mean"], "parameters M": row["parameters"]["mean"] / 1e6}
    spreads = {"mIoU %": 100 * row["miou"]["sd"], "parameters M": row["parameters"]["sd"] / 1e6} if many else {}
    if "measured_ms" in row:
        mean = row["measured_ms"]["mean"]
        values["FPS"] = 1000 / mean
        spreads |= {"FPS": 1000 * row["measured_ms"]["sd"] / mean**2} if many else {}
    return Ours(values, spreads, f"{len(row['runs'])} {'networks' if many else 'network'}")


def counts(context: Context, table: str, place: int) -> Ours:
    row = context.found[table]["rows"][place]
    return Ours({"light operations": row["light"]["mean"], "large fields in the last four cells": row["large"]["mean"]})


def figures(context: Context) -> list[dict[str, Any]]:
    album, done = Album(context.out), context.scale.ablations
    album.add(
        "1",
        "figure1",
        speed_plot(context),
        note="Published speeds are of other machines. Names that find no room stand in table IV.",
    )
    networks = runs(context)
    for key, (place, run) in networks.items():
        worst = [one["frame"] for one in context.found["networks"][key]["worst"]]
        title = f"Answers on {place.shown}"
        album.add("6", f"figure6-{key}", side_by_side({"LGCNet": run}, place, worst, 1), title)
    if CURVE in done:
        note = "The paper draws this curve and prints no numbers of it."
        album.add("7", "figure7", curve_plot(context), note=note)
    genotypes = {name: genotype(context, *spot) for name, spot in DRAWINGS.items() if spot[0] in done}
    if "graph" in genotypes:
        album.add("8", "figure8", genotypes["graph"], cell=ROLES[LGC.name])
    for number, name in (("9", "graph"), ("10", "linear"), ("11", "random")):
        if name in genotypes:
            album.add(number, f"figure{number}", genotypes[name])
    return album.listed(FIGURES, f"not at scale {context.scale.name}")


def genotype(context: Context, table: str, place: int) -> Genotype:
    row = TABLES[table][place]
    return load_genotype(str(context.out / FOLDER / row.run / f"{'network' if row.random else 'seed'}-0"))


def speed_plot(context: Context) -> Figure:
    speed, miou = numbers_of(CITYSCAPES, "FPS"), numbers_of(CITYSCAPES, "mIoU %")
    place, score = context.home, context.found["networks"][context.home.key]
    mine = Point(1000 / context.found["costs"][place.key]["ms"], 100 * score["miou"], "ours")
    theirs = [name for name in speed if name.startswith("LGCNet")]
    others = tuple(Point(speed[name], miou[name], name.partition(",")[0]) for name in speed if name not in theirs)
    printed = tuple(Point(speed[name], miou[name]) for name in theirs)
    series = [
        Series("published, Cityscapes test", others, 0, line=False, marks=True),
        Series("LGCNet as published", printed, 2, line=False, marks=True),
        Series(f"LGCNet here, {place.shown}", (mine,), 1, line=False, marks=True),
    ]
    return plot(series, Axis("frames a second"), Axis("mIoU in %"), log=True)


def curve_plot(context: Context) -> Figure:
    rows = context.found[CURVE]["rows"]
    points = [Point(row["measured_ms"]["mean"], 100 * row["miou"]["mean"], row["row"]) for row in rows]
    return plot([Series("", tuple(points), marks=True)], Axis("measured latency in ms"), Axis("mIoU in %"))


def differences(context: Context) -> list[Difference]:
    scale, settings, table = context.scale, settings_of(context), context.options.table
    budget = budget_words(Training(scale.minutes)) or f"{settings.epochs:g} epochs"
    width = scale.width or LgcSpace().width
    return [
        difference("pre-training of the derived network", "ImageNet", "none: random weights"),
        data_difference(context.places[0], "Cityscapes 769x1537; CamVid 720x960, 11 classes: 367, 101 and 233 frames"),
        cityscapes_difference(context, "searched and judged on it; val for ablations, test server"),
        *size_difference(context),
        difference("searched on", "Cityscapes", context.home.data.partition(":")[0]),
        difference("search", "about 10 hours of 16 Titan Xp; no number of epochs is printed", budget),
        *settings_differences(context),
        *training_difference("derived networks", LGC, training_of(context)),
        difference("width of the derived network", "not printed", str(width)),
        difference("searches for each row, random networks", "5 (3 in table XI), 10", f"{scale.seeds}, {scale.drawn}"),
        difference("latencies that the search sees", "a table of the GPU", "a table" if table else "FLOPs stand in"),
        difference(
            "latencies of the ablations", "Titan Xp", f"{'the target' if table else 'torch here'}, frames' own size"
        ),
        latency_difference(context, "Titan Xp", "costs"),
    ]


def settings_differences(context: Context) -> list[Difference]:
    """Every number of the search's settings that is not the paper's; its length is said elsewhere."""
    here, known = asdict(settings_of(context)), asdict(PAPER)
    return [
        difference(f"search: {name.replace('_', ' ')}", plain(known[name]), plain(here[name]))
        for name in known
        if name not in ("name", "notes", "epochs") and here[name] != known[name]
    ]


def plain(value: object) -> str:
    """``cells=6 reductions=1,3`` of pairs, ``0.5 to 2.0`` of a range."""
    if not isinstance(value, tuple):
        return str(value)
    if all(isinstance(one, tuple) for one in value):
        return " ".join("=".join(one) for one in value) or "none"
    return " to ".join(map(str, value))
