"""Networks and controls as what evaluation asks: a frame in, a mask out."""

from typing import cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.data.base import VOID, Image
from segsmith.networks.interface import Network, State
from segsmith.networks.meta import Meta
from segsmith.ops.memory import channels_last
from segsmith.runtimes.fold import fold


class TorchAnswerer:
    """A network as it is now, its batch norms folded, fed with uint8 RGB frames; masks come back at their size.

    A network that was trained at a size of its own (``meta.size``) sees frames at that size.
    """

    def __init__(self, network: nn.Module, meta: Meta, device: torch.device | str = "cpu") -> None:
        self.network = cast(Network, channels_last(fold(network)))
        self.size = meta.size
        mean, std = meta.mean, meta.std
        self.device = torch.device(device)
        self.scale = torch.tensor([1 / (255 * value) for value in std], device=self.device)[:, None, None]
        self.shift = torch.tensor([-m / s for m, s in zip(mean, std, strict=True)], device=self.device)[:, None, None]
        self.state: State = {}

    @torch.inference_mode()
    def key(self, frame: Image) -> Image:
        logits, self.state = self.network.key(self._tensor(frame))
        return self._mask(logits, frame)

    @torch.inference_mode()
    def step(self, frame: Image) -> Image:
        logits, self.state = self.network.step(self._tensor(frame), self.state)
        return self._mask(logits, frame)

    def _tensor(self, frame: Image) -> Tensor:
        seen = cv2.resize(frame, self.size[::-1], interpolation=cv2.INTER_AREA) if any(self.size) else frame
        # A copy: frames may be read-only views of a cache, which torch does not take.
        pixels = torch.from_numpy(seen.copy()).to(self.device)
        normal = pixels.permute(2, 0, 1)[None].float() * self.scale + self.shift
        return normal.contiguous(memory_format=torch.channels_last)

    def _mask(self, logits: Tensor, frame: Image) -> Image:
        full = F.interpolate(logits.float(), size=frame.shape[:2], mode="bilinear", align_corners=False)
        return cast(Image, full.argmax(1)[0].to(torch.uint8).cpu().numpy())


class EveryFrame:
    """Control: the static network on every frame, as if all were key frames."""

    def __init__(self, inner: TorchAnswerer) -> None:
        self.inner = inner

    def key(self, frame: Image) -> Image:
        return self.inner.key(frame)

    def step(self, frame: Image) -> Image:
        return self.inner.key(frame)


class CopyKey(EveryFrame):
    """Control: the last key frame's answer, again and again."""

    def key(self, frame: Image) -> Image:
        self.last = self.inner.key(frame)
        return self.last

    def step(self, frame: Image) -> Image:
        return self.last


class WarpKey(EveryFrame):
    """Control: the last key frame's answer moved along with the optical flow (DIS) from it to this frame.

    What the flow brings in from outside the key frame is void, and counts as missed.
    """

    def __init__(self, inner: TorchAnswerer) -> None:
        super().__init__(inner)
        self.flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def key(self, frame: Image) -> Image:
        self.last, self.before = self.inner.key(frame), cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        return self.last

    def step(self, frame: Image) -> Image:
        flow = self.flow.calc(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), self.before, np.zeros(0))
        y, x = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(np.float32)
        moved = cv2.remap(
            self.last,
            x + flow[..., 0],
            y + flow[..., 1],
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=VOID,
        )
        return cast(Image, moved)
