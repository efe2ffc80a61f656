"""Dynamic cells: a static network, a search of cells on it, the two best of them trained, judged and timed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from segsmith.genotype import preset
from segsmith.report.charts import Axis, Point, Series
from segsmith.report.judged import drift_points
from segsmith.reproduce.album import Album
from segsmith.reproduce.compared import NO_CITYSCAPES, Ours, compared
from segsmith.reproduce.looks import side_by_side
from segsmith.reproduce.plots import areas, plot
from segsmith.reproduce.protocol import (
    Difference,
    cityscapes_difference,
    data_difference,
    difference,
    latency_difference,
    size_difference,
    training_difference,
    weights_difference,
)
from segsmith.reproduce.published_cells import FIGURES, TABLES
from segsmith.reproduce.rewards import rewards_plot
from segsmith.reproduce.stage import Context, Found, Place, Stage
from segsmith.reproduce.work import KEY_EVERY, best, costs, genotype_of, judged, searched, trained
from segsmith.study.analysis import analyse
from segsmith.study.results import load_results
from segsmith.training.recipes import DYNAMIC, STATIC

ACCURACY, CITY_ACCURACY, RUNTIME = TABLES
BASELINE = "arch2"
STEPS = {"data": 3, "cityscapes": 2}
"""Frames of a clip, the first of them a key frame."""


def stages(context: Context) -> Sequence[Stage]:
    found = []
    for place in context.places:
        found += [
            Stage(f"{place.key}-static", partial(static, place=place)),
            Stage(f"{place.key}-search", partial(search, place=place)),
            Stage(f"{place.key}-cells", partial(cells, place=place)),
        ]
    return [*found, Stage("costs", timed)]


def static(context: Context, place: Place) -> Found:
    training = context.scale.city_image if place.city else context.scale.image
    weights = context.options.encoder_weights
    asked = {"recipe": STATIC.name, "encoder_weights": weights}
    run = trained(context, f"{place.key}/static", BASELINE, place, training, **asked)
    return judged(context, run, place)


def search(context: Context, place: Place) -> Found:
    proxy = context.scale.city_proxy if place.city else context.scale.proxy
    run = str(context.out / place.key / "static")
    found = searched(context, f"{place.key}/search", "dynamic", place, proxy, static=run)
    return best(context, found)


def cells(context: Context, place: Place) -> Found:
    training = context.scale.city_cell if place.city else context.scale.cell
    below, found = str(context.out / place.key / "static"), Found()
    for number, path in enumerate(context.found[f"{place.key}-search"]["best"]):
        folder = f"{place.key}/cell{number}"
        run = trained(context, folder, str(context.out / path), place, training, recipe=DYNAMIC.name, static=below)
        found[f"cell{number}"] = judged(context, run, place, STEPS[place.key])
    return found


def timed(context: Context) -> Found:
    networks = {"baseline": preset(BASELINE)}
    for place in context.places:
        for name in context.found[f"{place.key}-cells"]:
            networks[f"{place.key} {name}"] = genotype_of(context.out / place.key / name)
    return costs(context, networks, context.scale.timed)


def tables(context: Context) -> list[dict[str, Any]]:
    return [
        accuracy(context, "data"),
        accuracy(context, "cityscapes"),
        compared(
            RUNTIME,
            {
                name: Ours({"parameters M": found["parameters"] / 1e6, "ms a frame": found["ms"]})
                for name, found in context.found["costs"]["networks"].items()
            },
            NO_CITYSCAPES,
            notes=[f"Here: {context.found['costs']['on']}. The published cells are not printed as numbers; ours are."],
        ),
    ]


def accuracy(context: Context, key: str) -> dict[str, Any]:
    printed = ACCURACY if key == "data" else CITY_ACCURACY
    if f"{key}-static" not in context.found:
        return compared(printed, {}, NO_CITYSCAPES)
    found = {"baseline": context.found[f"{key}-static"], **context.found[f"{key}-cells"]}
    ours = {name: Ours({"mIoU %": 100 * record["miou"]}) for name, record in found.items()}
    more = {
        f"{name}: {control} (control)": Ours({"mIoU %": 100 * record["miou"]})
        for name, one in found.items()
        for control, record in one["controls"].items()
    }
    note = f"Judged on {found['baseline']['split']}; a key frame, {STEPS[key] - 1} steps, and so on; all frames count."
    return compared(printed, ours, "the search found no other cell", more, [note])


def figures(context: Context) -> list[dict[str, Any]]:
    album = Album(context.out)
    for place in context.places:
        suffix = "-cityscapes" if place.city else ""
        analysis = analyse(load_results(context.out / place.key / "search").records)
        album.add("3 (Cityscapes)" if place.city else "3", f"figure3{suffix}", rewards_plot(analysis))
        inputs = [one for one in analysis.shares if one.what != "downsampling"]
        album.add("4a-c" if place.city else "4d-f", f"figure4{suffix}", areas(inputs))
        names = list(context.found[f"{place.key}-cells"])
        runs = {"baseline": context.out / place.key / "static"}
        runs |= {name: context.out / place.key / name for name in names}
        worst = [one["frame"] for one in context.found[f"{place.key}-static"]["worst"]]
        looks = side_by_side(runs, place, worst, STEPS[place.key])
        album.add("6" if place.city else "5", f"figure{6 if place.city else 5}", looks)
        for name in names:
            number = "7c-d" if place.city else "7a-b"
            album.add(number, f"figure7{suffix}-{name}", genotype_of(runs[name]), f"The discovered cell: {name}")
        title = f"mIoU by distance from the key frame, {place.shown}"
        album.add("ours", f"drift{suffix}", drift(context, place), title, "Not in the paper.")
    return album.listed(FIGURES, NO_CITYSCAPES)


def drift(context: Context, place: Place) -> Figure:
    found = context.found[f"{place.key}-cells"]
    controls = {
        f"{name}: {control}": record for name, one in found.items() for control, record in one["controls"].items()
    }
    series = [
        Series(name, tuple(Point(point.x, point.y) for point in drift_points(record, "miou")), style, marks=True)
        for style, (name, record) in enumerate({**found, **controls}.items())
    ]
    return plot(series, Axis("frames since the key frame", whole=True), Axis("mIoU in %"))


def differences(context: Context) -> list[Difference]:
    scale, data = context.scale, context.places[0]
    found = [
        weights_difference(context, "encoder from ImageNet", "none: the static network starts from random weights"),
        data_difference(data),
        cityscapes_difference(context, "val, searched and trained on by itself"),
        *size_difference(context),
        *training_difference("static network", STATIC, scale.image),
        *training_difference("cells", DYNAMIC, scale.cell),
        difference("start of a cell that is trained", "random", "hands on what the last frame left, where it can"),
        difference("number of candidates", "not printed; 2 GPU-days", f"{scale.trials}, proxy {scale.proxy}"),
        difference("scores", "frames behind the first of each clip", "all frames, key frames among them"),
        latency_difference(context, "1080Ti, 2048x1024, the static network on the first frame alone", "costs"),
    ]
    if scale.sampler != "paper":
        found.append(difference("controller", "learning rate 1e-4, buffer of 100", "settings for short searches"))
    if context.options.city:
        paper = "cells alone 200 epochs, end to end 200, clips of 2"
        found.append(difference("cells on Cityscapes", paper, "one part in eleven alone, the rest end to end"))
    found.append(difference("share of key frames in runtimes", "not printed", f"one in {KEY_EVERY}"))
    return found
