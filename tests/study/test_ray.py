"""A study on a cluster: two machines made up on this one, one of which dies half way."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
from study_help import asked

from segsmith.study.results import load_results

pytest.importorskip("ray", reason="ray is not installed")

DRIVER = """
import json, sys, threading, time
from pathlib import Path

from ray.cluster_utils import Cluster
from segsmith.study.options import SearchOptions
from segsmith.study.proxy import presets
from segsmith.study.proxy.presets import ProxySettings, Stage
from segsmith.study.results import load_results
from segsmith.study.search import run_search

def scored(out):
    return len(load_results(Path(out)).records) if (Path(out) / "run.json").exists() else 0

def kill_one(cluster, node, out):
    while scored(out) < 3:
        time.sleep(0.2)
    cluster.remove_node(node, allow_graceful=False)
    print("killed after", scored(out), flush=True)

if __name__ == "__main__":
    kind, stages = sys.argv[2], json.loads(sys.argv[3])
    made = {"length": 3} if kind == "dynamic" else {"crop": (32, 32)}
    settings = ProxySettings("quick", kind, tuple(Stage(*stage) for stage in stages), 4, clips=8, judged=2, **made)
    presets.PRESETS = (settings,)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    node = cluster.add_node(num_cpus=1)
    options = SearchOptions.of_record(json.loads(sys.argv[1]) | {"ray": cluster.address, "workers": None})
    threading.Thread(target=kill_one, args=(cluster, node, options.out), daemon=True).start()
    found = run_search(options)
    print("devices", sorted({record.device for record in found.records}), flush=True)
    cluster.shutdown()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("space", "stages"),
    [("dynamic", [(20, 1e-2), (20, 1e-2)]), ("template", [(10, 1e-2), (2, 1e-2, 1e-3)])],
)
def test_a_study_ends_with_all_trials_though_a_machine_dies(
    root: Path, tmp_path: Path, space: str, stages: list[tuple[float, ...]]
) -> None:
    options = asked(root, tmp_path / "s", space, trials=10, early_stopping=False)
    words = [sys.executable, "-c", DRIVER, json.dumps(asdict(options)), space, json.dumps(stages)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "killed after" in done.stdout
    records = load_results(tmp_path / "s").records
    assert Counter(record.state for record in records) == {"scored": 10}
    assert sorted(record.number for record in records) == list(range(10))
    assert len({record.fingerprint for record in records}) == 10
