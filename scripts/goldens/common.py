"""What every golden script shares: the deterministic formula, layouts and the file format.

Inputs and weights are not stored in a golden. They come from `values`, which
kernels-test/harness/deterministic.ts repeats bit for bit, so a golden holds only
the expected results and the names of the arrays they were computed from.
"""

import base64
import json
import os
from pathlib import Path

import numpy
import torch

GOLDENS = Path(__file__).resolve().parents[2] / "kernels-test" / "goldens"
SAMPLE_STRIDE = 7919  # prime, so the samples of a power-of-two tensor visit every channel
SAMPLES = 128


def hash_name(name):
    """32-bit FNV-1a of the name's UTF-8 bytes."""
    state = 0x811C9DC5
    for byte in name.encode("utf-8"):
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    return state


def pcg(x):
    """The PCG-RXS-M-XS 32-bit output permutation of every element of a uint32 array."""
    x = x.astype(numpy.uint32)
    state = x * numpy.uint32(747796405) + numpy.uint32(2891336453)
    word = ((state >> ((state >> numpy.uint32(28)) + numpy.uint32(4))) ^ state) * numpy.uint32(277803737)
    return (word >> numpy.uint32(22)) ^ word


def values(name, length, scale=1.0, offset=0.0):
    """`length` float32 numbers, uniform in [-1, 1) * scale + offset, fixed by the name alone.

    Element i is pcg(hash_name(name) ^ pcg(i)); its upper 24 bits are an exact multiple of
    2^-23, scaled in float64 and rounded once to float32.
    """
    bits = pcg(numpy.uint32(hash_name(name)) ^ pcg(numpy.arange(length, dtype=numpy.uint32)))
    uniform = (bits >> numpy.uint32(8)).astype(numpy.float64) / 8388608.0 - 1.0
    return (uniform * scale + offset).astype(numpy.float32)


def describe(name, shape, scale=1.0, offset=0.0):
    """The entry that lets a test make the same array: see `generate` in deterministic.ts."""
    return {"name": name, "shape": list(shape), "scale": scale, "offset": offset}


def generate(description, dtype=torch.float64):
    """The array of a description as a tensor in the layout of its shape."""
    shape = description["shape"]
    flat = values(description["name"], int(numpy.prod(shape)), description["scale"], description["offset"])
    return torch.from_numpy(flat).reshape(shape).to(dtype)


def nhwc_to_nchw(tensor):
    return tensor.permute(0, 3, 1, 2).contiguous()


def nchw_to_nhwc(tensor):
    return tensor.permute(0, 2, 3, 1).contiguous()


def weight_to_torch(weight):
    """[KH][KW][Cin][Cout] to OIHW; and [KH][KW][Cout][Cin] of a transposed conv to IOHW."""
    return weight.permute(3, 2, 0, 1).contiguous()


def weight_from_torch(weight):
    return weight.permute(2, 3, 1, 0).contiguous()


def store(tensor):
    """A tensor as {shape, float32}: base64 of little-endian float32 in row-major order."""
    array = tensor.detach().cpu().contiguous().to(torch.float32).numpy()
    return {"shape": list(array.shape), "float32": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}


def store_constant(tensor):
    """A tensor as `store` has it; classes and indices as {shape, int32}."""
    return store(tensor) if tensor.is_floating_point() else {"shape": list(tensor.shape), "int32": tensor.flatten().tolist()}


def summarise(tensor, name):
    """What stands for a tensor too large to store: samples, norms and one random projection.

    `projection` is the dot product with values("projection/" + name, length), which sees every
    element; sample i is element i * SAMPLE_STRIDE mod length (all elements if there are few).
    """
    flat = tensor.detach().cpu().to(torch.float64).contiguous().reshape(-1)
    length = flat.numel()
    count = min(length, SAMPLES)
    stride = 1 if length <= SAMPLES else SAMPLE_STRIDE
    indices = (torch.arange(count, dtype=torch.int64) * stride) % length
    direction = torch.from_numpy(values("projection/" + name, length)).to(torch.float64)
    return {
        "name": name,
        "shape": list(tensor.shape),
        "sampleStride": stride,
        "samples": store(flat[indices]),
        "sum": flat.sum().item(),
        "l1": flat.abs().sum().item(),
        "l2": flat.norm().item(),
        "projection": torch.dot(flat, direction).item(),
    }


def write_golden(name, content, computed_in="float64"):
    """Writes kernels-test/goldens/NAME.json through a temporary file, one case a line."""
    GOLDENS.mkdir(parents=True, exist_ok=True)
    document = {"made": {"torch": torch.__version__, "computedIn": computed_in, "storedAs": "float32"}, **content}
    target = GOLDENS / f"{name}.json"
    temporary = target.with_suffix(".json.partial")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(f"{json.dumps(key)}: {lines(entry)}" for key, entry in document.items()) + "\n}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)
    print(f"{target.name}: {target.stat().st_size} bytes")


def lines(entry):
    """JSON with one list element a line where the elements are objects, so that diffs can be read."""
    if isinstance(entry, list) and entry and isinstance(entry[0], dict):
        return "[\n" + ",\n".join(json.dumps(item, allow_nan=False) for item in entry) + "\n]"
    return json.dumps(entry, allow_nan=False)
