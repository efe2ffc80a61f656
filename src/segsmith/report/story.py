"""What was asked and what came out, in a paragraph and as rows of a table."""

from typing import Any

from segsmith.report.demands import demand_words, floor_words, ground_words, limit_words
from segsmith.report.derived import GRADIENT, derived_words
from segsmith.report.inside import Inside
from segsmith.report.latencies import forge_facts, times_of
from segsmith.report.read import EVALUATION, RUNNING, Run
from segsmith.report.words import (
    amount,
    called,
    data_words,
    duration,
    is_number,
    listed,
    network_words,
    percent,
    winner,
)

ENDS = {
    RUNNING: "It is still going",
    "finished": "It finished",
    "stopped": "It was stopped, and can go on",
    "failed": "It failed",
}


def opening(run: Run, inside: Inside | None) -> str:
    tellers = {
        "train": train_story,
        "search": search_story,
        GRADIENT: gradient_story,
        "forge": forge_story,
        EVALUATION: evaluation_story,
    }
    tell = tellers.get(run.command)
    return tell(run, inside) if tell else other_story(run, inside)


def train_story(run: Run, inside: Inside | None) -> str:
    asked = run.configuration
    what = called(asked.get("what", "a network"))
    network = f" ({network_words(run.genotype).removeprefix(f'{what}, ')})" if run.genotype else ""
    on = f" on top of {called(asked['static'])}" if asked.get("static") else ""
    budget = budget_words(asked)
    parts = [f"Train {what}{network}{on} on {data_words(asked.get('data', '?'))}{budget}. {ending(run)}"]
    if run.going and run.curve:
        last = run.curve[-1]
        parts[0] += (
            f": {float(last['progress']):.0%} done after {duration(float(last['seconds']))}, loss {last['loss']}"
        )
    elif run.record.get("steps"):
        parts[0] += f" after {run.record['steps']:,} steps in {duration(run.record.get('seconds'))}"
    return ". ".join([*parts, *scores_words(run), *cost_words(inside)]) + "."


def search_story(run: Run, inside: Inside | None) -> str:
    asked = run.configuration
    words = f"Search the {asked.get('space')} space{ground_words(asked)}{demand_words(asked)}"
    words += f", sampled by {asked.get('sampler')}{budget_words(asked)}"
    parts = [f"{words}. {ending(run)}"]
    found = run.results
    if found is None or not found.records:
        return f"{parts[0]}; no trial is finished yet."
    if run.record.get("settled"):
        parts[0] += " before its time, as nothing new was proposed any more"
    counts = listed([f"{count} {state}" for state, count in sorted(found.counts.items())])
    parts[0] += f": {len(found.records)} trial{'s' * (len(found.records) != 1)} ({counts})"
    if found.best is not None:
        best = found.best
        parts.append(
            f"The best network{' so far' if run.going else ''} is that of trial {best.number}: "
            f"reward {percent(best.reward)}, mIoU {percent(best.stages[-1]['miou'])}, "
            f"{amount(best.parameters)} parameters, {amount(best.flops)}FLOPs a frame"
        )
    return ". ".join(parts) + "."


def forge_story(run: Run, inside: Inside | None) -> str:
    asked, share = run.configuration, str(run.configuration.get("latency")).endswith("%")
    latency = limit_words("latency", str(asked.get("latency")))
    limit = forge_facts(run).get("limit_ms")
    if share and is_number(limit):
        latency += f" ({limit:.1f} ms when it was first timed)"
    words = f"Forge a network for {data_words(asked.get('data'))} that takes at most {latency}{floor_words(asked)}"
    parts = [f"{words}, within {duration(asked.get('budget'))}. {ending(run)}"]
    if is_number(run.record.get("seconds")) and not run.going:
        parts[0] += f" after {duration(run.record['seconds'])}"
    found, times = run.record.get("result"), times_of(run)
    if found:
        how = "measured on the exported network" if found["measured"] else "as the table foretells"
        beside = share and found["measured"] and times is not None and times.step is not None
        why = f" beside an image network that took {times.key:.1f}" if times is not None and beside else ""
        parts.append(
            f"{winner(found['trial']).capitalize()} takes {found['latency_ms']:.1f} ms, {how}, and "
            f"{found['limit_ms']:.1f} were allowed{why}; "
            f"{percent(found['equal_pixels'], 3)} of its pixels are as in torch"
        )
    return ". ".join([*parts, *scores_words(run), *cost_words(inside)]) + "."


def gradient_story(run: Run, inside: Inside | None) -> str:
    asked = run.configuration
    words = f"Search the {asked.get('space')} space by gradient{ground_words(asked)}{demand_words(asked)}"
    costs = f"in ms by the table {called(asked['table'])}" if asked.get("table") else "in FLOPs"
    words += f"{budget_words(asked)}, with costs {costs}. {ending(run)}"
    if is_number(run.record.get("seconds")) and not run.going:
        words += f" after {duration(run.record['seconds'])}"
    return ". ".join([words, *derived_words(run.outcome), *cost_words(inside)]) + "."


def evaluation_story(run: Run, inside: Inside | None) -> str:
    judged = run.headline
    if judged is None:
        return "Pictures of an evaluation."
    data = data_words(judged.record.get("data", judged.split))
    return f"How good {judged.record.get('model', 'a network')} is on {data}. {'. '.join(scores_words(run))}."


def other_story(run: Run, inside: Inside | None) -> str:
    """Of a command that this page knows nothing about but what all runs have."""
    on = f" on {data_words(run.configuration['data'])}" if run.configuration.get("data") else ""
    words = f"{run.command[:1].upper()}{run.command[1:]}{on}{budget_words(run.configuration)}. {ending(run)}"
    if is_number(run.record.get("seconds")):
        words += f" after {duration(run.record['seconds'])}"
    return ". ".join([words, *scores_words(run), *cost_words(inside)]) + "."


def ending(run: Run) -> str:
    return ENDS.get(run.state, f"It is {run.state}")


def budget_words(asked: Any) -> str:
    """`` for 2 epochs`` or `` for 50 trials or 10 min``, or a forge's; nothing where the recipe says it."""
    found = [f"{asked[name]:g} {name}" for name in ("epochs", "trials") if asked.get(name)]
    found += [duration(60 * asked["minutes"])] if asked.get("minutes") else []
    found += [duration(asked["budget"])] if is_number(asked.get("budget")) else []
    return f" for {' or '.join(found)}" if found else ""


def scores_words(run: Run) -> list[str]:
    judged = run.headline
    if judged is None:
        return []
    record = judged.record
    every = int(record.get("key_every", 1))
    how = f" with a key frame every {every}" if every > 1 else ""
    words = f"It reaches {percent(record['miou'])} mIoU on {judged.split} ({record.get('frames', '?')} frames{how})"
    flicker = record.get("flicker")
    return [
        words + (f" and flickers in {percent(flicker)} of the pixels that stay the same" if is_number(flicker) else "")
    ]


def cost_words(inside: Inside | None) -> list[str]:
    if inside is None:
        return []
    found = inside.description
    steps = "" if found.step_flops is None else f" on a key frame and {amount(found.step_flops)}FLOPs on the others"
    return [f"It has {amount(found.parameters)} parameters and takes {amount(found.key_flops)}FLOPs{steps}"]
