"""Broken names, folders, lists, classes and videos."""

import shutil

from broken_kit import (
    FRAME,
    Case,
    broken_video,
    classes_json,
    cut,
    drop_packets,
    first_city_mask,
    in_camvid,
    in_cityscapes,
    in_folder,
    only_colours,
    only_polygons,
    sound_alone,
    with_list,
)
from dataset_builders import THREE, camvid, cityscapes, folder, pixels, save

CASES: dict[str, Case] = {
    # the name
    "unknown kind": Case(lambda r: f"camvdi:{r}", "unknown kind of data set 'camvdi'", "", "did you mean camvid:"),
    "no kind": Case(lambda r: str(camvid(r)), "does not say which kind", "", "write camvid:/"),
    "misspelt toy": Case(lambda r: "tyo", "'tyo' does not say which kind", "", "did you mean toy?"),
    "no path": Case(lambda r: "camvid:", "names no path", "", "camvid:PATH"),
    "path gone": Case(lambda r: f"camvid:{r}/CamVib", "does not exist", "CamVib", "the path exists up to"),
    "file for folder": Case(
        lambda r: f"folder:{save(r / 'a.png', pixels(1))}", "is a file, not a folder", "a.png", "name the folder"
    ),
    "unknown option": Case(
        lambda r: f"camvid:{camvid(r)}?protocl=exact", "no option 'protocl'", "", "did you mean protocol?"
    ),
    "option without value": Case(lambda r: f"camvid:{camvid(r)}?exact", "'exact'", "", "?exact=VALUE"),
    "unknown protocol": Case(
        lambda r: f"camvid:{camvid(r)}?protocol=eleven", "protocol 'eleven'", "", "auto, merged, exact"
    ),
    "unknown labels": Case(lambda r: f"cityscapes:{cityscapes(r)}?labels=rough", "labels 'rough'", "", "fine, coarse"),
    "seed that is no number": Case(lambda r: f"folder:{folder(r)}?seed=x", "seed 'x'", "", "seed=0"),
    # layouts and lists
    "camvid in an unknown layout": Case(
        lambda r: f"camvid:{save(r / 'data' / 'x.png', pixels(1)).parent}",
        "not laid out like any version of CamVid",
        "data",
        "trainannot/",
    ),
    "camvid without masks": Case(
        in_camvid(lambda r: shutil.rmtree(r / "trainannot")),
        "no masks: there is no folder trainannot/",
        "train",
        "put the masks into",
    ),
    "camvid with empty folders": Case(
        in_camvid(lambda r: [p.unlink() for p in r.rglob("*.png")]),
        "no frames: the folder is empty",
        "train",
        "PNG",
    ),
    "exact colours of numbers": Case(
        lambda r: f"camvid:{camvid(r)}?protocol=exact", "the masks hold class numbers", ".png", "960x720"
    ),
    "list names what is gone": Case(
        with_list("0016E5_00390\ntrain/lost.png trainannot/lost.png\n"),
        "line 2 names a frame that is not there",
        "train.txt",
        "remove the line",
        False,
    ),
    "list names nothing there": Case(
        with_list("a/b/lost.png\n"), "not one of the frames that it lists is there", "train.txt", "mend the names"
    ),
    "list names a mask that is gone": Case(
        with_list(f"train/{FRAME} trainannot/lost.png\n"), "line 1 names a mask", "train.txt", "copy it", False
    ),
    "list with odd columns": Case(with_list("a.png b.png c.png\n"), "line 1 has 3 names", "train.txt", "one line"),
    "list that is no text": Case(with_list(b"\x89PNG\xff\xfe\x00"), "not a text file", "train.txt", "UTF-8"),
    "empty list": Case(with_list("\n"), "names no frame", "train.txt", "list the split's frames"),
    "line twice": Case(
        with_list("0016E5_00390\n0016E5_00390\n"),
        "line 2 names 0016E5_00390 again",
        "train.txt",
        "remove the line",
        False,
    ),
    "frame in two lists": Case(
        in_camvid(lambda r: [(r / f"{s}.txt").write_text("0016E5_00390\n0016E5_00420\n") for s in ("train", "val")]),
        "the same picture stands in train",
        "0016E5_00420.png",
        "remove it from train or from val",
        False,
    ),
    "list in another case": Case(
        with_list("train/0016e5_00390.png\n0016E5_00420\n"),
        "the file is 0016E5_00390.png",
        "train.txt",
        "same case",
        False,
    ),
    "folder without masks": Case(
        in_folder(lambda r: (r / "masks").rename(r / "labels")), "no masks/ here", "", "labels/"
    ),
    "masks of arrays": Case(
        in_folder(lambda r: [p.rename(p.with_suffix(".npy")) for p in (r / "masks").rglob("*.png")]),
        "no masks: files here are 5 .npy",
        "masks",
        "PNG",
    ),
    "masks of other names": Case(
        in_folder(lambda r: [p.rename(p.with_name(f"x{p.name}")) for p in (r / "masks").rglob("*.png")]),
        "no mask belongs to a frame",
        "masks",
        "expected masks/train/a_0001.png",
    ),
    "frame outside the splits": Case(
        in_folder(lambda r: save(r / "images" / "stray.png", pixels(9))),
        "a frame outside the splits",
        "stray.png",
        "move it",
        False,
    ),
    "cityscapes still zipped": Case(
        lambda r: (
            [shutil.rmtree(cityscapes(r) / "gtFine"), (r / "gtFine_trainvaltest.zip").write_bytes(b"PK")]
            and f"cityscapes:{r}"
        ),
        "no gtFine/ here",
        "",
        "unpack gtFine_trainvaltest.zip",
    ),
    "cityscapes without label ids": Case(
        in_cityscapes(only_colours), "only *_color.png, no *_gtFine_labelIds.png", "train", "whole archive"
    ),
    "cityscapes with polygons alone": Case(
        in_cityscapes(only_polygons), "no *_labelIds.png: files here are 4 .json", "train", "unpack the whole archive"
    ),
    "cityscapes frame without mask": Case(
        in_cityscapes(lambda r: first_city_mask(r).unlink()),
        "a frame without a gtFine mask",
        "_leftImg8bit.png",
        "add the mask",
        False,
    ),
    "cityscapes without splits": Case(
        in_cityscapes(lambda r: [shutil.rmtree(r / "leftImg8bit" / s) for s in ("train", "val")]),
        "no split in leftImg8bit/",
        "leftImg8bit",
        "leftImg8bit/train/CITY",
    ),
    # classes.json
    "no classes.json": Case(in_folder(lambda r: None, classes=None), "no classes.json here", "", "--write-classes"),
    "classes.json no json": Case(classes_json("{names: [road]}"), "not valid JSON", "classes.json", "mend it"),
    "classes.json a list": Case(
        classes_json(["road", "car"]), "holds a JSON list, not an object", "classes.json", '"names"'
    ),
    "classes.json unknown key": Case(
        classes_json({**THREE, "colour": []}), "unknown key 'colour'", "classes.json", "did you mean 'colours'?"
    ),
    "classes.json no names": Case(
        classes_json({"colours": []}), "is not a list of class names", "classes.json", '"names": ['
    ),
    "one class": Case(
        classes_json({"names": ["road"]}), "1 class is left after merging", "classes.json", "keep two at least"
    ),
    "too many classes": Case(
        classes_json({"names": [str(n) for n in range(300)]}),
        "300 classes, while a mask holds at most 254",
        "classes.json",
        "merge or ignore",
    ),
    "name twice": Case(
        classes_json({"names": ["road", "car", "road"]}),
        "the name 'road' stands twice",
        "classes.json",
        "the same name",
    ),
    "colour twice": Case(
        classes_json({"names": ["a", "b"], "colours": [[1, 1, 1], [1, 1, 1]]}),
        "the colour (1, 1, 1) stands twice",
        "classes.json",
        "the same colour",
    ),
    "colour count": Case(
        classes_json({"names": ["a", "b"], "colours": [[1, 1, 1]]}),
        "2 names, but 1 colours",
        "classes.json",
        "one for each",
    ),
    "colour out of range": Case(
        classes_json({"names": ["a"], "colours": [[1, 1, 256]]}),
        "[1, 1, 256] is not a colour",
        "classes.json",
        "0 to 255",
    ),
    "id that is no number": Case(
        classes_json({"names": ["a"], "ids": ["7"]}), "'7' is not a mask value", "classes.json", "0 to 65535"
    ),
    "id count": Case(classes_json({"names": ["a", "b"], "ids": [7]}), "but 1 ids", "classes.json", "one for each"),
    "merge of unknown": Case(
        classes_json({**THREE, "merge": {"x": ["cat"]}}),
        "\"merge\" names a class 'cat'",
        "classes.json",
        "did you mean 'car'?",
    ),
    "merge twice": Case(
        classes_json({**THREE, "merge": {"x": ["car"], "y": ["car"]}}),
        "class 'car' is merged twice",
        "classes.json",
        "into one class",
    ),
    "merge of no lists": Case(
        classes_json({**THREE, "merge": {"x": "car"}}), "does not give a list of classes", "classes.json", "vehicle"
    ),
    "ignore of unknown": Case(
        classes_json({**THREE, "ignore": ["water"]}),
        "\"ignore\" names a class 'water'",
        "classes.json",
        "road, car, sky",
    ),
    "list that is none": Case(classes_json({**THREE, "ids": 3}), '"ids" is not a list', "classes.json", '"ids": [...]'),
    # videos
    "video gone": Case(lambda r: f"video:{r}/drive.mp4", "does not exist", "drive.mp4", "video file"),
    "text called mp4": Case(broken_video(lambda p: p.write_text("no video")), "not a whole video", "v.mp4", "ffmpeg"),
    "empty video": Case(broken_video(lambda p: p.write_bytes(b"")), "an empty file", "v.mp4", "again"),
    "video without its end": Case(broken_video(cut), "not a whole video", "v.mp4", "copy it again"),
    "video with a hole": Case(broken_video(drop_packets), "of 40 frames can be decoded", "v.mp4", "copy it again"),
    "sound alone": Case(sound_alone, "without pictures", "sound.mp4", "name a video file"),
    "folder of no frames": Case(
        lambda r: [(r / "a.mp4").write_bytes(b"x")] and f"video:{r}", "no frames: files here are 1 .mp4", "", "a.mp4"
    ),
}
