"""The video network: streams, states, and how little of the encoder a step runs."""

from dataclasses import replace

import pytest
import torch
from network_help import dynamic, frame_by_frame, pictures, random_dynamic, runs, settle, small

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node, preset
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.dynamic import DynamicNetwork

LIGHT = (("concat", "skip", "prev:dec", "sep3", "layer2"),)
ATTENTIVE = (("attention", "conv3", "prev:layer4", "skip", "layer3"), ("wsum", "skip", "n0", "skip", "prev:dec"))


def network(genotype: Genotype) -> DynamicNetwork:
    torch.manual_seed(1)
    built = settle(build(genotype, classes=5), pictures(4, 3))
    assert isinstance(built, DynamicNetwork)
    return built


@pytest.fixture(scope="module")
def light() -> DynamicNetwork:
    return network(dynamic(*LIGHT))


@pytest.fixture(scope="module")
def attentive() -> DynamicNetwork:
    """Reads the deepest features of the frame before."""
    return network(dynamic(*ATTENTIVE))


def check_clip(genotype: Genotype) -> None:
    """Frame by frame equals the clip, and stopping the encoder early changes nothing."""
    video = network(genotype)
    frames = pictures(2, 3, 67, 101)
    with torch.no_grad():
        clip, single = video.clip(frames), frame_by_frame(video, frames)
        assert clip.std() > 0.1
        torch.testing.assert_close(single, clip, atol=1e-5, rtol=1e-5)
        video.deepest = "layer4"
        torch.testing.assert_close(frame_by_frame(video, frames), single, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_frame_by_frame_equals_the_clip(seed: int) -> None:
    check_clip(random_dynamic(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 200))
def test_frame_by_frame_equals_the_clip_for_many_cells(seed: int) -> None:
    check_clip(random_dynamic(seed))


@pytest.mark.parametrize("static", ["template-arch0", "template-arch1"])
def test_a_cell_stands_on_a_template_network_too(static: str) -> None:
    check_clip(dynamic(("concat", "skip", "prev:dec", "conv1", "layer2"), static=preset(static)))


@pytest.mark.parametrize(
    ("rows", "stages"),
    [
        (LIGHT, 3),
        ((("concat", "skip", "layer3", "sep3", "layer2"),), 5),
        ((("concat", "skip", "layer4", "sep3", "layer2"),), 7),
        (ATTENTIVE, 7),
        ((("wsum", "skip", "prev:dec", "sep3", "prev:dec"),), 0),
    ],
)
def test_a_step_runs_the_encoder_no_deeper_than_it_has_to(
    rows: tuple[tuple[str, str, str, str, str], ...], stages: int
) -> None:
    video = network(dynamic(*rows))
    _, state = video.key(torch.randn(1, 3, 64, 96))
    parts = ["static.encoder.stem", *(f"static.encoder.stages.{i}" for i in range(7)), "static.join"]
    counts = runs(video, parts)
    video.step(torch.randn(1, 3, 64, 96), state)
    assert list(counts.values()) == [int(stages > 0)] + [1] * stages + [0] * (7 - stages) + [0]


def test_inputs_that_nobody_reads_have_no_adapter(light: DynamicNetwork, attentive: DynamicNetwork) -> None:
    assert set(light.cell.adapters) == {"prev:dec", "layer2"}
    assert set(attentive.cell.adapters) == {"prev:layer4", "prev:dec", "layer3"}


def test_the_state_holds_what_the_cell_reads_of_the_last_frame(
    light: DynamicNetwork, attentive: DynamicNetwork
) -> None:
    video, frame = attentive, torch.randn(2, 3, 67, 101)
    _, state = video.key(frame)
    assert {name: tuple(x.shape) for name, x in state.items()} == {"dec": (2, 8, 9, 13), "layer4": (2, 320, 3, 4)}
    torch.testing.assert_close(state["layer4"], video.static.encode(frame)["layer4"])
    second = torch.randn(2, 3, 67, 101)
    _, state = video.step(second, state)
    torch.testing.assert_close(state["layer4"], video.static.encode(second)["layer4"])
    assert set(light.key(frame)[1]) == {"dec"}


def test_the_state_holds_what_the_classifier_has_just_read(light: DynamicNetwork) -> None:
    frames = torch.randn(2, 1, 3, 64, 96)
    logits, state = light.key(frames[0])
    torch.testing.assert_close(light.static.classifier(state["dec"]), logits)
    logits, state = light.step(frames[1], state)
    torch.testing.assert_close(light.cell.classifier(state["dec"]), logits)


def test_a_step_at_half_size_sees_a_quarter_of_the_pixels_and_keeps_the_detail() -> None:
    rows = (*LIGHT, ("wsum", "skip", "n0", "skip", "prev:layer4"))
    video, frame = network(dynamic(*rows, half=True)), torch.randn(2, 3, 67, 101)
    seen = video.look(frame)
    assert {name: tuple(x.shape[-2:]) for name, x in seen.items()} == {"layer2": (5, 7), "layer4": (2, 2)}
    logits, state = video.key(frame)
    shapes = {name: x.shape for name, x in state.items()}
    assert tuple(state["layer4"].shape[-2:]) == (2, 2), "as it will look on a step"
    later, state = video.step(frame, state)
    assert later.shape == logits.shape == (2, 5, 9, 13)
    assert {name: x.shape for name, x in state.items()} == shapes


def test_streams_of_a_batch_do_not_touch_each_other() -> None:
    video = network(random_dynamic(3)).double()
    frames = pictures(3, 3).double()
    with torch.no_grad():
        together = frame_by_frame(video, frames)
        for i in range(3):
            alone = frame_by_frame(video, frames[i : i + 1])
            torch.testing.assert_close(alone[0], together[i], atol=1e-9, rtol=1e-9)


def test_a_step_leaves_the_state_that_it_was_given_as_it_was(attentive: DynamicNetwork) -> None:
    _, state = attentive.key(torch.randn(1, 3, 64, 96))
    before = {name: x.clone() for name, x in state.items()}
    attentive.step(torch.randn(1, 3, 64, 96), state)
    assert all(torch.equal(state[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("shape", "words"),
    [((1, 3, 128, 192), "8x12.*128x192 have 16x24"), ((1, 3, 96, 64), "8x12"), ((2, 3, 64, 96), "2 frames.*1 streams")],
)
def test_a_state_of_other_streams_is_refused(light: DynamicNetwork, shape: tuple[int, ...], words: str) -> None:
    _, state = light.key(torch.randn(1, 3, 64, 96))
    with pytest.raises(ValueError, match=words):
        light.step(torch.randn(*shape), state)


def test_a_state_of_another_network_is_refused(light: DynamicNetwork, attentive: DynamicNetwork) -> None:
    frame = torch.randn(1, 3, 64, 96)
    for stranger in ({}, attentive.key(frame)[1]):
        with pytest.raises(ValueError, match="a state holds"):
            light.step(frame, stranger)


@pytest.mark.parametrize("shape", [(1, 4, 64, 96), (3, 64, 96)])
def test_a_frame_of_other_channels_is_refused(light: DynamicNetwork, shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="frames of 3 channels"):
        light.key(torch.randn(*shape))


def test_the_cell_classifies_by_its_own_convolution_which_starts_from_the_static_one() -> None:
    video = build(dynamic(*LIGHT), classes=5)
    mine, theirs = video.cell.classifier, video.static.classifier
    assert torch.equal(mine.weight, theirs.weight)
    assert mine.weight is not theirs.weight
    trained = build(small(), classes=5)
    with torch.no_grad():
        trained.static.classifier.weight.fill_(0.5)
    video.start_from(trained.static)
    assert (
        float(video.static.classifier.weight.detach().mean())
        == float(video.cell.classifier.weight.detach().mean())
        == 0.5
    )


def test_training_reaches_every_parameter_of_cell_and_static_network() -> None:
    video = build(dynamic(*ATTENTIVE), classes=5, auxiliary=True)
    frames = torch.randn(1, 3, 3, 67, 101)
    logits, state, extra = video.training_key(frames[:, 0])
    loss = logits.square().mean() + sum(x.square().mean() for x in extra)
    for t in (1, 2):
        logits, state = video.step(frames[:, t], state)
        loss = loss + logits.square().mean()
    loss.backward()
    for parameter in video.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_a_cell_that_reads_what_the_static_network_lacks() -> None:
    net = Graph(("layer4",), (Node("n0", "skip", ("layer4",)),), ("n0",))
    with pytest.raises(UserError, match=r"layer4.*it has layer1, layer2"):
        build(Genotype("dynamic", net, static=preset("template-arch0")), classes=5)


def test_outputs_that_no_row_reads_are_joined() -> None:
    video = network(dynamic(*LIGHT, ("wsum", "skip", "layer3", "gap", "prev:dec")))
    assert video.cell.net.outputs == ("n0", "n1")
    assert video.cell.join.reduce[0].in_channels == 16


def test_a_node_may_have_any_name() -> None:
    names = ("keys", "training", "n.0", "a:b-c")
    chain = [Node(name, "conv1", (before,)) for before, name in zip(("prev:dec", *names), names, strict=False)]
    genotype = Genotype(
        "dynamic", Graph(("prev:dec",), tuple(chain), (names[-1],)), settings={"channels": 8}, static=small()
    )
    check_clip(genotype)


def test_a_static_network_of_other_width_keeps_its_dec() -> None:
    genotype = replace(dynamic(*LIGHT), static=small(channels=12))
    video: VideoNetwork = network(genotype)
    _, state = video.key(torch.randn(1, 3, 64, 96))
    _, after = video.step(torch.randn(1, 3, 64, 96), state)
    assert state["dec"].shape == after["dec"].shape == (1, 12, 8, 12)
