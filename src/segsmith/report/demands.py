"""What was demanded of a network, in words: limits as they are written on the command line, floors, flicker."""

from collections.abc import Mapping
from typing import Any

from segsmith.report.words import SPACE, called, data_words, listed, percent
from segsmith.study.limits import COSTS, parse_floors

Asked = Mapping[str, Any]
WHOLE = {
    "flops": "the FLOPs of the image network on every frame",
    "parameters": "the parameters of the image network",
    "latency": "what the image network takes",
}
"""What a limit in percent is a share of."""
UNITS = {"flops": "FLOPs a frame", "parameters": "parameters"}


def ground_words(asked: Asked) -> str:
    """What a search stands on, and its data."""
    on = f" on top of {called(asked['static'])}" if asked.get("static") else ""
    return f"{on} on {data_words(asked.get('data'))}"


def demand_words(asked: Asked) -> str:
    """Nothing where nothing was demanded."""
    limits = [limit_words(what, str(asked[what])) + timed_words(what, asked) for what in COSTS if asked.get(what)]
    within = f" {'if possible ' if asked.get('soft') else ''}within {listed(limits)}" if limits else ""
    flicker = [f"a flicker of at most {percent(asked['flicker'])}"] if asked.get("flicker") else []
    demands = [*floors_of(asked), *flicker]
    return within + (f"{' and' if limits else ''} with {listed(demands)}" if demands else "")


def floor_words(asked: Asked) -> str:
    floors = floors_of(asked)
    return f" and reaches {listed(floors)}" if floors else ""


def floors_of(asked: Asked) -> list[str]:
    return [f"{percent(floor)} IoU of {name}" for name, floor in parse_floors(asked.get("floors") or ()).items()]


def limit_words(what: str, amount: str) -> str:
    """``58.2%`` and ``40ms`` as a sentence has them."""
    if amount.endswith("%"):
        return f"{amount[:-1]}{SPACE}% of {WHOLE[what]}"
    return f"{amount.removesuffix('ms')}{SPACE}ms a frame" if what == "latency" else f"{amount} {UNITS[what]}"


def timed_words(what: str, asked: Asked) -> str:
    """How a search knows a latency."""
    if what != "latency":
        return ""
    table = f"by the table {called(asked['table'])}" if asked.get("table") else ""
    return f" ({table or 'by the clock'})"
