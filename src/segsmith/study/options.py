"""What a person asks of a search: defaults < proxy < flags."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any

from segsmith.errors import UserError
from segsmith.spaces import DynamicSpace
from segsmith.study.limits import COSTS, parse_amount, parse_floors
from segsmith.study.pool import Hands
from segsmith.study.proxy.presets import proxy_named
from segsmith.study.storage import hidden
from segsmith.training.options import check_seed

FREE = frozenset(
    ("out", "trials", "minutes", "workers", "memory_gb", "timeout", "quiet", "device", "ray", "cpus", "gpus")
)
"""What may be another when a search goes on; everything else is what it is about."""
Check = tuple[object, str, str]
"""Whether something is sound, what to say where it is not, and the way out."""


@dataclass(frozen=True)
class SearchOptions:
    """``space_options`` are KEY, VALUE as written; amounts such as ``flops`` are, too. ``workers``, ``ray``, ``cpus``
    and ``gpus`` are explained with Hands."""

    space: str
    data: str
    out: str
    static: str = ""
    encoder_weights: str = ""
    sampler: str = "ppo"
    sampler_settings: str = "quick"
    proxy: str = "quick"
    space_options: tuple[tuple[str, str], ...] = ()
    trials: int = 0
    minutes: float = 0.0
    seed: int = 0
    split: str = "train"
    meta: str = "clip"
    size: tuple[int, int] | None = None
    objectives: tuple[str, ...] = ("reward",)
    flops: str = ""
    parameters: str = ""
    latency: str = ""
    table: str = ""
    target: str = ""
    measure: bool = False
    soft: float = 0.0
    floors: tuple[str, ...] = ()
    flicker: float = 0.0
    key_every: int = 10
    early_stopping: bool = True
    storage: str = ""
    workers: int | None = None
    ray: str = ""
    cpus: float = 1.0
    gpus: float = 0.0
    timeout: float = 3600.0
    memory_gb: float = 4.0
    device: str = "auto"
    quiet: bool = False

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for sound, what, fix in (*self._numbers(), *self._companions()):
            if not sound:
                raise UserError(what, fix=fix)
        whole = 1.0 if self.space == DynamicSpace.name else None  # of other networks a share is a share of nothing
        for what, text in self.budgets.items():
            parse_amount(text, what, whole)
        parse_floors(self.floors)

    def _numbers(self) -> Iterator[Check]:
        """Comparisons are such that nan is sound nowhere."""
        workers, objectives = self.workers or 0, self.objectives
        yield self.trials >= 0, f"--trials {self.trials} is below zero", "--trials 100 is a start"
        yield 0 <= self.minutes < inf, f"--minutes {self.minutes:g} is no time to work", "--minutes 60 is an hour"
        yield self.trials or self.minutes, "a search needs --trials or --minutes", "--trials 100 is a start"
        yield workers >= 0, f"--workers {workers} is below zero", "0 trains in this process"
        yield self.key_every >= 1, f"--key-every {self.key_every} is below one", "10 is one key frame in ten"
        yield 0 <= self.soft < inf, f"--soft {self.soft:g} is no exponent", "such as 0.5; 0 for budgets that turn away"
        yield 0 <= self.flicker <= 1, f"--flicker {self.flicker:g} is no share of pixels", "such as 0.02; 0 for any"
        yield 0 <= self.timeout < inf, f"--timeout {self.timeout:g} is no time", "in seconds; 0 for any"
        yield 0 <= self.memory_gb < inf, f"--memory {self.memory_gb:g} is no amount", "in gigabytes; 0 for none"
        taken = 0 < self.cpus < inf and 0 <= self.gpus < inf
        yield taken, f"a candidate cannot take {self.cpus:g} CPUs and {self.gpus:g} GPUs", "--cpus 1 --gpus 0"
        once = objectives[:1] == ("reward",) and len(set(objectives)) == len(objectives)
        yield once, f"objectives {', '.join(objectives)}", "reward comes first, each one once"

    def _companions(self) -> Iterator[Check]:
        """The same of what means nothing alone."""
        latency = "and no latency is asked for"
        yield self.timed or not self.measure, f"--measure, {latency}", "--latency 40ms"
        yield self.timed or self.table or not self.target, f"--target, {latency}", "--latency 40ms, or a --table"
        yield self.budgets or not self.soft, "--soft, and there is no budget", "--flops, --parameters or --latency"

    @property
    def budgets(self) -> dict[str, str]:
        """As written, by what they limit."""
        return {what: getattr(self, what) for what in COSTS if getattr(self, what)}

    @property
    def timed(self) -> bool:
        return bool(self.latency) or "latency" in self.objectives

    @property
    def measures(self) -> bool:
        """Whether candidates are timed on this machine: no table foretells their latency, or it is not enough."""
        return self.timed and (self.measure or not self.table)

    @property
    def hands(self) -> Hands:
        return Hands(self.workers, self.timeout, self.ray, self.cpus, self.gpus)

    @property
    def sharing(self) -> int:
        """Workers that share one memory. Ray holds on each machine once what its workers read there, but a GPU holds it
        for each of them."""
        if self.ray:
            return max(1, int(1 / self.gpus)) if self.gpus else 1
        return self.workers or 1

    @property
    def words(self) -> dict[str, str]:
        """The options of the space, those of the proxy among them."""
        return dict(proxy_named(self.proxy, self.space).options) | dict(self.space_options)

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_record(cls, configuration: Mapping[str, Any]) -> "SearchOptions":
        """Of a run that may have been made before an option was added."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: tupled(value) for key, value in configuration.items() if key in known})

    def check_goes_on(self, configuration: dict[str, Any]) -> None:
        """Refuse to go on with a search that is about something else."""
        now = plain(self.record())
        for field in fields(self):
            before = configuration.get(field.name, plain(field.default))  # an option may be newer than the run
            if field.name not in FREE and before != now[field.name]:
                word, values = field.name.replace("_", "-"), [_shown(value) for value in (before, now[field.name])]
                if field.name == "storage":
                    values = [hidden(value) for value in values]
                raise UserError(
                    f"holds a search with --{word} {values[0]}, not {values[1]}",
                    fix="ask the same, or name a new folder",
                    path=self.out,
                )


def plain(value: Any) -> Any:
    """As JSON gives it back: lists for tuples."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def tupled(value: Any) -> Any:
    return tuple(map(tupled, value)) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    return "(none)" if value in ("", None, []) else str(value)
