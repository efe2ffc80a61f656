"""``segsmith.load``: a run, a checkpoint or an exported file, ready to answer."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from segsmith.deploy.streams import Stream, Streams, When
from segsmith.networks.build import VideoNetwork
from segsmith.networks.loading import load as load_network
from segsmith.networks.meta import Meta
from segsmith.runtimes.graphs import STEP
from segsmith.runtimes.opening import Settings, find_files, open_runner
from segsmith.runtimes.runner import Runner

ONE_AT_A_TIME = ("openvino",)
"""Runtimes that read and write in one place: two threads at once would get each other's answers."""


class Model:
    """What stands at a path. ``meta`` says what it was made of and for; streams take frames, ``network`` is torch's."""

    def __init__(self, path: Path, runner: Runner) -> None:
        self.path, self.runner = path, runner
        self._turn = Lock() if runner.backend in ONE_AT_A_TIME else None

    @property
    def meta(self) -> Meta:
        return self.runner.meta

    @property
    def classes(self) -> tuple[str, ...]:
        return self.meta.classes

    @property
    def video(self) -> bool:
        """Whether it carries something from frame to frame."""
        return STEP in self.runner.parts

    @property
    def network(self) -> VideoNetwork:
        """The network as it was trained, a torch module in evaluation mode. An exported file has none."""
        return load_network(next(iter(find_files(self.path).values())))

    def stream(self, key_every: int = 10, key_when: float | None = None, max_age: int | None = None) -> Stream:
        """A callable for the frames of one video (uint8 H x W x 3), which answers with class maps (H x W)."""
        return Stream(self.streams(1, key_every, key_when, max_age))

    def streams(
        self, count: int, key_every: int = 10, key_when: float | None = None, max_age: int | None = None
    ) -> Streams:
        """Several videos of one size at once, each with a state of its own, in one batch."""
        return Streams(self.runner, count, When(key_every, key_when, max_age), self._turn)


def load_model(
    path: str | Path, backend: str = "", *, threads: int = 0, providers: Sequence[str] = (), device: str = "cpu"
) -> Model:
    asked = Settings(threads=threads, device=device)
    settings = Settings(threads=threads, providers=tuple(providers), device=device) if providers else asked
    return Model(Path(path), open_runner(path, backend, settings))
