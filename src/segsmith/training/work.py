"""What every process of a training run does: data, network, loop, and in the first one scores and files."""

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import nn

from segsmith.data.base import Dataset
from segsmith.data.cache import cached, open_cache
from segsmith.data.open import open_dataset
from segsmith.data.select import joined_split, near_labels
from segsmith.errors import UserError
from segsmith.genotype.jsonform import to_json
from segsmith.machine import cores
from segsmith.models import hint
from segsmith.networks.build import VideoNetwork
from segsmith.networks.checkpoint import load_checkpoint, save_checkpoint
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.meta import Meta
from segsmith.ops.memory import channels_last
from segsmith.training.answerers import TorchAnswerer
from segsmith.training.evaluation import evaluate
from segsmith.training.feed import Source, feed, weights_of, whole_frames
from segsmith.training.glance import Glance
from segsmith.training.journal import Journal
from segsmith.training.loop import Loop, Status, Stopped, Watchers
from segsmith.training.options import TrainOptions
from segsmith.training.parts import optimisers
from segsmith.training.recipes import Recipe, learning_the_head, plain
from segsmith.training.runfolder import RunFolder, versions, write_json
from segsmith.training.settle import settle
from segsmith.training.start import Start, checkpoint_of, start


@dataclass(frozen=True)
class Work:
    """One process of a run. ``main`` is the one that speaks and writes."""

    fabric: Fabric
    options: TrainOptions
    run: RunFolder
    dataset: Dataset
    begun: Start
    recipe: Recipe

    @property
    def main(self) -> bool:
        return self.fabric.is_global_zero

    @property
    def meta(self) -> Meta:
        return Meta(
            genotype=self.begun.genotype,
            classes=self.dataset.classes.names,
            palette=self.dataset.classes.colours,
            size=self.options.size or (0, 0),
            recipe=plain(self.recipe),
            versions=versions(),
        )

    @cached_property
    def source(self) -> Source:
        options, fabric = self.options, self.fabric
        near = near_labels(self.dataset, options.split)
        return Source(
            self.dataset,
            open_cache(near, options.split, size=options.size, workers=options.workers),
            options.split,
            options.seed,
            options.workers,
            str(fabric.device),
            fabric.global_rank,
            fabric.world_size,
        )

    def say(self, text: str) -> None:
        if self.main and not self.options.quiet and text:
            sys.stderr.write(text + "\n")


def work(fabric: Fabric, options: TrainOptions, resume: bool) -> dict[str, Any]:
    """Train; the final scores, in the main process. A run that was killed before its first snapshot begins anew."""
    one = begin(fabric, options)
    going_on = resume and one.run.last.exists()
    if one.main and not resume:
        one.run.refuse_existing()
    one.say(opening(one))
    journal = Journal(one.run, options.quiet)
    loop = prepared(one, journal)
    if one.main:
        if not resume:
            one.run.create("train", options.record(), options.seed)
            (one.run.path / "genotype.json").write_text(to_json(one.begun.genotype) + "\n")
        journal.open(loop.counters_on_disk().step if going_on else 0)
        one.run.update(state="running")
    try:
        loop.train(going_on)
    except Stopped:
        raise stopped(one, loop) from None
    finally:
        if one.main:
            journal.close()
    return finish(one, loop) if one.main else {}


def begin(fabric: Fabric, options: TrainOptions) -> Work:
    """Data, network and recipe, as asked for."""
    dataset = joined_split(open_dataset(options.data), options.split)
    if not len(dataset.classes):
        raise UserError(f"{dataset.name} has no labels to learn from", fix="give a folder:, camvid:, … with masks")
    begun = start(
        options.what,
        dataset.classes,
        static=options.static,
        encoder_weights=options.encoder_weights,
        auxiliary=options.wants_auxiliary,
        seed=options.seed,
    )
    recipe = options.adapted(begun.genotype.kind)
    if begun.new_head:
        recipe = learning_the_head(recipe)
    return Work(fabric, options, RunFolder(Path(options.out)), dataset, begun, recipe)


def prepared(one: Work, journal: Journal) -> Loop:
    """Ready to learn: what does not fit together is found here, before anything is written."""
    options, fabric, source = one.options, one.fabric, one.source
    network: nn.Module = channels_last(one.begun.network, fabric.device)
    weights = torch.tensor(weights_of(source.cache, len(one.dataset.classes))) if one.recipe.class_weights else None
    loop = Loop(
        network,
        one.recipe,
        options.budget(one.recipe),
        [feed(source, one.recipe, number) for number in range(len(one.recipe.phases))],
        one.run,
        fabric,
        weights=weights,
        teacher=teacher_of(one),
        watchers=watchers(one, journal) if one.main else Watchers(),
        rewind=options.rewind,
        compiled=options.compiled,
    )
    loop.counters.micro = options.accumulate
    for phase in one.recipe.phases:
        optimisers(loop.network, phase)
    return loop


def watchers(one: Work, journal: Journal) -> Watchers:
    glance = Glance.of(one.dataset, one.begun.network, one.meta, one.options.key_every, one.fabric.device)
    if glance is None:
        return Watchers(journal.report)

    def look(status: Status) -> None:
        journal.write(status, glance.miou())
        journal.picture("val/overlays", glance.picture(), status.step)

    return Watchers(journal.report, look, one.options.evaluations)


def teacher_of(one: Work) -> nn.Module | None:
    spec = one.options.teacher
    if not spec:
        return None
    source = checkpoint_of(spec)
    if source is None:
        raise UserError(f"{spec!r} is no trained network", fix=f"--teacher takes a run or a checkpoint{hint()}")
    teacher, _ = load_checkpoint(source, one.dataset.classes.names)
    return teacher.to(one.fabric.device).eval().requires_grad_(False)


def stopped(one: Work, loop: Loop) -> UserError:
    if one.main:
        one.run.update(state="stopped")
    return UserError(
        f"stopped at {loop.progress():.0%}, everything is saved", fix=f"go on: segsmith train --resume {one.run.path}"
    )


def finish(one: Work, loop: Loop) -> dict[str, Any]:
    """Write the averaged network, score it on val, write the scores."""
    made = {
        "data": one.dataset.name,
        "protocol": one.dataset.protocol,
        "split": one.options.split,
        "from": list(one.begun.said),
        "budget": str(loop.budget),
        "seed": one.options.seed,
        "steps": loop.counters.step,
        "images": loop.counters.images,
        "seconds": round(loop.counters.seconds, 1),
    }
    scores: dict[str, Any] = {"made": made}
    network = cast(VideoNetwork, loop.network)
    if one.fabric.world_size > 1 and one.fabric.device.type == "cpu":
        torch.set_num_threads(cores())  # the other processes wait
    with loop.averaged():
        network.eval()
        if one.recipe.settle:
            settle(cast(nn.Module, network), whole_frames(one.source, one.recipe.settle), network.key)
        meta = replace(one.meta, made=made)
        save_checkpoint(one.run.model, network, meta)
        if any(frame.labelled for frame in one.dataset.frames("val")):
            key_every = one.options.key_every if isinstance(network, DynamicNetwork) else 1
            answerer = TorchAnswerer(network, meta, one.fabric.device)
            result = evaluate(answerer, cached(one.dataset, "val"), "val", key_every=key_every)
            scores |= {"split": "val", "protocol": one.dataset.protocol, **result.record(one.dataset.classes.names)}
            one.say(f"val mIoU {100 * result.scores.miou:.2f} %  ({one.run.model})")
    write_json(one.run.metrics, scores)
    one.run.update(state="finished", seconds=made["seconds"], steps=made["steps"])
    return scores


def opening(one: Work) -> str:
    parameters = sum(p.numel() for p in one.begun.network.parameters())
    options = one.options
    lines = [
        f"{one.dataset.name}: {one.dataset.protocol}",
        f"{len(one.dataset.frames(options.split))} frames in {options.split}",
        f"{options.what}: {parameters:,} parameters; {'; '.join(one.begun.said)}",
        f"recipe {one.recipe.name} for {options.budget(one.recipe)}, batch {one.recipe.batch}",
    ]
    return "\n".join([*lines, *one.dataset.notes])
