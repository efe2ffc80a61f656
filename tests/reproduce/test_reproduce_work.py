"""What stages of every paper do."""

from pathlib import Path

from segsmith.genotype import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta
from segsmith.reproduce.work import parameters_of


def test_parameters_are_counted_with_the_classes_of_the_data(tmp_path: Path) -> None:
    found = {}
    for classes in (11, 19):
        run, genotype = tmp_path / str(classes), preset("template-arch1")
        run.mkdir()
        meta = Meta(genotype, tuple(map(str, range(classes))), ((0, 0, 0),) * classes)
        save_checkpoint(run / "model.safetensors", build(genotype, classes), meta)
        found[classes] = parameters_of(run) / 1e6
    assert {classes: round(count, 2) for classes, count in found.items()} == {11: 0.26, 19: 0.27}
