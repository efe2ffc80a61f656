"""Fingerprints: equal for all spellings of a network, different for different networks."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations
from random import Random

import pytest
import strategies
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segsmith.genotype import Genotype, Graph, Node, canonical, fingerprint, preset, prune, validate
from segsmith.genotype.faults import StructureError
from segsmith.genotype.vocabulary import OPERATIONS

EXTERNAL = Genotype("external", Graph((), (), ()), settings={"source": "timm:resnet18"})


def alive(genotype: Genotype) -> Genotype:
    try:
        return canonical(genotype)
    except StructureError:
        assume(False)
        raise


def check_spelling(genotype: Genotype, seed: int) -> None:
    other = validate(strategies.respelled(genotype, Random(seed)))
    expected = alive(genotype)
    assert canonical(other) == expected
    assert fingerprint(other) == fingerprint(genotype)


@given(strategies.genotypes(), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_all_spellings_have_one_canonical_form(genotype: Genotype, seed: int) -> None:
    check_spelling(genotype, seed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["decoders", "templates", "lgcs", "dynamics"])
def test_a_thousand_of_each_kind(kind: str) -> None:
    @given(getattr(strategies, kind)(), st.integers(0, 2**32))
    @settings(max_examples=1000, deadline=None)
    def check(genotype: Genotype, seed: int) -> None:
        check_spelling(genotype, seed)

    check()


@given(strategies.genotypes())
@settings(max_examples=100, deadline=None)
def test_the_canonical_form_is_a_genotype_and_its_own_canonical_form(genotype: Genotype) -> None:
    form = validate(alive(genotype))
    assert canonical(form) == form
    assert canonical(prune(genotype)) == form


def dynamic(*nodes: Node, outputs: tuple[str, ...] = ()) -> Genotype:
    read = {name for node in nodes for name in node.inputs}
    free = tuple(node.name for node in nodes if node.name not in read)
    return validate(Genotype("dynamic", Graph(("layer2",), nodes, outputs or free), static=EXTERNAL))


def random_cells(count: int) -> Iterator[Genotype]:
    """Cells of up to five nodes with few operations, so that many are alike."""
    random = Random(1)
    for _ in range(count):
        pool, nodes = ["layer2"], list[Node]()
        for index in range(random.randint(3, 5)):
            operation = random.choice(["sep3", "sep3", "wsum", "attention"])
            arity = OPERATIONS[operation].arity or 2
            nodes.append(Node(f"v{index}", operation, tuple(random.choice(pool) for _ in range(arity))))
            pool.append(f"v{index}")
        yield dynamic(*nodes)


def same_by_trying(a: Genotype, b: Genotype) -> bool:
    """Whether some renaming makes one graph of the other."""

    def seen(node: Node, names: dict[str, str]) -> tuple[str, tuple[str, ...]]:
        inputs = tuple(names[name] for name in node.inputs)
        return node.op, tuple(sorted(inputs)) if OPERATIONS[node.op].commutative else inputs

    same = {name: name for name in ("layer2", *(node.name for node in b.net.nodes))}
    wanted = {node.name: seen(node, same) for node in b.net.nodes}
    for order in permutations(wanted):
        names = {"layer2": "layer2", **{node.name: new for node, new in zip(a.net.nodes, order, strict=True)}}
        if all(wanted[names[node.name]] == seen(node, names) for node in a.net.nodes) and {
            names[name] for name in a.net.outputs
        } == set(b.net.outputs):
            return True
    return False


def test_fingerprints_agree_with_trying_all_renamings() -> None:
    groups: dict[tuple[str, ...], list[Genotype]] = {}
    for cell in random_cells(250):
        groups.setdefault(tuple(sorted(node.op for node in cell.net.nodes)), []).append(cell)
    verdicts = [
        (same_by_trying(a, b), fingerprint(a) == fingerprint(b))
        for group in groups.values()
        for a, b in combinations(group, 2)
    ]
    assert [tried for tried, _ in verdicts] == [found for _, found in verdicts]
    assert sum(tried for tried, _ in verdicts) > 10, "some pairs are the same"


def test_a_node_read_twice_is_not_two_equal_nodes() -> None:
    shared = dynamic(Node("a", "sep3", ("layer2",)), Node("o", "wsum", ("a", "a")))
    apart = dynamic(Node("a", "sep3", ("layer2",)), Node("b", "sep3", ("layer2",)), Node("o", "wsum", ("a", "b")))
    assert fingerprint(shared) != fingerprint(apart)
    assert len(canonical(apart).net.nodes) == 3


def test_the_order_of_inputs_counts_where_the_operation_says_so() -> None:
    def joined(aggregation: str, first: str, second: str) -> Genotype:
        return dynamic(
            Node("p", "sep3", ("layer2",)), Node("q", "gap", ("layer2",)), Node("o", aggregation, (first, second))
        )

    for aggregation, info in OPERATIONS.items():
        if info.group == "aggregation" and aggregation not in ("merge", "fuse"):
            same = fingerprint(joined(aggregation, "p", "q")) == fingerprint(joined(aggregation, "q", "p"))
            assert same == info.commutative, aggregation


@pytest.mark.parametrize(
    "changes",
    [{"stride": 4}, {"stride": 1}, {"repeat": 2}, {"align": "larger"}, {"inputs": ("layer2", "layer1")}, {"op": "t1"}],
)
def test_what_changes_the_network_changes_the_fingerprint(changes: dict[str, object]) -> None:
    genotype = preset("template-arch0")
    first, *others = genotype.net.nodes
    other = replace(genotype, net=replace(genotype.net, nodes=(replace(first, **changes), *others)))
    assert fingerprint(validate(other)) != fingerprint(genotype)


def test_settings_count_unless_they_have_their_default() -> None:
    genotype = preset("typical")
    assert fingerprint(replace(genotype, settings={"step_scale": 1, "channels": 64})) == fingerprint(genotype)
    assert fingerprint(replace(genotype, settings={"step_scale": 0.5})) != fingerprint(genotype)
    assert fingerprint(replace(genotype, static=preset("arch1"))) != fingerprint(genotype)


def test_equal_cells_become_one() -> None:
    genotype = preset("template-arch0")
    swapped = Graph(
        ("p", "q"), (Node("y", "sep3", ("q",)), Node("x", "maxpool3", ("p",)), Node("z", "concat", ("y", "x"))), ("z",)
    )
    first, *others = genotype.net.nodes
    nodes = (replace(first, op="again"), *others)
    other = replace(genotype, net=replace(genotype.net, nodes=nodes), cells={**genotype.cells, "again": swapped})
    assert canonical(validate(other)) == canonical(genotype)
    assert len(canonical(other).cells) == 3


CELLS = [["dw3"] * 5 for _ in range(4)]


def chain(*changes: tuple[int, list[str]]) -> Genotype:
    """Four LGC cells, the second a reduction, some with other operations."""
    cells = [dict(changes).get(index, ops) for index, ops in enumerate(CELLS)]
    return validate(strategies.lgc_genotype(cells, {1}, None))


def test_a_none_edge_is_no_edge() -> None:
    with_none = chain((2, ["none", "conv3", "dw3", "none", "skip"]))
    cell = Graph(
        ("a", "b"),
        (
            Node("x1", "conv3", ("b",)),
            Node("p", "dw3", ("a",)),
            Node("q", "skip", ("x1",)),
            Node("x2", "sum", ("q", "p")),
        ),
        ("x1", "x2"),
    )
    without = replace(chain(), cells={**chain().cells, "cell2": cell})
    assert canonical(with_none) == canonical(validate(without))


def test_a_cell_of_nones_is_dead_and_so_are_its_readers_edges() -> None:
    dead = prune(chain((2, ["none"] * 5)))
    assert [node.name for node in dead.net.nodes] == ["c0", "c1", "c3"]
    assert dead.net.nodes[-1].inputs == ("c1",), "it read c1 and the dead c2"
    cell = dead.cells[dead.net.nodes[-1].op]
    assert cell.inputs == ("a",)
    assert all("b" not in node.inputs for node in cell.nodes)


def test_a_node_of_nones_is_dead() -> None:
    cell = prune(chain((3, ["none", "none", "conv3", "none", "dw3"]))).cells["cell3"]
    assert cell == Graph(("a",), (Node("x2.a", "conv3", ("a",)),), ("x2.a",))


def test_a_cell_keeps_its_scale_when_the_input_that_set_it_is_gone() -> None:
    pruned = prune(chain((2, ["dw3", "none", "dw3", "none", "dw3"])))
    strides = {node.name: (node.inputs, node.stride) for node in pruned.net.nodes}
    assert strides["c2"] == (("c0",), 2), "c0 is at 1/4, and the cell worked at the 1/8 of c1"
    assert strides["c3"] == (("c1", "c2"), 1)


def test_nothing_left_is_a_fault() -> None:
    with pytest.raises(StructureError, match="nothing is left of it"):
        prune(chain((3, ["none"] * 5)))


def test_branches_of_the_fusion_that_read_dead_cells_are_dead() -> None:
    fusion = strategies.fusion_cell(["conv1"] * 9, ["up2"] * 4)
    pruned = prune(strategies.lgc_genotype([*CELLS[:3], ["none"] * 5], {1}, fusion))
    assert pruned.net.nodes[-1].inputs == ("c0", "c2")
    assert pruned.cells["fusion"].inputs == ("a", "b")
    assert pruned.cells["fusion"].outputs == ("out_a", "out_b")


def test_a_sum_of_one_is_that_one_unless_an_output_would_vanish() -> None:
    plain = dynamic(Node("a", "sep3", ("layer2",)), Node("o", "skip", ("a",)))
    summed = dynamic(Node("a", "sep3", ("layer2",)), Node("s", "sum", ("a",)), Node("o", "skip", ("s",)))
    assert canonical(summed) == canonical(plain)
    kept = dynamic(Node("s", "sum", ("layer2",)))
    assert [node.op for node in canonical(kept).net.nodes] == ["sum"]
    both = dynamic(Node("a", "sep3", ("layer2",)), Node("s", "sum", ("a",)), outputs=("a", "s"))
    assert [node.op for node in canonical(both).net.nodes] == ["sep3", "sum"]


def test_symmetric_networks_take_no_long_time() -> None:
    """Ties that are told apart one by one would take a factorial of tries."""
    nodes = [Node(f"r{i}", "sep3", ("layer2",)) for i in range(8)]
    nodes += [Node(f"s{i}", "concat", (f"r{i}", f"r{(i + 1) % 8}")) for i in range(8)]
    ring = dynamic(*nodes)
    assert canonical(validate(strategies.respelled(ring, Random(5)))) == canonical(ring)
    two = [Node(f"s{i}", "concat", (f"r{i}", f"r{i ^ 1}")) for i in range(8)]
    assert fingerprint(dynamic(*nodes[:8], *two)) != fingerprint(ring)
