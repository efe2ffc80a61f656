"""All that a run in training knows, in one safetensors file: weights, their average, the optimisers, the counters.

No pickle: an optimiser's tensors go in by name, its plain values as JSON in the header.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.training.averaging import Average
from segsmith.training.runfolder import replacing

FORMAT = 1


@dataclass(slots=True)
class Counters:
    """Where a run stands."""

    step: int = 0
    seconds: float = 0.0
    phase: int = 0
    steps_in_phase: int = 0
    images: int = 0
    micro: int = 1  # pieces that a batch is cut into, because it did not fit the memory
    salt: int = 0  # how often the run went back after a loss that was no number
    evaluations: int = 0
    average_updates: int = 0


def save(
    path: Path,
    network: nn.Module,
    average: Average | None,
    optimisers: list[torch.optim.Optimizer],
    counters: Counters,
) -> None:
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{name}": value for name, value in average.shadow.items()}
        counters.average_updates = average.updates
    plain = []
    for number, optimiser in enumerate(optimisers):
        found, rest = _pack(optimiser.state_dict(), f"optimiser.{number}")
        tensors |= found
        plain.append(rest)
    header = {"snapshot": json.dumps({"format": FORMAT, "counters": asdict(counters), "optimisers": plain})}
    with replacing(path) as beside:
        save_file({name: value.detach().contiguous().cpu() for name, value in tensors.items()}, beside, header)


def read_counters(path: Path) -> Counters:
    return Counters(**_header(path)["counters"])


def restore(
    path: Path,
    network: nn.Module,
    average: Average | None,
    optimisers: list[torch.optim.Optimizer],
) -> Counters:
    """Put everything back where it was. The optimisers must be those of the phase that the counters name."""
    header = _header(path)
    counters = Counters(**header["counters"])
    tensors = load_file(path)
    network.load_state_dict(_below(tensors, "network."))
    if average is not None:
        for name, value in _below(tensors, "average.").items():
            average.shadow[name].copy_(value)
        average.updates = counters.average_updates
    for number, (optimiser, plain) in enumerate(zip(optimisers, header["optimisers"], strict=True)):
        optimiser.load_state_dict(_unpack(plain, _below(tensors, f"optimiser.{number}.")))
    return counters


def _header(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("snapshot", "null"))
    except FileNotFoundError:
        raise UserError("there is nothing to resume", fix="start the run without --resume", path=path) from None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise UserError(f"is damaged: {error}", fix="start the run anew", path=path) from None
    if header is None or header["format"] > FORMAT:
        raise UserError("is not a snapshot that this version can read", fix="update segsmith", path=path)
    return dict(header)


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _pack(state: dict[str, Any], prefix: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors: dict[str, Tensor] = {}
    values: dict[str, dict[str, Any]] = {}
    for index, entry in state["state"].items():
        for key, value in entry.items():
            if isinstance(value, Tensor):
                tensors[f"{prefix}.{index}.{key}"] = value
            else:
                values.setdefault(str(index), {})[key] = value
    return tensors, {"groups": state["param_groups"], "values": values}


def _unpack(plain: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {int(index): dict(entry) for index, entry in plain["values"].items()}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    return {"state": state, "param_groups": plain["groups"]}
