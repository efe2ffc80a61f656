"""The loss of one batch of clips, as a module: what a multi-process wrapper has to see is its ``forward``."""

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from segsmith.networks.interface import State
from segsmith.training import losses
from segsmith.training.recipes import Recipe


@dataclass(slots=True)
class Piece:
    """Some frames of a batch of clips, in order. ``scales`` turns each frame's sum of losses into its mean."""

    frames: Tensor  # N x T x C x H x W
    masks: Tensor  # N x T x H x W
    scales: Tensor  # T
    first: bool


class Objective(nn.Module):
    """Cross-entropy on every frame that counts, auxiliary heads, teacher, consistency."""

    def __init__(self, network: nn.Module, recipe: Recipe, weights: Tensor | None, teacher: nn.Module | None) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.register_buffer("weights", weights, persistent=False)
        # A list hides the teacher from parameters() and state_dict(): it is not ours to train or to save.
        self._teacher = [teacher] if teacher is not None else []

    def scales(self, masks: Tensor) -> Tensor:
        """The weights of each frame over the batch, before the processes add theirs up."""
        weights = cast(Tensor | None, self.weights)
        return torch.stack([losses.pixel_weight(masks[:, t], weights) for t in range(masks.shape[1])])

    def forward(self, piece: Piece, state: State | None) -> tuple[Tensor, State]:
        network = cast(Any, self.network)
        total = piece.frames.new_zeros(())
        before: Tensor | None = None
        for t in range(piece.frames.shape[1]):
            frame, mask = piece.frames[:, t], piece.masks[:, t]
            if state is None:
                logits, state, extra = network.training_key(frame)
                weight = 1.0 if piece.first and not state else self.recipe.key_loss
                share = self.recipe.auxiliary / max(1, len(extra)) * len(extra)
                if self.recipe.pseudo_labels:
                    mask = losses.pseudo_labels(logits.detach(), mask)
                for answer in extra:
                    total = total + share / len(extra) * weight * self._loss(answer, mask, piece.scales[t])
            else:
                logits, state = network.step(frame, state)
                weight = 1.0
            if weight:
                total = total + weight * self._loss(logits, mask, piece.scales[t])
                total = total + weight * self._distil(frame, logits)
            if before is not None and self.recipe.consistency:
                total = total + self.recipe.consistency * losses.consistency(
                    before, logits, piece.masks[:, t - 1], mask
                )
            before = logits
        assert state is not None
        return total, state

    def _loss(self, logits: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
        weights = cast(Tensor | None, self.weights)
        return losses.cross_entropy_sum(logits, mask, weights, self.recipe.hard_share) * scale

    def _distil(self, frame: Tensor, logits: Tensor) -> Tensor:
        if not self._teacher or not self.recipe.distil:
            return logits.new_zeros(())
        with torch.no_grad():
            answer, _ = cast(Any, self._teacher[0]).key(frame)
        return self.recipe.distil * losses.distillation(logits, answer)
