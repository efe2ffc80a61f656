"""Small tensors on one thread: two threads that wait for each other cost more than they bring."""

import os
import signal
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SEGSMITH_CACHE", os.path.join(os.path.dirname(__file__), ".cache"))

# A shell that starts us in the background has Ctrl-C ignored, by us and by what we start; tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def own_threads() -> Iterator[None]:
    """Where sessions of ONNX Runtime share their threads, no other test in this process could open one of its own."""
    import onnxruntime

    def refuse(*_: object) -> None:
        raise RuntimeError("not in a test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnxruntime, "set_global_thread_pool_sizes", refuse)
        yield
