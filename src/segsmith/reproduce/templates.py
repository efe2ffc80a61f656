"""Template search: a stem, a search of networks on it, what their ranks say, published and found networks trained."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from segsmith.genotype import Genotype, preset
from segsmith.report.charts import Axis, Point, Series
from segsmith.report.words import is_number
from segsmith.reproduce.album import Album
from segsmith.reproduce.compared import NO_CITYSCAPES, Ours, compared, numbers_of
from segsmith.reproduce.looks import side_by_side
from segsmith.reproduce.plots import areas, boxes, plot
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
from segsmith.reproduce.published_templates import FIGURES, TABLES
from segsmith.reproduce.rewards import rewards_plot
from segsmith.reproduce.stage import Context, Found, Place, Stage
from segsmith.reproduce.work import best, costs, genotype_of, judged, parameters_of, searched, trained
from segsmith.study.analysis import analyse
from segsmith.study.correlation import ranks
from segsmith.study.progress import Progress
from segsmith.study.rank import RankOptions, rank
from segsmith.study.results import load_results
from segsmith.training.recipes import TEMPLATE

CITY, CAMVID, SIZES, RANKS = TABLES
PUBLISHED = {"arch0": "template-arch0", "arch1": "template-arch1"}
STEM = "template-arch1"


def stages(context: Context) -> Sequence[Stage]:
    stem = [] if context.options.encoder_weights else [Stage("stem", stem_of)]
    networks = [Stage(f"{place.key}-networks", partial(train, place=place)) for place in context.places]
    return [*stem, Stage("search", search), Stage("rank", ranked), *networks, Stage("costs", timed)]


def stem_of(context: Context) -> Found:
    """Its first layers take the place of ImageNet's."""
    training = context.scale.city_image if context.home.city else context.scale.image
    run = trained(context, "stem", STEM, context.home, training, recipe=TEMPLATE.name)
    return {"run": run.name}


def stem_options(context: Context) -> dict[str, str]:
    weights = context.options.encoder_weights
    return {"encoder_weights": weights} if weights else {"static": str(context.out / "stem")}


def search(context: Context) -> Found:
    found = searched(context, "search", "template", context.home, context.scale.proxy, **stem_options(context))
    return best(context, found)


def ranked(context: Context) -> Found:
    scale, options = context.scale, context.options
    asked = RankOptions(scale.ranked, scale.ranked, scale.longer, device=options.device)
    scores = rank(context.out / "search", asked, Progress(quiet=options.quiet).preparing)
    return {one.name: one.data() for one in scores}


def train(context: Context, place: Place) -> Found:
    """The published networks and those that were found."""
    training = context.scale.city_image if place.city else context.scale.image
    best = {f"found{i}": str(context.out / path) for i, path in enumerate(context.found["search"]["best"])}
    found = Found()
    for name, what in {**PUBLISHED, **best}.items():
        folder = f"{place.key}/{name}"
        run = trained(context, folder, what, place, training, recipe=TEMPLATE.name, **stem_options(context))
        size = (run / "model.safetensors").stat().st_size
        found[name] = {**judged(context, run, place), "disk_mb": size / 1e6, "parameters": parameters_of(run)}
    return found


def timed(context: Context) -> Found:
    return costs(context, networks_of(context), context.scale.timed)


def networks_of(context: Context) -> dict[str, Genotype]:
    found = [name for name in context.found["data-networks"] if name not in PUBLISHED]
    return {name: preset(what) for name, what in PUBLISHED.items()} | {
        name: genotype_of(context.out / "data" / name) for name in found
    }


def tables(context: Context) -> list[dict[str, Any]]:
    known = context.found["costs"]["networks"]
    sizes, accuracy, city = dict[str, Ours](), dict[str, Ours](), dict[str, Ours]()
    for name, record in context.found["data-networks"].items():
        accuracy[name] = accuracy_of(record, "mIoU %")
        sizes[name] = Ours(
            {
                "parameters K": known[name]["parameters"] / 1e3,
                "latency ms": known[name]["ms"],
                "output stride": known[name]["stride"],
                "size on disk MB": record["disk_mb"],
            }
        )
    for name, record in context.found.get("cityscapes-networks", {}).items():
        city[name] = accuracy_of(record, "val mIoU %")
    correlations = {name: correlation(one) for name, one in context.found["rank"].items()}
    count = context.found["rank"]["sampled"]["networks"]
    split = next(iter(context.found["data-networks"].values()))["split"]
    return [
        compared(CITY, city, NO_CITYSCAPES, beside(city)),
        compared(CAMVID, accuracy, "", beside(accuracy), [f"Here on {split}, at the frames' own size."]),
        compared(SIZES, sizes, "", beside(sizes), [f"Here: {context.found['costs']['on']}; weights as safetensors."]),
        compared(RANKS, correlations, "", notes=[f"Here {count} networks of each kind, 20 in the paper."]),
    ]


def accuracy_of(record: Mapping[str, Any], score: str) -> Ours:
    return Ours({score: 100 * record["miou"], "parameters M": record["parameters"] / 1e6})


def correlation(one: Mapping[str, Any]) -> Ours:
    defined = is_number(one["spearman"])
    return Ours({"Spearman's rho": one["spearman"]}, remark="" if defined else "not defined: rewards are all the same")


def beside(ours: Mapping[str, Ours]) -> dict[str, Ours]:
    """Networks that are not the paper's."""
    return {f"{name} (searched here)": one for name, one in ours.items() if name not in PUBLISHED}


def figures(context: Context) -> list[dict[str, Any]]:
    album = Album(context.out)
    analysis = analyse(load_results(context.out / "search").records)
    album.add("1b", "figure1b", sizes_plot(context), note="Published points are of Cityscapes' test set.")
    album.add("5", "figure5", rewards_plot(analysis))
    (factors,) = (one for one in analysis.shares if one.what == "downsampling")
    named = replace(factors, shares={f"1/{factor}": shares for factor, shares in factors.shares.items()})
    album.add("6", "figure6", areas([named]))
    by_factor = {f"1/{factor}": rewards for factor, rewards in analysis.by_downsampling.items()}
    album.add("7", "figure7", boxes("reward", by_factor))
    found = context.found["rank"]
    groups = {
        f"{name}, {setup}": one[setup]["rewards"] for name, one in found.items() for setup in ("search", "longer")
    }
    album.add("8", "figure8", boxes("reward", groups))
    album.add("9", "figure9", ranks_plot(found))
    for place in context.places:
        records = context.found[f"{place.key}-networks"]
        runs = {name: context.out / place.key / name for name in records}
        worst = [one["frame"] for one in records["arch0"]["worst"]]
        number = "10" if place.city else "11"
        album.add(number, f"figure{number}", side_by_side(runs, place, worst, 1))
    for name, genotype in networks_of(context).items():
        album.add("12", f"figure12-{name}", genotype, f"{'The paper' if name in PUBLISHED else 'Found here'}: {name}")
    return album.listed(FIGURES, NO_CITYSCAPES)


def sizes_plot(context: Context) -> Figure:
    """Published networks on Cityscapes' test set, and ours on what they were judged on."""
    known, place = context.found["costs"]["networks"], context.home
    printed, miou = numbers_of(CITY, "parameters M"), numbers_of(CITY, "test mIoU %")
    others = [Point(printed[name], miou[name], name) for name in printed if name in miou]
    ours = [
        Point(known[name]["parameters"] / 1e6, 100 * record["miou"], name)
        for name, record in context.found[f"{place.key}-networks"].items()
    ]
    series = [
        Series("published, Cityscapes test", tuple(others), 0, line=False, marks=True),
        Series(f"ours, {place.shown}", tuple(ours), 1, line=False, marks=True),
    ]
    return plot(series, Axis("parameters in millions"), Axis("mIoU in %"), log=True)


def ranks_plot(found: Mapping[str, Any]) -> Figure:
    series = []
    for style, (name, one) in enumerate(found.items()):
        across, up = (ranks([-reward for reward in one[setup]["rewards"]]) + 1 for setup in ("longer", "search"))
        points = tuple(Point(float(x), float(y)) for x, y in zip(across, up, strict=True))
        series.append(Series(f"{name}, rho {one['spearman']:.2f}", points, style, line=False, marks=True))
    return plot(series, Axis("rank in the longer training", whole=True), Axis("rank in the search", whole=True))


def differences(context: Context) -> list[Difference]:
    scale = context.scale
    stem = "none: the stem of a network trained on the same frames stands in for ImageNet's"
    found = [
        weights_difference(context, "stem from ImageNet", stem),
        data_difference(context.places[0]),
        cityscapes_difference(context, "searched on its training split; val and test server"),
        *size_difference(context),
        difference("searched on", "Cityscapes", context.home.data.partition(":")[0]),
        *training_difference("networks", TEMPLATE, scale.image),
        latency_difference(
            context, "1080Ti, 2048x1024; in training mode by mistake, hence the corrected ones", "costs"
        ),
        difference(
            "longer training of the ranks", "20 epochs in the second stage", f"{scale.longer:g} times every stage"
        ),
    ]
    if scale.trials != 2000 or scale.proxy != "paper-template":
        found.append(difference("candidates", "over 2000, 10 epochs each", f"{scale.trials}, proxy {scale.proxy}"))
    if scale.sampler != "paper":
        found.append(difference("controller", "learning rate 1e-4, buffer of 100", "settings for short searches"))
    return found
