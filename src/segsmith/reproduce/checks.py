"""What is wrong with a question is said before anything is written."""

from pathlib import Path

from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.genotype import preset
from segsmith.latency.table import Table
from segsmith.networks.build import build
from segsmith.networks.weights import load_encoder
from segsmith.reproduce.options import ReproduceOptions
from segsmith.reproduce.papers import PAPERS, Paper
from segsmith.reproduce.stage import Context, Place
from segsmith.training.run import device_of


def check(context: Context, paper: Paper) -> None:
    device_of(context.options.device)
    check_files(context.options, paper)
    for place in context.places:
        check_clips(place, paper.clips.get(place.key, 1))


def check_files(options: ReproduceOptions, paper: Paper) -> None:
    """They are read, and of use."""
    if options.table:
        if not paper.timed:
            raise useless("--table", options, [name for name, one in PAPERS.items() if one.timed])
        Table.load(options.table)
    if options.encoder_weights:
        if not paper.encoder:
            raise useless("--encoder-weights", options, [name for name, one in PAPERS.items() if one.encoder])
        load_encoder(build(preset(paper.encoder), 1), Path(options.encoder_weights))


def useless(flag: str, options: ReproduceOptions, papers: list[str]) -> UserError:
    return UserError(f"{flag} means nothing to {options.paper}", fix=f"it goes with {' and '.join(papers)}")


def check_clips(place: Place, length: int) -> None:
    """Before hours of training end where a cell finds no clip to learn from."""
    dataset = open_dataset(place.data)
    if not dataset.clips("train", length):
        more = "; Cityscapes has them in leftImg8bit_sequence" if place.city else ""
        raise UserError(
            f"{dataset.name} has no {length} frames behind each other in train, the last of them labelled",
            fix=f"video frames are needed{more}",
        )
