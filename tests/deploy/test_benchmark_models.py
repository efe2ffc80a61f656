"""Whatever can be named as a model is opened, cut and timed."""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from export_help import SIZE, Tiny
from onnx import TensorProto, helper
from torch import nn

from segsmith.deploy.benchmark.files import GRAPH, WHOLE, core, scopes_of, whole_inputs
from segsmith.deploy.benchmark.frame import frame_of
from segsmith.deploy.benchmark.job import Job, open_job
from segsmith.deploy.benchmark.profile import costliest
from segsmith.deploy.benchmark.run import Asked, benchmark, sizes_of
from segsmith.deploy.benchmark.subjects import logits_in, read_subject
from segsmith.deploy.benchmark.turns import stretch
from segsmith.deploy.targets import run_onnx
from segsmith.errors import UserError
from segsmith.runtimes.graphs import KEY, STEP

Files = Mapping[str, Mapping[str, Path]]


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolution whose height and width are free."""
    shape = ["batch", 3, "height", "width"]
    given = helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)
    made = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 4, "height", "width"])
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [4, 3, 1, 1], list(np.linspace(-1, 1, 12)))
    node = helper.make_node("Conv", ["picture", "weight"], ["scores"], name="the_one")
    graph = helper.make_graph([node], "g", [given], [made], [weight])
    path = tmp_path_factory.mktemp("foreign") / "theirs.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


RIVAL = """
from torch import nn

class Answers(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 5, 1))

    def forward(self, x):
        return {"aux": x, "out": self.layers(x)}

def make():
    return Answers()

def number():
    return 7
"""


@pytest.fixture
def rival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "their_networks.py").write_text(RIVAL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "their_networks", raising=False)
    return "their_networks:make"


def test_a_model_is_what_its_name_says(tiny: Tiny, exported: Files, foreign: Path, rival: str) -> None:
    step = exported["onnx"][STEP]
    named = {
        "light": "genotype",
        str(tiny.run): "trained",
        str(tiny.run / "model.safetensors"): "trained",
        str(step): "exported",
        str(step.with_name("net")): "exported",
        str(exported["openvino"][KEY]): "exported",
        str(foreign): "foreign",
        rival: "function",
    }
    assert {name: read_subject(name).kind for name in named} == named
    assert set(read_subject(str(step)).files) == {KEY, STEP}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lihgt", "no preset, file or run folder.*light"),
        ("nowhere.onnx", "no such run, checkpoint or exported file"),
    ],
)
def test_what_is_no_model(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_subject(name)


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(b"no model at all")
    with pytest.raises(UserError, match=r"damaged\.onnx"):
        read_subject(str(path))


def test_runtimes_are_those_of_the_file(exported: Files) -> None:
    assert read_subject(str(exported["openvino"][KEY])).backend("") == "openvino"
    assert read_subject(str(exported["torch-export"][KEY])).backend("") == "torch-export"
    with pytest.raises(UserError, match=r"cannot be timed in 'torch'.*onnxruntime or openvino"):
        read_subject(str(exported["onnx"][KEY])).backend("torch")


def test_sizes(tiny: Tiny, exported: Files) -> None:
    fixed = read_subject(str(exported["onnx"][KEY]))
    assert sizes_of(fixed, []) == [SIZE]
    assert sizes_of(read_subject(str(tiny.run)), []) == [(360, 480)]
    assert sizes_of(read_subject("light"), [(8, 16), (16, 32)]) == [(8, 16), (16, 32)]
    with pytest.raises(UserError, match="for frames of 72x104, not 8x16"):
        sizes_of(fixed, [(8, 16)])


def test_the_frame_is_a_street() -> None:
    frame = frame_of((40, 60), 3)
    assert (frame.shape, frame.dtype) == ((1, 40, 60, 3), np.uint8)
    assert frame.std() > 20
    assert frame_of((40, 60), 5).shape == (1, 40, 60, 5)


@pytest.mark.parametrize("part", [KEY, STEP])
def test_the_graph_alone_gives_the_logits_of_the_whole(exported: Files, part: str) -> None:
    model = onnx.load(exported["onnx"][part])
    given = whole_inputs(model, SIZE)
    chance = np.random.default_rng(0)
    state = {
        value.name: chance.normal(size=[side.dim_value or 1 for side in value.type.tensor_type.shape.dim])
        for value in model.graph.input
        if value.name.startswith("state_")
    }
    states = {name: value.astype(np.float32) for name, value in state.items()}
    whole = run_onnx(model, given | states)
    found = core(model, given)
    assert found is not None
    cut, seen = found
    assert not any(value.dtype == np.uint8 for value in seen.values()), "no bytes any more"
    assert all(shape == (36, 52) for shape in (value.shape[2:] for value in seen.values())) == (part == STEP)
    alone = run_onnx(cut, seen | states)
    assert set(alone) == {name for name in whole if name == "logits" or name.startswith("next_")}
    for name, value in alone.items():
        np.testing.assert_allclose(value, whole[name], rtol=1e-4, atol=1e-4)
    assert len(cut.graph.node) < len(model.graph.node)


def test_what_has_no_logits_has_no_graph_alone(foreign: Path) -> None:
    assert core(onnx.load(foreign), {}) is None


@pytest.mark.parametrize("target", ["onnx", "openvino", "torch-export"])
def test_exported_files(exported: Files, tmp_path: Path, target: str) -> None:
    subject = read_subject(str(exported[target][KEY]))
    backend = subject.backend("")
    job = Job(subject, backend, SIZE, threads=1, files=scopes_of(subject, backend, SIZE, 11, tmp_path / "files"))
    opened = dict(open_job(job))
    assert list(opened) == ([WHOLE, GRAPH] if target == "onnx" else [WHOLE])
    for ready in opened.values():
        assert {part: len(times) for part, times in stretch(ready, 4).items()} == {KEY: 1, STEP: 3, "mix": 1}


@pytest.mark.parametrize("backend", ["torch", "eager"])
def test_trained_networks_in_torch(tiny: Tiny, backend: str) -> None:
    opened = dict(open_job(Job(read_subject(str(tiny.run)), backend, SIZE)))
    assert list(opened) == [WHOLE, GRAPH]
    for ready in opened.values():
        assert set(stretch(ready, 3)) == {KEY, STEP, "mix"}
    runner, inputs = opened[WHOLE]
    wanted = tiny.network.key(torch.from_numpy(normal(inputs[KEY]["frame"])))[0]
    enlarged = nn.functional.interpolate(wanted, SIZE, mode="bilinear").argmax(1).numpy()
    assert np.mean(runner.run(KEY, inputs[KEY])["classes"] == enlarged) > 0.999


def normal(frames: np.ndarray) -> np.ndarray:
    scaled = (frames / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return np.asarray(scaled.transpose(0, 3, 1, 2), np.float32)


def test_networks_without_training_answer_with_a_street(rival: str) -> None:
    """What the class map takes depends on it."""
    for backend in ("torch", "eager"):
        runner, inputs = dict(open_job(Job(read_subject(rival), backend, (80, 120))))[WHOLE]
        classes = runner.run(KEY, inputs[KEY])["classes"][0]
        assert len(np.unique(classes)) == 5
        assert 0.02 < np.mean(classes[1:] != classes[:-1]) < 0.2


def test_other_peoples_files(foreign: Path, tmp_path: Path) -> None:
    subject = read_subject(str(foreign))
    for backend in ("onnxruntime", "openvino"):
        files = scopes_of(subject, backend, (24, 40), 11, tmp_path / backend)
        job = Job(subject, backend, (24, 40), threads=1, files=files)
        ((scope, ready),) = open_job(job)
        assert scope == GRAPH, "it is timed as it stands"
        assert ready.inputs[KEY]["picture"].shape == (1, 3, 24, 40)
        assert list(stretch(ready, 10)) == [KEY]
        (node,) = [node for node in costliest(job, scope, ready)[KEY] if node["op"].startswith("Conv")]
        assert node["ms"] > 0
        assert 0 < node["share"] <= 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:make", "No module named 'no_such_module'.*PYTHONPATH"),
        ("their_networks:none", "is no function.*returns a torch.nn.Module"),
        ("their_networks:number", "their_networks:number: int.*torch.nn.Module"),
    ],
)
def test_functions_that_give_no_network(rival: str, name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        list(open_job(Job(read_subject(name), "torch", (16, 16))))


def test_answers_that_are_no_logits() -> None:
    logits = torch.zeros(1, 2, 3, 4)
    assert logits_in([logits, None]) is logits
    assert logits_in({"aux": [logits + 1], "out": (logits,)}) is logits
    for odd, said in ((torch.zeros(2, 3), "2x3"), ({}, "dict"), (None, "NoneType")):
        with pytest.raises(UserError, match=f"answers with {said}"):
            logits_in(odd)


def test_side_by_side(exported: Files, foreign: Path, rival: str) -> None:
    """Each in a process of its own."""
    models = [str(exported["onnx"][KEY]), str(foreign)]
    said: list[str] = []
    report = benchmark(Asked(models, [SIZE], threads=1, key_every=4, minutes=0, profile=True), said.append)
    record = report.record()
    rows = {(row["model"], row["scope"], row["part"]): row for row in record["results"]}
    parts = [(scope, part) for scope in (WHOLE, GRAPH) for part in (KEY, STEP, "mix")]
    assert list(rows) == [*((models[0], *names) for names in parts), (models[1], GRAPH, KEY)]
    for row in rows.values():
        assert row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
        assert row["count"] >= 9
        assert (row["size"], row["backend"]) == ("72x104", "onnxruntime")
    assert [model["kind"] for model in record["models"]] == ["exported", "foreign"]
    assert all(model["first_ms"] and model["open_s"] > 0 for model in record["models"])
    assert {"processor", "usable_cores", "load"} <= set(record["machine"])
    steps = next(row for row in record["profile"] if (row["part"], row["scope"]) == (STEP, WHOLE))["nodes"]
    assert sum(node["share"] for node in steps) == pytest.approx(1)
    assert any(node["node"].startswith("cell.") for node in steps), "called after the module it comes from"
    assert said[0] == f"preparing {models[0]} for onnxruntime at 72x104"

    with pytest.raises(UserError, match=r"no_module:make in torch: .*No module named 'no_module'"):
        benchmark(Asked(["no_module:make"], [SIZE], ["torch"], minutes=0))


@pytest.mark.slow
def test_a_genotype_and_a_function_in_every_runtime(rival: str) -> None:
    backends = ["onnxruntime", "openvino", "torch", "eager"]
    report = benchmark(Asked(["light", rival], [(64, 96)], backends, threads=1, minutes=0))
    assert len(report.results) == 4 * (6 + 2)
    assert {model["backend"] for model in report.models} == set(backends)
