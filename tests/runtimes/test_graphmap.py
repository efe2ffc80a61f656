"""The class map as a graph where blocks are empty: logits as large as the frame, or larger."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

from segsmith.runtimes.classmap import naive
from segsmith.runtimes.graphmap import Blocks, class_map
from segsmith.runtimes.openvino_runner import SINGLE, core
from segsmith.runtimes.trace import silent


@pytest.mark.parametrize("size", [(40, 60), (37, 60), (40, 41), (20, 30)])
def test_logits_that_are_not_smaller_than_the_frame(size: tuple[int, int]) -> None:
    """A first block without pixels must not write anywhere: here the first row differs from the last."""
    logits = np.zeros((4, 40, 60), np.float32)
    logits[1, :20, :31], logits[2, :20, 31:], logits[3, 20:] = 1, 1, 1
    logits += np.random.default_rng(0).normal(0, 0.01, logits.shape).astype(np.float32)
    found = class_map(torch.from_numpy(np.stack([logits, -logits])), *size).numpy()
    for one, whole in zip((logits, -logits), found, strict=True):
        np.testing.assert_array_equal(whole, naive(one, size))


class Axis(nn.Module):
    def forward(self, positions: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
        blocks = Blocks(positions.shape[0], pixels.shape[0], positions.device)
        return blocks.block_of_pixel, blocks.starts


def test_pixels_on_a_position_belong_to_their_block_in_every_runtime() -> None:
    """OpenVINO divides by multiplying with the reciprocal, where it does not know the sizes beforehand."""
    free = {0: Dim.DYNAMIC}
    with silent():
        program = torch.export.export(Axis(), (torch.zeros(13), torch.zeros(97)), dynamic_shapes=(free, free))
        made = torch.onnx.export(program, dynamo=True, opset_version=18, verbose=False)
    assert made is not None
    compiled = core().compile_model(core().read_model(made.model_proto.SerializeToString()), "CPU", SINGLE)
    for positions, pixels in ((7, 97), (3, 97), (7, 48), (7, 720), (7, 1280), (45, 360), (128, 1024), (512, 2048)):
        found = compiled([np.zeros(positions, np.float32), np.zeros(pixels, np.float32)])
        blocks = Blocks(positions, pixels, torch.device("cpu"))
        np.testing.assert_array_equal(found[0], blocks.block_of_pixel, err_msg=f"{positions} {pixels}")
        np.testing.assert_array_equal(found[1], blocks.starts, err_msg=f"{positions} {pixels}")
        # both by the definition, in whole numbers
        pixel, block = np.arange(pixels), np.arange(positions + 2)
        np.testing.assert_array_equal(found[0], ((2 * pixel + 1) * positions + pixels) // (2 * pixels))
        starts = ((2 * block - 1) * pixels + positions - 1) // (2 * positions)
        np.testing.assert_array_equal(found[1], starts.clip(0, pixels))
