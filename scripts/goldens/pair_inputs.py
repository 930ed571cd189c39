"""Edges by scikit-image's Canny and blurs by SciPy's Gaussian, for kernels-test/data/inputs.test.ts.

Run: python3 scripts/goldens/pair_inputs.py > kernels-test/goldens/pair_inputs.json
Needs scikit-image and SciPy (checked with 0.26 and 1.17).
"""
import base64
import json
import sys

import numpy
import scipy
import skimage
from scipy import ndimage
from skimage.feature import canny

EDGES = [(0, 0.3, 0.9), (0.7, 0.2, 0.8), (1, 0.2, 0.5), (1.4, 0.1, 0.2), (2.3, 0.05, 0.15), (1, 0, 0)]
BLURS = [0.4, 1, 4, 11.3]


def picture(width, height, seed):
    """Discs and bars of random greys under noise, so that no two neighbours are alike by their making."""
    state = seed

    def draw():
        nonlocal state
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        return state / 2**32

    rows, columns = numpy.mgrid[0:height, 0:width]
    image = numpy.full((height, width), 120.0) + columns * 0.7
    for shape in range(9):
        x, y, size, grey = draw() * width, draw() * height, 3 + draw() * 14, draw() * 255
        inside = (columns - x) ** 2 + (rows - y) ** 2 < size**2
        if shape % 3 == 0:
            inside = (abs(columns - x + (rows - y) * (draw() - 0.5)) < size / 3) & (abs(rows - y) < size)
        image[inside] = grey
    noise = numpy.array([draw() for _ in range(width * height)]).reshape(height, width)
    return numpy.clip(numpy.rint(image + noise * 24 - 12), 0, 255).astype(numpy.uint8)


def text(array):
    return base64.b64encode(array.tobytes()).decode()


cases = []
for seed, (width, height) in enumerate([(61, 47), (24, 70), (3, 3)], start=1):
    image = picture(width, height, seed)
    edges = []
    for sigma, low, high in EDGES:
        # What lies beyond the border is its last pixel, for the blur as for the gradient.
        found = canny(image / 255, sigma=sigma, low_threshold=low, high_threshold=high, mode="nearest")
        edges.append({"sigma": sigma, "low": low, "high": high, "bits": text(numpy.packbits(found))})
    blurs = [
        {"sigma": sigma, "data": text(numpy.rint(ndimage.gaussian_filter(image.astype(float), sigma, mode="nearest")).astype(numpy.uint8))}
        for sigma in BLURS
    ]
    cases.append({"width": width, "height": height, "data": text(image), "edges": edges, "blurs": blurs})
json.dump({"skimage": skimage.__version__, "scipy": scipy.__version__, "cases": cases}, sys.stdout, indent=1)
print()
