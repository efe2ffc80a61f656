"""What every operation and aggregation promises, and what each of them computes."""

import math
from collections.abc import Callable, Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith import ops
from segsmith.genotype.vocabulary import OPERATIONS as VOCABULARY
from segsmith.ops.blocks import Align, BatchNorm, common_size, conv_bn_relu, initialise, resize
from segsmith.ops.deformable import DeformableConv2d
from segsmith.ops.flops import extra_flops
from segsmith.ops.pooling import bin_weights
from segsmith.ops.sampling import AffineSampling, PredictedFilters

NAMES = sorted(ops.OPERATIONS)
AGGREGATIONS = sorted(ops.AGGREGATIONS)
UPSAMPLING = ("up2", "deconv2")
KEEP_CHANNELS = ("pool3", "up2")
TWICE = ("sep3", "sep5", "sep3d3", "sep5d6")
SIZES = [(13, 17), (7, 4), (1, 6), (1, 1)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def strides(op: str) -> tuple[int, ...]:
    return (1,) if op in UPSAMPLING else (1, 2)


def out_side(op: str, side: int, stride: int) -> int:
    if op in UPSAMPLING:
        return 2 * side
    once = math.ceil(side / stride)
    return math.ceil(once / stride) if op in TWICE else once


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def stir(module: nn.Module) -> nn.Module:
    """Moves every parameter off its start, zeros above all."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return module


def assert_finite_gradients(module: nn.Module, inputs: Sequence[Tensor]) -> None:
    output = module(*inputs)
    (output * torch.randn_like(output)).sum().backward()
    leaves = {f"input {i}": x for i, x in enumerate(inputs)} | dict(module.named_parameters())
    for name, leaf in leaves.items():
        assert leaf.grad is not None, name
        assert leaf.grad.isfinite().all(), name


def test_the_tables_hold_the_vocabulary() -> None:
    assert set(ops.OPERATIONS) == {name for name, info in VOCABULARY.items() if info.group == "operation"}
    assert set(ops.AGGREGATIONS) == {name for name, info in VOCABULARY.items() if info.group == "aggregation"}


@pytest.mark.parametrize("op", NAMES)
def test_an_operation_keeps_its_contract(op: str) -> None:
    for stride in strides(op):
        module = stir(ops.build(op, 6, 6 if op in KEEP_CHANNELS else 9, stride)).train()
        for height, width in SIZES:
            x = torch.randn(1, 6, height, width, requires_grad=True)
            y = module(x)
            channels = 6 if op in KEEP_CHANNELS else 9
            assert y.shape == (1, channels, out_side(op, height, stride), out_side(op, width, stride))
            assert y.isfinite().all()
            if op != "none":
                assert_finite_gradients(module, [x])


@pytest.mark.parametrize("align", ["larger", "smaller"])
@pytest.mark.parametrize("op", AGGREGATIONS)
def test_an_aggregation_keeps_its_contract(op: str, align: Align) -> None:
    pick = max if align == "larger" else min
    for channels in ([6, 6], [4, 6], [6, 9]):
        module = stir(ops.aggregate(op, channels, 6, align)).train()
        for (h1, w1), (h2, w2) in [((13, 17), (7, 9)), ((4, 5), (7, 9)), ((5, 5), (5, 5)), ((1, 1), (1, 3))]:
            inputs = [torch.randn(1, channels[0], h1, w1), torch.randn(1, channels[1], h2, w2)]
            inputs = [x.requires_grad_() for x in inputs]
            assert module(*inputs).shape == (1, 6, pick(h1, h2), pick(w1, w2))
            assert_finite_gradients(module, inputs)


@pytest.mark.parametrize("op", [name for name in AGGREGATIONS if VOCABULARY[name].arity is None])
def test_aggregations_of_any_number(op: str) -> None:
    inputs = [torch.randn(2, 6, side, side + 1) for side in (4, 7, 5)]
    assert ops.aggregate(op, [6, 6, 6], 6)(*inputs).shape == (2, 6, 7, 8)
    assert torch.equal(ops.aggregate(op, [6], 6)(inputs[0]), inputs[0])
    assert ops.aggregate(op, [6], 8)(inputs[0]).shape == (2, 8, 4, 5)


@pytest.mark.parametrize("op", [name for name in AGGREGATIONS if VOCABULARY[name].commutative])
def test_what_the_vocabulary_calls_commutative_costs_the_same_either_way(op: str) -> None:
    assert parameters(ops.aggregate(op, [4, 6], 6)) == parameters(ops.aggregate(op, [6, 4], 6))


C, D = 6, 9  # channels in and out
COUNTS: dict[str, int] = {
    "conv1": C * D + 2 * D,
    "conv3": 9 * C * D + 2 * D,
    "conv3d12": 9 * C * D + 2 * D,
    "sep3": (9 * C + C * D + 2 * D) + (9 * D + D * D + 2 * D),
    "sep5d6": (25 * C + C * D + 2 * D) + (25 * D + D * D + 2 * D),
    "dw3d8": 9 * C + C * D + 2 * D,
    "deform3": 9 * C * 27 + 27 + 9 * C * D + 2 * D,
    "gap": C * D + 2 * D,
    "gap5": C * D + 2 * D,
    "maxpool3": C * D + 2 * D,
    "deconv2": 16 * C * D + 2 * D,
    "skip": 0,
    "none": 0,
}
ADAPT = C * D + 2 * D
AGGREGATION_COUNTS: dict[str, int] = {
    "sum": ADAPT,
    "wsum": ADAPT + 2 * D,
    "concat": ADAPT + 2 * 2 * D + 2 * D * D,
    "predict": 9 * C + 9,
    "affine": ADAPT + 6 * D + 6,
    "conv3d": ADAPT + 2 * 9 * D * D + 2 * D,
    "attention": ADAPT,
    "merge": ADAPT + D * D + 2 * D,
    "fuse": (C + D) * D + 2 * D,
}


@pytest.mark.parametrize(("op", "count"), COUNTS.items())
def test_parameters_of_an_operation(op: str, count: int) -> None:
    assert parameters(ops.build(op, C, D)) == parameters(ops.build(op, C, D, 1 if op in UPSAMPLING else 2)) == count


@pytest.mark.parametrize("op", AGGREGATIONS)
def test_parameters_of_an_aggregation(op: str) -> None:
    assert parameters(ops.aggregate(op, [C, D], D)) == AGGREGATION_COUNTS[op]


def test_no_convolution_before_a_batch_norm_has_a_bias() -> None:
    for op in NAMES:
        for name, part in ops.build(op, 6, 6).named_modules():
            if isinstance(part, nn.Conv2d | nn.ConvTranspose2d) and "offset" not in name:
                assert part.bias is None, op


def test_skip_subsamples_and_repeats() -> None:
    x = torch.randn(2, 3, 5, 8)
    assert torch.equal(ops.build("skip", 3, 3)(x), x)
    assert torch.equal(ops.build("skip", 3, 6, 2)(x), torch.cat([x, x], 1)[..., ::2, ::2])
    assert torch.equal(ops.build("skip", 3, 5)(x), torch.cat([x, x[:, :2]], 1))


@pytest.mark.parametrize(("op", "c_out", "stride"), [("pool3", 8, 1), ("up2", 8, 1), ("skip", 4, 1), ("deconv2", 6, 2)])
def test_what_an_operation_cannot_do_is_said(op: str, c_out: int, stride: int) -> None:
    with pytest.raises(ValueError, match=r"channels|stride"):
        ops.build(op, 6, c_out, stride)


def test_global_pooling_says_the_same_everywhere() -> None:
    module = ops.build("gap", 6, 6).eval()
    x = torch.randn(2, 6, 5, 7)
    means = module(F.adaptive_avg_pool2d(x, 1))
    torch.testing.assert_close(module(x), means.expand(2, 6, 5, 7))


@pytest.mark.parametrize("size", [(5, 5), (10, 15), (13, 17), (3, 7), (1, 1), (2, 64)])
def test_the_bins_are_those_of_adaptive_pooling(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size)
    pooled = bin_weights(size[0], 5, x) @ x @ bin_weights(size[1], 5, x).T
    torch.testing.assert_close(pooled, F.adaptive_avg_pool2d(x, 5))


def deformed(module: DeformableConv2d, x: Tensor) -> Tensor:
    """Position by position, as the definition has it."""
    moved = module.offset(x)
    output = torch.zeros(x.shape[0], module.weight.shape[0], *moved.shape[-2:])

    def pixel(n: int, row: int, column: int) -> Tensor:
        inside = 0 <= row < x.shape[2] and 0 <= column < x.shape[3]
        return x[n, :, row, column] if inside else torch.zeros(x.shape[1])

    for n in range(x.shape[0]):
        for i in range(moved.shape[2]):
            for j in range(moved.shape[3]):
                for tap in range(9):
                    y = i * module.stride + tap // 3 - 1 + moved[n, 2 * tap, i, j].item()
                    z = j * module.stride + tap % 3 - 1 + moved[n, 2 * tap + 1, i, j].item()
                    top, left = math.floor(y), math.floor(z)
                    down, right = y - top, z - left
                    value = (1 - down) * ((1 - right) * pixel(n, top, left) + right * pixel(n, top, left + 1))
                    value = value + down * ((1 - right) * pixel(n, top + 1, left) + right * pixel(n, top + 1, left + 1))
                    mask = moved[n, 18 + tap, i, j].sigmoid()
                    output[n, :, i, j] += module.weight[:, :, tap // 3, tap % 3] @ value * mask
    return output


@pytest.mark.parametrize("stride", [1, 2])
@torch.no_grad()
def test_deformable_convolution_is_its_definition(stride: int) -> None:
    module = DeformableConv2d(3, 2, stride)
    nn.init.normal_(module.offset.weight, std=0.5)
    nn.init.normal_(module.offset.bias)
    x = torch.randn(2, 3, 5, 4)
    torch.testing.assert_close(module(x), deformed(module, x), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_deformable_convolution_starts_as_a_plain_one() -> None:
    module = DeformableConv2d(4, 5)
    x = torch.randn(1, 4, 6, 7)
    plain = F.conv2d(x, module.weight, padding=1)
    torch.testing.assert_close(module(x), plain / 2, atol=1e-5, rtol=1e-4)
    module.bias = nn.Parameter(torch.randn(5))
    torch.testing.assert_close(module(x), plain / 2 + module.bias[:, None, None], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_predicted_filters_are_local_convolutions() -> None:
    module = PredictedFilters([4, 3], 3, "larger")
    first, second = torch.randn(2, 4, 5, 6), torch.randn(2, 3, 5, 6)
    weights = module.filters(first).softmax(1)
    neighbours = F.unfold(second, 3, padding=1).view(2, 3, 9, 5, 6)
    torch.testing.assert_close(module(first, second), (neighbours * weights[:, None]).sum(2))


@torch.no_grad()
def test_affine_sampling_starts_as_resizing() -> None:
    module = ops.aggregate("affine", [3, 4], 3)
    for size in ((5, 6), (10, 9)):
        first, second = torch.randn(2, 3, 5, 6), torch.randn(2, 4, *size)
        torch.testing.assert_close(module(first, second), resize(first, size), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_affine_sampling_moves_by_what_the_second_input_says() -> None:
    module = AffineSampling([3, 1], 3, "larger")
    first, second = torch.randn(1, 3, 5, 8), torch.full((1, 1, 5, 8), 2.0)
    module.affine.weight[2] = 2 / 8 / 2  # the third number is the move along x, in half widths
    moved = module(first, second)
    torch.testing.assert_close(moved[..., :-1], first[..., 1:], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(moved[..., -1], first[..., -1], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_3d_convolution_is_one() -> None:
    module = ops.aggregate("conv3d", [3, 3], 3).eval()
    first, second = torch.randn(2, 3, 5, 6), torch.randn(2, 3, 5, 6)
    flat = next(module.parameters())
    kernel = torch.stack([flat[:, :3], flat[:, 3:]], dim=2)
    expected = F.conv3d(torch.stack([first, second], dim=2), kernel, padding=(0, 1, 1))[:, :, 0]
    expected = expected / math.sqrt(1 + 1e-5)
    torch.testing.assert_close(module(first, second), expected.relu(), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_attention_and_weighted_sum() -> None:
    first, second = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(ops.aggregate("attention", [3, 3], 3)(first, second), first * second.sigmoid())
    weighted = ops.aggregate("wsum", [3, 3], 3)
    torch.testing.assert_close(weighted(first, second), first + second)
    next(weighted.parameters())[1, 2] = 3.0
    torch.testing.assert_close(weighted(first, second)[:, 2], first[:, 2] + 3 * second[:, 2])


def test_batch_norm_is_torchs_but_for_a_single_value() -> None:
    ours, torchs = BatchNorm(4), nn.BatchNorm2d(4)
    for x in (torch.randn(3, 4, 5, 5), torch.randn(2, 4, 1, 1)):
        torch.testing.assert_close(ours(x), torchs(x))
    torch.testing.assert_close(ours.state_dict(), torchs.state_dict())
    single = torch.randn(1, 4, 1, 1)
    torch.testing.assert_close(ours(single), torchs.eval()(single))
    torch.testing.assert_close(ours.state_dict(), torchs.state_dict())


def test_the_start_keeps_variance_and_what_starts_itself() -> None:
    parts = [conv_bn_relu(32, 32, 3), conv_bn_relu(32, 32, 3, groups=32), ops.build("deform3", 32, 32)]
    parts += [ops.aggregate(op, [32, 32], 32) for op in ("wsum", "affine")]
    net = initialise(stir(nn.ModuleList(parts)))
    full, depthwise = (part[0].weight.std().item() for part in parts[:2])
    assert full == pytest.approx(math.sqrt(2 / (32 * 9)), rel=0.1)
    assert depthwise == pytest.approx(math.sqrt(2 / 9), rel=0.2)
    starts = {name: p for name, p in net.named_parameters() if "offset" in name or name.startswith("3")}
    assert {value for p in starts.values() for value in p.unique().tolist()} == {0.0, 1.0}
    x = torch.randn(1, 32, 4, 5)
    torch.testing.assert_close(parts[4](x, x), x, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("align", "size"), [("larger", (7, 8)), ("smaller", (4, 3))])
def test_sizes_are_picked_side_by_side(align: Align, size: tuple[int, int]) -> None:
    tensors = [torch.zeros(1, 1, 4, 8), torch.zeros(1, 1, 7, 3), torch.zeros(1, 1, 5, 5)]
    assert common_size(tensors, align) == size


def test_coordinates_are_precise_in_short_types() -> None:
    """A map so wide that bfloat16 cannot name its columns, moved by nothing."""
    x = torch.randn(1, 2, 2, 300, dtype=torch.bfloat16)
    module = AffineSampling([2, 2], 2, "larger").bfloat16()
    torch.testing.assert_close(module(x, x).float(), x.float(), atol=0.05, rtol=0.02)
    convolution = DeformableConv2d(2, 2).bfloat16()
    plain = F.conv2d(x.float(), convolution.weight.float(), padding=1) / 2
    torch.testing.assert_close(convolution(x).float(), plain, atol=0.05, rtol=0.05)


EXTRA: list[tuple[Callable[[], nn.Module], list[tuple[int, ...]], int]] = [
    (lambda: DeformableConv2d(4, 5, 2), [(2, 4, 7, 9)], 2 * 4 * 9 * (4 * 5) * 9),
    (lambda: ops.aggregate("predict", [4, 3], 3), [(1, 4, 5, 6), (1, 3, 5, 6)], 3 * 30 * 18),
    (lambda: ops.aggregate("affine", [4, 3], 4), [(1, 4, 5, 6), (1, 3, 5, 6)], 4 * 30 * 8),
    (lambda: ops.build("conv3", 4, 4), [(1, 4, 5, 6)], 0),
]


@pytest.mark.parametrize(("build", "shapes", "flops"), EXTRA)
def test_flops_that_no_counter_sees(build: Callable[[], nn.Module], shapes: list[tuple[int, ...]], flops: int) -> None:
    with torch.device("meta"):
        module, inputs = build(), [torch.empty(shape) for shape in shapes]
        assert extra_flops(module, inputs, module(*inputs)) == flops
