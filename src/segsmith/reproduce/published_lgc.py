"""Tables and figures of Cheng et al., Local-to-Global Information Communication for Real-Time Semantic Segmentation
Network Search. Keys of the ablations are rows of ``study.gradient.rows``."""

from segsmith.reproduce.published import OTHERS, Line, PrintedFigure, PrintedTable

TITLE = "Local-to-Global Information Communication for Real-Time Semantic Segmentation Network Search"
SPEED = ("mIoU %", "latency ms", "FPS")
ABLATED = ("mIoU %", "FPS")


def _others(*rows: tuple[str, float, float | None, float | None]) -> tuple[Line, ...]:
    return tuple(Line(name, OTHERS, tuple(values)) for name, *values in rows)


CITYSCAPES = PrintedTable(
    "IV",
    "mIoU and speed on the Cityscapes test set (Titan Xp)",
    SPEED,
    (
        *_others(
            ("FCN-8S, 512x1024", 65.3, 227.23, 4.4),
            ("PSPNet, 713x713", 78.4, 1288.0, 0.78),
            ("DeepLabV3, 769x769, coarse data too", 81.3, 769.2, 1.3),
            ("AutoDeepLab, 769x769, coarse data too", 81.2, 303.0, 3.3),
            ("SegNet, 640x360", 57.0, 30.3, 33.0),
            ("ENet, 640x360", 58.3, 12.7, 78.4),
            ("SQ, 1024x2048", 59.8, 46.0, 21.7),
            ("ICNet, 1024x2048", 69.5, 26.5, 37.7),
            ("SwiftNet, 1024x2048", 75.1, 26.2, 38.1),
            ("DF1-Seg, 768x1536", 73.0, 29.1, 34.4),
            ("ESPNet, 1024x512", 60.3, 8.2, 121.7),
            ("ESPNetV2, 1024x512", 66.2, 14.7, 68.0),
            ("ERFNet, 1024x512", 69.7, 48.5, 20.6),
            ("BiSeNet-Xception39, 768x1536", 68.4, 9.5, 105.8),
            ("BiSeNet-Res18, 768x1536", 74.7, 15.3, 65.5),
            ("DFANet A, 1024x1024 (Titan X)", 71.3, 10.0, 100.0),
            ("DFANet A, 1024x1024", 71.3, 19.0, 52.6),
            ("ShelfNet, 768x1536", 74.8, 16.9, 59.2),
            ("CAS, 768x1536", 70.5, 9.25, 108.0),
            ("CAS, 768x1536, coarse data too", 72.3, 9.25, 108.0),
            ("GAS, 769x1537", 71.8, 9.22, 108.4),
            ("GAS, 769x1537, coarse data too", 73.5, 9.22, 108.4),
            ("FasterSeg, 1024x2048", 71.5, 11.13, 89.8),
            ("HyperSeg-M, 512x1024", 75.8, 21.6, 46.2),
            ("BiSeNet v2, 512x1024, TensorRT", 72.6, 5.6, 179.2),
            ("STDC1-Seg75, 768x1536, TensorRT", 75.3, 6.98, 143.1),
        ),
        Line("LGCNet, 769x1537", "LGC", (72.4, 8.68, 115.2)),
        Line("LGCNet, 769x1537, coarse data too", "coarse", (74.0, 8.68, 115.2)),
        Line("LGCNet, 769x1537, coarse data too, TensorRT", "coarse", (74.0, 4.67, 205.6)),
    ),
    cityscapes=True,
)

CAMVID = PrintedTable(
    "V",
    "mIoU and speed on the CamVid test set at 960x720 (Titan Xp)",
    SPEED,
    (
        *_others(
            ("SegNet", 55.6, 34.01, 29.4),
            ("ENet", 51.3, 16.33, 61.2),
            ("ICNet", 67.1, 28.98, 34.5),
            ("BiSeNet", 65.6, None, None),
            ("DFANet A", 64.7, 8.33, 120.0),
            ("CAS", 71.2, 5.92, 169.0),
            ("FasterSeg", 71.1, 7.59, 131.8),
            ("GAS", 72.8, 6.53, 153.1),
        ),
        Line("LGCNet", "LGC", (73.8, 6.31, 158.6)),
    ),
)

ABLATIONS = {
    "table6": PrintedTable(
        "VI",
        "What tells a cell about the one before it",
        ("mIoU %", "parameters M", "FPS"),
        (
            Line("a) cell shared", "cells shared", (68.6, 6.60, 100.1), (0.9, None, None)),
            Line("b) cell independent", "cells independent", (67.1, 4.18, 118.9), (1.0, None, None)),
            Line("c) cell independent + FC", "independent, fully connected", (69.7, 3.24, 112.8), (0.6, None, None)),
            Line("d) cell independent + GCN", "independent, graph", (73.0, 2.09, 115.2), (0.5, None, None)),
        ),
        cityscapes=True,
    ),
    "table7": PrintedTable(
        "VII",
        "Against random networks",
        ABLATED,
        (
            Line("Random setting (a)", "random", (69.8, 61.9), (0.5, 4.8)),
            Line("Random setting (b)", "random within the latency", (66.3, 107.6), (0.4, 3.4)),
            Line("LGCNet", "LGC", (73.0, 115.2), (0.5, 3.7)),
        ),
        cityscapes=True,
    ),
    "table8": PrintedTable(
        "VIII",
        "Width of the graph's weights",
        ABLATED,
        (
            Line("without GGM", "without", (67.1, 112.9)),
            Line("GGM with d = 16", "d = 16", (72.1, 111.6)),
            Line("GGM with d = 32", "d = 32", (72.2, 109.2)),
            Line("GGM with d = 64", "d = 64", (73.0, 115.2)),
            Line("GGM with d = 128", "d = 128", (72.5, 107.1)),
            Line("GGM with d = 256", "d = 256", (72.6, 116.3)),
        ),
        cityscapes=True,
    ),
    "table9": PrintedTable(
        "IX",
        "What the nodes of the graph are",
        ABLATED,
        (
            Line("Operation-identity", "operation identity", (71.2, 106.4)),
            Line("Edge-similarity", "edge similarity", (73.0, 115.2)),
        ),
        cityscapes=True,
    ),
    "table10": PrintedTable(
        "X",
        "How scales are brought together",
        ABLATED,
        (
            Line("a) LGCNet", "no fusion", (69.5, 124.1)),
            Line("b) LGCNet with ASPP", "ASPP", (72.4, 108.4)),
            Line("c) LGCNet with PPM", "PPM", (72.5, 114.1)),
            Line("d) LGCNet with MSCell", "searched, two scales", (72.7, 112.7)),
            Line("e) LGCNet with DCFC", "dense-connected fusion cell", (73.0, 115.2)),
        ),
        cityscapes=True,
    ),
    "table11": PrintedTable(
        "XI",
        "Which cells are brought together",
        ABLATED,
        (
            Line("a) [0, 5, 13]", "cells 0,5,13", (72.5, 109.8)),
            Line("b) [0, 6, 13]", "cells 0,6,13", (71.8, 113.4)),
            Line("c) [0, 7, 13]", "cells 0,7,13", (72.9, 115.1)),
            Line("e) [0, 7, 10]", "cells 0,7,10", (72.2, 115.2)),
            Line("f) [0, 7, 11]", "cells 0,7,11", (72.1, 114.6)),
            Line("g) [0, 7, 12]", "cells 0,7,12", (72.4, 112.8)),
        ),
        cityscapes=True,
    ),
}

COUNTS = PrintedTable(
    "section IV-D",
    "Operations of the searched networks",
    ("light operations", "large fields in the last four cells"),
    (
        Line("searched with GGM (figure 9)", "graph", (30.0, 11.0)),
        Line("searched with a fully connected layer (figure 10)", "linear", (21.0, 4.0)),
        Line("random (figure 11)", "random", (23.0, 8.0)),
    ),
    cityscapes=True,
)

TABLES = (CITYSCAPES, CAMVID, *ABLATIONS.values(), COUNTS)

FIGURES = (
    PrintedFigure("1", "mIoU against speed"),
    PrintedFigure("6", "Answers on the Cityscapes val set"),
    PrintedFigure("7", "mIoU and latency by the weight of the latency"),
    PrintedFigure("8", "The searched fusion cell"),
    PrintedFigure("9", "The network searched with the graph"),
    PrintedFigure("10", "The network searched with a fully connected layer"),
    PrintedFigure("11", "A random network"),
)
