"""The example in C++: built where ONNX Runtime's headers are, and then equal to the same file in Python.

``ORT`` names the folder of an ONNX Runtime release (with include/ and lib/); else the system's own is looked for.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from export_help import SIZE, picture

from segsmith.deploy.model import load_model

EXAMPLE = Path(__file__).parents[2] / "examples" / "stream.cpp"
HEADER = "onnxruntime_cxx_api.h"
PLACES = ("include", "include/onnxruntime", "include/onnxruntime/core/session")
ROOTS = (os.environ.get("ORT", ""), "/usr", "/usr/local", "/opt/homebrew")


def headers() -> tuple[Path, Path] | None:
    """The folder of the header, and the root that it is in."""
    found = [(Path(root) / place, Path(root)) for root in ROOTS if root for place in PLACES]
    return next((pair for pair in found if (pair[0] / HEADER).exists()), None)


@pytest.mark.slow
def test_it_answers_as_python_does(exported: Mapping[str, Mapping[str, Path]], tmp_path: Path) -> None:
    found = headers()
    if found is None:
        pytest.skip(f"needs {HEADER}: set ORT to the folder of an ONNX Runtime release")
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    include, root = found
    build = [compiler, "-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", f"-isystem{include}", str(EXAMPLE)]
    program = tmp_path / "stream"
    libraries = [f"-L{root / 'lib'}", f"-Wl,-rpath,{root / 'lib'}", "-lonnxruntime"]
    subprocess.run([*build, "-o", str(program), *libraries], check=True)
    frames = np.stack([picture(n) for n in range(7)])
    files = exported["onnx"]
    words = [str(program), str(files["key"]), str(files["step"]), *map(str, SIZE), "3"]
    masks = subprocess.run(words, input=frames.tobytes(), capture_output=True, check=True).stdout
    stream = load_model(files["key"]).stream(key_every=3)
    expected = np.stack([stream(frame) for frame in frames])
    assert np.mean(np.frombuffer(masks, np.uint8).reshape(expected.shape) == expected) > 0.999


def test_it_stays_an_example() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 80
