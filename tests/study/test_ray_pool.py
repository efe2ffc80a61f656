"""Workers of a cluster and what may befall them, on a cluster that is made up but for the last test."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from study_help import MadeUp, cell_space, score_of

from segsmith.errors import UserError
from segsmith.study.proxy.scoring import Job

ray = pytest.importorskip("ray", reason="ray is not installed")

from ray.exceptions import ActorDiedError, OutOfMemoryError, RayTaskError  # noqa: E402  # Ray may be missing

from segsmith.study import ray_pool  # noqa: E402  # it imports Ray
from segsmith.study.ray_pool import RayPool, Share, SharedArrays  # noqa: E402  # likewise

JOB = Job(0, cell_space().decode((0,) * len(cell_space().decisions)), seed=1)
CANNOT_IMPORT = ActorDiedError(RayTaskError("__init__", "Traceback:\nModuleNotFoundError: no segsmith", ImportError()))
"""As Ray tells of a worker whose machine lacks a package."""


@dataclass(frozen=True)
class Opener(MadeUp):
    fault: Exception | None = None

    def open(self) -> Any:
        if self.fault is not None:
            raise self.fault
        return super().open()

    def moved(self, move: object) -> "Opener":
        return self


@dataclass
class Cluster:
    """Does at once what is asked of it. ``deaths``: what workers answer with, in turn, in place of what they would."""

    deaths: list[Exception | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exceptions = ray.exceptions

    def remote(self, kind: type) -> Any:
        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=lambda *given: self._actor(kind(*given))))

    def _actor(self, worker: Any) -> Any:
        return SimpleNamespace(
            open=SimpleNamespace(remote=lambda: self._call(worker.open)),
            answer=SimpleNamespace(remote=lambda job: self._call(lambda: worker.answer(job))),
        )

    def _call(self, what: Callable[[], object]) -> Any:
        death = self.deaths.pop(0) if self.deaths else None

        def get() -> object:
            if death is not None:
                raise death
            return what()

        return get

    def put(self, what: object) -> object:
        return what

    def get(self, ref: Any) -> Any:
        return ref() if callable(ref) else ref

    def wait(self, refs: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        return refs, []

    def kill(self, actor: object) -> None:
        pass

    def shutdown(self) -> None:
        pass


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(ray_pool, "ray", made)
    return made


def outcome_of(pool: RayPool, turns: int = 6) -> Any:
    pool.submit(JOB)
    for _ in range(turns):
        for _, outcome in pool.wait(0.0):
            return outcome
    return None


def test_a_candidate_is_scored(cluster: Cluster) -> None:
    found = outcome_of(RayPool(Opener(), 2, Share()))
    assert found.stages[-1].marks.reward == pytest.approx(score_of(JOB.genotype))
    assert found.batch == 8


def test_whatever_keeps_a_proxy_from_being_opened_ends_the_study(cluster: Cluster) -> None:
    pool = RayPool(Opener(fault=MemoryError("8 GB are not to be had")), 2, Share())
    with pytest.raises(UserError, match="the features cannot be read: MemoryError: 8 GB are not to be had"):
        pool.wait(0.0)


def test_a_cluster_whose_machines_all_lack_a_package_is_not_waited_for(cluster: Cluster) -> None:
    cluster.deaths = [CANNOT_IMPORT, CANNOT_IMPORT]
    pool = RayPool(Opener(), 2, Share())
    with pytest.raises(UserError, match="no worker of the cluster can begin: ModuleNotFoundError: no segsmith"):
        pool.wait(0.0)


def test_one_machine_that_lacks_a_package_leaves_the_others(cluster: Cluster) -> None:
    cluster.deaths = [CANNOT_IMPORT, None, CANNOT_IMPORT, CANNOT_IMPORT]
    assert outcome_of(RayPool(Opener(), 2, Share())).kind == "scored"


def test_why_no_worker_has_begun_is_told_in_the_end(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was lost may come back, or another one."""
    cluster.deaths = [ActorDiedError(), ActorDiedError(), ActorDiedError()]
    pool = RayPool(Opener(), 1, Share(2))
    assert outcome_of(pool, turns=2) is None
    monkeypatch.setattr(ray_pool, "PATIENCE_S", 0.0)
    words = "no machine of the cluster has started a worker; the last one failed: The actor died unexpectedly .*2 CPUs"
    with pytest.raises(UserError, match=words):
        pool.wait(0.0)


def test_a_candidate_whose_worker_had_too_little_memory_is_begun_with_half_the_batch(cluster: Cluster) -> None:
    cluster.deaths = [None, OutOfMemoryError("the node runs low on memory")]
    found = outcome_of(RayPool(Opener(), 1, Share()))
    assert (found.kind, found.batch) == ("scored", 4)
    cluster.deaths = [None, ActorDiedError()]
    found = outcome_of(RayPool(Opener(), 1, Share()))
    assert (found.kind, found.batch) == ("scored", 8)


def test_a_candidate_whose_workers_die_keeps_what_is_known_of_it(cluster: Cluster) -> None:
    cluster.deaths = [None, ActorDiedError(), None, ActorDiedError()]
    found = outcome_of(RayPool(Opener(), 1, Share()))
    assert found.reason.startswith("its worker died 2 times: The actor died unexpectedly")
    assert (found.device, found.threads, found.certain) == ("cpu", 1, False)
    assert found.seconds > 0


def test_data_that_are_lost_with_a_machine_are_no_fault_of_the_candidate(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from study_help import ACCIDENTS

    lost = iter([ray.exceptions.ObjectLostError("00", "", "")])

    def read(candidate: object) -> None:
        for error in lost:
            raise error

    monkeypatch.setitem(ACCIDENTS, "fault", read)
    assert outcome_of(RayPool(Opener(accidents=((0.0, 1.0, "fault"),)), 1, Share())).kind == "scored"


def test_features_lie_on_the_device_only_where_there_is_room(cluster: Cluster) -> None:
    arrays = SharedArrays({"masks": np.zeros((2, 3), np.uint8)})
    meta = torch.device("meta")
    assert arrays.load(meta, resident=True)["masks"].device == meta
    assert arrays.load(meta, resident=False)["masks"].device == torch.device("cpu")


MISSING = """
import sys, types
import ray
from segsmith.errors import UserError
from segsmith.study import ray_pool

class Opener:
    def moved(self, move):
        return self

if __name__ == "__main__":
    sys.modules["nowhere"] = nowhere = types.ModuleType("nowhere")
    exec("class Worker:\\n def __init__(self, *given): pass\\n def open(self): pass", nowhere.__dict__)
    ray_pool._Worker = nowhere.Worker
    ray.init(num_cpus=1, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    pool = ray_pool.RayPool(Opener(), 0, ray_pool.Share())
    try:
        while True:
            pool.wait(0.5)
    except UserError as error:
        print(error)
    ray.shutdown()
"""


@pytest.mark.slow
def test_ray_names_the_package_that_its_machines_lack() -> None:
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, timeout=400)
    assert "no worker of the cluster can begin: ModuleNotFoundError: No module named 'nowhere'" in done.stdout
