"""``segsmith export``: files that describe themselves and get their names when they are proven."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from export_help import CLASSES, SIZE, Tiny, misleading, picture, save_run, static, video

from segsmith.cli.export import export as command
from segsmith.deploy import export as exporting
from segsmith.deploy.export import ExportOptions, checked, export, place, publish, trained_on
from segsmith.deploy.parity import compare
from segsmith.deploy.targets import TARGETS, Made
from segsmith.errors import UserError
from segsmith.genotype import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.runtimes.graphs import parts_of
from segsmith.runtimes.opening import open_runner


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, data: str) -> Tiny:
    return save_run(tmp_path_factory.mktemp("image"), static(), data)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_the_command(image: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    command(str(image.run), size="72x104", confidence=True, clips=1, json=True)
    said = capsys.readouterr()
    path = image.run / "export" / "tiny.onnx"
    record = json.loads(said.out)
    assert record["files"] == {"key": str(path)}
    assert record["bytes"] == {"key": path.stat().st_size}
    assert record["parity"]["equal_pixels"] > 0.999
    assert record["parity"]["largest_logit_difference"] is not None, "shown for the proof, though not in the file"
    assert record["parity"]["data"] == f"{image.data} (val)", "what the run was trained on"
    assert said.err.splitlines()[:2] == ["recording key", f"proving it on {image.data}"]
    assert hidden(path.parent) == []

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [o.name for o in session.get_outputs()] == ["classes", "confidence"]
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape[1:]) == ("frame", "tensor(uint8)", [*SIZE, 3])
    classes, _ = session.run(None, {"frame": np.stack([picture(0), picture(7), picture(9)])})
    assert classes.shape == (3, *SIZE)

    words = session.get_modelmeta().custom_metadata_map
    assert json.loads(words["classes"]) == list(CLASSES)
    assert json.loads(words["palette"])[1] == [40, 215, 9]
    assert json.loads(words["genotype"])["kind"] == "lgc"
    assert json.loads(words["parity"]) == record["parity"]
    assert json.loads(words["normalisation"])["mean"] == [0.485, 0.456, 0.406]
    assert json.loads(words["versions"])["segsmith"]
    assert (words["part"], words["precision"], words["frame_size"]) == ("key", "fp32", "72x104")

    model = onnx.load(path)
    onnx.checker.check_model(model)
    here = str(Path(exporting.__file__).parents[1]).encode()
    assert here not in path.read_bytes(), "paths of the machine that exported it"
    assert not any(node.op_type == "BatchNormalization" for node in model.graph.node)
    assert any(node.name.startswith("static.encoder.stem.0.0/Conv") for node in model.graph.node)


def test_what_differs_gets_no_name(
    tiny: Tiny, made: Mapping[str, Made], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "tiny-key.onnx"
    old.write_bytes(b"of an earlier export")
    monkeypatch.setattr(exporting, "make", lambda *_: misleading(made))
    with pytest.raises(UserError, match=r"differs from the network.*nothing was written"):
        export(ExportOptions(tiny.run, size=SIZE, out=tmp_path, clips=1))
    assert [path.name for path in tmp_path.iterdir()] == ["tiny-key.onnx"]
    assert old.read_bytes() == b"of an earlier export"


def test_a_state_that_grows_is_told_from_a_wrong_layer(
    tiny: Tiny, made: Mapping[str, Made], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exporting, "make", lambda *_: misleading(made))
    monkeypatch.setattr(exporting, "compare", lambda *sides: replace(compare(*sides), logit_growth=4321.0))
    told = r"logits grow 4,321-fold in 30 frames, and rounding with them.*train it for longer"
    with pytest.raises(UserError, match=told):
        export(ExportOptions(tiny.run, size=SIZE, out=tmp_path, clips=1))


def test_an_export_of_other_parts_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    beside, out = tmp_path / "beside", tmp_path / "out"
    for folder, names in ((beside, ["n.xml", "n.bin"]), (out, ["n-key.xml", "n-key.bin", "n-step.xml", "n-step.bin"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_text("x")
    assert publish({"key": beside / "n.xml"}, out, "n") == {"key": out / "n.xml"}
    assert sorted(path.name for path in out.iterdir()) == ["n.bin", "n.xml"]


def options(model: Path, **changes: object) -> ExportOptions:
    return ExportOptions(model, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to": "tensorflow"}, "no target 'tensorflow'.*onnx, openvino, torch-export"),
        ({"precision": "fp8"}, "no precision 'fp8'.*fp32, fp16, int8"),
        ({"to": "torch-export", "precision": "int8"}, "torch-export is not exported in int8"),
        ({"deform": "warp"}, "no way 'warp' to deform"),
        ({"deform": "native", "to": "openvino"}, "openvino has no operator for deformable convolution.*grid"),
    ],
)
def test_what_cannot_be_exported(tiny: Tiny, changes: Mapping[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        checked(options(tiny.run, **changes), tiny.network, tiny.meta)


def test_what_is_left_open_is_filled_in(tiny: Tiny) -> None:
    deforming = build(preset("typical"), 5)
    assert checked(options(tiny.run), tiny.network, tiny.meta)[1].deform == "grid"
    assert checked(options(tiny.run), deforming, tiny.meta)[1].deform == "native"
    assert checked(options(tiny.run, to="openvino"), deforming, tiny.meta)[1].deform == "grid"
    sized = replace(tiny.meta, size=(36, 52))
    assert checked(options(tiny.run), tiny.network, sized)[1].size == (36, 52)
    assert checked(options(tiny.run, size=SIZE), tiny.network, sized)[1].size == SIZE


def test_names_and_data_are_those_of_the_run(tiny: Tiny, tmp_path: Path) -> None:
    assert place(options(tiny.run)) == (tiny.run.resolve() / "export", "tiny")
    assert place(options(tiny.run / "model.safetensors", precision="int8"))[1] == "tiny-int8"
    assert place(options(tmp_path / "mine.safetensors")) == (tmp_path.resolve() / "export", "mine")
    assert place(options(tiny.run, out=tmp_path))[0] == tmp_path
    assert trained_on(tiny.run) == trained_on(tiny.run / "model.safetensors") == tiny.data
    assert trained_on(tmp_path / "mine.safetensors") == "toy"


def through(tmp_path: Path, tiny: Tiny, say: list[str] | None = None, **changes: object) -> exporting.Exported:
    lines: list[str] = [] if say is None else say
    return export(replace(options(tiny.run, out=tmp_path, clips=1), **changes), lines.append)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_frames_of_any_size(tiny: Tiny, tmp_path: Path, target: str) -> None:
    done = through(tmp_path, tiny, to=target)
    assert done.parity.equal_pixels > 0.999
    runner, trained = open_runner(done.files["key"]), open_runner(tiny.run)
    for size in ((72, 104), (65, 97), (40, 160), (136, 64)):
        stream = [np.stack([picture(number, size), picture(number + 9, size)]) for number in range(4)]
        ours, theirs = runner.key(stream[0]), trained.key(stream[0])
        for frames in stream[1:]:
            ours, theirs = runner.step(frames, ours.state), trained.step(frames, theirs.state)
            assert np.mean(ours.classes == theirs.classes) > 0.999, size
            assert ours.scene is not None
            assert theirs.scene is not None
            np.testing.assert_allclose(ours.scene, theirs.scene, atol=1e-3 * np.abs(theirs.scene).max())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "precision", "share"),
    [
        *(("onnx", "fp16", 0.8), ("onnx", "int8", 1.0)),
        *(("openvino", "fp16", 0.7), ("openvino", "int8", 1.0), ("torch-export", "fp16", 0.93)),
    ],
)
def test_other_precisions(tiny: Tiny, tmp_path: Path, target: str, precision: str, share: float) -> None:
    whole = through(tmp_path / "whole", tiny, to=target, size=SIZE)
    done = through(tmp_path / "small", tiny, to=target, size=SIZE, precision=precision)
    assert done.files["key"].name.startswith("tiny-" + precision)
    assert done.card.precision == open_runner(done.files["key"]).card.precision == precision
    files = [each.files.values() for each in (done, whole)]
    # beside its weights this network's graph is large, most of all as XML or as a program
    weights = [[path.with_suffix(".bin") if path.suffix == ".xml" else path for path in f] for f in files]
    sizes = [sum(path.stat().st_size for path in paths) for paths in weights]
    assert sizes[0] / sizes[1] < share or share == 1.0
    assert done.parity.miou is not None
    assert done.parity.equal_pixels > 0.8


@pytest.mark.slow
def test_a_working_size_is_inside_the_graph(tmp_path: Path, data: str) -> None:
    """Evaluation resizes frames by OpenCV; the file is given them as they are."""
    from segsmith.runtimes.answerer import RunnerAnswerer
    from segsmith.training.answerers import TorchAnswerer

    small = save_run(tmp_path, video(), data)
    meta = replace(small.meta, size=(36, 52))
    save_checkpoint(small.run / "model.safetensors", small.network, meta)
    for size in (SIZE, (60, 81)):
        done = through(tmp_path / f"{size[0]}", small, size=size)
        ours, trained = RunnerAnswerer(open_runner(done.files["key"])), TorchAnswerer(small.network, meta)
        for number in range(5):
            frame = picture(number, size)
            found, wanted = (each.step(frame) if number else each.key(frame) for each in (ours, trained))
            assert np.mean(found == wanted) > 0.999


@pytest.mark.slow
def test_deformable_convolution_by_the_runtimes_operator(tmp_path: Path, data: str) -> None:
    from segsmith.genotype import Genotype, Graph, Node

    net = Graph(
        ("prev:dec", "layer1"), (Node("d", "deform3", ("prev:dec",)), Node("n", "wsum", ("d", "layer1"))), ("n",)
    )
    deforming = save_run(tmp_path, Genotype("dynamic", net, settings={"channels": 8}, static=static()), data)
    done = through(tmp_path / "native", deforming, size=SIZE)
    assert done.card.deform == "native"
    assert "DeformConv" in {node.op_type for node in onnx.load(done.files["step"]).graph.node}
    plain = through(tmp_path / "grid", deforming, size=SIZE, deform="grid")
    assert "GridSample" in {node.op_type for node in onnx.load(plain.files["step"]).graph.node}
    assert plain.parity.equal_pixels > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("name", ["copy", "light"])
def test_presets(name: str, tmp_path: Path, data: str) -> None:
    done = through(tmp_path / "out", save_run(tmp_path, preset(name), data), size=SIZE)
    assert set(done.files) == set(parts_of(build(preset(name), 5)))
