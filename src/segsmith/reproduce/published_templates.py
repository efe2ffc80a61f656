"""Tables and figures of Nekrasov et al. 2020, Template-Based Automatic Search of Compact Semantic Segmentation
Architectures. Latencies of table 3 are the printed ones; corrected ones of its authors stand beside them."""

from segsmith.reproduce.published import OTHERS, Line, PrintedFigure, PrintedTable

TITLE = "Template-Based Automatic Search of Compact Semantic Segmentation Architectures"

TABLES = (
    PrintedTable(
        "1",
        "mIoU on Cityscapes among compact networks",
        ("val mIoU %", "test mIoU %", "parameters M"),
        (
            Line("ENet", OTHERS, (None, 58.3, 0.37)),
            Line("ESPNet", OTHERS, (61.4, 60.3, 0.36)),
            Line("ESPNet-v2", OTHERS, (62.7, 62.1, 0.72)),
            Line("ICNet", OTHERS, (67.7, 69.5, 6.7)),
            Line("ERFNet", OTHERS, (71.5, 69.7, 2.1)),
            Line("BiSeNet", OTHERS, (72.0, 71.4, 5.8)),
            Line("arch0", "arch0", (68.1, 67.7, 0.28)),
            Line("arch1", "arch1", (69.5, 67.8, 0.27)),
        ),
        cityscapes=True,
    ),
    PrintedTable(
        "2",
        "mIoU on the test set of CamVid",
        ("mIoU %", "parameters M"),
        (
            Line("SegNet", OTHERS, (55.6, 29.7)),
            Line("ESPNet", OTHERS, (55.6, 0.36)),
            Line("DeepLab-LFOV", OTHERS, (61.6, 37.3)),
            Line("BiSeNet (960x720)", OTHERS, (65.6, 5.8)),
            Line("ICNet (960x720)", OTHERS, (67.1, 6.7)),
            Line("arch0", "arch0", (63.9, 0.28)),
            Line("arch1", "arch1", (63.2, 0.26)),
        ),
    ),
    PrintedTable(
        "3",
        "The discovered networks at 2048x1024 with 19 classes (1080Ti)",
        ("parameters K", "latency ms", "corrected ms", "output stride", "size on disk MB"),
        (
            Line("arch0", "arch0", (280.15, 95.7, 52.25, 4.0, 1.46), (None, 0.721, None, None, None)),
            Line("arch1", "arch1", (268.24, 145.0, 97.11, 4.0, 1.41), (None, 0.215, None, None, None)),
        ),
    ),
    PrintedTable(
        "figure 9",
        "Rank correlation of the search's rewards with those of a longer training",
        ("Spearman's rho",),
        (Line("from the controller", "sampled", (0.734,)), Line("by chance", "random", (0.904,))),
    ),
)

FIGURES = (
    PrintedFigure("1b", "mIoU against parameters"),
    PrintedFigure("5", "Rewards over time"),
    PrintedFigure("6", "Downsampling factors over time"),
    PrintedFigure("7", "Rewards by downsampling factor"),
    PrintedFigure("8", "Rewards of the controller's networks and of random ones"),
    PrintedFigure("9", "Ranks in the search and in the longer training"),
    PrintedFigure("10", "Answers on the val set of Cityscapes", cityscapes=True),
    PrintedFigure("11", "Answers on the test set of CamVid"),
    PrintedFigure("12", "A discovered network: arch0"),
)
