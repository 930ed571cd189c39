"""Small JPEGs and PNGs of every kind with what Pillow reads in them, for kernels-test/node/images/images.test.ts.

Run: python3 scripts/goldens/image_decode.py > kernels-test/goldens/image_decode.json
Needs Pillow (checked with 9.4).
"""
import base64
import io
import json
import struct
import sys
import zlib

import PIL
from PIL import Image

WIDTH, HEIGHT = 22, 13


def smooth(channels):
    """Slow gradients, so that differences between decoders are rounding alone."""
    data = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            for c in range(channels):
                data.append([x * 11, y * 19, 255 - x * 5 - y * 8, 40 + x * 3 + y * 4][c] & 255)
    return bytes(data)


def saved(image, **options):
    stream = io.BytesIO()
    image.save(stream, **options)
    return stream.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(colour_type, depth, rows, interlace=0, extra=b""):
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour_type, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def adam7(pixels, channels):
    """The seven passes of an interlaced PNG, unfiltered."""
    out = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for y in range(y0, HEIGHT, dy):
            row = b"".join(pixels[(y * WIDTH + x) * channels:][:channels] for x in range(x0, WIDTH, dx))
            if row:
                out += b"\0" + row
    return out


def rows16(channels):
    out = b""
    pixels = smooth(channels)
    for y in range(HEIGHT):
        row = pixels[y * WIDTH * channels:(y + 1) * WIDTH * channels]
        out += b"\0" + b"".join(bytes([v, v]) for v in row)
    return out


rgb = Image.frombytes("RGB", (WIDTH, HEIGHT), smooth(3))
grey = Image.frombytes("L", (WIDTH, HEIGHT), smooth(1))
rgba = Image.frombytes("RGBA", (WIDTH, HEIGHT), smooth(4))
cmyk = Image.frombytes("CMYK", (WIDTH, HEIGHT), smooth(4))
white = Image.new("RGBA", (WIDTH, HEIGHT), (255, 255, 255, 255))
on_white = Image.alpha_composite(white, rgba).convert("RGB")
jpeg = dict(format="JPEG", quality=95, subsampling=0)

files = {
    "jpeg-baseline": saved(rgb, **jpeg),
    "jpeg-progressive": saved(rgb, progressive=True, **jpeg),
    "jpeg-420": saved(rgb, format="JPEG", quality=95, subsampling=2),
    "jpeg-422": saved(rgb, format="JPEG", quality=95, subsampling=1),
    "jpeg-420-odd": saved(rgb.crop((0, 0, 21, 11)), format="JPEG", quality=95, subsampling=2),
    "jpeg-422-odd": saved(rgb.crop((0, 0, 21, 11)), format="JPEG", quality=95, subsampling=1),
    "jpeg-420-narrow": saved(rgb.crop((0, 0, 4, 13)), format="JPEG", quality=95, subsampling=2),
    "jpeg-grey": saved(grey, **jpeg),
    "jpeg-cmyk": saved(cmyk, **jpeg),
    "png-rgb": saved(rgb, format="PNG"),
    "png-grey": saved(grey, format="PNG"),
    "png-palette": saved(rgb.quantize(16), format="PNG"),
    "png-bits": saved(rgb.convert("1"), format="PNG"),
    "png-rgba": saved(rgba, format="PNG"),
    "png-grey-alpha": saved(rgba.convert("LA"), format="PNG"),
    "png-rgb16": png(2, 16, rows16(3)),
    "png-interlaced": png(2, 8, adam7(smooth(3), 3), interlace=1),
}
transparent = {"png-rgba", "png-grey-alpha"}
cases = []
for name, data in files.items():
    image = Image.open(io.BytesIO(data))
    if name in transparent:
        image = Image.alpha_composite(white, image.convert("RGBA"))
    pixels = rgb if name == "png-rgb16" else image.convert("RGB")
    cases.append({
        "name": name,
        "file": base64.b64encode(data).decode(),
        "width": pixels.width,
        "height": pixels.height,
        "rgb": base64.b64encode(pixels.tobytes()).decode(),
    })
# An Adobe marker with transform 0 says that the three components are RGB as they are.
plain = files["jpeg-baseline"]
marker = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
stored_rgb = plain[:2] + marker + plain[plain.index(b"\xff\xdb"):]
# The same marker with transform 2 on the four-component file makes it YCCK.
ycck = files["jpeg-cmyk"].replace(b"Adobe\x00\x64\x00\x00\x00\x00\x00", b"Adobe\x00\x64\x00\x00\x00\x00\x02")
assert ycck != files["jpeg-cmyk"]
# With transform 1 it says YCbCr, as the file is anyway.
adobe_ycc = stored_rgb.replace(b"Adobe\x00\x64\x00\x00\x00\x00\x00", b"Adobe\x00\x64\x00\x00\x00\x00\x01")
for name, data in {"jpeg-stored-rgb": stored_rgb, "jpeg-adobe-ycc": adobe_ycc, "jpeg-ycck": ycck}.items():
    image = Image.open(io.BytesIO(data)).convert("RGB")
    cases.append({
        "name": name,
        "file": base64.b64encode(data).decode(),
        "width": WIDTH,
        "height": HEIGHT,
        "rgb": base64.b64encode(image.tobytes()).decode(),
    })
json.dump({"pillow": PIL.__version__, "cases": cases}, sys.stdout, indent=1)
print()
