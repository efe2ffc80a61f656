"""Which nodes of a network take the time, as the runtime itself counts."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from segsmith.deploy.benchmark.job import Job, Ready
from segsmith.deploy.benchmark.turns import carried
from segsmith.runtimes.graphs import KEY
from segsmith.runtimes.onnx_runner import open_session, session_options
from segsmith.runtimes.openvino_runner import SINGLE, core

RUNS, RUNS_IN_TORCH = 10, 3
Node = dict[str, Any]
Costs = dict[tuple[str, str], float]
"""Milliseconds of a run by a node's name and operation."""
Given = Mapping[str, Any]


def costliest(job: Job, scope: str, ready: Ready) -> dict[str, list[Node]]:
    """By part, {node, op, ms, share}, the costliest first. Nodes are called after the modules that they come from; in
    torch operations of one kind are one."""
    found = {}
    first = ready.runner.run(KEY, ready.inputs[KEY])
    for part in ready.runner.parts:
        given = {**ready.inputs[part], **({} if part == KEY else carried(first))}
        costs = PROFILES.get(job.backend, in_torch)(job, scope, ready, part, given)
        whole = sum(costs.values()) or 1.0
        ordered = sorted(costs.items(), key=lambda item: -item[1])
        found[part] = [{"node": node, "op": op, "ms": ms, "share": ms / whole} for (node, op), ms in ordered]
    return found


def in_onnxruntime(job: Job, scope: str, ready: Ready, part: str, given: Given) -> Costs:
    costs: Costs = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        options = session_options(job.threads)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = open_session(job.files[scope].models[part], options, job.settings.providers)
        for _ in range(1 + RUNS):
            session.run(None, dict(given))
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    seen: dict[str, int] = defaultdict(int)
    for event in events:
        name = event["name"].removesuffix("_kernel_time")
        if event.get("cat") != "Node" or name == event["name"]:
            continue
        seen[name] += 1
        if seen[name] > 1:  # the first run is no usual one
            costs[name, event["args"]["op_name"]] += event["dur"] / 1000 / RUNS
    return costs


def in_openvino(job: Job, scope: str, ready: Ready, part: str, given: Given) -> Costs:
    costs: Costs = defaultdict(float)
    settings: dict[str, Any] = {**SINGLE, "PERFORMANCE_HINT": "LATENCY", "PERF_COUNT": True}
    if job.threads:
        settings["INFERENCE_NUM_THREADS"] = job.threads
    compiler = core()
    model = compiler.read_model(job.files[scope].models[part])
    request = compiler.compile_model(model, job.device.upper(), settings).create_infer_request()
    for run in range(1 + RUNS):
        request.infer(dict(given), share_inputs=True)
        for node in request.get_profiling_info() if run else ():
            costs[node.node_name, node.node_type] += node.real_time.total_seconds() * 1000 / RUNS
    return {name: ms for name, ms in costs.items() if ms}


def in_torch(job: Job, scope: str, ready: Ready, part: str, given: Given) -> Costs:
    """Torch does not say which module an operation belongs to."""
    from torch.autograd.profiler import profile

    with profile(use_kineto=False) as seen:
        for _ in range(RUNS_IN_TORCH):
            ready.runner.run(part, given)
    times = {(event.key, event.key): event.self_cpu_time_total / 1000 for event in seen.key_averages()}
    return {name: ms / RUNS_IN_TORCH for name, ms in times.items()}


PROFILES: Mapping[str, Callable[[Job, str, Ready, str, Given], Costs]] = {
    "onnxruntime": in_onnxruntime,
    "openvino": in_openvino,
}
