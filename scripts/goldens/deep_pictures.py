"""Arrays, deep pictures and index maps as NumPy, tifffile and Pillow write them, for kernels-test/node/images/values.test.ts.

Run: python3 scripts/goldens/deep_pictures.py > kernels-test/goldens/deep_pictures.json
Needs NumPy, tifffile and Pillow (checked with 2.3, 2026.3 and 12).
"""
import base64
import io
import json
import sys

import numpy
import tifffile
from PIL import Image

WIDTH, HEIGHT = 3, 2


def numbers(channels, dtype):
    count = HEIGHT * WIDTH * channels
    values = numpy.arange(count) * 7919 % 251
    if numpy.dtype(dtype).kind == "f":
        values = values / 16 - 5
    elif numpy.dtype(dtype).itemsize > 1:
        values = values * 131
    return values.astype(dtype).reshape((HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH))


def case(name, array, save):
    file = io.BytesIO()
    save(file)
    channels = array.shape[2] if array.ndim == 3 else 1
    text = base64.b64encode(file.getvalue()).decode()
    return {"name": name, "channels": channels, "values": array.astype(float).ravel().tolist(), "file": text}


cases = []
for dtype in ("|u1", "<u2", ">u2", "<i2", "<i8", "<f4", ">f4", "<f8", "|b1", "<f2", ">f2"):
    array = numbers(2, dtype)
    cases.append(case(f"npy {dtype}", array, lambda file: numpy.save(file, array)))
array = numpy.asfortranarray(numbers(3, "<f4"))
cases.append(case("npy in Fortran's order", array, lambda file: numpy.save(file, array)))
array = numbers(1, "<f4")
cases.append(case("npy of one channel", array, lambda file: numpy.save(file, array)))
cases.append(case("npy of version 2", array, lambda file: numpy.lib.format.write_array(file, array, version=(2, 0))))
for dtype, channels in (("f4", 1), ("f4", 3), ("f4", 5), ("u2", 1), ("u2", 3), ("u2", 5), ("u1", 2), ("u1", 5)):
    array = numbers(channels, dtype)
    photometric = "rgb" if channels == 3 else "minisblack"
    options = {"photometric": photometric, **({"planarconfig": "contig"} if channels > 1 else {})}
    cases.append(case(f"TIFF {dtype} of {channels}", array, lambda file: tifffile.imwrite(file, array, **options)))
array = numbers(1, "u2")
cases.append(case("PNG of 16 bits", array, lambda file: Image.fromarray(array).save(file, "PNG")))

maps = []
for bits in (1, 2, 4, 8):
    array = (numpy.arange(7 * 5) * 5 % 2**bits).astype(numpy.uint8).reshape(5, 7)
    image = Image.fromarray(array, "P")
    image.putpalette([(at * 83) % 256 for at in range(3 * 2**bits)])
    maps.append(case(f"palette of {bits} bits", array, lambda file: image.save(file, "PNG", bits=bits)))
array = (numpy.arange(35) % 11).astype(numpy.uint8).reshape(5, 7)
maps.append(case("grey of 8 bits", array, lambda file: Image.fromarray(array).save(file, "PNG")))
smooth = numpy.add.outer(numpy.arange(40), numpy.arange(50)).astype(numpy.uint8) % 97
maps.append(case("filtered rows", smooth, lambda file: Image.fromarray(smooth).save(file, "PNG", optimize=True)))
refused = {"objects": base64.b64encode((lambda f: (numpy.save(f, numpy.array([[{}]], dtype=object), allow_pickle=True), f.getvalue())[1])(io.BytesIO())).decode()}
json.dump({"numpy": numpy.__version__, "cases": cases, "maps": maps, "refused": refused}, sys.stdout)
print()
