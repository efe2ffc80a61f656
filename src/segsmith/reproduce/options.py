"""What a person asks when a paper is to be done again."""

from dataclasses import asdict, dataclass
from typing import Any

from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.study.options import plain
from segsmith.training.options import check_seed

FREE = ("out", "device", "quiet")
"""What may be another when it goes on."""


@dataclass(frozen=True)
class ReproduceOptions:
    """``encoder_weights``: MobileNet-v2's of another library; ``table``: of latencies, for the LGC search."""

    paper: str
    data: str
    out: str
    scale: str = "paper"
    cityscapes: str = ""
    encoder_weights: str = ""
    table: str = ""
    seed: int = 0
    device: str = "auto"
    quiet: bool = False

    def __post_init__(self) -> None:
        check_seed(self.seed)

    @property
    def city(self) -> str:
        """The name of Cityscapes as a data set; nothing where it is not at hand."""
        bare = self.cityscapes.removeprefix("cityscapes:")
        return f"cityscapes:{bare}" if bare else ""

    def record(self) -> dict[str, Any]:
        return asdict(self)

    def check_goes_on(self, configuration: dict[str, Any]) -> None:
        for name, value in plain(self.record()).items():
            if name not in FREE and configuration.get(name) != value:
                raise UserError(
                    f"holds a reproduction with {name.replace('_', '-')} {configuration.get(name)!r}, not {value!r}",
                    fix="ask the same, or name a new folder",
                    path=self.out,
                )


def judged_split(data: str) -> str:
    """Test where it has labels, else val."""
    dataset = open_dataset(data)
    for split in ("test", "val"):
        if dataset.splits.get(split) and any(frame.labelled for frame in dataset.frames(split)):
            return split
    raise UserError(f"{dataset.name} has labelled frames neither in test nor in val", fix="a network has to be judged")
