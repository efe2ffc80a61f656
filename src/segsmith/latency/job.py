"""From what a command names, a space or a network, to what has to be measured for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint, load_genotype
from segsmith.latency.asked import pieces_of_space
from segsmith.latency.check import FIT, draw
from segsmith.latency.measuring import fill, needed
from segsmith.latency.opened import piece_models
from segsmith.latency.pack import network_name, write_pack
from segsmith.latency.piece import Piece
from segsmith.latency.pieces import Frames, pieces_of
from segsmith.latency.rounds import Effort
from segsmith.latency.subject import Subject
from segsmith.latency.table import Network, Table
from segsmith.latency.target import Target
from segsmith.latency.whole import models_of, wholes_of
from segsmith.spaces import Space
from segsmith.spaces.make import SPACES, make_space, read_options

Told = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """``space`` or, of a single network, ``genotype``."""

    subject: Subject
    space: Space | None = None
    genotype: Genotype | None = None

    def pieces(self, frames: Frames) -> list[Piece]:
        if self.space is not None:
            return pieces_of_space(self.space, frames)
        assert self.genotype is not None
        work = pieces_of(self.genotype, frames)
        return sorted({*work.key, *work.step}, key=str)


def job_of(name: str, words: Sequence[str], static: str, classes: int) -> Job:
    """A space by its name and options, or a network."""
    if name in SPACES:
        options = read_options(words)
        below = load_genotype(static) if name == "dynamic" else None
        subject = Subject(name, options, classes, below)
        return Job(subject, space=make_space(name, options, below))
    if words:
        raise UserError(f"{name!r} is no space, and a network has no options", fix=f"spaces: {', '.join(SPACES)}")
    genotype = load_genotype(name)
    below = genotype.static or (genotype if genotype.kind == "external" else None)
    return Job(Subject("", {}, classes, None, (below,) if below else ()), genotype=genotype)


def begun(
    path: Path, name: str, words: Sequence[str], target: Target, static: str, classes: int, missing: bool
) -> tuple[Table, Job]:
    """A new table, or the one that is there: of the same space and target, or with ``missing`` of the same target."""
    job = job_of(name, words, static, classes)
    if not path.exists():
        if missing:
            raise UserError("there is no table to add to", fix="leave --missing away", path=path)
        return Table(target, job.subject), job
    table = Table.load(path)
    table.check_target(target)
    if missing:
        return _widened(table, job), job
    if table.subject.record() != job.subject.record():
        raise UserError(
            f"is a table of {table.subject.words()}", fix="choose another file, or add to it by --missing", path=path
        )
    return table, job


def measure_table(table: Table, job: Job, path: Path, networks: int, effort: Effort, told: Told) -> bool:
    """Whether all is known."""
    if job.space is not None and table.subject.space == job.subject.space:
        draw(table, job.space, FIT, networks)
    pieces = {*job.pieces(table.frames), *_of_networks(table)}
    told(f"{len(pieces)} pieces, {len(table.networks)} networks on {table.target.words()}")
    table.save(path)
    return fill(table, sorted(pieces, key=str), path, effort, told)


def pack_space(
    path: Path, name: str, words: Sequence[str], target: Target, static: str, classes: int, networks: int, told: Told
) -> int:
    job = job_of(name, words, static, classes)
    table = Table(target, job.subject)
    if job.space is not None:
        draw(table, job.space, FIT, networks)
    pieces = needed(sorted({*job.pieces(table.frames), *_of_networks(table)}, key=str))
    total = len(pieces) + len(table.networks)
    models = _models(table, pieces, table.networks, told)
    return write_pack(path, target, job.subject, models, table.networks, lambda n: told(f"packed {n} of {total} or so"))


def _models(table: Table, pieces: list[Piece], networks: list[Network], told: Told) -> Iterator[tuple[str, bytes]]:
    models = piece_models(pieces, table.subject.named, True, lambda n: told(f"pieces: {n}/{len(pieces)}"))
    for piece, model in zip(pieces, models, strict=True):
        yield str(piece), bytes(model.SerializeToString())
    for number, network in enumerate(networks):
        wholes = wholes_of(network.genotype, table.target.size, table.subject.classes)
        for part, model in models_of(wholes, True).items():
            yield network_name(number, part), bytes(model.SerializeToString())


def _of_networks(table: Table) -> set[Piece]:
    """What was too rare to be seen when the space was gone through."""
    works = [pieces_of(network.genotype, table.frames) for network in table.networks]
    return {piece for work in works for part in work for piece in part}


def _widened(table: Table, job: Job) -> Table:
    """With the networks below that the new pieces name."""
    if table.subject.classes != job.subject.classes:
        raise UserError(f"the table is for {table.subject.classes} classes, not {job.subject.classes}", fix="--classes")
    known = {fingerprint(genotype) for genotype in (table.subject.static, *table.subject.statics) if genotype}
    new = [g for g in (job.subject.static, *job.subject.statics) if g and fingerprint(g) not in known]
    table.subject = replace(table.subject, statics=(*table.subject.statics, *new))
    return table
