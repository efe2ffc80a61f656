"""What a sampler costs per trial beside Optuna's own random one, with 100, 1,000 and 5,000 trials in the study.

    python benchmarks/sampler_overhead.py [--sizes 100 1000 5000]

Bare Optuna, ours by name and PPO take turns in one study of dynamic cells with five rows (25 decisions), each first as
often as the others. A trial is asked, decided and told at once; PPO learns from its own alone. ``driver`` is the
whole of what a search does for a trial beside training: the network made and fingerprinted, looked for among the scored
ones, its record written. SQLite is set as for searches.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import optuna
import torch
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import TrialState

from record import write
from segsmith.genotype.presets import preset
from segsmith.search.named import make_sampler
from segsmith.search.policy import small_arithmetic
from segsmith.search.ppo import PAPER, PPO, QUICK, PPOSampler
from segsmith.search.trials import ask
from segsmith.spaces import DynamicSpace
from segsmith.study.driver import Driver, Plan
from segsmith.study.limits import Goals
from segsmith.study.meter import Cost
from segsmith.study.proxy.marks import Marks
from segsmith.study.proxy.scoring import Job, Outcome, StageResult
from segsmith.study.storage import open_storage
from segsmith.training.runfolder import versions

SPACE = DynamicSpace(static=preset("arch2"), rows=5)
TURNS = 40
Decide = Callable[[optuna.Trial], object]


def bare(trial: optuna.Trial) -> list[object]:
    return [trial.suggest_categorical(decision.name, decision.options) for decision in SPACE.decisions]


def ours(trial: optuna.Trial) -> object:
    return ask(trial, SPACE)


def fill(study: optuna.Study, size: int) -> None:
    """Finished trials of random networks, so that the study has ``size``."""
    distributions = {d.name: CategoricalDistribution(d.options) for d in SPACE.decisions}
    rng = Random(size)
    for _ in range(size - len(study.get_trials(deepcopy=False))):
        params = SPACE.picks(SPACE.random(rng))
        study.add_trial(optuna.create_trial(value=rng.random(), params=params, distributions=distributions))


def one_trial(study: optuna.Study, sampler: BaseSampler, decide: Decide) -> tuple[float, float]:
    study.sampler = sampler
    wall, cpu = time.perf_counter(), time.process_time()
    trial = study.ask()
    decide(trial)
    learned = isinstance(sampler, PPOSampler)
    study.tell(trial, 0.5 if learned else None, None if learned else TrialState.FAIL)
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(study: optuna.Study, samplers: dict[str, tuple[BaseSampler, Decide]]) -> dict[str, dict[str, float]]:
    """Medians of as many turns each, in milliseconds."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in samplers}
    for turn in range(TURNS):
        for place in range(len(samplers)):
            name = list(samplers)[(turn + place) % len(samplers)]
            taken[name].append(one_trial(study, *samplers[name]))
    return {
        name: {
            clock: round(1000 * statistics.median(turn[index] for turn in turns), 2)
            for index, clock in enumerate(("wall_ms", "cpu_ms"))
        }
        for name, turns in taken.items()
    }


class Instant:
    """A pool whose candidates are scored at once."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    @property
    def free(self) -> int:
        return 1 - len(self.jobs)

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def wait(self, seconds: float) -> list[tuple[int, Outcome]]:
        marks = Marks(0.5, 0.5, 0.5, 0.5, (0.5,))
        stages = (StageResult(marks, 1.0, 0.0), StageResult(marks, 1.0, 0.0))
        return [(self.jobs.pop().number, Outcome("scored", "", stages, 0.0, 8, "cpu", 1))]

    def close(self) -> None:
        self.jobs.clear()


def driven(study: optuna.Study, sampler: BaseSampler) -> dict[str, float]:
    """Medians of as many trials of a search that does everything but train; nothing is known of costs."""
    study.sampler = sampler
    clocks = [(time.perf_counter(), time.process_time())]
    cost = Cost(1, 1.0, 1, 1)
    plan = Plan(SPACE, Goals(), ("all",), 2, versions=versions())

    def told(record: object, book: object) -> None:
        clocks.append((time.perf_counter(), time.process_time()))

    Driver(study, plan, Instant(), lambda genotype: cost, told, lambda: len(clocks) > TURNS).run()
    return {
        name: round(1000 * statistics.median(b[place] - a[place] for a, b in pairwise(clocks)), 2)
        for place, name in enumerate(("wall_ms", "cpu_ms"))
    }


def with_storage(storage: BaseStorage, sizes: list[int]) -> dict[str, Any]:
    study = optuna.create_study(storage=storage, direction="maximize")
    samplers: dict[str, tuple[BaseSampler, Decide]] = {
        "bare": (RandomSampler(seed=0), bare),
        "random": (make_sampler("random", SPACE), ours),
        "ppo": (make_sampler("ppo", SPACE), ours),
    }
    figures: dict[str, Any] = {}
    for size in sizes:
        fill(study, size)
        start = time.process_time()
        one_trial(study, *samplers["ppo"])
        caught_up = time.process_time() - start
        medians = measure(study, samplers)
        medians["driver"] = driven(study, samplers["random"][0])
        extra = {
            f"{name}_over_bare_{clock}": round(medians[name][clock] - medians["bare"][clock], 2)
            for name in ("random", "ppo", "driver")
            for clock in ("wall_ms", "cpu_ms")
        }
        figures[str(size)] = medians | extra | {"ppo_first_trial_with_replay_cpu_s": round(caught_up, 2)}
    return figures


def arithmetic() -> dict[str, dict[str, float]]:
    """PPO by itself, its memory full: proposing one network, and learning from one."""
    figures = {}
    for name, settings in (("quick", QUICK), ("paper", PAPER)):
        learner, rng, generator = PPO(SPACE.decisions, settings, 0), Random(0), torch.Generator().manual_seed(0)
        for _ in range(settings.buffer):
            learner.learn(SPACE.random(rng), rng.random())
        propose = partial(learner.policy.sample, 1, generator)
        figures[name] = {
            "propose_cpu_ms": _median_ms(propose),
            "learn_cpu_ms": _median_ms(lambda learner=learner, rng=rng: learner.learn(SPACE.random(rng), rng.random())),
        }
    return figures


def _median_ms(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(TURNS):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return round(1000 * statistics.median(taken), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--name", default="sampler_overhead", help="of the file in results/")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, small_arithmetic():
        write(
            options.name,
            decisions=len(SPACE.decisions),
            ppo_arithmetic=arithmetic(),
            memory=with_storage(InMemoryStorage(), options.sizes),
            sqlite=with_storage(open_storage(Path(folder), ""), options.sizes),
        )


if __name__ == "__main__":
    main()
