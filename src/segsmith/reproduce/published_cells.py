"""Tables and figures of Nekrasov et al. 2019, Architecture Search of Dynamic Cells for Semantic Video Segmentation."""

from segsmith.reproduce.published import OTHERS, Line, PrintedFigure, PrintedTable

TITLE = "Architecture Search of Dynamic Cells for Semantic Video Segmentation"

TABLES = (
    PrintedTable(
        "3",
        "mIoU on the test set of CamVid",
        ("mIoU %",),
        (
            Line("per-frame baseline", "baseline", (65.3,)),
            Line("w/ cell0", "cell0", (66.6,)),
            Line("w/ cell1", "cell1", (66.9,)),
            Line("GRFP", OTHERS, (66.1,)),
            Line("Chandra et al.", OTHERS, (67.0,)),
            Line("Gadde et al.", OTHERS, (67.1,)),
        ),
    ),
    PrintedTable(
        "4",
        "mIoU on the val set of Cityscapes",
        ("mIoU %",),
        (
            Line("per-frame baseline", "baseline", (74.4,)),
            Line("w/ cell2", "cell0", (75.6,)),
            Line("w/ cell3", "cell1", (75.6,)),
            Line("GRFP(5)", OTHERS, (69.5,)),
            Line("Xu et al.", OTHERS, (70.4,)),
            Line("Li et al.", OTHERS, (76.8,)),
            Line("Gadde et al.", OTHERS, (80.6,)),
        ),
        cityscapes=True,
    ),
    PrintedTable(
        "5",
        "Parameters and average runtime at 2048x1024 (1080Ti)",
        ("parameters M", "ms a frame"),
        (
            Line("Baseline", "baseline", (2.85, 92.4), (None, 0.3)),
            Line("w/ cell0", "data cell0", (3.35, 51.5), (None, 1.8)),
            Line("w/ cell1", "data cell1", (3.19, 52.6), (None, 1.8)),
            Line("w/ cell2", "cityscapes cell0", (3.24, 51.5), (None, 1.9)),
            Line("w/ cell3", "cityscapes cell1", (3.30, 50.5), (None, 1.9)),
            Line("GRFP (512x512, TitanX)", OTHERS, ("> 40", 685.0)),
            Line("Li et al.", OTHERS, ("> 40", 171.0)),
            Line("Gadde et al. (TitanX)", OTHERS, ("> 60", 3040.0)),
        ),
    ),
)

FIGURES = (
    PrintedFigure("3", "Search rewards over time"),
    PrintedFigure("3 (Cityscapes)", "Search rewards over time", cityscapes=True),
    PrintedFigure("4a-c", "Shares of operations, aggregations and inputs", cityscapes=True),
    PrintedFigure("4d-f", "Shares of operations, aggregations and inputs"),
    PrintedFigure("5", "Answers on the test set of CamVid"),
    PrintedFigure("6", "Answers on the val set of Cityscapes", cityscapes=True),
    PrintedFigure("7a-b", "The discovered cells"),
    PrintedFigure("7c-d", "The discovered cells of Cityscapes", cityscapes=True),
)
