"""Random genotypes of every kind, other spellings of them, and an LGC network to look at."""

from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from segsmith.genotype import Genotype, Graph, Node, preset
from segsmith.genotype.numbers import DECODER_OPS, decoder_from_numbers, joined, template_from_numbers
from segsmith.genotype.vocabulary import KINDS, OPERATIONS

LGC_OPS = ("pool3", "skip", "conv3", "none", "dw3", "dw3d2", "dw3d4", "dw3d8")
FUSION_OPS = ("conv1", "conv3", "dw3", "dw3d2", "dw3d4", "dw3d8", "dw3d12", "gap", "gap5", "skip", "none")
DYNAMIC_OPS = ("sep3", "gap", "sep3d3", "sep5d6", "skip", "deform3")
DYNAMIC_AGGREGATIONS = ("wsum", "concat", "predict", "affine", "conv3d", "attention")


def lgc_cell(ops: list[str]) -> Graph:
    """Two nodes, the first on both inputs, the second on the first, too: five operations."""
    x1 = joined("x1", "sum", (ops[0], "a"), (ops[1], "b"))
    x2 = joined("x2", "sum", (ops[2], "a"), (ops[3], "b"), (ops[4], "x1"))
    return Graph(("a", "b"), (*x1, *x2), ("x1", "x2"))


def fusion_cell(ops: list[str], ups: list[str]) -> Graph:
    """Three branches: a the finest, each with a middle node and an output."""
    nodes = [
        *joined("middle_a", "fuse", (ops[0], "a"), (ups[0], "b")),
        *joined("middle_b", "fuse", (ops[1], "b"), (ups[1], "c")),
        *joined("middle_c", "fuse", (ops[2], "c")),
        *joined("out_a", "fuse", (ops[3], "middle_a"), (ups[2], "middle_b"), (ops[4], "a")),
        *joined("out_b", "fuse", (ops[5], "middle_b"), (ups[3], "middle_c"), (ops[6], "b")),
        *joined("out_c", "fuse", (ops[7], "middle_c"), (ops[8], "c")),
    ]
    return Graph(("a", "b", "c"), tuple(nodes), ("out_a", "out_b", "out_c"))


def lgc_genotype(cells: list[list[str]], reductions: set[int], fusion: Graph | None, other: str = "none") -> Genotype:
    """A chain of independent cells; ``fusion`` reads the first, the middle and the last."""
    names, nodes = ["stem", "stem"], list[Node]()
    for index in range(len(cells)):
        inputs = (names[-2], names[-1])
        nodes.append(Node(f"c{index}", f"cell{index}", inputs, stride=2 if index in reductions else 1))
        names.append(f"c{index}")
    graphs = {f"cell{index}": lgc_cell(ops) for index, ops in enumerate(cells)}
    reads = ("c0", f"c{len(cells) // 2}", f"c{len(cells) - 1}")
    if fusion is None:
        return Genotype("lgc", Graph(("stem",), tuple(nodes), (reads[-1],)), graphs, {"fusion": other})
    nodes.append(Node("out", "fusion", reads))
    return Genotype("lgc", Graph(("stem",), tuple(nodes), ("out",)), {**graphs, "fusion": fusion})


def example_lgc(seed: int = 0) -> Genotype:
    """Fourteen cells and a fusion cell, as in the paper, with operations by lot."""
    random = Random(seed)
    cells = [random.choices(LGC_OPS, k=5) for _ in range(14)]
    fusion = fusion_cell(random.choices(FUSION_OPS, k=9), random.choices(("up2", "deconv2"), k=4))
    return lgc_genotype(cells, {1, 8}, fusion)


@st.composite
def decoders(draw: st.DrawFn) -> Genotype:
    op = st.integers(0, len(DECODER_OPS) - 1)
    first, cell = draw(op), list[int | list[int]]()
    for row in range(draw(st.integers(0, 4))):
        place = st.integers(0, 1 + 3 * row)
        cell.append([draw(place), draw(place), draw(op), draw(op)])
    connections = [[draw(st.integers(0, 3 + i)) for _ in range(2)] for i in range(draw(st.integers(1, 4)))]
    genotype = decoder_from_numbers([[first, *cell], connections])
    return replace(genotype, settings=draw(st.sampled_from([{}, {"channels": 64}, {"channels": 48}])))


@st.composite
def templates(draw: st.DrawFn) -> Genotype:
    count = draw(st.integers(1, 4))
    cells = [[draw(st.integers(0, 5)), draw(st.integers(0, 5)), draw(st.integers(0, 1))] for _ in range(count)]
    rows = []
    for row in range(draw(st.integers(1, 7))):
        place = st.integers(0, 1 + row)
        rest = (draw(st.integers(0, top)) for top in (count - 1, 3, 2))
        rows.append([draw(place), draw(place), *rest])
    return template_from_numbers([cells, rows])


@st.composite
def lgcs(draw: st.DrawFn) -> Genotype:
    cells = draw(st.lists(st.lists(st.sampled_from(LGC_OPS), min_size=5, max_size=5), min_size=1, max_size=8))
    reductions = draw(st.sets(st.integers(1, 7), max_size=2))
    if draw(st.booleans()):
        ops = draw(st.lists(st.sampled_from(FUSION_OPS), min_size=9, max_size=9))
        ups = draw(st.lists(st.sampled_from(["up2", "deconv2", "none"]), min_size=4, max_size=4))
        return lgc_genotype(cells, reductions, fusion_cell(ops, ups))
    return lgc_genotype(cells, reductions, None, draw(st.sampled_from(["aspp", "ppm", "none"])))


def externals() -> st.SearchStrategy[Genotype]:
    sources = st.sampled_from(["timm:resnet18", "my_nets.small:build", 'odd:"quoted # name"'])
    return sources.map(lambda source: Genotype("external", Graph((), (), ()), settings={"source": source}))


@st.composite
def dynamics(draw: st.DrawFn) -> Genotype:
    static = draw(st.one_of(st.sampled_from(["arch2", "template-arch0"]).map(preset), externals()))
    inputs = {
        "decoder": list(KINDS["dynamic"][0]),
        "template": ["prev:dec", "layer1", "layer2", "prev:layer2"],
        "external": ["prev:dec", "n0", "blocks.3", "prev:blocks.3"],
    }[static.kind]
    pool, nodes = list(inputs), list[Node]()
    for row in range(draw(st.integers(1, 5))):
        edges = [(draw(st.sampled_from(DYNAMIC_OPS)), draw(st.sampled_from(pool))) for _ in range(2)]
        nodes += joined(f"row{row}", draw(st.sampled_from(DYNAMIC_AGGREGATIONS)), *edges)
        pool.append(f"row{row}")
    read = {name for node in nodes for name in node.inputs}
    outputs = tuple(name for name in pool if name.startswith("row") and name not in read)
    used = tuple(name for name in inputs if name in read)
    settings = draw(st.sampled_from([{}, {"step_scale": 0.5}, {"step_scale": 1}, {"channels": 32}]))
    return Genotype("dynamic", Graph(used, tuple(nodes), outputs), {}, settings, static)


def genotypes() -> st.SearchStrategy[Genotype]:
    return st.one_of(decoders(), templates(), lgcs(), dynamics(), externals())


def respelled(genotype: Genotype, random: Random) -> Genotype:
    """The same network otherwise: other names and orders, cells written twice, dead nodes and ``none`` edges added."""
    keep = {"decoder": "context", "lgc": "fusion"}.get(genotype.kind)
    cells: dict[str, Graph] = {}
    copies: dict[str, list[str]] = {}
    for name, cell in genotype.cells.items():
        copies[name] = [name] if name == keep else [f"k{random.randrange(10**6)}_{i}_{name}" for i in range(2)]
        cells |= {copy: _respelled_graph(cell, random, genotype.kind in ("decoder", "lgc")) for copy in copies[name]}
    nodes = [replace(node, op=random.choice(copies.get(node.op, [node.op]))) for node in genotype.net.nodes]
    net = _respelled_graph(replace(genotype.net, nodes=tuple(nodes)), random, False)
    if genotype.kind in ("lgc", "dynamic"):
        dead = [replace(node, name=f"dead{i}") for i, node in enumerate(net.nodes[:2]) if node.op != "fusion"]
        net = replace(net, nodes=(*dead, *net.nodes))
    static = genotype.static and respelled(genotype.static, random)
    defaults = KINDS[genotype.kind][1].items()
    settings = {**{name: value for name, value in defaults if random.random() < 0.5}, **genotype.settings}
    return Genotype(genotype.kind, net, dict(random.sample(sorted(cells.items()), len(cells))), settings, static)


def _respelled_graph(graph: Graph, random: Random, nones: bool) -> Graph:
    new = {node.name: f"v{random.randrange(10**6)}_{i}" for i, node in enumerate(graph.nodes)}
    nodes = []
    for i, node in enumerate(graph.nodes):
        inputs = [new.get(name, name) for name in node.inputs]
        info = OPERATIONS.get(node.op)
        if info and info.commutative:
            random.shuffle(inputs)
        if nones and info and info.arity is None:
            inputs.insert(random.randrange(len(inputs) + 1), f"none{i}")
            nodes.append(Node(f"none{i}", "none", (random.choice(graph.inputs),)))
        nodes.append(replace(node, name=new[node.name], inputs=tuple(inputs)))
    outputs = [new.get(name, name) for name in graph.outputs]
    random.shuffle(nodes)
    random.shuffle(outputs)
    return Graph(graph.inputs, tuple(nodes), tuple(outputs))
