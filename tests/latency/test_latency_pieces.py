"""The pieces of a network, against the network itself: not one FLOP more or less."""

from collections.abc import Sequence
from functools import cache
from random import Random

import pytest
import torch
from torch import nn

from segsmith.genotype import Genotype, fingerprint, preset
from segsmith.latency.piece import CARRY, GIVE, RUN, Piece
from segsmith.latency.pieces import Frames, pieces_of
from segsmith.latency.surrounded import surrounded
from segsmith.networks.build import build
from segsmith.spaces import DynamicSpace, LgcSpace, Space, TemplateSpace
from segsmith.study.meter import count

# odd sizes: every stride rounds up
FRAMES = Frames((101, 139), 5)
ARCH = preset("arch2")
SPACES: dict[str, Space] = {
    "lgc": LgcSpace(cells=6, reductions=(1, 3), width=8, branch=16),
    "dense": LgcSpace(cells=4, reductions=(1, 2), fusion="dense", width=8, branch=16),
    "multiscale": LgcSpace(cells=4, reductions=(1, 2), fusion="multiscale", width=8, branch=16),
    "aspp": LgcSpace(cells=4, reductions=(1, 2), fusion="aspp", width=8, branch=16),
    "ppm": LgcSpace(cells=4, reductions=(1, 2), fusion="ppm", width=8, branch=16),
    "none": LgcSpace(cells=4, reductions=(1, 2), fusion="none", shared=True, width=8, branch=16),
    "template": TemplateSpace(),
    "adapted": TemplateSpace(adapt=16, head=16),
    "dynamic": DynamicSpace(ARCH, channels=16),
    "half": DynamicSpace(ARCH, step_scales=(0.5,), channels=16),
    "on lgc": DynamicSpace(LgcSpace(width=8).decode(LgcSpace().random(Random(3))), channels=16),
}


@cache
def flops(piece: Piece) -> int:
    with torch.device("meta"), torch.no_grad():
        module = surrounded(piece, lambda name: STATICS[name], lambda logits, height, width: logits)
        taken = [nn.ModuleList(module.before), module.behind]
        inputs = module.examples(1)
        return count(module, lambda: module(*inputs)) - sum(_flops_of(part, inputs, piece) for part in taken)


def _flops_of(part: nn.Module, inputs: Sequence[torch.Tensor], piece: Piece) -> int:
    """Of what surrounds a piece."""
    if isinstance(part, nn.ModuleList):
        return sum(count(conv, lambda conv=conv: conv(inputs[0])) for conv in part)
    if isinstance(part, nn.Identity):
        return 0
    x = torch.empty(1, piece.c_out, *piece.out_size, device="meta")
    return count(part, lambda: part(x))


STATICS = {fingerprint(space.static): space.static for space in SPACES.values() if isinstance(space, DynamicSpace)}


@pytest.mark.parametrize("name", SPACES)
def test_flops_of_pieces_are_those_of_the_network(name: str) -> None:
    rng, space = Random(7), SPACES[name]
    for _ in range(2):
        check(space.decode(space.random(rng)))


@pytest.mark.parametrize("name", ["arch0", "arch1", "arch2"])
def test_flops_of_presets(name: str) -> None:
    check(preset(name))


def check(genotype: Genotype) -> None:
    work = pieces_of(genotype, FRAMES)
    key, step = (sum(flops(piece) for piece in part if piece.op != RUN) for part in work)
    assert (key, step) == run(genotype)


def run(genotype: Genotype) -> tuple[int, int]:
    """FLOPs that are run on a key frame and on another one."""
    with torch.device("meta"), torch.no_grad():
        network = build(genotype, FRAMES.classes).eval()
        frame = torch.empty(1, FRAMES.in_channels, *FRAMES.size)
        key = count(network, lambda: network.key(frame))
        if genotype.static is None:
            return key, 0
        _, state = network.key(frame)
        return key, count(network, lambda: network.step(frame, state))


def test_what_is_carried_from_frame_to_frame() -> None:
    genotype = SPACES["dynamic"].decode(SPACES["dynamic"].random(Random(1)))
    work = pieces_of(genotype, FRAMES)
    before = {name for name in genotype.net.inputs if name.startswith("prev:")} | {"prev:dec"}
    assert len([piece for piece in work.key if piece.op == GIVE]) == len(before)
    assert len([piece for piece in work.step if piece.op == CARRY]) == len(before)


def test_an_image_network_has_no_step() -> None:
    assert pieces_of(SPACES["lgc"].decode(SPACES["lgc"].random(Random(1))), FRAMES).step == ()


def test_spellings_of_one_network_have_the_same_pieces() -> None:
    space = SPACES["lgc"]
    genotype = space.decode(space.random(Random(2)))
    again = space.decode(space.encode(genotype))
    assert sorted(pieces_of(again, FRAMES).key) == sorted(pieces_of(genotype, FRAMES).key)


@pytest.mark.parametrize(
    "piece",
    [
        Piece("conv3", 32, 64, 90, 120, stride=2),
        Piece("fuse", 96, 48, 23, 30, count=2),
        Piece("resize", 9, 9, 23, 30, to=(90, 120)),
        Piece("encode:0123456789abcdef:layer3", 3, 96, 360, 480, stride=16),
        Piece("classes3", 64, 11, 90, 120, to=(360, 480)),
    ],
)
def test_names_of_pieces_are_read_back(piece: Piece) -> None:
    assert Piece.parse(str(piece)) == piece


@pytest.mark.parametrize("text", ["", "conv3", "conv3 /0x 3@4x4 > 5", "conv3 32@90x120", "conv3 32@90 > 64"])
def test_what_is_no_piece(text: str) -> None:
    with pytest.raises(ValueError, match="is no piece"):
        Piece.parse(text)


@pytest.mark.parametrize(
    ("piece", "size"),
    [
        (Piece("conv3", 8, 8, 45, 61, stride=2), (23, 31)),
        (Piece("sep3", 8, 8, 45, 61, stride=2), (12, 16)),
        (Piece("up2", 8, 8, 23, 31), (46, 62)),
        (Piece("resize", 8, 8, 23, 31, to=(45, 61)), (45, 61)),
    ],
)
def test_sizes_behind_pieces(piece: Piece, size: tuple[int, int]) -> None:
    assert piece.out_size == size
    with torch.no_grad():
        module = surrounded(piece, lambda name: ARCH)
        (out,) = module(*module.examples(1))
    assert tuple(out.shape[-2:]) == size
