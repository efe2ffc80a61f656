"""Full, separable and transposed convolutions."""

from torch import nn

from segsmith.ops.blocks import BatchNorm, conv, conv_bn_relu


def plain(c_in: int, c_out: int, stride: int, kernel: int, dilation: int = 1) -> nn.Module:
    return conv_bn_relu(c_in, c_out, kernel, stride, dilation)


def separable(c_in: int, c_out: int, stride: int, kernel: int, dilation: int = 1, repeats: int = 1) -> nn.Module:
    """Depthwise, pointwise, BN, ReLU; ``repeats`` times.

    The stride applies in every repetition: the published template networks have a twice-repeated separable
    convolution of stride 2 reduce the map by four, and their costs show it.
    """
    layers: list[nn.Module] = []
    for c_first in (c_in, *[c_out] * (repeats - 1)):
        layers += [conv(c_first, c_first, kernel, stride, dilation, groups=c_first), conv(c_first, c_out)]
        layers += [BatchNorm(c_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def deconvolution(c_in: int, c_out: int, stride: int) -> nn.Module:
    """To exactly twice the size. The kernel of 4 covers every output position equally often."""
    if stride != 1:
        raise ValueError(f"an upsampling operation has no stride, not {stride}")
    up = nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(up, BatchNorm(c_out), nn.ReLU(inplace=True))
