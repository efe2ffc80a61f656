"""Two processes learn what one does that adds up the same two halves of every batch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from tiny import RandomFeed, recipe, video_network
from torch import Tensor

from segsmith.errors import UserError
from segsmith.training.budget import Budget
from segsmith.training.loop import Loop
from segsmith.training.options import TrainOptions
from segsmith.training.recipes import Phase, Rate
from segsmith.training.run import processes_for, train_run
from segsmith.training.runfolder import RunFolder
from segsmith.training.together import Together

MADE = recipe(
    Phase(0.5, (Rate("cell", "adam", 1e-2),), length=3),
    Phase(0.5, (Rate("all", "sgd", 1e-1),), length=4, truncate=2),
    key_loss=0.5,
    auxiliary=0.3,
)


@dataclass(frozen=True)
class Half(RandomFeed):
    rank: int = 0

    def batches(self, start: int, salt: int) -> Iterator[tuple[Tensor, Tensor]]:
        for frames, masks in super().batches(start, salt):
            part = slice(self.rank * self.batch // 2, (self.rank + 1) * self.batch // 2)
            yield frames[part], masks[part]


def work(fabric: Fabric, folder: str) -> None:
    torch.set_num_threads(1)
    network = video_network()
    feeds = [Half(length=phase.length, rank=fabric.global_rank) for phase in MADE.phases]
    Loop(network, MADE, Budget(epochs=4), feeds, RunFolder(Path(folder)), fabric).train()
    if fabric.is_global_zero:
        torch.save(dict(network.named_parameters()), Path(folder) / "weights.pt")
    fabric.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore")
def test_two_processes_equal_one(tmp_path: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=2, strategy=Together("cpu"))
    fabric.launch(work, str(tmp_path))
    two = torch.load(tmp_path / "weights.pt", weights_only=True)

    network = video_network()
    feeds = [RandomFeed(length=phase.length) for phase in MADE.phases]
    (tmp_path / "one").mkdir()
    one = Loop(
        network, MADE, Budget(epochs=4), feeds, RunFolder(tmp_path / "one"), Fabric(accelerator="cpu", devices=1)
    )
    one.counters.micro = 2
    one.train()
    assert one.counters.step == 20
    for name, value in network.named_parameters():
        torch.testing.assert_close(two[name], value.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("batch", "cores", "processes"), [(8, 2, 2), (32, 6, 4), (9, 2, 1), (16, 3, 2), (1, 2, 1), (7, 8, 1), (64, 16, 16)]
)
def test_every_process_takes_as_much(batch: int, cores: int, processes: int) -> None:
    assert processes_for(batch, cores) == processes


STREETS = "streets:clips=8,frames=4,size=64x96,seed=3"


@pytest.mark.filterwarnings("ignore")
def test_a_run_in_minutes_ends_in_both_processes(tmp_path: Path) -> None:
    options = TrainOptions("template-arch0", STREETS, str(tmp_path / "run"), minutes=0.05, devices=2, quiet=True)
    scores = train_run(options)
    assert 0 <= scores["miou"] <= 1
    assert scores["made"]["images"] % 8 == 0
    assert (tmp_path / "run" / "model.safetensors").is_file()

    # A clip in pieces: its last one runs no key frame.
    video = TrainOptions("light", STREETS, str(tmp_path / "video"), epochs=4, devices=2, quiet=True)
    scores = train_run(replace(video, static=str(tmp_path / "run"), evaluations=0))
    assert scores["made"]["steps"] >= 4


@pytest.mark.filterwarnings("ignore")
def test_a_mistake_is_one_line_in_several_processes_too(tmp_path: Path) -> None:
    options = TrainOptions("template-arch0", "folder:/nowhere", str(tmp_path / "run"), minutes=1, devices=2)
    with pytest.raises(UserError, match="nowhere"):
        train_run(options)
