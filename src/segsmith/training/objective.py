"""The loss of a batch of clips, as a module: what a multi-process wrapper has to see is its ``forward``."""

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from segsmith.networks.interface import Network, State
from segsmith.training import losses
from segsmith.training.recipes import Recipe


class Trainable(Network, Protocol):
    """A network as it is trained."""

    def training_key(self, frame: Tensor) -> tuple[Tensor, State, list[Tensor]]:
        """As ``key``, and the logits of the auxiliary heads."""
        ...


@dataclass(slots=True)
class Piece:
    """Some frames of a batch of clips, in order: frames NxTxCxHxW, masks NxTxHxW.

    ``scales`` (T) turns each frame's sum of losses into its mean over the whole batch of all processes; ``share`` is
    how much of that batch's clips are here: what is a mean over a piece counts so much.
    """

    frames: Tensor
    masks: Tensor
    scales: Tensor
    share: float


class Objective(nn.Module):
    """Cross-entropy on every frame that counts, auxiliary heads, teacher, consistency."""

    def __init__(
        self, network: nn.Module, recipe: Recipe, weights: Tensor | None = None, teacher: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.register_buffer("weights", weights, persistent=False)
        # Lists hide them from parameters() and state_dict(): a teacher is not ours to train or to save.
        self._teacher = [] if teacher is None else [teacher]

    def pixel_weights(self, masks: Tensor) -> Tensor:
        """The weight of the labelled pixels at each place of the clips: known before anything is computed."""
        return torch.stack([losses.pixel_weight(masks[:, t], self._weights) for t in range(masks.shape[1])])

    def forward(self, piece: Piece, state: State | None = None) -> tuple[Tensor, State]:
        """The loss of a piece that follows ``state``, or starts with a key frame where there is none."""
        single = piece.frames.shape[1] == 1 and state is None
        total, before = piece.frames.new_zeros(()), None
        for t in range(piece.frames.shape[1]):
            frame, mask = piece.frames[:, t], piece.masks[:, t]
            if state is None:
                logits, state, loss = self._key(piece, t, 1.0 if single else self.recipe.key_loss)
            else:
                logits, state = self._net.step(frame, state)
                loss = self._loss(logits, mask, piece.scales[t])
                loss = loss + piece.share * (self._distil(frame, logits) + self._guessed(frame, mask, logits))
            total = total + loss
            if before is not None and self.recipe.consistency:
                steady = losses.consistency(before, logits, piece.masks[:, t - 1], piece.masks[:, t])
                total = total + piece.share * self.recipe.consistency * steady
            before = logits
        assert state is not None
        return total, state

    def _key(self, piece: Piece, t: int, weight: float) -> tuple[Tensor, State, Tensor]:
        frame, mask, scale = piece.frames[:, t], piece.masks[:, t], piece.scales[t]
        logits, state, extra = self._net.training_key(frame)
        if not weight:
            return logits, state, logits.new_zeros(())
        loss = self._loss(logits, mask, scale) + piece.share * self._distil(frame, logits)
        for answer in extra:
            loss = loss + self.recipe.auxiliary * self._loss(answer, mask, scale)
        return logits, state, weight * loss

    def _loss(self, logits: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
        return losses.cross_entropy_sum(logits, mask, self._weights, self.recipe.hard_share) * scale

    def _distil(self, frame: Tensor, logits: Tensor) -> Tensor:
        if not self._teacher or not self.recipe.distil:
            return logits.new_zeros(())
        with torch.no_grad():
            answer, _ = cast(Network, self._teacher[0]).key(frame)
        return self.recipe.distil * losses.distillation(logits, answer)

    def _guessed(self, frame: Tensor, mask: Tensor, logits: Tensor) -> Tensor:
        """Against what the network itself would say of frames without labels if they were key frames."""
        if not self.recipe.pseudo_labels:
            return logits.new_zeros(())
        with torch.no_grad():
            answer, _ = self._net.key(frame)
        guess = losses.pseudo_labels(answer, mask)
        weight = losses.pixel_weight(guess, self._weights).clamp(min=1e-6)
        return losses.cross_entropy_sum(logits, guess, self._weights) / weight * losses.bare(mask).float().mean()

    @property
    def _net(self) -> Trainable:
        return cast(Trainable, self.network)

    @property
    def _weights(self) -> Tensor | None:
        return cast(Tensor | None, self.weights)
