import itertools
from pathlib import Path

import pytest
import torch
from tiny import RandomFeed, TinyVideo, image_network, loop, recipe, video_network
from torch import nn

from segsmith.errors import UserError
from segsmith.training import loop as loop_module
from segsmith.training.budget import Budget
from segsmith.training.loop import Status, Stopped
from segsmith.training.recipes import Phase, Rate
from segsmith.training.room import cuts


class Killed(Exception):
    pass


def weights(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


TWO_PHASES = (
    Phase(0.4, (Rate("cell", "adam", 1e-2),), length=3),
    Phase(0.6, (Rate("cell", "adam", 5e-3), Rate("static", "sgd", 1e-2)), length=4, truncate=2),
)


def test_the_loss_falls(tmp_path: Path) -> None:
    losses: list[float] = []
    made = loop(tmp_path, image_network(), recipe(), budget=Budget(epochs=20), report=lambda s: losses.append(s.loss))
    made.train()
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert made.counters.step == 100


@pytest.mark.parametrize("stop", [1, 4, 7, 8, 9, 13, 19])
def test_a_killed_run_ends_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    monkeypatch.setattr(loop_module, "SNAPSHOT_SECONDS", 0.0)
    made = recipe(*TWO_PHASES, ema=0.9, warmup=0.1, clip_norm=1.0, key_loss=0.5)
    whole = video_network()
    loop(tmp_path / "whole", whole, made).train()

    def kill(status: Status) -> None:
        if status.step == stop:
            raise Killed

    with pytest.raises(Killed):
        loop(tmp_path / "cut", video_network(), made, report=kill).train()
    if stop == 1:
        assert not (tmp_path / "cut" / "last.safetensors").exists(), "killed before the first snapshot: starts anew"
    resumed = video_network(seed=9)
    going_on = loop(tmp_path / "cut", resumed if stop > 1 else video_network(), made)
    going_on.train(resume=stop > 1)
    assert same(weights(going_on.network), weights(whole))
    assert going_on.average is not None


def test_a_finished_run_resumes_to_itself(tmp_path: Path) -> None:
    made = recipe(ema=0.9)
    first = loop(tmp_path, image_network(), made)
    first.train()
    again = loop(tmp_path, image_network(seed=3), made)
    again.train(resume=True)
    assert same(weights(again.network), weights(first.network))
    assert again.counters.step == first.counters.step


def test_parts_that_a_phase_does_not_name_stand_still(tmp_path: Path) -> None:
    network = video_network()
    before = weights(network)
    loop(tmp_path, network, recipe(Phase(1.0, (Rate("cell", "adam", 1e-2),), length=3))).train()
    after = weights(network)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"cell.weight", "cell.bias"}, "the static network's batch norms stand still, too"


def test_pieces_of_a_batch_add_up_to_the_batch(tmp_path: Path) -> None:
    network, pieces = image_network(), image_network()
    network.static.encoder[1].eval()
    made = recipe(Phase(1.0, (Rate("decoder", "sgd", 1e-1),)))
    loop(tmp_path / "one", network, made).train()
    cut = loop(tmp_path / "two", pieces, made)
    cut.counters.micro = 2
    cut.train()
    for name, value in weights(network).items():
        torch.testing.assert_close(weights(pieces)[name], value, atol=1e-6, rtol=1e-5)


def test_a_batch_that_does_not_fit_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = image_network()
    made = loop(tmp_path, network, recipe())
    key = network.training_key

    def small(frame: torch.Tensor) -> object:
        if len(frame) > 1:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes.")
        return key(frame)

    network.training_key = small
    made.train()
    assert made.counters.micro == 4
    assert "4 pieces" in capsys.readouterr().err


def test_other_errors_are_not_taken_for_a_lack_of_memory(tmp_path: Path) -> None:
    network = image_network()

    def broken(frame: torch.Tensor) -> object:
        raise RuntimeError("size mismatch")

    network.training_key = broken
    with pytest.raises(RuntimeError, match="size mismatch"):
        loop(tmp_path, network, recipe()).train()


class PoisonedFeed(RandomFeed):
    """One batch that is no number, until the salt changes the draw."""

    def batches(self, start: int, salt: int):
        for place, (frames, masks) in enumerate(super().batches(start, salt), start):
            yield (frames * float("nan") if place == 6 and not salt else frames), masks


def test_a_loss_that_is_no_number_stops_with_its_batch(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"became nan at step 6 .*bad-batch.*--on-nan rewind"):
        loop(tmp_path, image_network(), recipe(), [PoisonedFeed()]).train()
    assert (tmp_path / "bad-batch.safetensors").exists()


def test_rewind_goes_back_and_finishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "SNAPSHOT_SECONDS", 0.0)
    made = loop(tmp_path, image_network(), recipe(), [PoisonedFeed()], rewind=True)
    made.train()
    assert made.counters.salt == 1
    assert made.counters.step == 20
    assert all(torch.isfinite(value).all() for value in weights(made.network).values())


def steep_network() -> TinyVideo:
    """From the seventh step on it has losses that are numbers, and gradients that are none."""
    network, steps = image_network(), itertools.count()
    network.static.classifier.weight.register_hook(lambda slope: slope * (1 if next(steps) < 6 else float("inf")))
    return network


def test_gradients_that_are_no_numbers_change_no_weight(tmp_path: Path) -> None:
    network = steep_network()
    with pytest.raises(UserError, match="became nan at step 6"):
        loop(tmp_path, network, recipe()).train()
    assert all(torch.isfinite(value).all() for value in network.parameters())


def test_a_run_does_not_go_back_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loop_module, "SNAPSHOT_SECONDS", 0.0)
    made = loop(tmp_path, steep_network(), recipe(), rewind=True)
    with pytest.raises(UserError, match=r"became nan 6 times behind step 6 .*lower --lr"):
        made.train()
    assert capsys.readouterr().err.count("back to step 6 at half the learning rate") == 5


def test_asked_to_stop_it_saves_and_goes_on_later(tmp_path: Path) -> None:
    made = recipe()
    whole = image_network()
    loop(tmp_path / "whole", whole, made).train()
    first = loop(tmp_path / "cut", image_network(), made)
    first.watchers = type(first.watchers)(report=lambda s: first.interruption._ask(2, None) if s.step == 7 else None)
    with pytest.raises(Stopped):
        first.train()
    second = loop(tmp_path / "cut", image_network(seed=5), made)
    second.train(resume=True)
    assert same(weights(second.network), weights(whole))


def test_a_budget_in_minutes_anneals_fully_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr("segsmith.training.loop.time.perf_counter", lambda: 0.01 * next(ticks))
    rates: list[float] = []
    made = loop(tmp_path, image_network(), recipe(), budget=Budget(minutes=0.01), report=lambda s: rates.append(s.lr))
    made.train()
    assert rates[0] == pytest.approx(1e-2, rel=0.2)
    assert rates[-1] < 2e-3
    assert made.counters.seconds == pytest.approx(0.6, abs=0.1)


def test_evaluation_sees_the_averaged_weights_and_leaves_the_others(tmp_path: Path) -> None:
    network = image_network()
    seen: list[torch.Tensor] = []
    made = loop(tmp_path, network, recipe(ema=0.99))
    made.watchers = type(made.watchers)(
        evaluate=lambda s: seen.append(network.static.classifier.weight.clone()), evaluations=2
    )
    made.train()
    assert len(seen) == 2
    assert made.average is not None
    assert torch.equal(seen[-1], made.average.shadow["static.classifier.weight"])
    assert not torch.equal(seen[-1], network.static.classifier.weight)


@pytest.mark.parametrize(
    ("length", "truncate", "expected"),
    [(1, 0, [(0, 1)]), (3, 0, [(0, 3)]), (3, 2, [(0, 3)]), (6, 2, [(0, 3), (3, 5), (5, 6)]), (5, 4, [(0, 5)])],
)
def test_cuts(length: int, truncate: int, expected: list[tuple[int, int]]) -> None:
    assert cuts(length, truncate) == expected
