"""Memory is reckoned before it runs out, and crops are no larger than what can fill them."""

from pathlib import Path

import pytest
import torch
from tiny import image_network, loop, recipe, video_network
from torch import Tensor, nn

from segsmith.machine import memory
from segsmith.training.feed import crop_of
from segsmith.training.recipes import DYNAMIC, SCRATCH, STATIC, Phase, Rate
from segsmith.training.room import LOSS, clip_bytes, pieces_needed


def kept_by(network: nn.Module, frame: Tensor) -> int:
    """The same, of real tensors."""
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network.training_key(frame)
    weights = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    return sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in weights)


def test_a_graph_is_counted_without_data() -> None:
    network = image_network()
    frame = torch.randn(1, 3, 16, 24)
    classes = network.training_key(frame)[0].shape[1]
    loss = LOSS * 2 * classes * 16 * 24 * 4  # the network has one auxiliary head
    assert clip_bytes(network, (3, 16, 24), 1) == kept_by(network, frame) + loss
    assert next(network.parameters()).device.type == "cpu"
    clips = [clip_bytes(video_network(), (3, 16, 24), length) for length in (1, 2, 3)]
    assert clips[2] - clips[1] == pytest.approx(clips[1] - clips[0], rel=0.1)


def test_a_batch_is_halved_until_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    network = video_network()
    each = clip_bytes(network, (3, 32, 32), 3)
    for clips_that_fit, pieces in ((20, 1), (8, 1), (7, 2), (4, 2), (3, 4), (1, 8), (0.1, 8)):
        monkeypatch.setattr("segsmith.training.room.memory", lambda fit=clips_that_fit: int(fit * each / 0.7) + 8)
        assert pieces_needed(network, 8, (3, 32, 32), 3, 1) == pieces
    monkeypatch.setattr("segsmith.training.room.memory", lambda: int(8 * each / 0.7) + 8)
    assert pieces_needed(network, 8, (3, 32, 32), 3, processes=2) == 2
    monkeypatch.setattr("segsmith.training.room.memory", lambda: None)
    assert pieces_needed(network, 8, (3, 32, 32), 3, 1) == 1


def test_a_run_is_cut_in_pieces_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    network = image_network()
    each = clip_bytes(network, (3, 8, 8), 1)
    monkeypatch.setattr("segsmith.training.room.memory", lambda: int(2.5 * each / 0.7))
    made = loop(tmp_path, network, recipe())
    made.train()
    assert made.counters.micro == 2
    assert "would not fit the memory: in 2 pieces" in capsys.readouterr().err


def test_memory_of_this_machine() -> None:
    found = memory()
    assert found is None or found > 1 << 28


def test_crops_are_no_larger_than_an_enlarged_frame() -> None:
    whole = Phase(1.0, (Rate("all", "sgd", 1.0),))
    assert crop_of(DYNAMIC, whole, (720, 960, 3)) == (600, 600)
    assert crop_of(DYNAMIC, whole, (192, 256, 3)) == (192, 256)
    assert crop_of(STATIC, whole, (360, 480, 3)) == (600, 600)
    assert crop_of(STATIC, whole, (192, 256, 3)) == (384, 512)
    assert crop_of(SCRATCH, SCRATCH.phases[0], (360, 480, 3)) == (176, 240)
