"""The page: from run folders to one file of HTML, once or again and again."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import segsmith
from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.genotype import Genotype, to_text
from segsmith.genotype.svg import STYLE
from segsmith.latency.table import Table
from segsmith.ops.blocks import Size
from segsmith.report.blocks import Article
from segsmith.report.compare import comparison
from segsmith.report.inside import Inside, look_inside
from segsmith.report.latencies import table_of
from segsmith.report.looks import Looks, look
from segsmith.report.node_times import Key, Used, node_times, used_pieces
from segsmith.report.read import Run, read_runs
from segsmith.report.run_page import View, article, classes_of
from segsmith.training.runfolder import RunFolder, replacing

UNKNOWN = (360, 480), 11
REFRESH_S = 15.0
NO_TABLE = "No latency table was given, or it is gone or spoilt: nothing is said of milliseconds."


@dataclass
class Reporter:
    """Remembers what took long: a network is run on its data once, however often the page is written."""

    say: Callable[[str], None] = lambda line: None
    _looks: dict[tuple[Path, int, str], Looks | str] = field(default_factory=dict)
    _data: dict[str, tuple[Size, int]] = field(default_factory=dict)
    _insides: dict[tuple[str, Size, int], Inside] = field(default_factory=dict)
    _boxes: dict[tuple[str, Size, int], Mapping[Key, Used]] = field(default_factory=dict)

    def write(self, paths: Sequence[Path], out: Path, refresh: bool = False) -> bool:
        """Write the page; whether a run of it is still going. ``refresh``: as long as one is, the page loads itself
        again."""
        runs = read_runs(paths)
        views = [self.view(run, f"r{i}") for i, run in enumerate(runs)]
        articles = [article(view) for view in views]
        going = any(run.going for run in runs)
        if len(runs) > 1:
            articles.insert(1 if leads(runs) else 0, comparison(views, articles))
        html = render(articles, REFRESH_S if refresh and going else None)
        with replacing(out) as beside:
            beside.write_text(html, encoding="utf-8", errors="replace")  # names of folders need not be text
        return going

    def watch(self, paths: Sequence[Path], out: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        """Until no run is going any more; a page that is left behind does not load itself again."""
        try:
            while self.write(paths, out, refresh=True):
                sleep(REFRESH_S)
        except KeyboardInterrupt:
            self.write(paths, out)

    def view(self, run: Run, key: str) -> View:
        genotype, size, classes = run.genotype, self.size(run), classes_of(run) or self.data(run)[1]
        inside = below = None
        if genotype is not None:
            table = table_of(run)
            inside = self.timed(self.inside(genotype, size, classes), table)
            below = self.timed(self.inside(genotype.static, size, classes), table) if genotype.static else None
        return View(run, key, inside, below, self.looks(run))

    def inside(self, genotype: Genotype, size: Size, classes: int) -> Inside:
        key = (to_text(genotype), size, classes)
        if key not in self._insides:
            self._insides[key] = look_inside(genotype, size, classes)
        return self._insides[key]

    def timed(self, inside: Inside, table: Table | None) -> Inside:
        if table is None:
            return replace(inside, told=NO_TABLE)
        key = (to_text(inside.genotype), table.frames.size, table.frames.classes)
        if key not in self._boxes:
            self._boxes[key] = used_pieces(inside.genotype, table.frames)
        times = node_times(self._boxes[key], table)
        return replace(inside, takes=times.words, told=times.caption)

    def looks(self, run: Run) -> Looks | str | None:
        model, judged = RunFolder(run.path).model, run.headline
        if judged is None or not model.exists():
            return None
        key = (model, model.stat().st_mtime_ns, judged.split)
        if key not in self._looks:
            self.say(f"{run.name}: running the network on frames of {judged.split}")
            try:
                self._looks[key] = look(run, judged)
            except UserError as error:
                self._looks[key] = f"The network could not be run on its data once more: {error}"
        return self._looks[key]

    def size(self, run: Run) -> Size:
        """Of the frames that a network is asked about."""
        asked = run.configuration.get("size") or (run.meta.size if run.meta else None)
        if asked and any(asked):
            return int(asked[0]), int(asked[1])
        return self.data(run)[0]

    def data(self, run: Run) -> tuple[Size, int]:
        """The size of its frames, and how many classes they show."""
        name = str(run.configuration.get("data", ""))
        if name not in self._data:
            self._data[name] = data_of(name)
        return self._data[name]


def data_of(data: str) -> tuple[Size, int]:
    """Of the first frame, and of the labels; what is common where the data cannot be opened."""
    if not data:
        return UNKNOWN
    try:
        dataset = open_dataset(data)
        frames = [frame for split in dataset.splits for frame in dataset.frames(split)[:1]]
        height, width = dataset.reader.image(frames[0]).shape[:2] if frames else UNKNOWN[0]
    except UserError:
        return UNKNOWN
    return (height, width), len(dataset.classes) or UNKNOWN[1]


def leads(runs: Sequence[Run]) -> bool:
    """A forge comes before the table of its own runs."""
    return all(runs[0].path.resolve() in run.path.resolve().parents for run in runs[1:])


def render(articles: Sequence[Article], refresh: float | None) -> str:
    """What is text in the articles is escaped here; drawings come as markup."""
    environment = Environment(
        loader=PackageLoader("segsmith.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("page.css").render()
    return environment.get_template("page.html").render(
        title=articles[0].name,
        style=Markup(style + STYLE),
        articles=articles,
        refresh=refresh,
        version=segsmith.__version__,
        written=time.strftime("%Y-%m-%d %H:%M"),
    )
