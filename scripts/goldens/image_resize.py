"""Pillow's bicubic resize on small pictures, for kernels-test/node/images/images.test.ts.

Run: python3 scripts/goldens/image_resize.py > kernels-test/goldens/image_resize.json
Needs Pillow (checked with 9.4).
"""
import base64
import json
import sys

import PIL
from PIL import Image

SIZES = [
    ((13, 9), (20, 17)),
    ((16, 16), (18, 18)),
    ((37, 29), (11, 8)),
    ((24, 31), (31, 24)),
    ((5, 4), (1, 1)),
    ((1, 1), (4, 3)),
    ((12, 7), (12, 15)),
    ((40, 6), (9, 6)),
]


def picture(width, height, seed):
    """Noise with hard edges: a 32-bit linear congruential generator, some bytes pushed to 0 or 255."""
    state = seed
    data = bytearray()
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        value = state >> 24
        data.append(0 if value < 40 else 255 if value > 215 else value)
    return Image.frombytes("RGB", (width, height), bytes(data))


def encode(image):
    return {
        "width": image.width,
        "height": image.height,
        "data": base64.b64encode(image.tobytes()).decode(),
    }


cases = []
for seed, (source, target) in enumerate(SIZES, start=1):
    image = picture(*source, seed)
    cases.append({"input": encode(image), "output": encode(image.resize(target, Image.BICUBIC))})
json.dump({"pillow": PIL.__version__, "cases": cases}, sys.stdout, indent=1)
print()
