"""Batches: seeded, the same for any number of workers, resumable, shared out among processes."""

import pickle
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pytest
import torch
from memory_data import MemoryReader, memory_set

from segsmith.data.augment import Augment
from segsmith.data.base import VOID, Clip, Dataset, Frame, Image
from segsmith.data.batches import Batch, Batches, training_clips
from segsmith.errors import UserError

VARIED = Augment(crop=(32, 40), scale=(0.7, 1.4), mirror=True, jitter=0.3)


def batches(dataset: Dataset | None = None, length: int = 2, **options: object) -> Batches:
    dataset = dataset or memory_set()
    settings = {"batch": 4, "augment": VARIED, "length": length, "synthetic": 0.0, "seed": 5, "workers": 0} | options
    clips = training_clips(dataset, "train", length, synthetic=settings["synthetic"])
    return Batches(clips=clips, reader=dataset.reader, **settings)


def assert_same(first: Iterable[Batch], second: Iterable[Batch]) -> None:
    for one, other in zip(first, second, strict=True):
        assert (one.epoch, one.position, one.clips) == (other.epoch, other.position, other.clips)
        assert torch.equal(one.frames, other.frames)
        assert torch.equal(one.masks, other.masks)


def test_what_a_batch_is() -> None:
    data = batches(memory_set(sequences=4, frames=3, label_every=2))
    batch = next(data.epoch())
    assert batch.frames.shape == (4, 2, 3, 32, 40)
    assert batch.frames.dtype == torch.float32
    assert batch.masks.shape == (4, 2, 32, 40)
    assert batch.masks.dtype == torch.uint8
    assert (batch.masks[:, 0] == VOID).all(), "the first frames have no label"
    assert (batch.masks[:, 1] != VOID).any()


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing(workers: int) -> None:
    alone, many = batches(synthetic=0.5), batches(synthetic=0.5, workers=workers)
    assert_same(islice(alone.endless(), 7), islice(many.endless(), 7))


def test_an_epoch_has_every_clip_once_and_another_has_another_order() -> None:
    data = batches(batch=3)
    orders = [[clip for batch in data.epoch(number) for clip in batch.clips] for number in range(3)]
    for order in orders:
        assert sorted(order, key=str) == sorted(data.clips, key=str)
    assert orders[0] != orders[1] != orders[2]
    assert orders[0] != list(data.clips)
    in_order = [clip for batch in batches(batch=3, shuffle=False).epoch(4) for clip in batch.clips]
    assert in_order == list(data.clips)


def test_the_same_clip_looks_different_in_another_epoch_and_with_another_seed() -> None:
    one = batches(shuffle=False)
    assert_same(one.epoch(1), batches(shuffle=False).epoch(1))
    first, later, other = next(one.epoch(0)), next(one.epoch(1)), next(batches(shuffle=False, seed=6).epoch(0))
    assert first.clips == later.clips == other.clips
    assert not torch.equal(first.frames, later.frames)
    assert not torch.equal(first.frames, other.frames)


def test_a_run_goes_on_where_it_was_left() -> None:
    data = batches()
    whole = list(islice(data.endless(), 8))
    assert [(batch.epoch, batch.position) for batch in whole[:3]] == [(0, 0), (0, 1), (1, 0)]
    assert_same(islice(data.endless(whole[3].epoch, whole[3].position), 5), whole[3:])
    assert_same(data.epoch(0, start=1), whole[1:2])


def test_processes_share_every_batch() -> None:
    whole = next(batches().epoch())
    parts = [next(batches(rank=rank, world=2).epoch()) for rank in range(2)]
    assert torch.equal(torch.stack([part.frames for part in parts], 1).flatten(0, 1), whole.frames)
    assert [len(part.clips) for part in parts] == [2, 2]


def test_the_last_batch_is_dropped_or_short() -> None:
    assert [len(batch.clips) for batch in batches(batch=5).epoch()] == [5]
    kept = batches(batch=4, drop_last=False, length=1, dataset=memory_set(sequences=1, frames=5))
    assert len(kept) == 2
    assert [len(batch.clips) for batch in kept.epoch()] == [4, 1]
    second = replace(kept, rank=1, world=2)
    assert [len(batch.clips) for batch in second.epoch()] == [2], "of a short last batch a process may get nothing"


def test_single_pictures_give_clips_by_synthetic_motion() -> None:
    pictures = memory_set(sequences=6, frames=1)
    with pytest.raises(UserError, match=r"no 3 consecutive frames.*synthetic motion"):
        training_clips(pictures, "train", 3)
    batch = next(batches(pictures, length=3, synthetic=0.1).epoch())
    assert batch.frames.shape[:2] == (4, 3)
    for t in (0, 1):
        assert not torch.equal(batch.frames[:, t], batch.frames[:, 2])
    shown = batch.masks != VOID
    assert shown.flatten(2).any(2).all(), "every frame has a mask"


def test_synthetic_is_the_share_of_samples() -> None:
    """Real clips of this set have labels on their last frame alone, synthetic ones on all."""
    dataset = memory_set(sequences=20, frames=3, label_every=2)
    for share in (0.0, 0.3, 1.0):
        data = batches(dataset, length=2, batch=20, synthetic=share, drop_last=False)
        data = replace(data, clips=[clip for clip in data.clips if len(clip.frames) == 2])
        flat = [mask for epoch in range(5) for batch in data.epoch(epoch) for mask in batch.masks]
        made = np.mean([bool((mask[0] != VOID).any()) for mask in flat])
        assert abs(made - share) < 0.15


def test_the_last_frame_of_a_synthetic_clip_is_the_labelled_one() -> None:
    dataset = memory_set(sequences=4, frames=1)
    plain = {"augment": Augment(), "shuffle": False}
    moved = next(batches(dataset, length=3, synthetic=1.0, **plain).epoch())
    still = next(batches(dataset, length=1, **plain).epoch())
    assert torch.equal(moved.frames[:, -1], still.frames[:, 0])
    assert torch.equal(moved.masks[:, -1], still.masks[:, 0])


def test_a_batch_that_is_kept_is_not_overwritten_and_memory_is_used_again() -> None:
    data = batches()
    kept = next(data.epoch())
    before, address = kept.frames.clone(), kept.frames.data_ptr()
    later = [batch.frames.data_ptr() for batch in islice(data.endless(), 5)]
    assert address not in later
    assert torch.equal(kept.frames, before)
    view = kept.frames[:1, 1]
    del kept
    assert address not in [batch.frames.data_ptr() for batch in islice(data.endless(), 5)], "a view keeps it"
    del view
    assert address in [batch.frames.data_ptr() for batch in islice(data.endless(), 5)]


@dataclass(frozen=True)
class UnevenReader(MemoryReader):
    def image(self, frame: Frame) -> Image:
        image = super().image(frame)
        return image[: -8 * frame.index or None]

    def mask(self, frame: Frame) -> Image | None:
        mask = super().mask(frame)
        return None if mask is None else mask[: -8 * frame.index or None]


def test_whole_frames_of_several_sizes_are_padded() -> None:
    uneven = replace(memory_set(sequences=1, frames=3), reader=UnevenReader())
    batch = next(batches(uneven, length=1, batch=3, augment=Augment(), shuffle=False).epoch())
    assert batch.frames.shape == (3, 1, 3, 40, 56)
    assert (batch.masks[2, 0, 24:] == VOID).all()
    assert (batch.frames[2, 0, :, 24:] == 0).all()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_fault_in_a_worker_is_told(workers: int) -> None:
    uneven = replace(memory_set(), reader=UnevenReader())
    with pytest.raises(UserError, match=r"/40/56: the frame is \d+x56, others of its clip \d+x56"):
        list(batches(uneven, workers=workers).epoch())


def test_leaving_early_leaves_no_threads() -> None:
    run = batches(workers=3).endless()
    next(run)
    assert any(thread.name.startswith("segsmith-data") for thread in threading.enumerate())
    run.close()
    assert not any(thread.name.startswith("segsmith-data") for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"batch": 99}, "a batch of 99 is more than the 9 clips"),
        ({"batch": 3, "world": 2}, "a batch of 3 cannot be split over 2"),
        ({"batch": 0}, "a batch of 0"),
    ],
)
def test_wrong_settings_are_said(options: dict[str, object], line: str) -> None:
    with pytest.raises(UserError, match=line):
        batches(**options)


def test_synthetic_motion_needs_a_label() -> None:
    unlabelled = Clip("x", (Frame("a", "1/40/56"),))
    data = Batches(clips=[unlabelled], reader=MemoryReader(), batch=1, augment=Augment(), length=2, workers=0)
    with pytest.raises(UserError, match="needs a labelled frame"):
        next(data.epoch())


def test_it_can_be_sent_to_another_process() -> None:
    data = batches()
    next(data.epoch())
    assert_same(pickle.loads(pickle.dumps(data)).epoch(), data.epoch())


def test_other_devices_sample_in_batches() -> None:
    batch = next(batches(device="meta", workers=1).epoch())
    assert batch.frames.device.type == "meta"
    assert batch.frames.shape == (4, 2, 3, 32, 40)
    assert batch.masks.shape == (4, 2, 32, 40)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same_batches() -> None:
    for here, there in zip(batches().epoch(), batches(device="cuda", workers=2).epoch(), strict=True):
        assert torch.equal(here.masks, there.masks.cpu())
        assert float((here.frames - there.frames.cpu()).abs().max()) < 0.05
