"""Faults that show only when the frames of a data set are laid side by side."""

from collections import Counter
from collections.abc import Mapping

from segsmith.data.base import Dataset, Frame
from segsmith.data.examine import Finding
from segsmith.data.faults import Fault
from segsmith.data.report import SplitReport

Findings = Mapping[Frame, Finding]


def faults_between(dataset: Dataset, findings: Findings, splits: Mapping[str, SplitReport]) -> list[Fault]:
    return [
        *_split_faults(dataset, splits),
        *_void_faults(dataset, findings),
        *_class_faults(dataset, splits),
        *_size_faults(dataset, findings),
        *_twins(dataset, findings),
    ]


def _split_faults(dataset: Dataset, splits: Mapping[str, SplitReport]) -> list[Fault]:
    """Training needs a labelled train split; it can do without the others."""
    if not len(dataset.classes):
        return [Fault("no labels: it can be looked at and run on, not trained on", "label frames first", fatal=True)]
    faults: list[Fault] = []
    for name, split in splits.items():
        if not split.frames:
            faults.append(Fault(f"split {name} is empty", "add frames, or remove it", fatal=name == "train"))
        elif not split.labelled:
            faults.append(Fault(f"split {name} has no mask", "label some of its frames", fatal=name == "train"))
    if "train" not in splits:
        there = ", ".join(splits) or "none"
        faults.append(
            Fault(f"no train split (there is {there})", "call the folder or the list to learn from train", fatal=True)
        )
    return faults


def _void_faults(dataset: Dataset, findings: Findings) -> list[Fault]:
    """Withheld test labels are void everywhere: that is one fault, not one for each frame."""
    faults: list[Fault] = []
    for split in dataset.splits:
        masks = {frame.mask: findings[frame].counts for frame in dataset.frames(split) if findings[frame].counts}
        void = [mask for mask, counts in masks.items() if not sum(counts[: len(dataset.classes)])]
        if void and len(void) == len(masks):
            what = f"no mask of split {split} gives any pixel a class: all are void"
            fix = (
                "see which mask values count as ignored" if split == "train" else "labels withheld? score another split"
            )
            faults.append(Fault(what, fix, fatal=split == "train"))
        else:
            fix = "label it, or remove it to leave the frame unlabelled"
            faults += [Fault("a mask that gives no pixel a class: all are void", fix, mask) for mask in void]
    return faults


def _class_faults(dataset: Dataset, splits: Mapping[str, SplitReport]) -> list[Fault]:
    train = splits.get("train")
    if train is None or not sum(train.counts):
        return []
    present = [name for name, count in zip(dataset.classes.names, train.counts, strict=True) if count]
    if len(present) == 1:
        what = f"train has pixels of one class alone, {present[0]!r}: there is nothing to tell apart"
        return [Fault(what, "look at the mask values: 0/255 masks and wrong ids look like this", fatal=True)]
    faults: list[Fault] = []
    for place, name in enumerate(dataset.classes.names):
        holding = [split for split, found in splits.items() if found.labelled and found.counts[place]]
        if not holding:
            faults.append(Fault(f"class {name!r} never occurs", "merge or remove it, or add frames that show it"))
        elif "train" not in holding:
            what = f"class {name!r} occurs in {', '.join(holding)}, never in train"
            faults.append(Fault(what, "move frames that show it into train"))
    return faults


def _size_faults(dataset: Dataset, findings: Findings) -> list[Fault]:
    """Frames of one clip go through the network together; frames of different clips need not agree."""
    faults: list[Fault] = []
    for sequences in dataset.splits.values():
        for sequence in sequences:
            sizes = Counter(findings[frame].size for frame in sequence.frames if findings[frame].size)
            usual = sizes.most_common(1)[0][0] if sizes else ()
            for frame in sequence.frames:
                size = findings[frame].size
                if size and usual and size != usual:
                    what = f"{size[1]}x{size[0]}, while frames of its clip {sequence.name} have {usual[1]}x{usual[0]}"
                    faults.append(Fault(what, "scale it like the others", frame.image, fatal=True))
    shapes = sorted({f"{found.size[1]}x{found.size[0]}" for found in findings.values() if found.size})
    if not faults and len(shapes) > 1:
        faults.append(
            Fault(
                f"frames of {len(shapes)} sizes ({', '.join(shapes[:4])})",
                "training crops them; give --size to be sure",
            )
        )
    return faults


def _twins(dataset: Dataset, findings: Findings) -> list[Fault]:
    """The same pixels in two splits: a score on the second is no proof."""
    homes: dict[bytes, tuple[str, Frame]] = {}
    faults: list[Fault] = []
    for split in dataset.splits:
        for frame in dataset.frames(split):
            content = findings[frame].content
            home, first = homes.setdefault(content, (split, frame))
            if content and home != split:
                what = f"the same picture stands in {home} ({first.image}) and in {split}"
                faults.append(Fault(what, f"remove it from {home} or from {split}", frame.image))
    return faults
