"""From pieces to networks."""

from random import Random

import numpy as np
import pytest

from segsmith.latency.fit import Case, fitted, judged, non_negative, rank_correlation
from segsmith.latency.model import END, GROUPS, JOIN, OPERATION, PLAIN, START, WHOLE, Model, group_of
from segsmith.latency.order import out_of_line
from segsmith.latency.piece import Piece
from segsmith.latency.sample import Samples
from segsmith.latency.subject import Subject
from segsmith.latency.surround import START as RUN_PIECE
from segsmith.latency.surround import base, net_ms
from segsmith.latency.table import Table
from segsmith.latency.target import Target

PIECES = (
    RUN_PIECE,
    Piece("conv3", 32, 32, 90, 120),
    Piece("dw3", 32, 32, 90, 120),
    Piece("sum", 64, 32, 90, 120, count=2),
    Piece("resize", 32, 32, 45, 60, to=(90, 120)),
    Piece("deform3", 32, 32, 23, 30),
    Piece("skip", 32, 32, 90, 120, stride=2),
)
ALONE = {piece: 0.3 + 0.4 * number for number, piece in enumerate(PIECES)}


def cases(model: Model, count: int, noise: float = 0.0) -> list[Case]:
    rng, found = Random(0), []
    for _ in range(count):
        drawn = (RUN_PIECE, *rng.choices(PIECES[1:], k=rng.randint(5, 25)))
        ms = sum(model.ms(piece, ALONE[piece]) for piece in drawn)
        found.append(Case(drawn, ms * (1 + rng.uniform(-noise, noise))))
    return found


def errors(model: Model, others: list[Case]) -> list[float]:
    return [abs(sum(model.ms(p, ALONE[p]) for p in case.pieces) / case.ms - 1) for case in others]


def test_without_networks_pieces_add_up() -> None:
    model = fitted([], ALONE.__getitem__)
    assert model == PLAIN
    assert model.ms(PIECES[1], 2.5) == 2.5


def test_a_common_factor_is_learnt_from_few_networks() -> None:
    """What is seen in practice: neighbours cost each other a tenth or two of their time."""
    true = Model({name: 1.18 for name in GROUPS if name != WHOLE})
    few, others = cases(true, 4), cases(true, 40)[4:]
    assert max(errors(PLAIN, others)) > 0.15
    assert max(errors(fitted(few, ALONE.__getitem__), others)) < 0.01


def test_groups_have_weights_of_their_own() -> None:
    true = Model({OPERATION: 1.5, JOIN: 0.4})
    many, others = cases(true, 30, noise=0.02), cases(true, 60)[30:]
    plain, learnt = errors(PLAIN, others), errors(fitted(many, ALONE.__getitem__), others)
    assert float(np.median(learnt)) < 0.03
    assert float(np.median(learnt)) < float(np.median(plain)) / 2


def test_a_disturbed_network_changes_little() -> None:
    true = Model({name: 1.18 for name in GROUPS if name != WHOLE})
    few, others = cases(true, 10), cases(true, 40)[10:]
    few[3] = Case(few[3].pieces, 2 * few[3].ms)
    assert float(np.median(errors(fitted(few, ALONE.__getitem__), others))) < 0.05


def test_weights_are_never_negative() -> None:
    rng = np.random.default_rng(0)
    rows = rng.uniform(0, 1, (40, 3))
    found = non_negative(rows, rows @ np.array([1.0, -0.5, 2.0]), np.ones(3), np.full(3, 1e-6))
    assert found.min() == 0.0
    exact = non_negative(rows, rows @ np.array([1.0, 0.5, 2.0]), np.ones(3), np.full(3, 1e-9))
    assert exact == pytest.approx([1.0, 0.5, 2.0], abs=1e-3)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("run 16@4x4 > 16", WHOLE),
        ("static:ab 3@90x120 > 11@90x120", WHOLE),
        ("stem /4 3@90x120 > 32", START),
        ("encode:ab:layer2 /8 3@90x120 > 32", START),
        ("encoder:layer2 /8 3@90x120 > 32", START),
        ("classes1 48@90x120 > 11@360x480", END),
        ("dw3d2 32@90x120 > 32", OPERATION),
        ("predict 2 of 128@12x15 > 64", OPERATION),
        ("fuse 2 of 96@90x120 > 48", JOIN),
        ("carry 64@45x60 > 64", JOIN),
    ],
)
def test_groups_of_pieces(text: str, group: str) -> None:
    assert group_of(Piece.parse(text)) == group


def test_whole_networks_are_what_they_are() -> None:
    """A static network below dynamic cells is one piece: its key frames say nothing about others."""
    whole = Piece("static:ab", 3, 11, 90, 120, to=(90, 120))
    alone = ALONE | {whole: 30.0}
    true = Model({OPERATION: 1.2, JOIN: 1.2})
    keys = [Case((RUN_PIECE, whole), 30.3)] * 20
    found = fitted([*keys, *cases(true, 10)], alone.__getitem__)
    assert found.weights[WHOLE] == pytest.approx(1, abs=0.02)
    assert found.weights[OPERATION] == pytest.approx(1.2, abs=0.02)


def test_rank_correlation() -> None:
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 400]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 1, 1], [3, 2, 1]) == 0
    # by hand: ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3
    assert rank_correlation([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_judgement() -> None:
    found = judged([(11.0, 10.0), (20.0, 20.0), (24.0, 30.0)])
    assert (found["networks"], found["rank_correlation"]) == (3, pytest.approx(1))
    assert found["median_error"] == pytest.approx(0.1)
    assert found["worst_error"] == pytest.approx(0.2)
    assert found["bias"] == pytest.approx(0.0)


def test_what_surrounds_a_piece_is_taken_away() -> None:
    piece = Piece("concat", 24, 16, 10, 20, count=2)
    ms = {RUN_PIECE: 0.5, base(12, (10, 20)): 2.5, base(16, (10, 20)): 4.5, piece: 10.0}
    measured = {one: Samples((value,)) for one, value in ms.items()}
    # two makers of 12 channels and one reader of 16: halves of what their bases take beyond the start
    assert net_ms(piece, measured) == pytest.approx(10 - 0.5 - 2 * 1.0 - 2.0)
    assert net_ms(RUN_PIECE, measured) == 0.5
    with pytest.raises(KeyError):
        net_ms(Piece("conv1", 12, 13, 10, 20), measured)


def test_out_of_line() -> None:
    narrow, wide, other = (Piece("conv3", c, c, 10, 20) for c in (8, 16, 32))
    table = Table(Target("t", "d"), Subject("lgc"))
    for piece, ms in ((narrow, 3.0), (wide, 2.0), (other, 9.0)):
        table.pieces |= {piece: Samples((ms + 1.5,)), base(piece.c_in, (10, 20)): Samples((1.5,))}
    table.pieces[RUN_PIECE] = Samples((0.5,))
    assert out_of_line(table, [narrow, wide, other]) == sorted([narrow, wide], key=str)
    table.pieces[narrow] = Samples((3.0,))
    assert out_of_line(table, [narrow, wide, other]) == []
