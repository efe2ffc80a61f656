"""Small tensors on one thread: two threads that wait for each other cost more than they bring."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SEGSMITH_CACHE", os.path.join(os.path.dirname(__file__), ".cache"))
