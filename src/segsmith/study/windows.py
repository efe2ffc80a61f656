"""Parts of cached maps: the same pixels of a frame at every stride."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Window:
    """In pixels; the corner and the sides lie on the grid of the coarsest maps. With no height it is everything."""

    top: int = 0
    left: int = 0
    height: int = 0
    width: int = 0

    def at(self, stride: int) -> tuple[slice, slice]:
        if not self.height:
            return slice(None), slice(None)
        top, left = self.top // stride, self.left // stride
        return slice(top, top + self.height // stride), slice(left, left + self.width // stride)


WHOLE = Window()


def random_window(crop: tuple[int, int], frame: tuple[int, int], grid: int, chance: torch.Generator) -> Window:
    """Somewhere in the frame, as large as the crop or as the grid allows."""
    if not any(crop):
        return WHOLE
    height, width = (max(grid, min(c, f) // grid * grid) for c, f in zip(crop, frame, strict=True))
    if height > frame[0] or width > frame[1]:
        return WHOLE  # the frame is smaller than one cell of the grid
    top, left = (_corner(f - side, grid, chance) for f, side in zip(frame, (height, width), strict=True))
    return Window(top, left, height, width)


def _corner(room: int, grid: int, chance: torch.Generator) -> int:
    return grid * int(torch.randint(room // grid + 1, (), generator=chance))
