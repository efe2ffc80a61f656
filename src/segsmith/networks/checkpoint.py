"""A network in one file that describes itself: weights as safetensors, all else as JSON in the header."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from segsmith.errors import UserError
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.meta import Meta
from segsmith.networks.tensors import digest, load_weights, weights_of

FORMAT = 1
KEY = "segsmith"


def save_checkpoint(path: Path, network: nn.Module, meta: Meta) -> None:
    """Written beside and renamed. Auxiliary heads are left out."""
    tensors = weights_of(network)
    record = meta.record() | {"format": FORMAT, "digest": digest(tensors)}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(save(tensors, {KEY: json.dumps(record)}))
        beside.replace(path)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", fix="choose another place", path=path) from error
    finally:
        beside.unlink(missing_ok=True)


def read_meta(path: Path) -> Meta:
    """The header alone."""
    return _meta(_record(path), path)


def load_checkpoint(path: Path, classes: Sequence[str] | None = None) -> tuple[VideoNetwork, Meta]:
    """The network, in evaluation mode. ``classes`` are those that it is wanted for, where there are such."""
    record = _record(path)
    meta = _meta(record, path)
    if classes is not None and tuple(classes) != meta.classes:
        raise UserError(_difference(meta.classes, tuple(classes)), fix="train it on these classes first", path=path)
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise _damaged(path, str(error)) from None
    if digest(tensors) != record.get("digest"):
        raise _damaged(path, "the weights are not those that were written")
    network = build(meta.genotype, len(meta.classes), meta.in_channels)
    load_weights(network, tensors, path)
    network.meta = meta
    return network.eval(), meta


def _record(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="pt") as file:
            record = json.loads((file.metadata() or {}).get(KEY, "null"))
    except FileNotFoundError:
        raise UserError("there is no such file", fix="give a model.safetensors or a run's folder", path=path) from None
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(record, dict) or not isinstance(record.get("format"), int):
        raise UserError("holds weights, but not what network they belong to", fix="give a checkpoint", path=path)
    if record["format"] > FORMAT:
        formats = f"format {record['format']}, and this segsmith reads up to {FORMAT}"
        raise UserError(f"was written by a newer segsmith: {formats}", fix="upgrade segsmith", path=path)
    return record


def _meta(record: Mapping[str, Any], path: Path) -> Meta:
    try:
        return Meta.read(record)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _damaged(path, f"its description is not whole: {error!r}") from None


def _damaged(path: Path, why: str) -> UserError:
    return UserError(f"is damaged or no checkpoint: {why}", fix="take a copy of it, or train again", path=path)


def _difference(found: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    if len(found) != len(wanted):
        return f"has {len(found)} classes, and {len(wanted)} are needed"
    number = next(i for i, pair in enumerate(zip(found, wanted, strict=True)) if pair[0] != pair[1])
    return f"is of other classes: number {number} is {found[number]!r}, not {wanted[number]!r}"
