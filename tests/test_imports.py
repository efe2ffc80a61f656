"""The house's rules about imports: one way only, and quick."""

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "segsmith"

# A part may import itself and the parts before it.
ORDER = [
    *("errors", "machine", "models", "genotype", "ops", "networks", "runtimes", "data", "metrics", "spaces", "latency"),
    *("training", "search", "study", "deploy", "report", "reproduce", "forge", "cli"),
]
WITHOUT_TORCH = ("errors", "machine", "models", "genotype", "spaces")
WALLS = {"networks": {"spaces", "search"}, "search": {"data", "training", "study"}}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*.py")):
        relative = path.relative_to(SOURCE)
        part = relative.parts[0].removesuffix(".py")
        if part not in ("__init__", "__main__"):
            yield part, path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    names = (name.split(".") for name in imported(path))
    return {name[1] for name in names if name[0] == "segsmith" and len(name) > 1} - {"__version__", "load"}


@pytest.mark.parametrize(("part", "path"), [pytest.param(*m, id=str(m[1].relative_to(SOURCE))) for m in modules()])
def test_imports_run_one_way(part: str, path: Path) -> None:
    allowed = set(ORDER[: ORDER.index(part) + 1]) - WALLS.get(part, set())
    assert parts_imported(path) <= allowed
    roots = {name.split(".")[0] for name in imported(path)}
    assert "torchvision" not in roots
    if part in WITHOUT_TORCH:
        assert "torch" not in roots


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_is_quick_and_loads_no_torch() -> None:
    code = "import sys, segsmith; print([m for m in ('torch', 'numpy', 'cv2', 'rich', 'typer') if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_help_is_quick_and_loads_no_torch() -> None:
    code = (
        "import sys\nsys.argv = ['segsmith', '--help']\nfrom segsmith.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', [m for m in ('torch', 'numpy', 'cv2', 'onnxruntime') if m in sys.modules])"
    )
    start = time.perf_counter()
    output = run(code)
    assert "LOADED []" in output
    assert "train" in output
    assert time.perf_counter() - start < 5, "the bound is loose for busy machines; a quiet one takes 0.3 s"
