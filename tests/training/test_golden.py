"""Ten steps of every recipe: a change that is no change of the maths gives the same losses.

After a change that is one:  SEGSMITH_RENEW=1 .venv/bin/pytest tests/training/test_golden.py
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import torch

from segsmith.data.open import open_dataset
from segsmith.genotype.jsonform import to_json
from segsmith.spaces.lgc import LgcSpace
from segsmith.training.journal import Journal
from segsmith.training.loop import Watchers
from segsmith.training.options import TrainOptions
from segsmith.training.recipes import RECIPES
from segsmith.training.run import make_fabric
from segsmith.training.runfolder import RunFolder
from segsmith.training.start import start
from segsmith.training.work import Work, prepared

GOLDEN = Path(__file__).parent.parent / "golden" / "losses.json"
DATA = "streets:clips=8,frames=8,size=64x96,seed=3"
NETWORKS = {"static": "arch2", "lgc": "LGC", "dynamic": "light", "video": "light"}
STEPS = 10


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def losses(recipe: str, folder: Path) -> list[float]:
    what = NETWORKS.get(recipe, "template-arch1")
    if what == "LGC":
        space = LgcSpace(width=8)
        what = str(folder / "lgc.json")
        Path(what).write_text(to_json(space.decode(space.random(Random(0)))))
    out = str(folder / "run")
    options = TrainOptions(what, DATA, out, recipe=recipe, epochs=1.2, batch=4, crop=(64, 64), device="cpu", workers=0)
    dataset = open_dataset(DATA)
    begun = start(what, dataset.classes, auxiliary=options.wants_auxiliary)
    one = Work(make_fabric(options), options, RunFolder(folder / "run"), dataset, begun, options.adapted("decoder"))
    one.run.path.mkdir()
    loop = prepared(one, Journal(one.run, quiet=True))
    found: list[float] = []
    loop.watchers = Watchers(lambda status: found.append(status.loss))
    loop.train()
    return found


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_losses_are_those_of_before(recipe: str, tmp_path: Path) -> None:
    found = losses(recipe, tmp_path)
    assert len(found) >= STEPS
    known = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("SEGSMITH_RENEW"):
        known[recipe] = [round(loss, 5) for loss in found]
        GOLDEN.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        return
    assert found[:2] == pytest.approx(known[recipe][:2], rel=1e-3)
    assert found == pytest.approx(known[recipe], rel=5e-2), (
        "later steps amplify what another machine rounds differently"
    )
