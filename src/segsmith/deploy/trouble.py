"""What to say of an export that differs: where the difference begins."""

from collections.abc import Mapping
from typing import Any

from segsmith.deploy.clips import Clips
from segsmith.deploy.locate import TOLERANCE, first_difference
from segsmith.deploy.targets import Made, Target
from segsmith.networks.build import VideoNetwork
from segsmith.runtimes.card import Card
from segsmith.runtimes.fold import fold
from segsmith.runtimes.graphs import FRAME, STATE, PartGraph
from segsmith.runtimes.torch_runner import TorchRunner


def explain(made: Mapping[str, Made], network: VideoNetwork, card: Card, target: Target, clips: Clips) -> str:
    """Looks at the first frame as a key frame, and as a step behind itself."""
    if target.run is None or card.precision not in TOLERANCE:
        return ""
    image, _ = next(next(iter(clips)))
    folded = fold(network).requires_grad_(False)
    state = TorchRunner(network, card.meta).key(image[None]).state.tensors
    inputs: dict[str, Any] = {FRAME: image[None]} | {STATE + name: value.numpy() for name, value in state.items()}
    for part, one in made.items():
        assert one.model is not None
        graph = PartGraph(folded, card.meta, part, one.graph.wanted)
        given = {name: inputs[name] for name in graph.inputs}
        found = first_difference(graph, one.model, given, target.run, TOLERANCE[card.precision])
        if found:
            return f"; the difference begins in the {part} part at {found}"
    return "; no layer differs by itself, so it is how they are put together"
