"""What CamVid's masks hold: class numbers, SegNet's 12 colours or the original 32; found out from a few of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from segsmith.data.base import VOID, Colour
from segsmith.data.classes import CAMVID
from segsmith.data.labels import LabelRules, as_colour
from segsmith.data.pictures_io import RawMask, read_mask
from segsmith.errors import UserError

INDEX_VOID = 11
PROTOCOLS = ("auto", "merged", "exact")
SAMPLES = 5

# The 32 colours of the original labels, under the class of the published grouping (SegNet's, after Sturgess et al.).
GROUPS: Mapping[str, Mapping[str, Colour]] = {
    "sky": {"Sky": (128, 128, 128)},
    "building": {
        "Building": (128, 0, 0),
        "Archway": (192, 0, 128),
        "Bridge": (0, 128, 64),
        "Tunnel": (64, 0, 64),
        "Wall": (64, 192, 0),
    },
    "pole": {"Column_Pole": (192, 192, 128), "TrafficCone": (0, 0, 64)},
    "road": {"Road": (128, 64, 128), "LaneMkgsDriv": (128, 0, 192), "LaneMkgsNonDriv": (192, 0, 64)},
    "pavement": {"Sidewalk": (0, 0, 192), "ParkingBlock": (64, 192, 128), "RoadShoulder": (128, 128, 192)},
    "tree": {"Tree": (128, 128, 0), "VegetationMisc": (192, 192, 0)},
    "sign": {"SignSymbol": (192, 128, 128), "Misc_Text": (128, 128, 64), "TrafficLight": (0, 64, 64)},
    "fence": {"Fence": (64, 64, 128)},
    "car": {
        "Car": (64, 0, 128),
        "SUVPickupTruck": (64, 128, 192),
        "Truck_Bus": (192, 128, 192),
        "Train": (192, 64, 128),
        "OtherMoving": (128, 64, 64),
    },
    "pedestrian": {
        "Pedestrian": (64, 64, 0),
        "Child": (192, 128, 64),
        "CartLuggagePram": (64, 0, 192),
        "Animal": (64, 128, 64),
    },
    "bicyclist": {"Bicyclist": (0, 128, 192), "MotorcycleScooter": (192, 0, 192)},
}
VOID_COLOUR: Colour = (0, 0, 0)
# SegNet draws the pavement in a colour of its own, and the road markings, which belong to the road.
SEGNET_ONLY: Mapping[Colour, str] = {(60, 40, 222): "pavement", (255, 69, 0): "road"}


def camvid_rules(masks: Sequence[Path], protocol: str) -> tuple[LabelRules, str]:
    """How the masks are to be read, and the words for it.

    ``protocol``: ``exact`` keeps the 11 colours that name the classes and voids the rest; ``merged`` groups all 32.
    """
    if protocol not in PROTOCOLS:
        raise UserError(f"protocol {protocol!r} is not known for camvid", fix=f"one of {', '.join(PROTOCOLS)}")
    samples = _sample(masks)
    height, width = samples[0].values.shape[:2]
    size, ids = f"camvid {width}x{height}", {name: place for place, name in enumerate(CAMVID.names)}
    numbers = {place: place for place in range(len(CAMVID))} | {INDEX_VOID: VOID}
    merged = LabelRules(CAMVID.names, numbers, _merged(ids))
    if sum(_coloured(sample) for sample in samples) * 2 < len(samples):
        if protocol != "auto":
            fix = "this protocol needs the 960x720 version with 32 colours; leave it out"
            raise UserError(f"protocol={protocol}, but the masks hold class numbers", fix=fix, path=masks[0])
        return merged, f"{size}, 11 classes, index masks (SegNet)"
    if protocol == "exact":
        exact = {colour: ids[group] if place == 0 else VOID for group, place, colour in _members()}
        rules = LabelRules(CAMVID.names, {}, exact | {VOID_COLOUR: VOID})
        return rules, f"{size}, the 11 exact colours, the other 20 void"
    original = any(mask.stem.endswith("_L") for mask in masks)
    segnet = all(_colours(sample) <= _segnet_colours() for sample in samples if _coloured(sample))
    if protocol == "auto" and segnet and not original:
        return merged, f"{size}, 11 classes, colour masks (SegNet)"
    return merged, f"{size}, 32 colours merged to 11 classes (SegNet's grouping)"


def _members() -> list[tuple[str, int, Colour]]:
    return [(group, place, colour) for group, names in GROUPS.items() for place, colour in enumerate(names.values())]


def _merged(ids: Mapping[str, int]) -> dict[Colour, int]:
    segnet = {colour: ids[group] for colour, group in SEGNET_ONLY.items()}
    return {colour: ids[group] for group, _, colour in _members()} | segnet | {VOID_COLOUR: VOID}


def _segnet_colours() -> set[Colour]:
    return {colour for _, place, colour in _members() if place == 0} | set(SEGNET_ONLY) | {VOID_COLOUR}


def _sample(masks: Sequence[Path]) -> list[RawMask]:
    """A few masks over the whole set; broken ones are passed over as long as one is whole."""
    step = max(1, len(masks) // SAMPLES)
    samples: list[RawMask] = []
    first: UserError | None = None
    for path in [*masks[::step], *masks]:
        try:
            samples.append(read_mask(path))
        except UserError as error:
            first = first or error
        if len(samples) == SAMPLES or (samples and path == masks[-1]):
            break
    if not samples and first:
        raise first
    return samples


def _coloured(mask: RawMask) -> bool:
    if mask.values.ndim == 3:
        grey = mask.values[:, :, :1]
        return not (bool((mask.values == grey).all()) and int(grey.max()) <= INDEX_VOID)
    return mask.palette is not None and int(mask.values.max()) > INDEX_VOID


def _colours(mask: RawMask) -> set[Colour]:
    table = mask.values if mask.palette is None else mask.palette[mask.values]
    return {as_colour(row) for row in np.unique(table.reshape(-1, 3), axis=0).astype(np.uint8)}
