"""Weights as they travel to other processes and machines."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Weights: TypeAlias = Mapping[str, npt.NDArray[np.generic]]


def arrays_of(weights: Mapping[str, Tensor]) -> Weights:
    return {name: x.detach().cpu().numpy() for name, x in weights.items()}


def tensors_of(weights: Weights) -> dict[str, Tensor]:
    return {name: torch.tensor(values) for name, values in weights.items()}
