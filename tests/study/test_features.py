"""What is computed once: it has to be what the network itself would see."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from study_help import HEIGHT, NAMES, WIDTH, make_frames, make_static

from segsmith.data.base import VOID, Dataset
from segsmith.data.cache import open_cache
from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.genotype import prune
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.spaces import DynamicSpace
from segsmith.study.proxy.clips import WHOLE, Window, random_window
from segsmith.study.proxy.collect import Wanted, Workshop, collect
from segsmith.study.proxy.dynamic import DynamicCandidate, DynamicOpener
from segsmith.study.proxy.frames import FrameSource, majority, shrunk
from segsmith.study.proxy.presets import ProxySettings, Stage
from segsmith.study.proxy.store import Store, Writer, making

SETTINGS = ProxySettings("test", "dynamic", (Stage(1, 1e-2),), batch=2, length=3)


def quiet(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("features")
    make_frames(root / "data", 2, 5)
    make_static(root)
    return root


@pytest.fixture(scope="module")
def dataset(place: Path) -> Dataset:
    return open_dataset(f"folder:{place / 'data'}")


@pytest.fixture(scope="module")
def source(place: Path, dataset: Dataset) -> FrameSource:
    _, meta = load_checkpoint(place / "arch2.safetensors")
    cache = open_cache(dataset, "train", folder=place / "cache")
    return FrameSource(cache, cache.folder.name, (HEIGHT, WIDTH), len(NAMES), meta.mean, meta.std)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_cell_sees_what_it_would_see_in_its_network(
    place: Path, dataset: Dataset, source: FrameSource, scale: float
) -> None:
    network, meta = load_checkpoint(place / "arch2.safetensors")
    clips = dataset.clips("train", 3)
    wanted = Wanted(("layer2", "layer3", "layer4"), True, 1)
    store = collect(network.static, source, clips, wanted, Workshop(place, torch.device("cpu"), quiet))
    below, arrays = network.static, (store, store)
    proxy = DynamicOpener.on(below, meta.genotype, arrays, SETTINGS, "cpu", resident=scale == 1.0).open()
    space = DynamicSpace(meta.genotype, rows=3, step_scales=(scale,), channels=8)
    genotype = space.build(
        {
            "n0.loc1": "prev:layer4",
            "n0.loc2": "layer2",
            "n0.op1": "sep3",
            "n0.op2": "skip",
            "n0.agg": "concat",
            "n1.loc1": "prev:dec",
            "n1.loc2": "layer3",
            "n1.op1": "skip",
            "n1.op2": "sep3",
            "n1.agg": "attention",
            "n2.loc1": "layer4",
            "n2.loc2": "n0",
            "n2.op1": "gap",
            "n2.op2": "skip",
            "n2.agg": "wsum",
        }
    )
    candidate = proxy.candidate(genotype, 2, seed=0)
    assert isinstance(candidate, DynamicCandidate)
    whole = DynamicNetwork(prune(genotype), network.static)
    whole.cell = candidate.cell
    whole.eval()
    frames = torch.stack([torch.cat([source.normalised(f, torch.device("cpu")) for f in c.frames]) for c in clips[:2]])
    with torch.no_grad():
        expected = whole.clip(frames)
        found = [logits for _, logits in candidate._answers(proxy.train, proxy.train.clips[:2], WHOLE)]
    for t in (1, 2):
        torch.testing.assert_close(found[t - 1], expected[:, t], rtol=2e-2, atol=2e-2)  # features are kept in 16 bits
        assert expected[:, t].std() > 0.1
    for row, clip in zip(proxy.train.clips, clips, strict=True):
        truth = proxy.train.masks(row[1:], WHOLE, 1).numpy()
        np.testing.assert_array_equal(truth, np.stack([dataset.reader.mask(frame) for frame in clip.frames]))


def test_a_cell_begins_as_in_its_network(place: Path, dataset: Dataset, source: FrameSource) -> None:
    network, meta = load_checkpoint(place / "arch2.safetensors")
    shop = Workshop(place, torch.device("cpu"), quiet)
    store = collect(network.static, source, dataset.clips("train", 2), Wanted(("layer2",), False, 1), shop)
    proxy = DynamicOpener.on(network.static, meta.genotype, (store, store), SETTINGS, "cpu", resident=True).open()
    space = DynamicSpace(meta.genotype, rows=1, channels=network.static.dec.channels)
    row = {"n0.loc1": "prev:dec", "n0.loc2": "layer2", "n0.op1": "skip", "n0.op2": "sep3", "n0.agg": "wsum"}
    genotype = prune(space.build(row))
    torch.manual_seed(0)
    candidate = proxy.candidate(genotype, 2, seed=0)
    torch.manual_seed(0)
    whole = DynamicNetwork(genotype, network.static)
    whole.start_from(network.static)
    assert isinstance(candidate, DynamicCandidate)
    for name, weights in whole.cell.state_dict().items():
        torch.testing.assert_close(candidate.cell.state_dict()[name], weights, rtol=0, atol=0)
    clips = proxy.train.clips
    dec = proxy.train.maps("dec", clips[:, 0], WHOLE)
    candidate.cell.eval()
    ((_, logits),) = candidate._answers(proxy.train, clips, WHOLE)
    torch.testing.assert_close(logits, proxy.outline.classifier(dec), rtol=1e-4, atol=1e-4)


def test_features_are_computed_once(place: Path, dataset: Dataset, source: FrameSource) -> None:
    static, clips, told = load_checkpoint(place / "arch2.safetensors")[0].static, dataset.clips("train", 2), []
    for _ in range(2):
        shop = Workshop(place, torch.device("cpu"), lambda *words: told.append(words))
        collect(static, source, clips, Wanted(("layer2",), False, 8), shop)
    assert [done for _, done, _ in told] == [8, 10]


def test_padding_is_mean_and_void(source: FrameSource, dataset: Dataset) -> None:
    padded = replace(source, pad=80)
    frame = dataset.frames("train")[0]
    pixels, mask = padded.normalised(frame, torch.device("cpu")), padded.mask(frame, 1)
    assert pixels.shape == (1, 3, 80, WIDTH)
    assert mask.shape == (80, WIDTH)
    assert not pixels[:, :, HEIGHT:].any()
    assert (mask[HEIGHT:] == VOID).all()


def test_a_frame_of_another_size_is_named(source: FrameSource, dataset: Dataset) -> None:
    small = replace(source, whole=(HEIGHT // 2, WIDTH // 2))
    with pytest.raises(
        UserError, match=f"different sizes: {HEIGHT}x{WIDTH} behind {HEIGHT // 2}x{WIDTH // 2} .*--size"
    ):
        small.normalised(dataset.frames("train")[0], torch.device("cpu"))


def test_the_majority_of_every_block() -> None:
    mask = np.array([[0, 0, 1, 2, 7], [1, 0, 1, VOID, 7], [VOID, VOID, 2, 2, VOID]], np.uint8)
    np.testing.assert_array_equal(majority(mask, 2, 8), [[0, 1, 7], [VOID, 2, VOID]])
    assert majority(mask, 1, 8) is mask


def test_majority_against_counting() -> None:
    mask = np.random.default_rng(0).choice(np.array([0, 1, 2, VOID], np.uint8), (24, 32))
    for (y, x), found in np.ndenumerate(majority(mask, 8, 3)):
        ids, counts = np.unique(mask[8 * y : 8 * y + 8, 8 * x : 8 * x + 8], return_counts=True)
        assert counts[ids == found].item() == counts.max()


def test_windows_are_the_same_pixels_at_every_stride() -> None:
    chance = torch.Generator().manual_seed(0)
    corners = set()
    for _ in range(50):
        window = random_window((192, 200), (360, 480), 32, chance)
        assert (window.height, window.width) == (192, 192)
        assert window.top + window.height <= 360
        assert window.left + window.width <= 480
        corners.add((window.top, window.left))
        for stride in (1, 8, 16, 32):
            rows, columns = window.at(stride)
            assert (rows.start * stride, columns.start * stride) == (window.top, window.left)
            assert (rows.stop * stride, columns.stop * stride) == (window.top + 192, window.left + 192)
    assert len(corners) > 20
    assert random_window((0, 0), (360, 480), 32, chance) == WHOLE == Window()
    assert random_window((192, 192), (24, 480), 32, chance) == WHOLE


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [((360, 480), 0, (360, 480)), ((360, 480), 512, (360, 480)), ((1024, 2048), 512, (256, 512))],
)
def test_shrunk(size: tuple[int, int], longest: int, expected: tuple[int, int]) -> None:
    assert shrunk(size, longest) == expected


def test_a_store_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    target = tmp_path / "store"
    with pytest.raises(UserError):
        spoil(target)
    assert not target.exists()
    with making(target) as writer:
        assert isinstance(writer, Writer)
        writer.append("a", np.arange(6, dtype=np.float16).reshape(2, 3))
        writer.append("a", np.ones((1, 3), np.float16))
    with making(target) as writer:
        assert writer is None
    store = Store.open(target)
    assert store.size == 18
    for resident in (True, False):
        found = store.load(torch.device("cpu"), resident)["a"]
        assert found.tolist() == [[0, 1, 2], [3, 4, 5], [1, 1, 1]]


def test_frames_of_several_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="different sizes"):
        spoil(tmp_path / "store")


def spoil(target: Path) -> None:
    with making(target) as writer:
        assert writer is not None
        writer.append("a", np.zeros((1, 2, 3), np.float16))
        writer.append("a", np.zeros((1, 2, 4), np.float16))
