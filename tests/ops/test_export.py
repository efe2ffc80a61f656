"""Every operation and aggregation, exported with a free batch and size, gives ONNX Runtime the same numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

from segsmith import ops
from segsmith.ops.blocks import Align, initialise

# torch's exporter warns of its own use of its own tree specifications
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")

UPSAMPLING = ("up2", "deconv2")
# the exporter takes seconds over each of these
COSTLY = ("deform3", "predict")
FREE = {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}
Shape = tuple[int, int, int, int]

CASES: list[tuple[Shape, ...]] = [
    ((1, 8, 13, 17),),
    ((2, 8, 16, 12),),
    ((3, 8, 7, 2),),
    ((1, 8, 1, 6),),
    ((1, 8, 1, 1),),
]
PAIRS: list[tuple[Shape, ...]] = [
    ((1, 8, 13, 17), (1, 6, 7, 9)),
    ((2, 8, 7, 9), (2, 6, 12, 17)),
    ((1, 8, 5, 9), (1, 6, 7, 3)),
    ((1, 8, 6, 5), (1, 6, 6, 5)),
    ((1, 8, 1, 1), (1, 6, 3, 1)),
]


class Together(nn.Module):
    """Several modules on the same inputs: one export for all of them."""

    def __init__(self, modules: Sequence[nn.Module], inputs: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(modules)
        if inputs == 2:
            self.forward = self.of_two

    def forward(self, x: Tensor) -> list[Tensor]:
        return [part(x) for part in self.parts]

    def of_two(self, first: Tensor, second: Tensor) -> list[Tensor]:
        return [part(first, second) for part in self.parts]


def prepared(module: nn.Module, shapes: Sequence[Shape]) -> nn.Module:
    """Off its start and with batch statistics of its own, as after training."""
    torch.manual_seed(0)
    initialise(module)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
        module.train()
        for _ in range(5):
            module(*(torch.randn(shape) + 0.3 for shape in shapes))
    return module.eval()


def exported(module: nn.Module, shapes: Sequence[Shape]) -> ort.InferenceSession:
    program: Any = torch.onnx.export(
        module,
        tuple(torch.randn(shape) for shape in shapes),
        dynamo=True,
        opset_version=18,
        dynamic_shapes=tuple(FREE for _ in shapes),
        verbose=False,
    )
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(program.model_proto.SerializeToString(), options)


def assert_equal_everywhere(modules: Sequence[nn.Module], cases: Sequence[Sequence[Shape]]) -> None:
    together = prepared(Together(modules, len(cases[0])), cases[0])
    # an example whose batch is not one and whose sides differ, so that nothing of it can be mistaken for a rule
    session = exported(together, [(2, shape[1], 10 + 3 * i, 15 - 4 * i) for i, shape in enumerate(cases[0])])
    for shapes in cases:
        inputs = [torch.randn(shape) for shape in shapes]
        with torch.no_grad():
            expected = [y.numpy() for y in together(*inputs)]
        names = [i.name for i in session.get_inputs()]
        found = session.run(None, {name: x.numpy() for name, x in zip(names, inputs, strict=True)})
        for ours, theirs in zip(expected, found, strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-4 * max(1e-3, float(np.abs(ours).max())))


SLOW = pytest.mark.slow


NAMES = [op for op in ops.OPERATIONS if op not in COSTLY]
ONE_OF_A_KIND = list({getattr(builder, "func", builder): op for op, builder in ops.OPERATIONS.items()}.values())
QUICK = [op for op in ONE_OF_A_KIND if op not in COSTLY]


@pytest.mark.parametrize(
    ("names", "stride"), [(QUICK, 2), pytest.param(NAMES, 1, marks=SLOW), pytest.param(NAMES, 2, marks=SLOW)]
)
def test_operations(names: list[str], stride: int) -> None:
    assert_equal_everywhere([ops.build(op, 8, 8, 1 if op in UPSAMPLING else stride) for op in names], CASES)


@pytest.mark.parametrize("align", ["larger", pytest.param("smaller", marks=SLOW)])
def test_aggregations(align: Align) -> None:
    names = [op for op in ops.AGGREGATIONS if op not in COSTLY]
    assert_equal_everywhere([ops.aggregate(op, [8, 6], 8, align) for op in names], PAIRS)


@SLOW
@pytest.mark.parametrize("stride", [1, 2])
def test_deformable_convolution(stride: int) -> None:
    assert_equal_everywhere([ops.build("deform3", 8, 8, stride)], CASES)


@SLOW
@pytest.mark.parametrize("align", ["larger", "smaller"])
def test_predicted_filters(align: Align) -> None:
    assert_equal_everywhere([ops.aggregate("predict", [8, 6], 8, align)], PAIRS)


def test_branches_of_one_stride_need_no_resizing() -> None:
    """Whatever makes a map smaller must spell its size alike, or every sum in an exported network resizes in vain."""
    branches = [ops.build(op, 8, 8, 2) for op in ("dw3", "skip", "pool3", "conv1", "none")]

    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList(branches)
            self.sum = ops.aggregate("sum", [8] * len(branches), 8)

        def forward(self, x: Tensor) -> Tensor:
            total: Tensor = self.sum(*(part(x) for part in self.parts))
            return total

    program = torch.export.export(Branches().eval(), (torch.randn(2, 8, 10, 15),), dynamic_shapes=(FREE,))
    assert not [node for node in program.graph.nodes if "upsample" in str(node.target)]
