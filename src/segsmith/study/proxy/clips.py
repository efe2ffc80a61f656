"""The features that cells learn from, clip by clip, and windows of them: the same pixels of a frame at every stride."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from segsmith.networks.interface import Features, Tap
from segsmith.study.proxy.collect import FULL, HALF
from segsmith.study.proxy.store import Arrays


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


@dataclass(frozen=True)
class ClipData:
    """``clips``: for every clip its first frame's place in ``dec``, then the places of its frames."""

    arrays: Mapping[str, Tensor]
    clips: Tensor
    strides: Mapping[str, int]
    device: torch.device

    @classmethod
    def of(cls, store: Arrays, taps: Mapping[str, Tap], dec: Tap, device: torch.device, resident: bool) -> "ClipData":
        arrays = store.load(device, resident)
        strides = {f"{FULL}.{name}": tap.stride for name, tap in taps.items()}
        strides |= {f"{HALF}.{name}": 2 * tap.stride for name, tap in taps.items()}
        strides = {name: stride for name, stride in strides.items() if name in arrays}
        return cls(arrays, arrays.pop("clips").cpu(), strides | {"dec": dec.stride}, device)

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def length(self) -> int:
        return self.clips.shape[1] - 1

    def frame(self, stride: int) -> tuple[int, int]:
        """Height and width, of masks with this stride, in pixels."""
        height, width = self.arrays["masks"].shape[1:]
        return height * stride, width * stride

    def taps(self, scale: str, names: tuple[str, ...], rows: Tensor, window: Window) -> Features:
        return {name: self.maps(f"{scale}.{name}", rows, window) for name in names}

    def maps(self, name: str, rows: Tensor, window: Window) -> Tensor:
        return self._cut(name, rows, window.at(self.strides[name])).permute(0, 3, 1, 2).float()

    def masks(self, rows: Tensor, window: Window, stride: int) -> Tensor:
        return self._cut("masks", rows, window.at(stride))

    def _cut(self, name: str, rows: Tensor, part: tuple[slice, slice]) -> Tensor:
        array = self.arrays[name]
        return array[:, part[0], part[1]][rows.to(array.device)].to(self.device)
