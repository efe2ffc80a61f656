"""``segsmith.load``: a run, a checkpoint or an exported file, ready to answer."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from segsmith.deploy.streams import Stream, Streams, When
from segsmith.networks.build import VideoNetwork
from segsmith.networks.loading import load as load_network
from segsmith.networks.meta import Meta
from segsmith.runtimes.graphs import STEP
from segsmith.runtimes.opening import Settings, find_files, open_runner
from segsmith.runtimes.runner import Runner


class Model:
    """What stands at a path. ``meta`` says what it was made of and for; streams take frames, ``network`` is torch's."""

    def __init__(self, path: Path, runner: Runner) -> None:
        self.path, self.runner = path, runner

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
        """A callable for the frames of one video (uint8 H x W x 3), which answers with class maps (H x W).

        A key frame comes every ``key_every`` frames; or, with ``key_when``, where the scene has moved that far from
        the last one (0.4 is a start), and behind ``max_age`` frames in any case.
        """
        return Stream(self.streams(1, key_every, key_when, max_age))

    def streams(
        self, count: int, key_every: int = 10, key_when: float | None = None, max_age: int | None = None
    ) -> Streams:
        """Several videos of one size at once, each with a state of its own, in one batch."""
        return Streams(self.runner, count, When(key_every, key_when, max_age))


def load_model(
    path: str | Path,
    backend: str = "",
    *,
    threads: int = 0,
    providers: Sequence[str] = (),
    spinning: bool = True,
    device: str = "cpu",
) -> Model:
    asked = Settings(threads=threads, spinning=spinning, device=device)
    settings = replace(asked, providers=tuple(providers)) if providers else asked
    return Model(Path(path), open_runner(path, backend, settings))
