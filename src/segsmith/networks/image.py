"""An image network as a video network without memory."""

from torch import Tensor, nn

from segsmith.networks.interface import Features, State, StaticNetwork
from segsmith.networks.meta import Meta
from segsmith.networks.parts import EncoderDecoder
from segsmith.networks.sizes import check_frame


class ImageNetwork(nn.Module):
    """Every frame is a key frame; the state is empty."""

    def __init__(self, static: StaticNetwork) -> None:
        super().__init__()
        self.static = static
        self.classes = static.classes
        self.meta: Meta | None = None
        self.in_channels = static.in_channels

    def key(self, frame: Tensor) -> tuple[Tensor, State]:
        check_frame(frame, self.in_channels)
        _, logits = self.static.decode(self.static.encode(frame))
        return logits, {}

    def step(self, frame: Tensor, state: State) -> tuple[Tensor, State]:
        if state:
            raise ValueError(f"the state of an image network is empty, but this one holds {', '.join(state)}")
        return self.key(frame)

    def training_key(self, frame: Tensor) -> tuple[Tensor, State, list[Tensor]]:
        """As ``key``, and the logits of the auxiliary heads."""
        check_frame(frame, self.in_channels)
        _, logits, auxiliary = supervise(self.static, self.static.encode(frame))
        return logits, {}, auxiliary

    def clip(self, frames: Tensor) -> Tensor:
        check_frame(frames, self.in_channels, dims=5)
        logits, _ = self.key(frames.flatten(0, 1))
        return logits.reshape(*frames.shape[:2], *logits.shape[1:])

    def forward(self, frame: Tensor) -> Tensor:
        return self.key(frame)[0]


def supervise(static: StaticNetwork, features: Features) -> tuple[Tensor, Tensor, list[Tensor]]:
    """``dec``, logits and auxiliary logits; in one pass where the network is ours."""
    if isinstance(static, EncoderDecoder):
        return static.supervise(features)
    dec, logits = static.decode(features)
    return dec, logits, static.auxiliary(features)
