"""``segsmith search``."""

from typing import Annotated

import typer

from segsmith.cli.parse import size as parse_size

Opt = typer.Option


def search(
    space: Annotated[str, typer.Argument(help="dynamic or template.")],
    options: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE ... of the space, such as operations=sep3,skip.")
    ] = None,
    data: Annotated[str, Opt(help="KIND:PATH, or toy.")] = "",
    out: Annotated[str, Opt("-o", "--out", help="The run's folder; asked again, the search goes on.")] = "",
    static: Annotated[
        str, Opt(help="A trained network (run or checkpoint): what a cell stands on, or whose stem a template takes.")
    ] = "",
    encoder_weights: Annotated[str, Opt(help="For the stem: MobileNet-v2 weights of torchvision or timm.")] = "",
    sampler: Annotated[str, Opt(help="ppo, reinforce, random, tpe or nsga2.")] = "ppo",
    sampler_settings: Annotated[str, Opt(help="paper or quick, for ppo and reinforce.")] = "quick",
    proxy: Annotated[
        str, Opt(help="How a candidate is scored: quick, paper-camvid, paper-cityscapes or paper-template.")
    ] = "quick",
    rows: Annotated[int | None, Opt(help="Rows of a candidate, as rows=N.")] = None,
    trials: Annotated[int, Opt(help="The budget in scored trials: such a search repeats bit for bit on a CPU.")] = 0,
    minutes: Annotated[
        float,
        Opt(help="The budget in minutes of work; a search ends sooner where nothing new is proposed."),
    ] = 0.0,
    flops: Annotated[
        str, Opt(help="A budget for the mix of frames: 2.5G, 900M, or 60% of the static network on every frame.")
    ] = "",
    parameters: Annotated[str, Opt(help="A budget: 300000, 0.3M, or 110% of the static network.")] = "",
    latency: Annotated[
        str, Opt(help="A budget for the mix of frames: 40ms, or 60% of the static network on every frame.")
    ] = "",
    table: Annotated[
        str,
        Opt(help="What networks cost on a target: a file of segsmith latency measure. Without, each is timed here."),
    ] = "",
    target: Annotated[str, Opt(help="A target's file: how to time candidates, or what the table has to be of.")] = "",
    measure: Annotated[
        bool, Opt("--measure", help="Time what the table lets through, too, alone on this machine (as without table).")
    ] = False,
    soft: Annotated[
        float, Opt(help="Budgets turn nothing away; above one, a reward is multiplied by (budget / cost) ** SOFT.")
    ] = 0.0,
    key_every: Annotated[int, Opt(help="The mix: one key frame in so many.")] = 10,
    floor: Annotated[list[str] | None, Opt(help="CLASS=IOU that a candidate should reach; may be repeated.")] = None,
    flicker: Annotated[float, Opt(help="The share of steady pixels that may change from frame to frame.")] = 0.0,
    objectives: Annotated[
        str, Opt(help="reward, or with flops, parameters, latency or flicker behind a comma: a Pareto front.")
    ] = "reward",
    meta: Annotated[
        str, Opt(help="Judge by clips anywhere (clip), whole sequences (sequence), or those named.")
    ] = "clip",
    split: Annotated[str, Opt(help="Both to learn from and to judge by are cut from this split.")] = "train",
    size: Annotated[str | None, Opt(help="Work at this size, HEIGHTxWIDTH.")] = None,
    early_stopping: Annotated[bool, Opt(help="Stop hopeless candidates half way.")] = True,
    storage: Annotated[str, Opt(help="Optuna storage, such as postgresql://…; RUN/study.db where not given.")] = "",
    workers: Annotated[
        int | None, Opt(help="Processes that train candidates (0: this one). One, or all that fit on a cluster.")
    ] = None,
    ray: Annotated[str, Opt(help="Train on a Ray cluster: its address, or auto for the one that runs here.")] = "",
    cpus: Annotated[float, Opt(help="On a cluster: CPUs of a candidate.")] = 1.0,
    gpus: Annotated[float, Opt(help="On a cluster: GPUs of a candidate, such as 0.25.")] = 0.0,
    timeout: Annotated[float, Opt(help="Seconds that a candidate may take; 0 for any number.")] = 3600.0,
    memory: Annotated[float, Opt(help="Gigabytes of features to hold in memory; more are mapped from disk.")] = 4.0,
    device: Annotated[str, Opt(help="cpu, cuda or auto.")] = "auto",
    seed: Annotated[int, Opt(help="Everything random follows from it.")] = 0,
    quiet: Annotated[bool, Opt("--quiet", help="No progress.")] = False,
) -> None:
    """Search a space for networks that do well after a short training."""
    from segsmith.errors import UserError
    from segsmith.spaces.make import read_options

    for value, words in ((data, "--data"), (out, "-o RUN")):
        if not value:
            fix = "segsmith search dynamic --data toy --static runs/first --trials 50 -o runs/search"
            raise UserError(f"{words} is missing", fix=fix)
    chosen = read_options(options or []) | ({} if rows is None else {"rows": str(rows)})
    from segsmith.cli.study import show
    from segsmith.study.options import SearchOptions
    from segsmith.study.search import run_search

    asked = SearchOptions(
        space=space,
        data=data,
        out=out,
        static=static,
        encoder_weights=encoder_weights,
        sampler=sampler,
        sampler_settings=sampler_settings,
        proxy=proxy,
        space_options=tuple(sorted(chosen.items())),
        trials=trials,
        minutes=minutes,
        seed=seed,
        split=split,
        meta=meta,
        size=parse_size(size),
        objectives=tuple(objectives.split(",")),
        flops=flops,
        parameters=parameters,
        latency=latency,
        table=table,
        target=target,
        measure=measure,
        soft=soft,
        floors=tuple(floor or ()),
        flicker=flicker,
        key_every=key_every,
        early_stopping=early_stopping,
        storage=storage,
        workers=workers,
        ray=ray,
        cpus=cpus,
        gpus=gpus,
        timeout=timeout,
        memory_gb=memory,
        device=device,
        quiet=quiet,
    )
    found = run_search(asked)
    if not quiet:
        show(found)
