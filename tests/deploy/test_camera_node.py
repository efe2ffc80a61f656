"""The example of a ROS node, with ROS played by a few lines."""

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from export_help import Tiny, picture

EXAMPLE = Path(__file__).parents[2] / "examples" / "camera_node.py"


def test_the_node_answers_images_with_masks(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[Any] = []

    class Node:
        def __init__(self, name: str) -> None:
            self.name = name

        def declare_parameter(self, name: str, default: str) -> SimpleNamespace:
            return SimpleNamespace(value=str(tiny.run))

        def create_publisher(self, *_: object) -> SimpleNamespace:
            return SimpleNamespace(publish=published.append)

        def create_subscription(self, kind: object, topic: str, answer: Any, depth: int) -> None:
            self.answer_to = answer

    class CvBridge:
        def imgmsg_to_cv2(self, message: Any, encoding: str) -> Any:
            assert encoding == "rgb8"
            return message.pixels

        def cv2_to_imgmsg(self, mask: Any, encoding: str) -> Any:
            assert encoding == "mono8"
            return SimpleNamespace(pixels=mask, header=None)

    for name, parts in {
        "rclpy": {},
        "rclpy.node": {"Node": Node},
        "cv_bridge": {"CvBridge": CvBridge},
        "sensor_msgs": {},
        "sensor_msgs.msg": {"Image": SimpleNamespace},
    }.items():
        module = ModuleType(name)
        vars(module).update(parts)
        monkeypatch.setitem(sys.modules, name, module)
    node = runpy.run_path(str(EXAMPLE))["Segmenter"]()
    for n in range(3):
        node.answer_to(SimpleNamespace(pixels=picture(n), header=n))
    assert [message.header for message in published] == [0, 1, 2]
    assert all(message.pixels.shape == picture(0).shape[:2] for message in published)
    assert all(message.pixels.dtype == np.uint8 for message in published)
