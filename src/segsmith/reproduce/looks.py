"""Answers of several networks beside each other: frame, truth, and what each network says."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from segsmith.data.base import Image
from segsmith.data.open import open_dataset
from segsmith.data.pictures import overlay
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.loading import load
from segsmith.report.looks import answers, chosen
from segsmith.report.pictures import shrunk
from segsmith.reproduce.plots import grid
from segsmith.reproduce.stage import Place
from segsmith.training.answerers import TorchAnswerer

WIDEST = 320


def side_by_side(networks: Mapping[str, Path], place: Place, worst: list[str], every: int) -> Figure:
    """The worst frames come first, as what fails; a video network comes to each from the key frame before it."""
    dataset = open_dataset(place.data)
    opened = {name: load(path) for name, path in networks.items()}
    rows: list[tuple[str, list[Image]]] = []
    for why, spot in chosen(dataset, place.split, worst):
        image, truth = dataset.reader.image(spot.frame), dataset.reader.mask(spot.frame)
        assert truth is not None
        shown = [image, overlay(image, truth, dataset.classes)]
        for network in opened.values():
            assert network.meta is not None
            step = every if isinstance(network, DynamicNetwork) else 1
            frames = spot.sequence.frames[spot.index - spot.index % step : spot.index + 1]
            answer = list(answers(dataset, TorchAnswerer(network, network.meta), frames, step))[-1][1]
            shown.append(overlay(image, answer, dataset.classes))
        behind = f", frame {spot.index % every} of {every}" if every > 1 else ""
        rows.append((f"{spot.frame.name}\n{why}{behind}", [shrunk(one, WIDEST) for one in shown]))
    return grid(["frame", "truth", *opened], rows)
