"""Walls: bricks, render, stone, panels and glass, with windows, doors, shops and dirt, painted once for each house."""

from dataclasses import dataclass

import cv2
import numpy as np

from segsmith.data.streets.chance import Rgb, between, happens, mixed, pick
from segsmith.data.streets.textures import Grey, Noise, Texture, finished, opaque, plain

WALLS: dict[str, tuple[Rgb, ...]] = {
    "brick": ((142, 82, 62), (120, 66, 54), (164, 112, 84), (178, 146, 108), (98, 70, 62)),
    "render": ((224, 218, 204), (206, 196, 168), (186, 196, 200), (214, 186, 160), (160, 170, 150), (120, 128, 140)),
    "stone": ((172, 158, 132), (138, 130, 118), (190, 180, 160), (104, 100, 96)),
    "panel": ((166, 166, 162), (128, 132, 136), (96, 98, 104), (182, 172, 156)),
    "glass": ((86, 104, 118), (104, 122, 128), (66, 80, 96)),
}
TRIMS: tuple[Rgb, ...] = ((232, 230, 224), (60, 56, 52), (120, 100, 84), (44, 60, 52))
PAINTS: tuple[Rgb, ...] = (
    (40, 60, 110), (130, 30, 34), (30, 80, 58), (196, 160, 50), (30, 30, 34), (214, 212, 206), (120, 60, 110),
    (190, 90, 40),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """What one house looks like, the same on all its walls."""

    material: str
    wall: Rgb
    trim: Rgb
    paint: Rgb
    storeys: int
    storey: float
    bay: float
    opening: tuple[float, float]
    shop: bool
    dusk: bool

    @property
    def height(self) -> float:
        return self.storeys * self.storey + 0.6


def style(
    rng: np.random.Generator, walls: tuple[str, ...], storeys: tuple[int, int], shops: float, dusk: bool
) -> Style:
    material = walls[int(rng.integers(len(walls)))]
    return Style(
        material=material,
        wall=pick(rng, WALLS[material]),
        trim=pick(rng, TRIMS),
        paint=pick(rng, PAINTS),
        storeys=int(rng.integers(storeys[0], storeys[1] + 1)),
        storey=between(rng, 2.7, 3.7),
        bay=between(rng, 1.7, 3.2),
        opening=(between(rng, 0.4, 0.66), between(rng, 0.45, 0.66)),
        shop=happens(rng, shops),
        dusk=dusk,
    )


def front(rng: np.random.Generator, noise: Noise, look: Style, width: float, scale: float) -> Texture:
    """The wall on the street, ``scale`` pixels for each metre."""
    picture = _wall(rng, look, width, scale)
    floors = range(1, look.storeys) if look.shop else range(look.storeys)
    bays = max(1, round(width / look.bay))
    for floor in floors:
        doors = {int(rng.integers(bays))} if floor == 0 else set()
        for bay in range(bays):
            _opening(rng, picture, look, scale, floor, (bay + 0.5) * width / bays, width / bays, bay in doors)
    if look.shop:
        _shop(rng, picture, look, scale)
    if happens(rng, 0.5):
        at = int(between(rng, 0.1, 0.9) * picture.shape[1])
        picture[:, at : at + max(1, int(0.1 * scale))] *= 0.6
    top = max(1, int(0.35 * scale))
    picture[:top] = 0.5 * picture[:top] + 0.5 * np.array(look.trim, np.float32)
    picture[top : top + max(1, top // 3)] *= 0.6
    return opaque(finished(picture, _grain(rng, noise, picture, 0.035, 0.09)))


def flank(rng: np.random.Generator, noise: Noise, look: Style, depth: float, scale: float) -> Texture:
    """A side wall: mostly blind."""
    picture = _wall(rng, look, depth, scale)
    if happens(rng, 0.5):
        for floor in range(look.storeys):
            _opening(rng, picture, look, scale, floor, between(rng, 0.25, 0.75) * depth, 2.2, False)
    return opaque(finished(picture, _grain(rng, noise, picture, 0.04, 0.16)))


def roof(rng: np.random.Generator, noise: Noise, width: float, depth: float, scale: float) -> Texture:
    tiles = pick(rng, ((84, 70, 66), (104, 62, 48), (70, 74, 82), (128, 84, 62)))
    picture = plain(max(4, int(depth * scale)), max(4, int(width * scale)), tiles)
    picture[:: max(2, int(0.3 * scale))] *= 0.72
    return opaque(finished(picture, _grain(rng, noise, picture, 0.08, 0.15)))


def _grain(rng: np.random.Generator, noise: Noise, picture: Grey, fine: float, coarse: float) -> Grey:
    return noise.cut(rng, picture.shape[0], picture.shape[1], fine, coarse)


def _wall(rng: np.random.Generator, look: Style, width: float, scale: float) -> Grey:
    rows, columns = max(8, int(look.height * scale)), max(8, int(width * scale))
    picture = plain(rows, columns, look.wall)
    if look.material in ("brick", "stone"):
        course = max(2, int((0.16 if look.material == "brick" else 0.45) * scale))
        high, wide = rows // course + 1, columns // (2 * course) + 1
        shades = rng.normal(1.0, 0.09, (high, wide)).astype(np.float32)
        bricks = cv2.resize(shades, (wide * 2 * course, high * course), interpolation=cv2.INTER_NEAREST)
        picture *= bricks[:rows, :columns, None]
        picture[::course] *= 0.86
    elif look.material == "panel":
        picture[:: max(3, int(look.storey * scale))] *= 0.6
        picture[:, :: max(3, int(look.bay * scale))] *= 0.75
    picture *= np.linspace(1.06, 0.88, rows, dtype=np.float32)[:, None, None]
    return picture


def _opening(
    rng: np.random.Generator, picture: Grey, look: Style, scale: float, floor: int, at: float, bay: float, door: bool
) -> None:
    """A window, or a door on the ground floor, with frame, sill, panes, curtains and what the glass mirrors."""
    rows = picture.shape[0]
    glass_wall = look.material == "glass"
    wide = bay * (0.94 if glass_wall else look.opening[0]) * scale / 2
    foot = 0.0 if door else look.storey * (0.04 if glass_wall else 0.28)
    tall = look.storey * (0.72 if door else 0.9 if glass_wall else look.opening[1])
    left, right = round(at * scale - wide), round(at * scale + wide)
    bottom = round(rows - (floor * look.storey + foot) * scale)
    top = round(bottom - tall * scale)
    left, top, right = max(left, 0), max(top, 0), min(right, picture.shape[1])
    if right - left < 2 or bottom - top < 2:
        return
    rim = max(1, round(0.08 * scale))
    picture[max(top - rim, 0) : bottom + rim, max(left - rim, 0) : right + rim] = look.trim
    if door:
        picture[top:bottom, left:right] = look.paint
        picture[top + rim : top + (bottom - top) // 4, left + rim : right - rim] = (50, 58, 66)
        return
    picture[top:bottom, left:right] = _glass(rng, look, bottom - top, right - left)
    middle = (left + right) // 2
    picture[top:bottom, middle : middle + max(1, rim // 2)] = look.trim
    if look.bay > 2.2 or not glass_wall:
        across = top + (bottom - top) // 2
        picture[across : across + max(1, rim // 2), left:right] = look.trim
    picture[bottom + rim : bottom + 2 * rim, left:right] *= 0.6


def _glass(rng: np.random.Generator, look: Style, rows: int, columns: int) -> Grey:
    """Dark with a mirrored sky above and a curtain now and then, or lit from inside at dusk."""
    if look.dusk and happens(rng, 0.4):
        return plain(rows, columns, mixed((250, 210, 130), (255, 245, 215), between(rng, 0, 1)))
    dark, sky = (
        mixed((30, 36, 44), (64, 70, 78), between(rng, 0, 1)),
        mixed((84, 100, 116), (150, 164, 178), between(rng, 0, 1)),
    )
    pane, edge, fall = plain(rows, columns, dark), int(between(rng, -0.1, 0.9) * rows), rows // 4
    cv2.fillConvexPoly(pane, np.array([[0, 0], [columns, 0], [columns, edge - fall], [0, edge + fall]], np.int32), sky)
    if happens(rng, 0.3):
        drawn = max(1, int(columns * between(rng, 0.15, 0.4)))
        pane[:, :drawn] = pane[:, -drawn:] = mixed((226, 220, 206), (150, 130, 120), between(rng, 0, 1))
    return pane


def _shop(rng: np.random.Generator, picture: Grey, look: Style, scale: float) -> None:
    """A window the width of the house under a painted board with letters, sometimes an awning."""
    rows, columns = picture.shape[:2]
    head, foot = max(0, round(rows - look.storey * scale)), round(rows - 0.45 * scale)
    board = max(2, round(0.6 * scale))
    picture[head:] = look.paint
    glass = slice(head + board, max(foot, head + board + 2))
    for left in range(0, columns, max(4, round(between(rng, 1.6, 3.0) * scale))):
        right = min(columns, left + max(3, round(1.5 * scale)))
        if right - left < 3:
            break
        picture[glass, left + 1 : right] = _glass(rng, look, glass.stop - glass.start, right - left - 1) * 0.9
        for _ in range(3):
            x, y = int(rng.integers(left, right)), int(rng.integers(glass.start, glass.stop))
            goods = picture[y : y + max(1, round(0.4 * scale)), x : x + max(1, round(0.35 * scale))]
            goods[:] = pick(rng, PAINTS)
    ink = (240.0, 236.0, 226.0) if sum(look.paint) < 380 else (30.0, 30.0, 36.0)
    x = int(between(rng, 0.1, 0.3) * columns)
    while x < columns * 0.85:
        letter = max(1, int(between(rng, 0.08, 0.26) * scale))
        picture[head + board // 4 : head + 3 * board // 4, x : x + letter] = ink
        x += letter + max(1, int(0.12 * scale))
    if happens(rng, 0.3):
        stripe = max(2, int(0.4 * scale))
        awning = picture[head + board : head + 2 * board]
        awning[:] = pick(rng, PAINTS)
        for left in range(0, columns, 2 * stripe):
            awning[:, left : left + stripe] = (232, 230, 222)
