"""The loss of a batch, whole and in pieces."""

import pytest
import torch
from tiny import CLASSES, recipe, video_network
from torch import Tensor

from segsmith.training.objective import Objective, Piece

LABEL = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)


def clips() -> Tensor:
    return torch.randn(4, 3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def loss(objective: Objective, frames: Tensor, masks: Tensor, pieces: int) -> float:
    """As the loop adds it up."""
    scales = 1 / objective.pixel_weights(masks).clamp(min=1e-6)
    parts = zip(frames.tensor_split(pieces), masks.tensor_split(pieces), strict=True)
    return sum(float(objective(Piece(f, m, scales, f.shape[0] / 4))[0].detach()) for f, m in parts)


@pytest.mark.parametrize(
    "changes", [{"distil": 1.0}, {"consistency": 0.5}, {}], ids=["teacher", "consistency", "plain"]
)
def test_pieces_add_up_to_the_whole(changes: dict[str, float]) -> None:
    made = recipe(key_loss=0.5, auxiliary=0.3, **({"distil": 0.0} | changes))
    objective = Objective(video_network().eval(), made, teacher=video_network(1).eval())
    whole = loss(objective, clips(), LABEL, 1)
    for pieces in (2, 4):
        assert loss(objective, clips(), LABEL, pieces) == pytest.approx(whole, rel=1e-5)


def test_a_frame_without_labels_weighs_no_more_than_one_with() -> None:
    masks = LABEL.clone()
    masks[:, 1] = 255
    network = video_network().eval()
    with torch.no_grad():
        network.static.classifier.bias[1] = 9.0
    plain, guessing = (Objective(network, recipe(pseudo_labels=asked)) for asked in (False, True))
    of_labels, of_both = loss(plain, clips(), masks, 1), loss(guessing, clips(), masks, 1)
    assert of_labels < of_both < of_labels + 2 * torch.tensor(CLASSES).log() + 9
    assert loss(guessing, clips(), masks, 4) == pytest.approx(of_both, rel=1e-4)
