"""One callable for every runtime: the same answers from a checkpoint and from each kind of exported file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from export_help import CLASSES, SIZE, Tiny, picture

from segsmith.errors import UserError
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.runtimes.answerer import RunnerAnswerer
from segsmith.runtimes.opening import Settings, open_runner
from segsmith.runtimes.prepare import Prepare, shares
from segsmith.runtimes.runner import Answer, Runner, join
from segsmith.runtimes.torch_runner import TorchRunner
from segsmith.training.answerers import TorchAnswerer

Files = Mapping[str, Mapping[str, Path]]
ONE = Settings(threads=1)
WAYS = {
    "torch": ("", ""),
    "onnx": ("onnx", ""),
    "onnx in openvino": ("onnx", "openvino"),
    "openvino": ("openvino", ""),
    "torch-export": ("torch-export", ""),
}


@pytest.fixture(scope="module")
def runners(tiny: Tiny, exported: Files) -> dict[str, Runner]:
    return {
        way: open_runner(exported[target]["step"] if target else tiny.run, backend, ONE)
        for way, (target, backend) in WAYS.items()
    }


@pytest.fixture(scope="module")
def reference(tiny: Tiny) -> Runner:
    return TorchRunner(tiny.network, tiny.meta, folded=False)


def frames(*seeds: int) -> np.ndarray:
    return np.stack([picture(seed) for seed in seeds])


def play(runner: Runner, length: int) -> list[Answer]:
    answers = [runner.key(frames(0))]
    for number in range(1, length):
        answers.append(runner.step(frames(number), answers[-1].state))
    return answers


@pytest.mark.parametrize("way", WAYS)
def test_clips_with_the_state_carried_are_those_of_the_trained_network(
    way: str, runners: dict[str, Runner], reference: Runner
) -> None:
    expected, found = play(reference, 30), play(runners[way], 30)
    assert len(np.unique(expected[-1].classes)) > 2, "a network that says the same everywhere proves nothing"
    assert not np.array_equal(expected[0].classes, expected[-1].classes)
    for ours, theirs in zip(expected, found, strict=True):
        assert theirs.classes.shape == (1, *SIZE)
        assert theirs.classes.dtype == np.uint8
        assert np.mean(ours.classes == theirs.classes) > 0.999
        assert ours.logits is not None
        assert theirs.logits is not None
        np.testing.assert_allclose(theirs.logits, ours.logits, atol=1e-3 * np.abs(ours.logits).max())


@pytest.mark.parametrize("way", WAYS)
def test_every_runtime_tells_the_same_scene(way: str, runners: dict[str, Runner], tiny: Tiny) -> None:
    """Means over areas of the deepest tap that the step computes."""
    runner, network = runners[way], tiny.network
    assert isinstance(network, DynamicNetwork)
    key = runner.key(frames(0, 3))
    found = runner.step(frames(1, 4), key.state).scene
    assert (runner.tells_scene, key.scene) == (True, None)
    assert found is not None
    with torch.no_grad():
        seen = network.static.encode(Prepare(tiny.meta, halves=True)(torch.from_numpy(frames(1, 4))))["layer2"].numpy()
    rows, columns = (shares(side, places) for side, places in zip(seen.shape[2:], (6, 8), strict=True))
    expected = np.einsum("ph,nchw,qw->ncpq", rows, seen, columns)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("way", WAYS)
def test_streams_in_a_batch_do_not_mix(way: str, runners: dict[str, Runner]) -> None:
    runner = runners[way]
    alone = [runner.key(frames(seed)) for seed in (0, 40)]
    later = [runner.step(frames(seed), answer.state).classes[0] for seed, answer in zip((1, 41), alone, strict=True)]
    together = runner.step(frames(1, 41), join([answer.state for answer in alone]))
    swapped = runner.step(frames(41, 1), join([runner.key(frames(40, 0)).state.row(row) for row in (0, 1)]))
    for row in (0, 1):
        assert np.mean(together.classes[row] == later[row]) > 0.999
        assert np.mean(swapped.classes[1 - row] == later[row]) > 0.999
    assert np.mean(later[0] == later[1]) < 0.9


@pytest.mark.parametrize("way", ["onnx", "openvino"])
def test_confidence_is_the_best_classs_probability(way: str, runners: dict[str, Runner]) -> None:
    answer = runners[way].key(frames(0))
    assert answer.confidence is not None
    assert answer.logits is not None
    assert answer.confidence.shape == (1, *SIZE)
    assert 1 / len(CLASSES) - 1e-3 < answer.confidence.min() < answer.confidence.max() <= 1
    exponentials = np.exp(answer.logits - answer.logits.max(1, keepdims=True))
    sure = (exponentials / exponentials.sum(1, keepdims=True)).max(1)
    assert abs(answer.confidence.mean() - sure.mean()) < 0.02


def test_a_runner_answers_evaluation(tiny: Tiny, runners: dict[str, Runner]) -> None:
    trained, ours = TorchAnswerer(tiny.network, tiny.meta), RunnerAnswerer(runners["onnx"])
    for number in range(4):
        image = picture(number)
        expected = trained.step(image) if number else trained.key(image)
        found = ours.step(image) if number else ours.key(image)
        assert found.shape == SIZE
        assert np.mean(found == expected) > 0.999
    with pytest.raises(ValueError, match="starts with key"):
        RunnerAnswerer(runners["onnx"]).step(picture(0))


@pytest.mark.parametrize("way", WAYS)
def test_what_does_not_fit_is_refused(way: str, runners: dict[str, Runner]) -> None:
    runner = runners[way]
    state = runner.key(frames(0)).state
    with pytest.raises(ValueError, match="2 frames of 72x104 for the state of 1 streams"):
        runner.step(frames(0, 1), state)
    with pytest.raises(ValueError, match="start anew"):
        runner.step(frames(0)[:, :64], state)
    with pytest.raises(ValueError, match="uint8 N x H x W x 3, not float32"):
        runner.key(frames(0).astype(np.float32))
    if way != "torch":
        with pytest.raises(UserError, match=r"frames of 72x104 was given 64x104.*--size 64x104"):
            runner.key(frames(0)[:, :64])


def test_streams_of_different_sizes_cannot_be_joined(runners: dict[str, Runner]) -> None:
    runner = runners["torch"]
    memories = [runner.key(frames(0)[:, :rows]).state for rows in (72, 64)]
    with pytest.raises(ValueError, match="64x104, 72x104"):
        join(memories)


def test_files_know_what_they_are(tiny: Tiny, runners: dict[str, Runner]) -> None:
    for way in ("onnx", "onnx in openvino", "openvino", "torch-export"):
        runner = runners[way]
        assert runner.meta == tiny.meta, way
        assert runner.size == SIZE
        assert tuple(runner.parts) == ("key", "step")


def test_either_file_of_a_pair_will_do_and_what_their_names_share(exported: Files) -> None:
    key = exported["onnx"]["key"]
    for path in (key, exported["onnx"]["step"], key.with_name("net")):
        assert tuple(open_runner(path, settings=ONE).parts) == ("key", "step")


def test_a_file_without_its_other_part_is_named(exported: Files, tmp_path: Path) -> None:
    (tmp_path / "net-key.onnx").write_bytes(exported["onnx"]["key"].read_bytes())
    with pytest.raises(UserError, match=r"net-step\.onnx: is missing: the step part"):
        open_runner(tmp_path / "net-key.onnx")


@pytest.mark.parametrize(
    ("name", "content", "backend", "said"),
    [
        ("gone.onnx", None, "", "no such run, checkpoint or exported file"),
        ("gone", None, "", "no such run, checkpoint or exported file"),
        ("bad.onnx", b"no model", "", "ONNX Runtime does not load it"),
        ("bad.onnx", b"no model", "openvino", "OpenVINO does not load it"),
        ("bad.xml", b"<net/>", "", "OpenVINO does not load it"),
        ("bad.pt2", b"no archive", "", "damaged or no recorded program"),
        ("bad.pt2", b"", "onnxruntime", "does not run this kind of file.*onnx"),
        ("bad.onnx", b"", "tpu", "no backend 'tpu'.*torch, onnxruntime, openvino"),
    ],
)
def test_a_bad_path_is_one_line(tmp_path: Path, name: str, content: bytes | None, backend: str, said: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said) as caught:
        open_runner(path, backend)
    assert "\n" not in str(caught.value)


def test_an_onnx_file_of_others_is_told_apart(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "other.onnx")
    for backend in ("onnxruntime", "openvino"):
        with pytest.raises(UserError, match=r"other\.onnx: is no export of segsmith"):
            open_runner(tmp_path / "other.onnx", backend)


def test_an_unknown_provider_is_named(exported: Files) -> None:
    with pytest.raises(UserError, match=r"no provider 'NoSuchProvider' here.*CPUExecutionProvider"):
        open_runner(exported["onnx"]["key"], settings=Settings(providers=("NoSuchProvider",)))


def test_a_run_gives_its_only_export(tiny: Tiny, exported: Files, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "export").mkdir(parents=True)
    with pytest.raises(UserError, match=r"exported file \(\.onnx\) was wanted, and the run has none"):
        open_runner(run, "onnxruntime")
    for part, path in exported["onnx"].items():
        (run / "export" / f"a-{part}.onnx").write_bytes(path.read_bytes())
    assert open_runner(run, "onnxruntime", ONE).backend == "onnxruntime"
    (run / "export" / "b.onnx").write_bytes(b"")
    with pytest.raises(UserError, match="several: a, b"):
        open_runner(run, "onnxruntime")


def test_threads_that_do_not_spin(exported: Files) -> None:
    runner = open_runner(exported["onnx"]["key"], settings=Settings(threads=2, spinning=False))
    assert len(np.unique(runner.key(frames(0)).classes)) > 1
