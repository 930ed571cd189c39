"""Small WebP, TIFF, GIF and BMP files of many kinds with what Pillow reads in them, for kernels-test/images-formats.test.ts.

Run: python3 scripts/goldens/image_formats.py > kernels-test/goldens/image_formats.json
Needs Pillow (checked with 12.3).
"""
import base64
import io
import json
import math
import struct
import sys

import PIL
from PIL import Image

WIDTH, HEIGHT = 13, 9


def waves(channels):
    return bytes(int(127.5 + 100 * math.sin(x * (0.3 + 0.2 * c) + y * (0.5 - 0.1 * c) + c)) for y in range(HEIGHT) for x in range(WIDTH) for c in range(channels))


rgb = Image.frombytes("RGB", (WIDTH, HEIGHT), waves(3))
rgba = Image.frombytes("RGBA", (WIDTH, HEIGHT), waves(4))
grey = Image.frombytes("L", (WIDTH, HEIGHT), waves(1))
cmyk = Image.frombytes("CMYK", (WIDTH, HEIGHT), waves(4))
white = Image.new("RGBA", (WIDTH, HEIGHT), (255, 255, 255, 255))
other = rgb.rotate(180)
few = rgb.quantize(16)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def palette(count):
    return b"".join(bytes([(i * 37) & 255, (i * 91 + 40) & 255, (255 - i * 53) & 255, 0]) for i in range(count))


def bmp(bits, pixels, *, compression=0, colours=b"", masks=b"", header=40, height=HEIGHT, gap=b""):
    info = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, len(pixels), 2835, 2835, len(colours) // 4, 0)
    info += masks + b"\0" * max(0, header - 40 - len(masks)) + colours + gap
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(pixels), 0, 0, 14 + len(info)) + info + pixels


def rows(bits, values):
    """Pixels packed into rows that are whole 32-bit words."""
    out = b""
    for row in values:
        text = "".join(format(value, "0%db" % bits) for value in row)
        text += "0" * (-len(text) % 32)
        out += int(text, 2).to_bytes(len(text) // 8, "big")
    return out


def words(kind, values):
    return b"".join((b"".join(struct.pack(kind, value) for value in row) + b"\0\0\0")[: -(-len(row) * struct.calcsize(kind) // 4) * 4] for row in values)


def places(count):
    return [[(x * 3 + y * 5) % count for x in range(WIDTH)] for y in range(HEIGHT)]


def runs(values, bits):
    """Runs of one, absolute stretches and the ends of lines in turn."""
    out = b""
    for y, row in enumerate(values):
        if y % 2 == 0:
            out += b"".join(bytes([1, value if bits == 8 else value << 4]) for value in row)
        elif bits == 8:
            out += bytes([0, len(row)]) + bytes(row) + b"\0" * (len(row) % 2)
        else:
            # Pillow misreads stretches of an odd length.
            packed = bytes((a << 4) | b for a, b in zip(row[0:12:2], row[1:12:2]))
            out += bytes([0, 12]) + packed + bytes([1, row[12] << 4])
        out += b"\0\0"
    return out + b"\0\1"


wide = [[(x * 2531 + y * 7919) & 0x7FFF for x in range(WIDTH)] for y in range(HEIGHT)]
full = [[(x * 0x0A3B5C71 + y * 0x1F2E3D4C) & 0xFFFFFFFF for x in range(WIDTH)] for y in range(HEIGHT)]
files = {
    "webp-lossless": saved(rgb, "WEBP", lossless=True),
    "webp-alpha": saved(rgba, "WEBP", lossless=True, exact=True),
    "webp-animated": saved(rgb, "WEBP", lossless=True, save_all=True, append_images=[other]),
    "tiff-rgb": saved(rgb, "TIFF"),
    "tiff-alpha": saved(rgba, "TIFF"),
    "tiff-grey": saved(grey, "TIFF"),
    "tiff-cmyk": saved(cmyk, "TIFF"),
    "tiff-lzw": saved(rgb, "TIFF", compression="tiff_lzw"),
    "tiff-deflate": saved(rgb, "TIFF", compression="tiff_adobe_deflate"),
    "tiff-jpeg": saved(rgb, "TIFF", compression="jpeg"),
    "tiff-fax": saved(rgb.convert("1"), "TIFF", compression="group4"),
    "tiff-palette": saved(few, "TIFF"),
    "tiff-pages": saved(rgb, "TIFF", save_all=True, append_images=[other]),
    "gif-palette": saved(rgb, "GIF"),
    "gif-animated": saved(few, "GIF", save_all=True, append_images=[other.quantize(16)]),
    "gif-transparent": saved(few, "GIF", transparency=3),
    "bmp-bits": saved(rgb.convert("1"), "BMP"),
    "bmp-grey": saved(grey, "BMP"),
    "bmp-palette": saved(few, "BMP"),
    "bmp-rgb": saved(rgb, "BMP"),
    "bmp-alpha": saved(rgba, "BMP"),
    "bmp-4bit": bmp(4, rows(4, places(16)), colours=palette(16)),
    "bmp-4bit-few-colours": bmp(4, rows(4, places(5)), colours=palette(5)),
    "bmp-gap": bmp(8, rows(8, places(7)), colours=palette(7), gap=b"\xaa" * 12),
    "bmp-555": bmp(16, words("<H", wide)),
    "bmp-565": bmp(16, words("<H", wide), compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)),
    "bmp-32": bmp(32, words("<I", full)),
    "bmp-32-masks": bmp(32, words("<I", full), compression=3, header=108, masks=struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "bmp-topdown": bmp(24, b"".join((bytes((x * 19 + y * c * 7) & 255 for x in range(WIDTH) for c in range(3)) + b"\0\0\0")[:40] for y in range(HEIGHT)), height=-HEIGHT),
    "bmp-runs-8": bmp(8, runs(places(9), 8), compression=1, colours=palette(16)),
    "bmp-runs-4": bmp(4, runs(places(9), 4), compression=2, colours=palette(16)),
}
cases = []
for name, data in files.items():
    image = Image.open(io.BytesIO(data))
    if "A" in image.getbands() or "transparency" in image.info:
        image = Image.alpha_composite(white, image.convert("RGBA"))
    pixels = image.convert("RGB")
    cases.append({"name": name, "file": base64.b64encode(data).decode(), "width": pixels.width, "height": pixels.height, "rgb": base64.b64encode(pixels.tobytes()).decode()})
json.dump({"pillow": PIL.__version__, "cases": cases}, sys.stdout, indent=1)
print()
