"""What cannot work is said at the start, with the nearest that can."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from forge_help import asked

from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.forge import reachable
from segsmith.forge.facts import look
from segsmith.forge.material import FEWEST, material_of, space_for, target_of
from segsmith.forge.narrow import narrowed
from segsmith.forge.reachable import ROOM, Reached, leanest, reached, space_of, statics_for
from segsmith.genotype import Genotype, preset
from segsmith.latency.target import processor, save_target, this_machine
from segsmith.study.meter import FlopsMeter

CLIPS = "streets:clips=9,frames=6,size=64x96"
FRAMES = "streets:clips=40,frames=1,size=64x96"
FIVE = "streets:clips=7,frames=1,size=64x96"
PRICES = {"arch2": (40.0, 12.0), "template-arch1": (20.0, 6.0), "template-arch0": (18.0, 5.0)}


def price(genotype: Genotype) -> float:
    """Of an image network, or of any cell on it."""
    for name, (static, cell) in PRICES.items():
        if genotype == preset(name):
            return static
        if genotype.static == preset(name):
            return cell
    raise AssertionError(genotype)


def tried(latency: str) -> Reached:
    return reached("dynamic", latency, list(PRICES), price, "a machine")


def test_the_most_able_image_network_that_leaves_room_is_taken() -> None:
    assert [tried(latency).static for latency in ("40ms", "14ms", "7.5ms", "6.3ms")] == [
        "arch2",
        "template-arch1",
        "template-arch1",
        "template-arch0",
    ]
    found = tried("50%")
    assert (found.static, found.limit_ms, found.lean_ms) == ("arch2", 20.0, 12.0)
    assert found.lean_ms < found.held_ms < found.limit_ms


@pytest.mark.parametrize(("space", "calls"), [("dynamic", 3), ("template", 2)])
def test_what_timing_takes_is_told_of_a_candidate_as_most_are(
    monkeypatch: pytest.MonkeyPatch, space: str, calls: int
) -> None:
    """Cells on one image network have its key frames, which are known from the second one on."""
    timed: list[Genotype] = []

    def price(genotype: Genotype) -> float:
        timed.append(genotype)
        return 5.0

    monkeypatch.setattr(reachable, "seconds_of", lambda call: (call(), float(len(timed)))[1])
    assert reached(space, "40ms", ["arch2"], price, "a machine").timed_s == calls
    assert len(timed) == calls


def test_a_latency_that_leaves_little_is_taken_all_the_same() -> None:
    assert tried("5.5ms").static == "template-arch0"


def test_a_latency_below_what_the_space_reaches_names_one_that_is_not() -> None:
    with pytest.raises(UserError, match=r"takes 5\.0 ms a frame on a machine") as refused:
        tried("3ms")
    nearest = refused.value.fix.split()[1]
    assert tried(nearest).lean_ms <= ROOM * tried(nearest).limit_ms


@pytest.mark.parametrize("name", ["dynamic", "template", "lgc"])
def test_the_leanest_network_is_cheaper_than_any_that_chance_finds(name: str) -> None:
    space = space_of(name, "template-arch1", 0.0)
    meter, drawn = FlopsMeter((64, 96), 11), Random(1)
    cheapest = min(meter(space.decode(space.random(drawn))).flops for _ in range(8))
    assert meter(leanest(space)).flops < cheapest


def test_a_tight_latency_narrows_the_space_to_smaller_cells() -> None:
    space = space_of("dynamic", "template-arch1")
    tight, wide = (
        narrowed("dynamic", Reached("template-arch1", space, limit, 20.0, 8.0, 1.0), (64, 96), 3, 10)
        for limit in (11.0, 30.0)
    )
    assert 1 <= tight.rows < wide.rows
    lean, static = (FlopsMeter((64, 96), 3, 10)(one).flops for one in (leanest(space), preset("template-arch1")))
    assert lean < tight.flops < static < wide.flops
    assert narrowed("template", Reached("template-arch1", space, 11.0, 20.0, 8.0, 1.0), (64, 96), 3, 1).rows == 0


def test_image_networks_by_budget_and_by_wish() -> None:
    assert statics_for(7200, "", "dynamic", None)[0] == "arch2"
    assert "arch2" not in statics_for(240, "", "dynamic", None)
    assert statics_for(240, "arch1", "dynamic", None) == ("arch1",)


def test_cells_for_clips_and_image_networks_for_frames() -> None:
    assert space_for(open_dataset(CLIPS), "auto") == "dynamic"
    assert space_for(open_dataset(FRAMES), "auto") == "template"
    assert space_for(open_dataset(CLIPS), "template") == "template"
    with pytest.raises(UserError, match="cells between frames") as refused:
        space_for(open_dataset(FRAMES), "dynamic")
    assert "--space template" in refused.value.fix


@pytest.mark.parametrize("space", ["auto", "dynamic", "template"])
def test_five_frames_are_too_few(space: str) -> None:
    dataset = open_dataset(FIVE)
    assert len(dataset.frames("train")) == 5
    with pytest.raises(UserError, match=f"has 5 labelled frames to learn from, and a search needs {FEWEST}"):
        space_for(dataset, space)


def test_what_is_found_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))
    found = material_of(asked(tmp_path / "out", data=CLIPS, key_every=5))
    assert (found.space, found.size, found.resized, found.target.key_every) == ("dynamic", (64, 96), False, 5)
    assert found.split == "test"
    assert found.judged == len(found.dataset.frames("test"))
    assert min(found.clips) >= 1
    with pytest.raises(UserError, match="no such class"):
        material_of(asked(tmp_path / "out", data=CLIPS, floors=("Unicorn=0.5",)))


@pytest.mark.parametrize(("device", "words"), [("tpu", "no device 'tpu'"), ("cuda", "--device cuda: torch sees no")])
def test_a_device_that_is_not_there_is_said_before_anything_is_looked_at(
    device: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    lines: list[str] = []
    with pytest.raises(UserError, match=words):
        look(asked(tmp_path, data="no:data", device=device), lines.append)
    assert not lines


def test_a_target_elsewhere_needs_a_table(tmp_path: Path) -> None:
    elsewhere, here = tmp_path / "there.json", tmp_path / "here.json"
    save_target(replace(this_machine(), device=f"not {processor()}"), elsewhere)
    save_target(replace(this_machine(), size=(32, 48), threads=1), here)
    with pytest.raises(UserError, match="another") as refused:
        target_of(asked(tmp_path, target=str(elsewhere)), (64, 96))
    assert "latency pack" in refused.value.fix
    assert target_of(asked(tmp_path, target=str(here)), (64, 96)).size == (32, 48)
    assert target_of(asked(tmp_path), (64, 96)).size == (64, 96)
