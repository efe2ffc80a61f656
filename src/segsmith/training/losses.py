"""What training minimises.

Of cross-entropy sums and weights stay apart, so that halves of a batch add up to the whole; the others are means.
"""

import torch.nn.functional as F
from torch import Tensor

from segsmith.data.base import VOID


def pixel_weight(masks: Tensor, weights: Tensor | None) -> Tensor:
    """The weight of all labelled pixels: known from the masks alone, before anything is computed."""
    seen = masks != VOID
    if weights is None:
        return seen.sum().float()
    return weights[masks.where(seen, 0).long()][seen].sum()


def cross_entropy_sum(logits: Tensor, masks: Tensor, weights: Tensor | None, hard_share: float = 0.0) -> Tensor:
    """The weighted sum over labelled pixels, logits brought to the masks' size.

    ``hard_share`` keeps that share of the labelled pixels, those with the largest loss, and scales the sum as if
    all had been kept: its weight stays what the masks say.
    """
    if logits.shape[-2:] != masks.shape[-2:]:
        logits = F.interpolate(logits, size=masks.shape[-2:], mode="bilinear", align_corners=False)
    if not hard_share:
        return F.cross_entropy(logits.float(), masks.long(), weights, ignore_index=VOID, reduction="sum")
    losses = F.cross_entropy(logits.float(), masks.long(), weights, ignore_index=VOID, reduction="none")
    labelled = losses[masks != VOID]
    kept = max(1, int(hard_share * labelled.numel()))
    return labelled.topk(min(kept, labelled.numel())).values.sum() / hard_share


def distillation(student: Tensor, teacher: Tensor, temperature: float = 2.0) -> Tensor:
    """Kullback-Leibler divergence to the teacher's softened answer, mean over positions, at the student's size."""
    if teacher.shape[-2:] != student.shape[-2:]:
        teacher = F.interpolate(teacher, size=student.shape[-2:], mode="bilinear", align_corners=False)
    target = F.log_softmax(teacher.float() / temperature, 1)
    answer = F.log_softmax(student.float() / temperature, 1)
    divergence = F.kl_div(answer, target, log_target=True, reduction="none").sum(1)
    return divergence.mean() * temperature**2


def consistency(before: Tensor, now: Tensor, mask_before: Tensor, mask_now: Tensor) -> Tensor:
    """How much the answer changes where the true label did not: squared difference of the probabilities."""
    size = now.shape[-2:]
    stay = ((mask_before == mask_now) & (mask_now != VOID)).float()[:, None]
    stay = F.interpolate(stay, size=size, mode="nearest")[:, 0]
    change = (before.float().softmax(1).detach() - now.float().softmax(1)).square().sum(1)
    return (change * stay).sum() / stay.sum().clamp(min=1)


def pseudo_labels(logits: Tensor, masks: Tensor, certain: float = 0.9) -> Tensor:
    """The network's own certain answers on frames that have no label at all; void elsewhere."""
    logits = F.interpolate(logits, size=masks.shape[-2:], mode="bilinear", align_corners=False)
    probability, answer = logits.softmax(1).max(1)
    return answer.to(masks.dtype).where((probability > certain) & bare(masks)[:, None, None], VOID)


def bare(masks: Tensor) -> Tensor:
    """Which of them hold no label."""
    return (masks == VOID).flatten(1).all(1)


def class_weights(shares: list[float]) -> list[float]:
    """``1 / ln(1.10 + share)``; a class that never occurs gets the weight of the rarest that does."""
    import math

    weights = [1 / math.log(1.10 + share) for share in shares]
    seen = [weight for weight, share in zip(weights, shares, strict=True) if share > 0]
    return [weight if share > 0 else max(seen, default=1.0) for weight, share in zip(weights, shares, strict=True)]
