"""Candidates trained for real, on very little."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
import torch
from study_help import CELL, COLOURS, HEIGHT, NAMES, WIDTH, make_frames, make_static

from segsmith.errors import UserError
from segsmith.genotype import Genotype, preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.meta import Meta
from segsmith.spaces import DynamicSpace, LgcSpace, Space, TemplateSpace
from segsmith.spaces.make import SPACES, make_space
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import look_up, prepare
from segsmith.study.proxy.presets import PRESETS, ProxySettings, Stage, proxy_named
from segsmith.study.proxy.scoring import Job, Outcome, Proxy, evaluate, seed_of
from segsmith.study.proxy.stem import Stem

DYNAMIC = ProxySettings(
    "tiny", "dynamic", (Stage(2, 1e-2), Stage(2, 1e-2)), batch=4, length=3, crop=(64, 64), learn_at=8, judge_at=8,
    settle=6,
)  # fmt: skip
TEMPLATE = ProxySettings(
    "tiny", "template", (Stage(2, 1e-2), Stage(1, 5e-3, 1e-3)), batch=4, crop=(48, 48), mirror=True, judge_at=4,
    settle=5,
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    root: Path
    data: str
    static: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("proxies")
    patch = pytest.MonkeyPatch()
    patch.setenv("SEGSMITH_CACHE", str(root / "cache"))
    yield Place(root, make_frames(root / "data", 2, 10), make_static(root))
    patch.undo()


def opened(
    place: Place, settings: ProxySettings, monkeypatch: pytest.MonkeyPatch, **changes: object
) -> tuple[Space, Proxy]:
    monkeypatch.setattr("segsmith.study.proxy.presets.PRESETS", (settings,))
    asked = {
        "space": settings.space,
        "data": place.data,
        "out": "",
        "static": str(place.static),
        "proxy": "tiny",
        "trials": 1,
        "device": "cpu",
        **changes,
    }
    ready = prepare(SearchOptions(**asked), lambda what, done, total: None)
    return ready.space, ready.opener.open()


def marks(outcome: Outcome) -> list[tuple[object, float]]:
    return [(stage.marks, stage.loss) for stage in outcome.stages]


def some(space: Space, seed: int) -> Genotype:
    return space.decode(space.random(Random(seed)))


@pytest.mark.parametrize("kind", ["dynamic", "template"])
def test_networks_are_costed_at_the_size_that_they_are_for(
    place: Place, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Candidates learn from frames of half the size."""
    settings = {"dynamic": DYNAMIC, "template": TEMPLATE}[kind]
    monkeypatch.setattr("segsmith.study.proxy.presets.PRESETS", (replace(settings, longest=WIDTH // 2),))
    asked = {"data": place.data, "out": "", "static": str(place.static), "proxy": "tiny", "trials": 1, "device": "cpu"}
    assert look_up(SearchOptions(kind, **asked)).size == (HEIGHT, WIDTH)
    assert look_up(SearchOptions(kind, **asked, size=(32, 48))).size == (32, 48)


CASES = {
    "dynamic": (DYNAMIC, (("channels", "8"), ("rows", "2"), ("step_scales", "1,0.5"))),
    "template": (TEMPLATE, (("head", "8"), ("rows", "2"), ("templates", "1"))),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_candidate_learns_and_learns_alike_whenever_it_is_proposed(
    place: Place, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, options = CASES[kind]
    space, proxy = opened(place, settings, monkeypatch, space_options=options)
    for number in range(2):
        job = Job(number, some(space, number), seed_of(0, str(number)))
        torch.manual_seed(number)
        first = evaluate(proxy, job)
        torch.rand(7)
        assert marks(evaluate(proxy, job)) == marks(first)
        assert first.kind == "scored"
        assert len(first.stages) == 2
        assert first.stages[1].loss < max(first.stages[0].loss, math.log(len(NAMES)))
        assert 0 < first.stages[1].marks.reward < 1
        assert (first.stages[1].marks.flicker is None) == (kind == "template")
        other = evaluate(proxy, replace(job, seed=1))
        assert other.stages[0].loss != first.stages[0].loss


def test_a_candidate_below_what_it_has_to_reach_is_stopped_half_way(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, proxy = opened(place, DYNAMIC, monkeypatch, space_options=tuple(CELL.items()))
    outcome = evaluate(proxy, Job(0, some(space, 0), 1, halt_below=(0.999,)))
    assert outcome.kind == "stopped"
    assert len(outcome.stages) == 1
    assert outcome.reason.endswith("behind stage 1 is below 0.9990")
    assert evaluate(proxy, Job(0, some(space, 0), 1, halt_below=(0.0,))).kind == "scored"


def test_the_random_state_of_the_process_is_left_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    space, proxy = opened(place, DYNAMIC, monkeypatch, space_options=tuple(CELL.items()))
    before = torch.random.get_rng_state()
    evaluate(proxy, Job(0, some(space, 0), 1))
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_stem_stands_still_until_its_stage(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    space, proxy = opened(place, TEMPLATE, monkeypatch, space_options=(("head", "8"),))
    candidate = proxy.candidate(some(space, 1), 4, seed=0)
    stem = candidate.network.encoder
    before = [parameter.detach().clone() for parameter in stem.parameters()]
    candidate.learn(0)
    assert all(torch.equal(a, b) for a, b in zip(before, stem.parameters(), strict=True))
    candidate.learn(1)
    assert not any(torch.equal(a, b) for a, b in zip(before, stem.parameters(), strict=True))


def test_cached_stem_outputs_are_those_of_the_stem(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    space, proxy = opened(place, TEMPLATE, monkeypatch, space_options=(("head", "8"),))
    candidate = proxy.candidate(some(space, 1), 4, seed=0)
    places = torch.arange(len(proxy.pictures.val))
    stored, _ = candidate._stored(proxy.val, places)
    candidate.network.eval()
    with torch.no_grad():
        seen = candidate._seen(proxy.pictures.val, places)
    for name, found in stored.items():
        torch.testing.assert_close(found, seen[name], rtol=2e-3, atol=2e-3)


def test_judging_twice_says_the_same(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    space, proxy = opened(place, DYNAMIC, monkeypatch, space_options=tuple(CELL.items()))
    candidate = proxy.candidate(some(space, 0), 4, seed=0)
    candidate.learn(0)
    assert candidate.judge(0) == candidate.judge(0)


def test_a_network_without_a_stem_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no trained network"):
        Stem(static=str(tmp_path)).weights()
    genotype = LgcSpace(cells=3, reductions=(1, 2), width=4, branch=4, fusion="none").decode([0] * 15)
    file = tmp_path / "lgc.safetensors"
    save_checkpoint(file, build(genotype, 3), Meta(genotype, NAMES, COLOURS))
    with pytest.raises(UserError, match="has no MobileNet-v2 encoder"):
        Stem(static=str(file)).weights()


def test_a_stem_from_a_file_of_another_library(place: Place, tmp_path: Path) -> None:
    """Its first expansion is missing there and made up here, so that values pass."""
    encoder = MobileNetV2(deepest="layer2")
    theirs = {}
    for number, (stage, block) in enumerate([(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)], start=1):
        layers = ("depthwise", "project") if number == 1 else ("expand", "depthwise", "project")
        for index, layer in enumerate(layers):
            part = encoder.get_submodule(f"stages.{stage}.{block}.{layer}")
            last = layer == "project"
            conv, norm = (
                f"conv.{index}" if last else f"conv.{index}.0",
                f"conv.{index + 1}" if last else f"conv.{index}.1",
            )
            theirs |= {f"features.{number}.{conv}.{k}": v for k, v in part[0].state_dict().items()}
            theirs |= {f"features.{number}.{norm}.{k}": v for k, v in part[1].state_dict().items()}
    theirs |= {f"features.0.0.{k}": v for k, v in encoder.stem[0].state_dict().items()}
    theirs |= {f"features.0.1.{k}": v for k, v in encoder.stem[1].state_dict().items()}
    file = tmp_path / "mobilenet.pth"
    torch.save(theirs, file)
    found = Stem(encoder_weights=str(file)).weights()
    assert found.keys() == encoder.state_dict().keys()
    name = "stages.2.2.project.0.weight"
    assert torch.equal(found[name], encoder.state_dict()[name])


@pytest.mark.parametrize("proxy", PRESETS, ids=lambda proxy: f"{proxy.space}-{proxy.name}")
def test_presets_are_found_by_name_and_space(proxy: ProxySettings) -> None:
    assert proxy_named(proxy.name, proxy.space) is proxy
    assert len(proxy.stages) == 2


def schedule(proxy: ProxySettings) -> list[tuple[int, float, float]]:
    """Epochs, the learning rate, and that of the encoder; candidates are stopped between stages."""
    return [(stage.epochs, stage.lr, stage.encoder_lr) for stage in proxy.stages]


def shortcuts(proxy: ProxySettings) -> tuple[object, ...]:
    """What no paper does: fewer clips, coarser masks, a rate that falls."""
    return proxy.clips, proxy.judged, proxy.learn_at, proxy.judge_at, proxy.anneal


def test_the_proxy_of_paper_1_on_camvid() -> None:
    """Dynamic cells, sections 4 and 4.1: 3 frames, batches of 48, 20 epochs at 8e-3, the shorter side padded to 400.
    A crop of 600 holds a whole frame of 360x480."""
    proxy = proxy_named("paper-camvid", "dynamic")
    assert schedule(proxy) == [(10, 0.008, 0.0), (10, 0.008, 0.0)]
    assert (proxy.length, proxy.batch, proxy.longest, proxy.pad, proxy.crop) == (3, 48, 0, 400, (0, 0))
    assert (proxy.scale, proxy.mirror) == ((1.0, 1.0), False)
    assert shortcuts(proxy) == (0, 0, 1, 1, False)
    assert make_space("dynamic", dict(proxy.options), preset("arch2")) == DynamicSpace(preset("arch2"), rows=5)


def test_the_proxy_of_paper_1_on_cityscapes() -> None:
    """The same sections: 2 frames, batches of 48, 10 epochs, crops of 512 from frames of 1024; the rate is CamVid's."""
    proxy = proxy_named("paper-cityscapes", "dynamic")
    assert schedule(proxy) == [(5, 0.008, 0.0), (5, 0.008, 0.0)]
    assert (proxy.length, proxy.batch, proxy.longest, proxy.pad, proxy.crop) == (2, 48, 1024, 0, (512, 512))
    assert (proxy.scale, proxy.mirror) == ((1.0, 1.0), False)
    assert shortcuts(proxy) == (0, 0, 1, 1, False)
    assert make_space("dynamic", dict(proxy.options), preset("arch2")) == DynamicSpace(preset("arch2"), rows=4)


def test_the_proxy_of_paper_2() -> None:
    """Template search, section 4.1: 5 epochs behind the stem and 5 end to end, batches of 32, crops of 321 from frames
    of 1024, 48 channels; the second half's rates and the augmentation are its reference's."""
    proxy = proxy_named("paper-template", "template")
    assert schedule(proxy) == [(5, 0.007, 0.0), (5, 0.002, 0.0005)]
    assert (proxy.length, proxy.batch, proxy.longest, proxy.pad, proxy.crop) == (1, 32, 1024, 0, (321, 321))
    assert (proxy.scale, proxy.mirror) == ((0.7, 1.4), True)
    assert shortcuts(proxy) == (0, 0, 1, 1, False)
    space = make_space("template", dict(proxy.options))
    assert space == TemplateSpace(templates=3, rows=7, repeats=4, strides=(1, 2), multiplier=2, adapt=48, head=48)


@pytest.mark.parametrize("name", ["quick", "paper-template"])
def test_a_space_of_ones_own_has_the_proxies_of_templates(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not what the template space is set to."""
    monkeypatch.setitem(SPACES, "width", TemplateSpace)
    of_templates = proxy_named(name, "template")
    assert proxy_named(name, "width") == replace(of_templates, space="width", options=())
    with pytest.raises(
        UserError, match=r"no proxy 'paper-camvid' for the width space \(take one of quick, paper-template"
    ):
        proxy_named("paper-camvid", "width")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"static": ""}, "--static is missing"),
        ({"static": "nowhere"}, "no trained network"),
        ({"proxy": "slow"}, "no proxy 'slow'"),
        ({"space": "lgc"}, "no search of a 'lgc' space"),
        ({"space": "wide"}, r"no search of a 'wide' space by a short training \(take dynamic or template\)"),
        ({"split": "moon"}, "no split 'moon'"),
        ({"space_options": (("rowz", "3"),)}, "no option 'rowz'"),
    ],
)
def test_mistakes(place: Place, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        opened(place, DYNAMIC, monkeypatch, **changes)
