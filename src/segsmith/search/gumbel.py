"""The Gumbel-softmax relaxation of categorical decisions (Maddison et al. 2016, equation 4 of the LGC paper)."""

import hashlib

import torch
from torch import Tensor


def gumbel_noise(seed: int, step: int, count: int) -> Tensor:
    """``-log(-log U)``. What step n draws hangs on the seed and n alone, so a search resumes at any step."""
    key = hashlib.blake2b(f"gumbel {seed} {step}".encode(), digest_size=7).digest()
    chance = torch.Generator().manual_seed(int.from_bytes(key))
    tiny = torch.finfo(torch.float64).tiny
    uniform = torch.rand(count, generator=chance, dtype=torch.float64).clamp(min=tiny)
    return -torch.log((-torch.log(uniform)).clamp(min=tiny))


def relaxed(logits: Tensor, noise: Tensor | None, temperature: float, one_path: bool = False) -> Tensor:
    """Softened one-hot choices along the last axis; ``noise`` None stands for none.

    ``one_path``: exactly one-hot, with the gradient of the softened ones (straight-through).
    """
    noisy = logits if noise is None else logits + noise.to(logits)
    soft = torch.softmax(noisy / temperature, dim=-1)
    return straight_through(soft) if one_path else soft


def straight_through(soft: Tensor) -> Tensor:
    """The largest is one and the others zero, to the last bit; the gradient is that of ``soft``."""
    hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())


def entropy(logits: Tensor) -> Tensor:
    """Of the choice that a row of logits makes, as a share of the largest that its options allow."""
    if logits.shape[-1] == 1:
        return logits.new_zeros(logits.shape[:-1])
    log = torch.log_softmax(logits, dim=-1)
    most = torch.log(torch.tensor(float(logits.shape[-1])))
    return -(log.exp() * log).sum(-1) / most
