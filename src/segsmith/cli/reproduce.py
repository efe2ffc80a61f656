"""``segsmith reproduce``."""

from typing import Annotated

import typer

Opt = typer.Option


def reproduce(
    paper: Annotated[str, typer.Argument(help="dynamic-cells, template-search or lgcnet.")],
    data: Annotated[str, Opt(help="KIND:PATH, or toy; what the paper did on CamVid is done on it.")],
    out: Annotated[str, Opt("-o", "--out", help="A folder; asked again, it goes on.")],
    scale: Annotated[str, Opt(help="paper, hour or minutes: budgets, counts and sizes.")] = "paper",
    cityscapes: Annotated[str, Opt(metavar="PATH", help="Cityscapes, for the rows that are of it.")] = "",
    encoder_weights: Annotated[str, Opt(help="MobileNet-v2 weights of torchvision or timm.")] = "",
    table: Annotated[str, Opt(help="For lgcnet: what operations cost; where not given, FLOPs stand in.")] = "",
    seed: Annotated[int, Opt(help="Everything random follows from it.")] = 0,
    device: Annotated[str, Opt(help="cpu, cuda or auto.")] = "auto",
    quiet: Annotated[bool, Opt("--quiet", help="No progress.")] = False,
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Do a whole paper again: its tables and figures, with our numbers beside the published ones."""
    from segsmith.cli.output import emit_json
    from segsmith.reproduce.options import ReproduceOptions
    from segsmith.reproduce.run import reproduce as run

    found = run(ReproduceOptions(paper, data, out, scale, cityscapes, encoder_weights, table, seed, device, quiet))
    if json:
        emit_json(found)
