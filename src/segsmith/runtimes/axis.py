"""Where the pixels of one axis come from when logits are enlarged bilinearly, to the last bit as torch has it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Axis:
    """Pixels between the same two positions form a block: block b lies between the positions b - 1 and b.

    The first and the last block have one position alone. ``near`` and ``far`` are the weights of a pixel's two
    positions; the pixels of block b are those from ``starts[b]`` to before ``starts[b + 1]``.
    """

    near: Floats
    far: Floats
    starts: Places

    @classmethod
    def of(cls, positions: int, pixels: int) -> "Axis":
        scale = np.float32(positions) / np.float32(pixels)
        centres = np.arange(pixels, dtype=np.float32) + np.float32(0.5)
        # One rounding, where the processor has a fused multiply-add: a product of two floats is exact in a double.
        place = (np.float64(scale) * centres - 0.5).astype(np.float32)
        first = np.maximum(place, np.float32(0)).astype(np.intp)
        far = np.maximum(place, np.float32(0)) - first.astype(np.float32)
        block = np.where(place < 0, 0, np.minimum(first, positions - 1) + 1)
        starts = np.searchsorted(block, np.arange(positions + 2))
        return cls(np.float32(1) - far, far, starts)

    @property
    def counts(self) -> Places:
        """How many pixels each block has."""
        return np.diff(self.starts)

    def pixels(self, blocks: Places) -> Places:
        """The pixels of some blocks, as many for each: a smaller block names its last one again."""
        offsets = np.arange(self.counts.max())
        return np.minimum(self.starts[blocks, None] + offsets, self.starts[blocks + 1, None] - 1)
