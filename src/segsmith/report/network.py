"""The drawing of a network with what each of its nodes gives and costs, said where a reader points at it.

The drawing is ``genotype.svg``'s. Boxes stand in it in the order of ``genotype.diagram.panels``, and that is how they
are found again; each becomes a group that can be pointed at and focused, with a label that shows by CSS alone.
"""

from collections.abc import Iterator
from xml.etree import ElementTree as XML

from markupsafe import Markup

from segsmith.genotype import Genotype, prune
from segsmith.genotype.diagram import STYLES, panels
from segsmith.genotype.svg import to_svg
from segsmith.report.inside import NET, Inside

NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
LINE, LETTER, PAD = 15.0, 6.4, 9.0
BOXES = frozenset(f"sg-{style}" for style in STYLES)


def annotated(inside: Inside, key: str) -> Markup:
    """The drawing, with the CSS that shows its labels. ``key`` tells drawings of one page apart."""
    root = XML.fromstring(to_svg(inside.genotype).replace(NAMESPACE, "", 1))
    root.set("id", key)
    about = root.find("title")
    assert about is not None
    # Its own style sheet is the page's business; a title of the whole would cover the labels of its parts.
    for unwanted in (root.find("style"), about):
        assert unwanted is not None
        root.remove(unwanted)
    root.set("aria-label", about.text or "")
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    tips, rules = [], []
    for number, (panel, rect, text, box, at) in enumerate(_boxes(root, inside.genotype)):
        words = inside.words(panel, box)
        if not words:
            continue
        name = f"{key}-{number}"
        _group(root, rect, text, name, f"{box}: {', '.join(words)}")
        tips.append(_tip(f"{name}-tip", [box, *words], at, width, height))
        rules.append(f"#{key}:has(#{name}:is(:hover,:focus)) #{name}-tip{{visibility:visible}}")
    root.extend(tips)
    XML.SubElement(root, "style").text = "\n".join(rules)
    return Markup(XML.tostring(root, encoding="unicode"))


Found = tuple[str, XML.Element, list[XML.Element], str, tuple[float, float]]


def _boxes(root: XML.Element, genotype: Genotype) -> Iterator[Found]:
    """Panel, rectangle, texts, name and lower left corner of every box."""
    names = [NET, *prune(genotype).cells]
    drawn = [group for group in root.findall("g") if group.find("rect[@class='sg-panel']") is not None]
    for name, panel, group in zip(names, panels(genotype), drawn, strict=True):
        inner = group.find("g")
        assert inner is not None
        dx, dy = (a + b for a, b in zip(_shift(group), _shift(inner), strict=True))
        parts = list(inner)
        at = [i for i, part in enumerate(parts) if part.tag == "rect" and part.get("class") in BOXES]
        for box, start, end in zip(panel.boxes, at, [*at[1:], len(parts)], strict=True):
            rect = parts[start]
            corner = (dx + float(rect.get("x", "0")), dy + float(rect.get("y", "0")) + float(rect.get("height", "0")))
            yield name, rect, parts[start + 1 : end], box.key, corner


def _shift(group: XML.Element) -> tuple[float, float]:
    x, y = group.get("transform", "translate(0 0)").removeprefix("translate(").removesuffix(")").split()
    return float(x), float(y)


def _group(root: XML.Element, rect: XML.Element, texts: list[XML.Element], name: str, label: str) -> None:
    parent = next(element for element in root.iter() if rect in list(element))
    group = XML.Element("g", {"id": name, "class": "sg-node", "tabindex": "0", "role": "img", "aria-label": label})
    parent.insert(list(parent).index(rect), group)
    for element in (rect, *texts):
        parent.remove(element)
        group.append(element)


def _tip(name: str, lines: list[str], at: tuple[float, float], width: float, height: float) -> XML.Element:
    """A label below its box, or above it where the drawing ends; never beyond the drawing's sides."""
    wide = max(LETTER * len(line) for line in lines) + 2 * PAD
    high = LINE * len(lines) + PAD
    x = max(2.0, min(at[0], width - wide - 2))
    y = at[1] + 4 if at[1] + 4 + high < height else at[1] - 42 - high
    tip = XML.Element("g", {"id": name, "class": "sg-tip", "transform": f"translate({x:.1f} {y:.1f})"})
    XML.SubElement(tip, "rect", {"width": f"{wide:.1f}", "height": f"{high:.1f}", "rx": "4"})
    for number, line in enumerate(lines):
        text = XML.SubElement(tip, "text", {"x": f"{PAD}", "y": f"{LINE * (number + 1) - 1:.1f}"})
        text.text = line
    return tip
