"""JPEGs of every sampling, baseline and progressive, with and without restarts, and what libjpeg reads in them, for
kernels-test/node/images/images-jpeg.test.ts.

Run: python3 scripts/goldens/image_jpeg.py > kernels-test/goldens/image_jpeg.json
Needs Pillow (checked with 12.3) and cjpeg, jpegtran and djpeg of libjpeg-turbo (checked with 2.1.5).
"""
import base64
import io
import json
import math
import subprocess
import sys

import PIL
from PIL import Image

SAMPLINGS = ["1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "3x2"]
SIZES = [(16, 16), (19, 13), (3, 37)]
KINDS = {
    "baseline": [],
    "baseline-restarts": ["-restart", "1B"],
    "progressive": ["-progressive"],
    "progressive-restarts": ["-progressive", "-restart", "1B"],
}


def picture(width, height, channels):
    """Waves in each channel, so that chroma differs from sample to sample."""
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                data.append(int(127.5 + 100 * math.sin(x * (0.3 + 0.2 * c) + y * (0.5 - 0.1 * c) + c)))
    return bytes(data)


def tool(name, options, data):
    return subprocess.run([name, *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def pnm(width, height, channels):
    return b"P%d %d %d 255\n" % (6 if channels == 3 else 5, width, height) + picture(width, height, channels)


def text(data):
    return base64.b64encode(data).decode()


def pixels(file):
    with Image.open(io.BytesIO(tool("djpeg", ["-dct", "int", "-rgb"], file))) as image:
        return image.convert("RGB").tobytes()


def by_pillow(file):
    with Image.open(io.BytesIO(file)) as image:
        return image.convert("RGB").tobytes()


cases = []


def add(name, size, variants, read):
    """Variants hold the same coefficients, so one picture is right for all."""
    first = next(iter(variants.values()))
    rgb = read(first)
    assert all(read(file) == rgb for file in variants.values()), name
    cases.append({"name": name, "width": size[0], "height": size[1], "rgb": text(rgb), "files": {kind: text(file) for kind, file in variants.items()}})


for size in SIZES:
    for sampling in ["grey", *SAMPLINGS]:
        channels = 1 if sampling == "grey" else 3
        options = ["-quality", "75"] + ([] if channels == 1 else ["-sample", sampling])
        plain = tool("cjpeg", options, pnm(*size, channels))
        variants = {kind: tool("jpegtran", ["-copy", "none", *(how if "-progressive" in how else ["-optimize", *how])], plain) for kind, how in KINDS.items()}
        add(f"{sampling} {size[0]}x{size[1]}", size, variants, pixels)

ADOBE = b"Adobe\x00\x64\x00\x00\x00\x00"
for size in SIZES:
    ink = Image.frombytes("CMYK", size, picture(*size, 4))
    for subsampling in (0, 2):
        variants = {}
        for kind, how in {"baseline": {}, "progressive": {"progressive": True}, "progressive-restarts": {"progressive": True, "restart_marker_blocks": 1}}.items():
            stream = io.BytesIO()
            ink.save(stream, "JPEG", quality=75, subsampling=subsampling, optimize=True, **how)
            variants[kind] = stream.getvalue()
        add(f"cmyk/{subsampling} {size[0]}x{size[1]}", size, variants, by_pillow)
        add(f"ycck/{subsampling} {size[0]}x{size[1]}", size, {kind: file.replace(ADOBE + b"\x00", ADOBE + b"\x02") for kind, file in variants.items()}, by_pillow)
        assert all(ADOBE + b"\x00" in file for file in variants.values())

version = subprocess.run(["djpeg", "-version"], stderr=subprocess.PIPE, input=b"").stderr.decode().split("\n")[0]
json.dump({"pillow": PIL.__version__, "djpeg": version, "cases": cases}, sys.stdout, indent=1)
print()
