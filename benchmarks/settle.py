"""What it brings that batch norms settle on whole frames at the end of a training: mIoU on val, before and after.

    python benchmarks/settle.py --data camvid:PATH RUN [RUN …]

RUNS are finished trainings of image networks. Their averaged weights are judged with the statistics that training left
and with those of as many whole frames as the recipe says, drawn twice.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from record import write
from segsmith.data.cache import cached
from segsmith.training.answerers import TorchAnswerer
from segsmith.training.evaluation import evaluate
from segsmith.training.feed import whole_frames
from segsmith.training.options import TrainOptions
from segsmith.training.run import make_fabric
from segsmith.training.runfolder import RunFolder
from segsmith.training.settle import settle
from segsmith.training.work import Work, begin


def miou(one: Work, network: nn.Module) -> float:
    answerer = TorchAnswerer(network, one.meta, "cpu")
    return round(evaluate(answerer, cached(one.dataset, "val"), "val").scores.miou, 4)


def averaged(snapshot: Path) -> dict[str, Tensor]:
    start = "average."
    return {name.removeprefix(start): value for name, value in load_file(snapshot).items() if name.startswith(start)}


def figures(run: RunFolder, data: str) -> dict[str, Any]:
    options = TrainOptions.of_record(run.record()["configuration"])
    one = begin(make_fabric(replace(options, devices=1)), replace(options, data=data))
    network = cast(nn.Module, one.begun.network).eval()
    network.load_state_dict(averaged(run.last))
    found: dict[str, Any] = {"frames": one.recipe.settle, "as_training_left_it": miou(one, network)}
    source = one.source
    for draw in range(2):
        settle(network, whole_frames(replace(source, seed=draw), one.recipe.settle), one.begun.network.key)
        found[f"settled_{draw}"] = miou(one, network)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--data", required=True, help="where their data set lies now")
    options = parser.parse_args()
    torch.set_num_threads(1)
    write("settle", runs={run.name: figures(RunFolder(run), options.data) for run in options.runs})


if __name__ == "__main__":
    main()
