"""Pictures of an assessment: confusion, worst frames, drift."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image as Pillow

from segsmith.data.base import Frame, Image
from segsmith.data.pictures import captioned, confusion_picture, errors, legend, overlay, side_by_side
from segsmith.training.evaluation import Answerer
from segsmith.training.runfolder import replacing

if TYPE_CHECKING:
    from segsmith.training.assess import Assessment


def draw(done: "Assessment", answerer: Answerer, folder: Path) -> list[Path]:
    """Write the pictures; their paths."""
    names = done.dataset.classes.names
    files = [save(confusion_picture(done.result.confusion, names), folder / "confusion.png")]
    for place, (score, frame) in enumerate(done.result.worst, 1):
        files.append(save(worst_picture(done, answerer, frame, score), folder / f"worst-{place}.png"))
    files.append(save(legend(done.dataset.classes, 720), folder / "legend.png"))
    if done.result.key_every > 1:
        files.append(drift_plot(done, folder / "drift.png"))
    return files


def worst_picture(done: "Assessment", answerer: Answerer, frame: Frame, score: float) -> Image:
    """Frame, answer (as a key frame), truth and errors, side by side."""
    image, truth = done.dataset.reader.image(frame), done.dataset.reader.mask(frame)
    assert truth is not None
    answer = answerer.key(image)
    tiles = [
        captioned(image, f"{frame.name}: mIoU {100 * score:.1f} %"),
        captioned(overlay(image, answer, done.dataset.classes), "the network as on a key frame"),
        captioned(overlay(image, truth, done.dataset.classes), "truth"),
        captioned(errors(image, answer, truth), "wrong in red, void in blue"),
    ]
    return side_by_side(*tiles)


def drift_plot(done: "Assessment", path: Path) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots(1, 2)
    for name, result in {Path(done.model).name: done.result, **done.controls}.items():
        points = result.drift
        distances = [point.distance for point in points]
        width = 2.5 if result is done.result else 1.2
        axes[0].plot(distances, [100 * point.scores.miou for point in points], label=name, linewidth=width)
        axes[1].plot(distances, [100 * point.flicker for point in points], label=name, linewidth=width)
    for axis, title in zip(axes, ("mIoU in %", "flicker in %"), strict=True):
        axis.set(xlabel="frames since the key frame", title=title)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    with replacing(path) as beside:
        figure.savefig(beside, dpi=130, format="png")
    return path


def save(image: Image, path: Path) -> Path:
    with replacing(path) as beside:
        Pillow.fromarray(image).save(beside, format="png")
    return path
