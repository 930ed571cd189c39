"""CIELAB colours by scikit-image, there and back, for kernels-test/data/lab.test.ts.

Run: python3 scripts/goldens/lab.py > kernels-test/goldens/lab.json
Needs scikit-image (checked with 0.26).
"""
import json
import sys

import numpy
import skimage
from skimage.color import lab2rgb, rgb2lab

levels = [0, 1, 10, 11, 77, 128, 200, 254, 255]
colours = numpy.array([[r, g, b] for r in levels for g in levels[::2] for b in levels[1::2]], dtype=numpy.uint8)
# Some that sRGB does not have.
wild = numpy.array([[L, a, b] for L in (0, 3, 50, 97, 100) for a in (-110, -40, 0, 75) for b in (-110, 0, 20, 110)], dtype=float)
json.dump(
    {
        "skimage": skimage.__version__,
        "colours": colours.tolist(),
        "lab": rgb2lab(colours / 255).round(9).tolist(),
        "wild": wild.tolist(),
        "rgb": (lab2rgb(wild) * 255).round(6).tolist(),
    },
    sys.stdout,
)
print()
