"""Cells that begin by handing on what the frame before has left."""

from copy import deepcopy

import pytest
import torch
from network_help import dynamic, pictures, settle, small
from torch import Tensor

from segsmith.networks.build import build
from segsmith.networks.dynamic import DynamicNetwork

Row = tuple[str, str, str, str, str]

WAYS: dict[str, tuple[Row, ...]] = {
    "sum": (("wsum", "sep3", "layer2", "skip", "prev:dec"),),
    "concatenation": (("concat", "skip", "prev:dec", "sep3", "layer2"),),
    "convolutions": (("wsum", "sep5d6", "prev:dec", "skip", "layer3"), ("concat", "conv3", "n0", "skip", "layer2")),
    "one of several outputs": (
        ("attention", "conv3", "layer2", "skip", "layer3"),
        ("wsum", "skip", "prev:dec", "gap", "layer4"),
    ),
}
"""Through what ``prev:dec`` can come out unchanged."""
NO_WAY: dict[str, tuple[Row, ...]] = {
    "not read": (("wsum", "sep3", "layer2", "skip", "layer3"),),
    "only weighed": (("attention", "sep3", "layer2", "skip", "prev:dec"),),
}


def started(*rows: Row) -> DynamicNetwork:
    """On a static network that has seen something, ready to answer."""
    torch.manual_seed(1)
    trained = settle(build(small(), classes=5), pictures(4, 3))
    video = build(dynamic(*rows), classes=5)
    assert isinstance(video, DynamicNetwork)
    video.start_from(trained.static)
    return video.eval()


def answers(video: DynamicNetwork) -> Tensor:
    with torch.inference_mode():
        return video.clip(pictures(1, 4, 64, 96))


@pytest.mark.parametrize("rows", WAYS.values(), ids=WAYS)
def test_a_cell_begins_as_a_copy_of_the_key_frame(rows: tuple[Row, ...]) -> None:
    logits = answers(started(*rows))
    assert logits[:, 0].std() > 0.01
    for t in range(1, 4):
        torch.testing.assert_close(logits[:, t], logits[:, 0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("rows", NO_WAY.values(), ids=NO_WAY)
def test_one_that_has_no_way_begins_at_random(rows: tuple[Row, ...]) -> None:
    logits = answers(started(*rows))
    assert (logits[:, 1] - logits[:, 0]).abs().max() > 1e-2


def test_the_rest_of_the_cell_learns_from_the_second_step() -> None:
    video = started(*WAYS["sum"])
    before = deepcopy(video.cell.state_dict())
    optimiser = torch.optim.SGD(video.cell.parameters(), lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        video.clip(pictures(2, 3, 64, 96))[:, 1:].square().mean().backward()
        optimiser.step()
    after = video.cell.state_dict()
    learnt = {name for name in after if "running" not in name and not torch.equal(before[name], after[name])}
    assert {name for name, _ in video.cell.named_parameters()} <= learnt
