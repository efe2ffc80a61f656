"""``segsmith search lgc``, and any space with ``--sampler gradient``: the search that trains a supernet."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from segsmith.cli.parse import size as parse_size

Opt = typer.Option
HINT = "By gradient, with options of its own: segsmith search lgc --help"


class SearchCommand(TyperCommand):
    """``segsmith search`` with options of its own where a supernet is trained: those of samplers mean nothing there."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        if not wants_gradient(args):
            return super().make_context(info_name, args, parent, **extra)
        only = typer.Typer(add_completion=False)
        only.command(name="search")(gradient)
        return get_command(only).make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


def wants_gradient(args: list[str]) -> bool:
    named = "--sampler=gradient" in args or ("--sampler", "gradient") in pairwise(args)
    return args[:1] == ["lgc"] or named


def gradient(
    space: Annotated[str, typer.Argument(help="lgc or dynamic.")],
    options: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE ... of the space, such as cells=8 or fusion=aspp.")
    ] = None,
    data: Annotated[str, Opt(help="KIND:PATH, or toy.")] = "",
    out: Annotated[str, Opt("-o", "--out", help="The run's folder; asked again, the search goes on.")] = "",
    static: Annotated[str, Opt(help="For a dynamic cell: the trained network that it stands on.")] = "",
    sampler: Annotated[str, Opt(help="gradient, or nothing.")] = "gradient",
    settings: Annotated[
        str, Opt(help="quick, hour or paper for lgc, quick or paper-camvid for dynamic: sizes, rates, epochs.")
    ] = "quick",
    table: Annotated[str, Opt(help="What operations cost on the target; where not given, FLOPs stand in.")] = "",
    beta: Annotated[float, Opt(help="The weight of log(latency) in the loss; with a budget where it starts.")] = 0.005,
    latency: Annotated[str, Opt(help="A budget such as 20ms, which beta is steered towards; needs --table.")] = "",
    flops: Annotated[str, Opt(help="A budget such as 300M or 2.5G, where there is no table.")] = "",
    guide: Annotated[str, Opt(help="How cells tell each other: edges, operations, linear or none.")] = "edges",
    guide_width: Annotated[int, Opt(help="The width d of the graph.")] = 64,
    gamma: Annotated[float, Opt(help="How much a cell is told.")] = 0.5,
    one_path: Annotated[
        bool | None, Opt("--one-path/--all-paths", help="Run one operation of every edge, or all of them mixed.")
    ] = None,
    recompute: Annotated[
        bool | None, Opt("--recompute/--keep", help="Less memory, more time: compute cells again for their gradients.")
    ] = None,
    epochs: Annotated[float | None, Opt(help="The budget in epochs: so a search repeats bit for bit on a CPU.")] = None,
    minutes: Annotated[float | None, Opt(help="The budget in minutes of work, interruptions not counted.")] = None,
    batch: Annotated[int | None, Opt(help="Frames or clips at a time.")] = None,
    width: Annotated[int | None, Opt(help="Of the supernet's stem; width=32 is the derived network's.")] = None,
    size: Annotated[str | None, Opt(help="Search at this size, HEIGHTxWIDTH; costs are those of whole frames.")] = None,
    split: Annotated[str, Opt(help="What to learn from.")] = "train",
    key_every: Annotated[int, Opt(help="For costs of dynamic cells: one key frame in so many.")] = 10,
    measure: Annotated[bool, Opt(help="Time the derived network here.")] = True,
    device: Annotated[str, Opt(help="cpu, cuda or auto.")] = "auto",
    seed: Annotated[int, Opt(help="Everything random follows from it.")] = 0,
    quiet: Annotated[bool, Opt("--quiet", help="No progress.")] = False,
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Search by gradient: a supernet of all operations and the choices among them learn together."""
    from segsmith.errors import UserError
    from segsmith.spaces.make import read_options

    for value, words in ((data, "--data"), (out, "-o RUN")):
        if not value:
            raise UserError(f"{words} is missing", fix="segsmith search lgc --data toy -o runs/search")
    if sampler != "gradient":
        raise UserError(f"the lgc space has no sampler {sampler!r}", fix="leave --sampler away")
    from segsmith.cli.output import emit_json
    from segsmith.study.gradient.run import run_gradient
    from segsmith.study.gradient.settings import GradientOptions
    from segsmith.training.options import check_seed
    from segsmith.training.runfolder import check_folder

    check_seed(seed)
    check_folder(Path(out))
    asked = GradientOptions(
        space=space,
        data=data,
        out=out,
        static=static,
        settings=settings,
        space_options=tuple(sorted(read_options(options or []).items())),
        table=table,
        beta=beta,
        latency=latency,
        flops=flops,
        guide=guide,
        guide_width=guide_width,
        gamma=gamma,
        one_path=one_path,
        recompute=recompute,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        width=width,
        size=parse_size(size),
        split=split,
        key_every=key_every,
        seed=seed,
        measure=measure,
        device=device,
        quiet=quiet,
    )
    found = run_gradient(asked)
    if json:
        emit_json(found)
