"""What is timed computes what it stands for."""

from collections.abc import Sequence
from random import Random

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from segsmith.genotype import Genotype, preset
from segsmith.latency.export import exported
from segsmith.latency.opened import Call, open_pieces, open_whole
from segsmith.latency.piece import BASE, CARRY, CLASSES, Piece
from segsmith.latency.pieces import Frames, pieces_of
from segsmith.latency.surrounded import surrounded
from segsmith.latency.target import Target
from segsmith.latency.whole import Whole, models_of, wholes_of
from segsmith.runtimes.classmap import class_maps
from segsmith.runtimes.fold import fold
from segsmith.spaces import DynamicSpace, LgcSpace

SIZE = (48, 64)
LGC = LgcSpace(cells=3, reductions=(1, 2), width=8, branch=16)
PIECES = (
    Piece("conv3", 8, 16, 12, 16, stride=2),
    Piece("sum", 24, 12, 12, 16, count=2),
    Piece(CARRY, 8, 8, 6, 8),
    Piece(BASE, 8, 8, 6, 8),
    Piece("resize", 8, 8, 6, 8, to=(11, 15)),
    Piece(f"{CLASSES}3", 8, 5, 12, 16, to=SIZE),
)


def statics(name: str) -> Genotype:
    return preset("arch2")


def run(model: onnx.ModelProto, given: Sequence[torch.Tensor]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [value.name for value in session.get_inputs()]
    return list(session.run(None, {name: x.numpy() for name, x in zip(names, given, strict=True)}))


def test_exported_pieces_are_the_pieces() -> None:
    parts = [surrounded(piece, statics) for piece in PIECES]
    for part, model in zip(parts, exported(parts, native=False), strict=True):
        given = part.examples(1)
        with torch.no_grad():
            wanted = fold(part)(*given)
        for was, found in zip(wanted, run(model, given), strict=True):
            np.testing.assert_allclose(found, was.numpy(), atol=1e-4)


def test_deformable_convolutions_are_the_runtimes_own() -> None:
    parts = [surrounded(Piece("deform3", 8, 8, 6, 8), statics)]
    (native,), (grid,) = exported(parts, native=True), exported(parts, native=False)
    assert [node.op_type for node in native.graph.node].count("DeformConv") == 1
    assert "DeformConv" not in {node.op_type for node in grid.graph.node}
    given = parts[0].examples(1)
    np.testing.assert_allclose(run(native, given)[0], run(grid, given)[0], atol=1e-3)


def test_a_whole_network_is_the_network() -> None:
    genotype = LGC.decode(LGC.random(Random(0)))
    wholes = wholes_of(genotype, SIZE, 5)
    given = wholes["key"].examples()
    with torch.no_grad():
        (logits,) = wholes["key"].body(*given)
    (classes,) = run(models_of(wholes, native=True)["key"], given)
    picture = _picture(wholes["key"], logits)
    assert classes.shape == (1, *SIZE)
    assert (classes == class_maps(picture.numpy(), SIZE)).mean() > 0.999
    assert len(np.unique(classes)) > 2


def _picture(whole: Whole, logits: torch.Tensor) -> torch.Tensor:
    from segsmith.latency.ends import FAINT, Pattern
    from segsmith.runtimes.graphmap import class_map

    pattern = Pattern(*whole.head, class_map)
    return logits * FAINT + pattern.picture


@pytest.mark.parametrize("backend", ["torch", pytest.param("openvino", marks=pytest.mark.slow)])
def test_every_backend_runs_pieces_and_networks(backend: str) -> None:
    target = Target("test", "A processor", backend, 1, size=SIZE)
    space = DynamicSpace(preset("arch2"), channels=16)
    genotype = space.decode(space.random(Random(0)))
    work = pieces_of(genotype, Frames(SIZE, 5))
    pieces = sorted({*work.key, *work.step}, key=str)
    for call in (*open_pieces(pieces, statics, target), *open_whole(wholes_of(genotype, SIZE, 5), target).values()):
        call()


def test_equal_key_frames_are_opened_once() -> None:
    target = Target("test", "A processor", "torch", 1, size=SIZE)
    space, known = DynamicSpace(preset("arch2"), channels=16), dict[str, Call]()
    rng, keys, steps, kept = Random(0), set(), set(), set()
    for _ in range(6):
        genotype = space.decode(space.random(rng))
        calls = open_whole(wholes_of(genotype, SIZE, 5), target, known)
        keys.add(calls["key"])
        steps.add(calls["step"])
        kept.add("prev:layer4" in genotype.net.inputs)
    assert (len(keys), len(steps)) == (len(kept), 6)


@pytest.mark.slow
def test_every_piece_of_both_spaces_runs_in_onnx_runtime() -> None:
    target = Target("test", "A processor", "onnxruntime", 1, size=SIZE)
    for space in (LGC, DynamicSpace(preset("arch2"), channels=16)):
        rng = Random(1)
        works = [pieces_of(space.decode(space.random(rng)), Frames(SIZE, 5)) for _ in range(60)]
        pieces = sorted({piece for work in works for part in work for piece in part}, key=str)
        for call in open_pieces(pieces, statics, target):
            call()
