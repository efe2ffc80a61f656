import math

import pytest
import torch
import torch.nn.functional as F

from segsmith.training import losses

GENERATOR = torch.Generator().manual_seed(0)


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    logits = torch.randn(2, 3, 6, 8, generator=GENERATOR)
    masks = torch.randint(0, 3, (2, 6, 8), generator=GENERATOR).to(torch.uint8)
    masks[0, :2] = 255
    return logits, masks


WEIGHTS = torch.tensor([1.0, 2.0, 5.0])


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_sum_over_the_weight_is_torchs_mean(weights: torch.Tensor | None) -> None:
    logits, masks = batch()
    ours = losses.cross_entropy_sum(logits, masks, weights) / losses.pixel_weight(masks, weights)
    torch.testing.assert_close(ours, F.cross_entropy(logits, masks.long(), weights, ignore_index=255))


def test_logits_are_brought_to_the_masks_size() -> None:
    logits, masks = batch()
    small = logits[..., ::2, ::2]
    full = F.interpolate(small, size=masks.shape[-2:], mode="bilinear", align_corners=False)
    torch.testing.assert_close(
        losses.cross_entropy_sum(small, masks, None), losses.cross_entropy_sum(full, masks, None)
    )


def test_hard_pixels_count_as_if_all_were_as_hard() -> None:
    logits, masks = batch()
    each = F.cross_entropy(logits, masks.long(), ignore_index=255, reduction="none")[masks != 255]
    hardest = each.sort(descending=True).values[: int(0.25 * each.numel())]
    torch.testing.assert_close(losses.cross_entropy_sum(logits, masks, None, hard_share=0.25), hardest.sum() / 0.25)


def test_a_frame_without_labels_costs_nothing() -> None:
    logits, masks = batch()
    masks[:] = 255
    for share in (0.0, 0.25):
        assert losses.cross_entropy_sum(logits, masks, None, share) == 0


def test_a_student_like_its_teacher_has_nothing_to_learn() -> None:
    logits, _ = batch()
    assert losses.distillation(logits, logits) == pytest.approx(0, abs=1e-6)
    assert losses.distillation(logits, logits.flip(1)) > 0.1


def test_consistency_looks_only_where_the_truth_stayed() -> None:
    before, _ = batch()
    now = before.clone()
    then_mask = torch.zeros(2, 6, 8, dtype=torch.uint8)
    now_mask = then_mask.clone()
    now_mask[:, :, 4:] = 1
    now[..., 4:] += torch.randn(2, 3, 6, 4, generator=GENERATOR)
    assert losses.consistency(before, now, then_mask, now_mask) == 0
    assert losses.consistency(before, now, then_mask, then_mask) > 0


def test_pseudo_labels_fill_bare_frames_alone_and_only_where_sure() -> None:
    logits = torch.zeros(2, 3, 4, 4)
    logits[:, 1, :2] = 9.0
    masks = torch.full((2, 4, 4), 255, dtype=torch.uint8)
    masks[1, 0, 0] = 2
    made = losses.pseudo_labels(logits, masks)
    assert (made[0, :2] == 1).all()
    assert (made[0, 2:] == 255).all()
    assert (made[1] == 255).all(), "a frame with labels has those"


def test_class_weights_are_those_of_the_formula() -> None:
    made = losses.class_weights([0.5, 0.4, 0.0, 0.1])
    assert made[0] == pytest.approx(1 / math.log(1.6))
    assert made[2] == max(made), "a class that never occurs is as rare as the rarest"
