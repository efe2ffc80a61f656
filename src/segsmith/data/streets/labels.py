"""What the strokes of the simulator write into masks: the ids of CamVid's classes."""

from segsmith.data.classes import CAMVID

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(len(CAMVID))
