"""Parameters of LGC networks at three widths, beside the 2.09 to 6.60 M of the paper's table VI (19 classes).

    python benchmarks/lgc_sizes.py

Two derived networks bound what a search can find: all edges 3x3 convolutions (deconvolution upwards), and all of them
separable ones (interpolation upwards).
"""

from record import write
from segsmith.networks.cost import describe
from segsmith.spaces.lgc import LgcSpace

FAMILIES = {"conv3": {"conv3", "deconv2"}, "dw3": {"dw3", "up2"}}


def parameters(width: int, wanted: set[str]) -> int:
    space = LgcSpace(width=width)
    picks = {d.name: next(option for option in d.options if option in wanted) for d in space.decisions}
    return describe(space.build(picks), (360, 480), 19).parameters


def main() -> None:
    found = {name: {str(width): parameters(width, ops) for width in (8, 16, 32)} for name, ops in FAMILIES.items()}
    write("lgc_sizes", classes=19, fusion="x2", parameters=found, table_vi_millions=[2.09, 6.60])


if __name__ == "__main__":
    main()
