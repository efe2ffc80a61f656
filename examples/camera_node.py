"""A ROS 2 node: camera images in, class maps out.

    python camera_node.py --ros-args -p model:=runs/video/export/video-key.onnx

Needs rclpy, sensor_msgs and cv_bridge of a ROS 2 installation beside segsmith.
"""

import rclpy
from cv_bridge import CvBridge
from rclpy.node import Node
from sensor_msgs.msg import Image

import segsmith


class Segmenter(Node):
    def __init__(self) -> None:
        super().__init__("segmenter")
        model = segsmith.load(self.declare_parameter("model", "street").value, threads=2)
        # A key frame where the scene changes, and at least one a second at 30 Hz.
        self.stream = model.stream(key_when=0.4, max_age=30)
        self.bridge = CvBridge()
        self.masks = self.create_publisher(Image, "mask", 1)
        # A queue of one: what cannot be kept up with is dropped by the middleware.
        self.create_subscription(Image, "image", self.answer, 1)

    def answer(self, message: Image) -> None:
        frame = self.bridge.imgmsg_to_cv2(message, "rgb8")
        mask = self.bridge.cv2_to_imgmsg(self.stream(frame), "mono8")
        mask.header = message.header
        self.masks.publish(mask)


def main() -> None:
    rclpy.init()
    node = Segmenter()
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        node.get_logger().info(f"{node.stream.frames} frames, {100 * node.stream.key_share:.0f} % key frames")
    finally:
        node.destroy_node()


if __name__ == "__main__":
    main()
