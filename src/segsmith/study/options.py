"""What a person asks of a search: defaults < proxy < flags."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from segsmith.errors import UserError
from segsmith.study.pool import Hands
from segsmith.study.proxy.presets import proxy_named

FREE = frozenset(
    ("out", "trials", "minutes", "workers", "memory_gb", "timeout", "quiet", "device", "ray", "cpus", "gpus")
)
"""What may be another when a search goes on; everything else is what it is about."""


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
        if not (self.trials > 0 or self.minutes > 0):
            raise UserError("a search needs --trials or --minutes", fix="--trials 100 is a start")
        if self.workers is not None and self.workers < 0:
            raise UserError(f"--workers {self.workers} is below zero")
        if self.key_every < 1:
            raise UserError(f"--key-every {self.key_every} is below one")
        if self.measure and not self.timed:
            raise UserError("--measure, and no latency is asked for", fix="--latency 40ms")
        if self.cpus <= 0 or self.gpus < 0:
            raise UserError(f"a candidate cannot take {self.cpus:g} CPUs and {self.gpus:g} GPUs")
        if self.objectives[0] != "reward" or len(set(self.objectives)) != len(self.objectives):
            raise UserError(f"objectives {', '.join(self.objectives)}", fix="reward comes first, each one once")

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
                word = field.name.replace("_", "-")
                raise UserError(
                    f"holds a search with --{word} {_shown(before)}, not {_shown(now[field.name])}",
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
