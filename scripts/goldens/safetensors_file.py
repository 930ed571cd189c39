"""kernels-test/goldens/safetensors.json: a file as Python's safetensors writes it, of every type of numbers.

Needs the package safetensors beside torch.
"""

import base64

import torch
from safetensors.torch import save

from common import store, values, write_golden

METADATA = {"format": "pt", "author": "Ada \u00e9"}
NAMES = {
    torch.float64: "f64", torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16", torch.int64: "i64",
    torch.int32: "i32", torch.int16: "i16", torch.int8: "i8", torch.uint8: "u8", torch.bool: "bool",
}


def numbers(name, dtype):
    if dtype.is_floating_point:
        return torch.from_numpy(values(name, 24)).to(dtype).reshape(2, 3, 4)
    if dtype == torch.bool:
        return torch.tensor([True, False, True])
    smallest = torch.iinfo(dtype).min if dtype != torch.int64 else -(2 ** 40)
    largest = torch.iinfo(dtype).max if dtype not in (torch.int64, torch.int32) else 2 ** 24
    return torch.tensor([smallest, 0, 1, largest], dtype=dtype)


tensors = {f"layer.{name}": numbers(name, dtype) for dtype, name in NAMES.items()}
tensors["scalar"] = torch.tensor(2.5)
tensors["count"] = torch.tensor(1234)
tensors["empty"] = torch.zeros(0, 3)

write_golden("safetensors", {
    "file": base64.b64encode(save(tensors, METADATA)).decode("ascii"),
    "metadata": METADATA,
    "tensors": [
        {"name": name, "dtype": NAMES[tensor.dtype], "values": store(tensor)} for name, tensor in tensors.items()
    ],
}, computed_in="none")
