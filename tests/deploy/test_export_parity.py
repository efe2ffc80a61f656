"""The gate that an export must pass: it lets the same network through, and finds where another one differs."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from export_help import SIZE, Tiny, describe, misleading, settled, video
from onnx import numpy_helper

from segsmith.deploy.clips import Clips
from segsmith.deploy.export import ExportOptions, prove
from segsmith.deploy.parity import GROWS, compare
from segsmith.deploy.targets import TARGETS, Made
from segsmith.errors import UserError
from segsmith.metrics import Confusion
from segsmith.runtimes.card import Card
from segsmith.runtimes.opening import open_runner
from segsmith.runtimes.torch_runner import TorchRunner

Parts = Mapping[str, Made]


def damaged(made: Parts, part: str, module: str) -> dict[str, Made]:
    """With the weights of a module's convolution turned round."""
    original = made[part].model
    assert original is not None
    model = onnx.ModelProto()
    model.CopyFrom(original)
    node = next(n for n in model.graph.node if n.op_type == "Conv" and n.name.startswith(f"{module}/"))
    (weight,) = [tensor for tensor in model.graph.initializer if tensor.name == node.input[1]]
    weight.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(weight), weight.name))
    return {**made, part: replace(made[part], model=model)}


def refusal(tiny: Tiny, made: Parts, card: Card, target: str, folder: Path) -> str:
    options = ExportOptions(tiny.run, to=target, size=SIZE, clips=1)
    with pytest.raises(UserError) as caught:
        prove(
            options,
            tiny.network,
            made,
            card,
            TARGETS[target],
            tiny.dataset,
            folder / f"net{TARGETS[target].suffix}",
            print,
        )
    return str(caught.value)


def test_the_figures(tiny: Tiny, exported: Mapping[str, Mapping[str, Path]]) -> None:
    reference = TorchRunner(tiny.network, tiny.meta, folded=False)
    parity = compare(reference, open_runner(exported["onnx"]["key"]), tiny.clips(count=2))
    assert parity.equal_pixels > 0.9999
    assert parity.largest_logit_difference is not None
    assert parity.largest_logit is not None
    assert 0 < parity.largest_logit_difference < 1e-4 * parity.largest_logit
    assert (parity.clips, parity.frames_per_clip) == (2, 30)
    assert parity.data == f"{tiny.data} (val)"
    confusion = Confusion(5)
    for clip in tiny.clips(count=2):
        state = None
        for image, mask in clip:
            answer = reference.key(image[None]) if state is None else reference.step(image[None], state)
            state = answer.state
            assert mask is not None
            confusion.update(answer.classes[0], mask)
    assert parity.miou_torch == pytest.approx(confusion.scores().miou)
    assert parity.miou == pytest.approx(parity.miou_torch, abs=1e-4)
    assert "of pixels equal on 2 clips of 30 frames; logits off by" in parity.words()


def test_a_state_that_grows_is_told(tiny: Tiny) -> None:
    steady = TorchRunner(tiny.network, tiny.meta)
    parity = compare(steady, steady, tiny.clips(count=1))
    assert parity.logit_growth is not None
    assert 0 < parity.logit_growth < GROWS
    assert "grow" not in parity.words()
    network = copy.deepcopy(tiny.network)
    for weight in network.cell.parameters():
        weight.data *= 1.5
    growing = TorchRunner(network, tiny.meta)
    said = compare(growing, growing, tiny.clips(count=1)).words()
    assert "-fold in 30 frames: take key frames far more often than that" in said


def test_labels_of_other_classes_are_not_used(tiny: Tiny) -> None:
    meta = replace(tiny.meta, classes=("v", "w", "x", "y", "z"))
    runner = TorchRunner(tiny.network, meta)
    parity = compare(runner, runner, tiny.clips(length=2))
    assert (parity.miou, parity.miou_torch) == (None, None)
    assert parity.equal_pixels == 1


def test_another_network_is_seen(tiny: Tiny) -> None:
    other = settled(video())
    for parameter in other.cell.parameters():
        parameter.data += 0.3
    reference, exported = (TorchRunner(network, describe(video())) for network in (tiny.network, other))
    assert compare(reference, exported, tiny.clips(length=1)).equal_pixels == 1
    assert compare(reference, exported, tiny.clips(length=5)).equal_pixels < 0.95


@pytest.mark.parametrize(
    ("part", "module", "target"),
    [
        ("key", "static.encoder.stem.1.0", "onnx"),
        ("step", "cell.net.nodes.b.0", "onnx"),
        ("step", "cell.join.reduce.0", "openvino"),
    ],
)
def test_where_a_difference_begins(
    tiny: Tiny, made: Parts, card: Card, tmp_path: Path, part: str, module: str, target: str
) -> None:
    said = refusal(tiny, damaged(made, part, module), card, target, tmp_path)
    assert "the export differs from the network" in said
    assert "99.9% must" in said
    assert f"the difference begins in the {part} part at {module} (node {module}/Conv_" in said


def test_a_fault_behind_the_layers_is_told_apart(tiny: Tiny, made: Parts, card: Card, tmp_path: Path) -> None:
    assert "no layer differs by itself" in refusal(tiny, misleading(made), card, "onnx", tmp_path)


def test_clips_spread_over_a_split_and_start_again_at_its_end(tiny: Tiny) -> None:
    names = [frame.name for frame in tiny.dataset.frames("val")]
    clips = Clips(tiny.dataset, "val", 3, 5)
    assert clips.starts() == [0, 3, 7]
    assert [frame.name for frame in Clips(tiny.dataset, "val", 1, 14)._frames(0)] == [*names, *names[:2]]
    small = Clips(tiny.dataset, "val", 1, 1, size=(36, 52))
    image, mask = next(next(iter(small)))
    assert image.shape == (36, 52, 3)
    assert mask is not None
    assert mask.shape == (36, 52)
    assert set(np.unique(mask)) <= set(range(5))
    with pytest.raises(UserError, match=r"no frames in its split 'test'.*train, val"):
        list(Clips(tiny.dataset, "test", 1, 1))
