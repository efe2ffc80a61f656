"""The network that a run begins with: from a genotype, or from what another run has learnt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.data.base import Classes
from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.genotype.load import load_genotype
from segsmith.genotype.presets import PRESETS
from segsmith.models import hint, locate
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.loading import MODEL
from segsmith.networks.tensors import load_weights, weights_of
from segsmith.networks.weights import load_encoder


@dataclass(frozen=True)
class Start:
    """``said``: what a person should know of where the weights came from. ``new_head``: trained weights under a head
    that knows nothing of these classes yet."""

    genotype: Genotype
    network: VideoNetwork
    said: tuple[str, ...] = ()
    new_head: bool = False


def checkpoint_of(spec: str) -> Path | None:
    """The checkpoint that a word of the command line means, if it means one."""
    path = locate(spec)
    if path.is_dir() and (path / MODEL).is_file():
        return path / MODEL
    return path if path.is_file() and path.suffix == ".safetensors" else None


def start(
    what: str, classes: Classes, *, static: str = "", encoder_weights: str = "", auxiliary: bool = False, seed: int = 0
) -> Start:
    """Build the network; weights are random (from the seed) but for those that are given."""
    torch.manual_seed(seed)
    source = None if what in PRESETS else checkpoint_of(what)
    if source is not None:
        if encoder_weights:
            raise UserError(f"{what} is trained already", fix="--encoder-weights goes with a genotype or a preset")
        return moved(what, source, static, classes, auxiliary) if static else tuned(what, source, classes, auxiliary)
    genotype = load_genotype(what)
    if static and genotype.kind == "dynamic":
        return on_static(genotype, static, classes, auxiliary)
    if static:
        return with_encoder_of(genotype, static, classes, auxiliary)
    network = build(genotype, len(classes), auxiliary=auxiliary)
    if encoder_weights:
        load_encoder(network, Path(encoder_weights))
        return Start(genotype, network, (f"encoder weights from {encoder_weights}",))
    return Start(genotype, network, ("random weights",))


def tuned(what: str, source: Path, classes: Classes, auxiliary: bool) -> Start:
    """The trained network that ``what`` means again. On other classes its head is new but for those that it knows by
    name; all else is kept."""
    old, meta = load_checkpoint(source)
    network = build(meta.genotype, len(classes), meta.in_channels, auxiliary)
    weights = weights_of(old)
    if classes.names == meta.classes:
        network.load_state_dict(weights, strict=False)
        return Start(meta.genotype, network, (f"weights of {what}",))
    known = [(place, meta.classes.index(name)) for place, name in enumerate(classes.names) if name in meta.classes]
    fresh = network.state_dict()
    for name in weights:
        if ".classifier." in name or name.startswith("classifier."):
            weights[name] = with_rows(fresh[name], weights[name], known)
    network.load_state_dict(weights, strict=False)
    said = f"weights of {what} with a new head for {len(classes)} classes (it had {len(meta.classes)}"
    said += f", {len(known)} of them by the same name)" if known else ")"
    return Start(meta.genotype, network, (said,), new_head=True)


def with_rows(new: Tensor, old: Tensor, places: Sequence[tuple[int, int]]) -> Tensor:
    """``new``, with the rows of ``old`` that belong into it: pairs of where and which."""
    found = new.clone()
    for to, come_from in places:
        found[to] = old[come_from]
    return found


def on_static(genotype: Genotype, static: str, classes: Classes, auxiliary: bool) -> Start:
    """A dynamic cell with random weights on a trained static network."""
    old, meta = load_checkpoint(trained(static), classes.names)
    genotype = replace(genotype, static=meta.genotype.static or meta.genotype)
    network = build(genotype, len(classes), meta.in_channels, auxiliary)
    assert isinstance(network, DynamicNetwork)
    network.start_from(cast(nn.Module, old.static))
    return Start(genotype, network, (f"static network from {static}; the cell is new",))


def moved(what: str, source: Path, static: str, classes: Classes, auxiliary: bool) -> Start:
    """The cell of a trained video network on another image network of the same structure."""
    old, meta = load_checkpoint(source, classes.names)
    if not isinstance(old, DynamicNetwork):
        raise UserError(f"{what} is trained already", fix="--static goes with a genotype, a preset or a video network")
    begun = on_static(meta.genotype, static, classes, auxiliary)
    if begun.genotype != meta.genotype:
        fix = "its genotype with random weights goes onto any: segsmith train GENOTYPE.json --static …"
        raise UserError(f"the cell of {what} was trained on a network of another structure than {static}", fix=fix)
    load_weights(cast(DynamicNetwork, begun.network).cell, weights_of(old.cell), source)
    return replace(begun, said=(f"static network from {static}", f"cell from {what}"))


def with_encoder_of(genotype: Genotype, static: str, classes: Classes, auxiliary: bool) -> Start:
    """An image network whose encoder, as deep as it has one, is that of a trained network; the rest is random."""
    network = build(genotype, len(classes), auxiliary=auxiliary)
    encoder = getattr(network.static, "encoder", None)
    if not isinstance(encoder, MobileNetV2):
        raise UserError(
            f"--static {static}: a {genotype.kind} network has no MobileNet-v2 encoder to take over",
            fix="--static goes with dynamic cells, decoders and template networks",
        )
    found = encoder_of(static).state_dict()
    encoder.load_state_dict({name: found[name] for name in encoder.state_dict() if name in found}, strict=False)
    return Start(genotype, network, (f"encoder from {static}; the rest has random weights",))


def encoder_of(static: str) -> MobileNetV2:
    encoder = getattr(load_checkpoint(trained(static))[0].static, "encoder", None)
    if not isinstance(encoder, MobileNetV2):
        fix = "give a decoder or a template network, or --encoder-weights"
        raise UserError("has no MobileNet-v2 encoder", fix=fix, path=static)
    return encoder


def trained(static: str) -> Path:
    source = checkpoint_of(static)
    if source is None:
        raise UserError(f"{static!r} is no trained network", fix=f"--static takes a run or a checkpoint{hint()}")
    return source
