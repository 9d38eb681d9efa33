#!/usr/bin/env bash
# imageio 2.38.2 (plugin FFMPEG) and MoviePy 2.2.1: a clip whose frames lie at uneven times comes
# back with other frames than it has. Sharp and blurred frames for training are cut from such clips.
#
# Expected: ten frames are written, at uneven times as phones write them, and ten are read.
# Seen: imageio's plugin FFMPEG hands out 22, most of them twice or more often; MoviePy hands out 9,
# six times the fourth, and never reaches the last six. Neither says so. PyAV, OpenCV and imageio's
# plugin pyav hand out the ten. A mean of such frames weighs some of them many times.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv v
# MoviePy asks for an older Pillow, which nothing here uses.
v/bin/pip install -qq --disable-pip-version-check --no-deps imageio==2.38.2 imageio-ffmpeg==0.8.1 \
    av==18.1.0 moviepy==2.2.1 opencv-python-headless==5.0.0.93 numpy==2.4.6 pillow==12.3.0 \
    proglog==0.1.12 tqdm decorator python-dotenv
v/bin/python - <<'PY'
import subprocess

import av
import cv2
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
from moviepy import VideoFileClip

levels = [20 * number for number in range(10)]
raw = b"".join(np.full((64, 64, 3), level, np.uint8).tobytes() for level in levels)
subprocess.run(
    [
        imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", "64x64", "-r", "30", "-i", "-", "-vf", "setpts='(N+floor(N/4)*6)/30/TB'",
        "-fps_mode", "vfr", "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p", "clip.mp4",
    ],
    input=raw,
    check=True,
)  # fmt: skip


def numbers(frames):
    return [round(int(frame[0, 0, 0]) / 20) for frame in frames]


def opencv():
    clip = cv2.VideoCapture("clip.mp4")
    while (answer := clip.read())[0]:
        yield answer[1]


with av.open("clip.mp4") as container:
    pyav = numbers(frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
seen = {
    "PyAV": pyav,
    "OpenCV": numbers(opencv()),
    "imageio pyav": numbers(iio.imiter("clip.mp4", plugin="pyav")),
    "imageio FFMPEG": numbers(iio.imiter("clip.mp4", plugin="FFMPEG")),
    "MoviePy": numbers(VideoFileClip("clip.mp4").iter_frames()),
}
for reader, frames in seen.items():
    print(f"{reader:15s} {len(frames):2d} frames: {frames}")
assert seen["PyAV"] == seen["OpenCV"] == seen["imageio pyav"] == list(range(10))
assert len(seen["imageio FFMPEG"]) == 22
assert seen["MoviePy"] == [0, 1, 2, *[3] * 6]
PY
