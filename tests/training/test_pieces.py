"""Budgets, schedules, averages, snapshots, parts, run folders: what a run is made of."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny import image_network, video_network

from segsmith.errors import UserError
from segsmith.training import snapshot
from segsmith.training.averaging import Average
from segsmith.training.budget import Budget, rate
from segsmith.training.options import TrainOptions, scaled
from segsmith.training.parts import optimisers, parameters_of, set_learning
from segsmith.training.recipes import DYNAMIC, RECIPES, STATIC, Phase, Rate, recipe_named
from segsmith.training.runfolder import RunFolder, read_json, replacing, write_json
from segsmith.training.snapshot import Counters


@pytest.mark.parametrize(("epochs", "minutes"), [(None, None), (1, 1), (0, None), (None, -1), (float("nan"), None)])
def test_a_budget_is_one_number_above_zero(epochs: float | None, minutes: float | None) -> None:
    with pytest.raises(UserError):
        Budget(epochs, minutes)


def test_schedules_warm_up_and_end_at_the_floor() -> None:
    assert rate("poly", 0.0, power=0.9, warmup=0.1) == 1e-3
    assert rate("poly", 0.05, power=0.9, warmup=0.1) == 0.5
    assert rate("poly", 0.1, power=0.9, warmup=0.1) == 1
    assert rate("poly", 0.55, power=1.0, warmup=0.1) == pytest.approx(0.5)
    for name in ("poly", "cosine"):
        assert rate(name, 1.0, power=0.9, warmup=0.1, floor=0.04) == pytest.approx(0.04)
    assert rate("constant", 1.0, power=0.9, warmup=0.0) == 1


def test_the_average_follows_and_copies_counters() -> None:
    network = image_network()
    average = Average(network, decay=0.9)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
    network.static.encoder[1].num_batches_tracked += 3
    before = {name: value.clone() for name, value in average.shadow.items()}
    average.update(network)
    decay = 2 / 11
    name = "static.classifier.weight"
    torch.testing.assert_close(
        average.shadow[name], decay * before[name] + (1 - decay) * network.state_dict()[name], atol=1e-6, rtol=0
    )
    assert average.shadow["static.encoder.1.num_batches_tracked"] == 3


def test_parts_by_name() -> None:
    network = video_network()
    sizes = {
        part: sum(p.numel() for p in parameters_of(network, part))
        for part in ("all", "static", "encoder", "decoder", "cell")
    }
    assert sizes["static"] == sizes["encoder"] + sizes["decoder"]
    assert sizes["all"] == sizes["static"] + sizes["cell"]
    assert min(sizes.values()) > 0


def test_a_recipe_for_another_network_is_refused() -> None:
    with pytest.raises(UserError, match="trains the part 'cell'"):
        optimisers(image_network(), DYNAMIC.phases[0])
    with pytest.raises(UserError, match=r"no recipe 'statik'.*static"):
        recipe_named("statik")


def test_norms_and_biases_do_not_decay() -> None:
    (made,) = optimisers(image_network(), Phase(1.0, (Rate("all", "adamw", 1e-3, weight_decay=0.5),)))
    decays = {group["weight_decay"]: {p.ndim for p in group["params"]} for group in made.param_groups}
    assert decays == {0.5: {4}, 0.0: {1}}


def test_frozen_parts_are_in_evaluation_mode() -> None:
    network = video_network()
    set_learning(network, DYNAMIC.phases[0])
    assert not network.static.encoder[1].training
    assert network.cell.training
    set_learning(network, DYNAMIC.phases[1])
    assert network.static.encoder[1].training


def test_recipes_hold_the_papers_numbers() -> None:
    assert [(r.part, r.optimiser, r.lr) for r in STATIC.phases[0].rates] == [
        ("encoder", "sgd", 5e-2),
        ("decoder", "sgd", 1e-2),
    ]
    assert (STATIC.auxiliary, STATIC.batch, STATIC.epochs, STATIC.scale) == (0.3, 32, 2000, (0.5, 2.0))
    cell, both = DYNAMIC.phases
    assert [(r.part, r.optimiser, r.lr) for r in cell.rates + both.rates] == [
        ("cell", "adam", 8e-3),
        ("cell", "adam", 4e-3),
        ("static", "sgd", 5e-4),
    ]
    assert DYNAMIC.epochs * cell.share == pytest.approx(10)
    assert DYNAMIC.key_loss == 0, "the paper sums the loss over the frames after the first"
    for recipe in RECIPES.values():
        assert sum(phase.share for phase in recipe.phases) == pytest.approx(1)


def test_flags_change_a_recipe() -> None:
    options = TrainOptions("arch2", "toy", "out", recipe="static", batch=4, crop=(96, 128), lr=1e-3)
    made = options.adapted("decoder")
    assert (made.batch, made.crop) == (4, (96, 128))
    assert [rate.lr for rate in made.phases[0].rates] == pytest.approx([1e-3, 2e-4])
    assert TrainOptions.of_record(json.loads(json.dumps(options.record()))) == options
    with pytest.raises(UserError, match="not above zero"):
        scaled(STATIC, 0)
    with pytest.raises(UserError, match="batch of 0"):
        TrainOptions("arch2", "toy", "out", batch=0).adapted("decoder")
    with pytest.raises(UserError, match="no schedule 'step'"):
        TrainOptions("arch2", "toy", "out", schedule="step").adapted("decoder")
    with pytest.raises(UserError, match=r"--ema 1\.5"):
        TrainOptions("arch2", "toy", "out", ema=1.5).adapted("decoder")
    calm = TrainOptions("arch2", "toy", "out", recipe="dynamic", schedule="poly", ema=0.9).adapted("decoder")
    assert (calm.schedule, calm.ema, calm.batch) == ("poly", 0.9, DYNAMIC.batch)


def test_a_snapshot_brings_everything_back(tmp_path: Path) -> None:
    phase = Phase(1.0, (Rate("cell", "adam", 1e-2), Rate("static", "sgd", 1e-1)))
    network, average = video_network(), None
    made = optimisers(network, phase)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    for optimiser in made:
        optimiser.step()
    average = Average(network, 0.9)
    average.updates = 4
    path = tmp_path / "last.safetensors"
    snapshot.save(path, network, average, made, Counters(step=7, seconds=1.5, phase=1, micro=2))

    other, other_average = video_network(seed=3), Average(video_network(seed=4), 0.9)
    others = optimisers(other, phase)
    counters = snapshot.restore(path, other, other_average, others)
    assert (counters.step, counters.seconds, counters.phase, counters.micro) == (7, 1.5, 1, 2)
    assert other_average.updates == 4
    for name, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    for one, two in zip(made, others, strict=True):
        for a, b in zip(one.state_dict()["state"].values(), two.state_dict()["state"].values(), strict=True):
            assert a.keys() == b.keys()
            assert all(torch.equal(a[k], b[k]) for k in a if isinstance(a[k], torch.Tensor))


def test_snapshots_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    with pytest.raises(UserError, match="nothing to resume"):
        snapshot.read_counters(path)
    path.write_bytes(b"\x00" * 50)
    with pytest.raises(UserError, match="damaged"):
        snapshot.read_counters(path)
    save_file({"a": torch.zeros(1)}, path, {"snapshot": json.dumps({"format": 99})})
    with pytest.raises(UserError, match="update segsmith"):
        snapshot.read_counters(path)


def test_a_run_folder_is_never_written_over(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.create("train", {"a": 1}, seed=3)
    record = run.record()
    assert record["versions"]["torch"]
    assert record["machine"]["cores"]
    with pytest.raises(UserError, match=r"holds a run already .*--resume"):
        run.create("train", {"a": 1}, seed=3)


def test_files_are_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    writing = replacing(path)
    writing.__enter__().write_text("{")
    assert writing.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None) is not True
    assert read_json(path) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    with pytest.raises(UserError, match="no such file"):
        read_json(tmp_path / "b.json")
    path.write_text("{")
    with pytest.raises(UserError, match="is not JSON"):
        read_json(path)
