"""The LGC space as one network: every edge is a mixture of its operations, weighed by shares.

It is built as the networks of the space are, from the same blocks, so that where the shares are one-hot it computes
what the derived network does (``inherit.py`` hands the weights on).
"""

from collections.abc import Sequence

from torch import Tensor, nn

from segsmith.networks.fusion import aspp, ppm
from segsmith.networks.graph import live
from segsmith.networks.interface import Tap
from segsmith.networks.parts import Classifier
from segsmith.ops.blocks import conv_bn_relu, initialise
from segsmith.search.architecture import Shares, blocks_of, places_of
from segsmith.search.lgc_costs import alive, is_cell
from segsmith.search.supernet_parts import STEM_STRIDE, MixedCell, MixedFusion, recomputed
from segsmith.spaces import LgcSpace
from segsmith.spaces.fusion import BRANCHES, LAYOUTS
from segsmith.spaces.lgc import FUSION

STEM = "stem"


class LgcSupernet(nn.Module):
    """``one_path``: shares are one-hot, and only the operations that are taken run. ``recompute``: what is inside of a
    cell is computed again in the backward pass instead of being kept."""

    def __init__(
        self, space: LgcSpace, classes: int, in_channels: int = 3, *, one_path: bool = False, recompute: bool = False
    ) -> None:
        super().__init__()
        self.space, self.one_path, self.recompute = space, one_path, recompute
        self.blocks = {block.name: block for block in blocks_of(space)}
        self.places = places_of(tuple(self.blocks.values()))
        self.stem = nn.Sequential(
            conv_bn_relu(in_channels, space.width, 3, stride=2),
            conv_bn_relu(space.width, space.width, 3, stride=2),
            conv_bn_relu(space.width, space.width, 3),
        )
        self.nodes = [node for node in live(space.net) if node.op != FUSION]
        taps = {STEM: Tap(space.width, STEM_STRIDE)}
        self.cells = nn.ModuleDict()
        for node in self.nodes:
            cell = MixedCell(space.operations, [taps[name] for name in node.inputs], node.stride, space.width)
            self.cells[node.name], taps[node.name] = cell, cell.tap
        last = space.net.nodes[-1]
        self.read = last.inputs if last.op == FUSION else (last.name,)
        self.fusion, channels = self._fusion([taps[name] for name in self.read])
        self.smooth = conv_bn_relu(channels, space.branch, kernel=3)
        self.classifier = Classifier(space.branch, classes, kernel=1)
        initialise(self)

    def _fusion(self, taps: Sequence[Tap]) -> tuple[nn.Module, int]:
        space = self.space
        if space.fusion in LAYOUTS:
            assert len(taps) == BRANCHES[space.fusion]
            options = {edge.route: edge.options for edge in space.edges if edge.cell == FUSION}
            routes = LAYOUTS[space.fusion]
            return MixedFusion(routes, [options[route] for route in routes], taps, space.branch), space.branch
        if space.fusion == "none":
            return nn.Identity(), taps[0].channels
        pyramid = {"aspp": aspp, "ppm": ppm}[space.fusion]
        return pyramid(taps[0], space.branch), space.branch

    def forward(self, frame: Tensor, shares: Shares) -> Tensor:
        """Logits at the network's own size."""
        taken = {name: alive(part, self.blocks[name]) for name, part in shares.items() if is_cell(self.blocks[name])}
        known = {STEM: self.stem(frame)}
        running = {name: self._running(part) for name, part in taken.items()}
        for node in self.nodes:
            block = f"{node.op}-edge"
            inputs = [known[name] for name in node.inputs]
            known[node.name] = self._run(self.cells[node.name], *inputs, taken[block], running[block])
        return self._finish([known[name] for name in self.read], shares)

    def _finish(self, maps: Sequence[Tensor], shares: Shares) -> Tensor:
        if isinstance(self.fusion, MixedFusion):
            rows = self._fusion_rows(shares)
            fused = self._run(self.fusion, maps, rows, [self._running(row[None])[0] for row in rows])
        else:
            fused = self.fusion(maps[0])
        logits: Tensor = self.classifier(self.smooth(fused))
        return logits

    def _fusion_rows(self, shares: Shares) -> list[Tensor]:
        """The shares of the fusion's edges, in the order of its layout."""
        names = [edge.name for edge in self.space.edges if edge.cell == FUSION]
        return [shares[block][row] for block, row in (self.places[name] for name in names)]

    def _run(self, module: nn.Module, *inputs: object) -> Tensor:
        output: Tensor = recomputed(module, *inputs) if self.recompute else module(*inputs)
        return output

    def _running(self, shares: Tensor) -> list[list[bool]]:
        """Which operations of which edge are computed."""
        if not self.one_path:
            return [[True] * shares.shape[1]] * len(shares)
        return [[place == taken for place in range(shares.shape[1])] for taken in shares.argmax(-1).tolist()]


def chain_of(space: LgcSpace) -> tuple[str, ...]:
    """The blocks of the cells, along which a guide leads."""
    return tuple(block.name for block in blocks_of(space) if is_cell(block))
