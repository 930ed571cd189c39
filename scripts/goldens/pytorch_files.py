"""kernels-test/goldens/pytorch_files.json: files as torch.save writes them, what is in them, and what has to be refused.

Run it once with each version of PyTorch: it replaces what that version wrote. Files of the format before 1.6 differ from
run to run, for the keys of their storages are addresses.

The golden also has files that shadegrad wrote, with what torch.load found in them:

    pytorch_files.py --keep NAME FILE OPTIONS    keeps a file of encodePyTorch; its options as JSON
    pytorch_files.py --check                     loads every one again, with whatever version of PyTorch
"""

import argparse
import base64
import collections
import io
import json
import math
import sys
import zipfile
from pathlib import Path

import numpy
import torch

from common import GOLDENS, store, values

PATH = GOLDENS / "pytorch_files.json"
NAMES = {
    torch.float64: "f64", torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16", torch.int64: "i64",
    torch.int32: "i32", torch.int16: "i16", torch.int8: "i8", torch.uint8: "u8", torch.bool: "bool",
}
if hasattr(torch, "uint16"):
    NAMES[torch.uint16] = "u16"


def numbers(name, *shape):
    return torch.from_numpy(values(name, math.prod(shape))).reshape(shape)


def every_type():
    """Tensors of every type, with its smallest and largest numbers that float32 has."""
    tensors = collections.OrderedDict()
    for dtype, name in NAMES.items():
        if dtype.is_floating_point:
            # float64 holds what float32 does not: its numbers are rounded.
            data = numbers(name, 2, 3).to(torch.float64).div(3).to(dtype)
            data[0, 0], data[1, 2] = math.inf, -0.0
        elif dtype == torch.bool:
            data = torch.tensor([True, False, True])
        else:
            smallest, largest = torch.iinfo(dtype).min, torch.iinfo(dtype).max
            data = torch.tensor([smallest, 0, 1, largest if name not in ("i64", "i32") else 2 ** 24]).to(dtype)
        tensors[name] = data
    tensors["scalar"] = torch.tensor(2.5)
    tensors["empty"] = torch.zeros(3, 0, 2)
    return tensors


def views():
    """Tensors that share numbers or leave some out."""
    base = numbers("base", 4, 6)
    return {
        "base": base, "transposed": base.t(), "rows": base[1:3], "columns": base[:, 1:4], "strided": base[::2, ::3],
        "expanded": base[:1].expand(5, 6), "element": base[2, 3], "permuted": numbers("p", 2, 3, 4).permute(2, 0, 1),
        "channels last": numbers("c", 1, 3, 2, 2).contiguous(memory_format=torch.channels_last), "none": base[4:],
        "bytes": torch.arange(12, dtype=torch.uint8).reshape(3, 4).t(), "long": torch.arange(-6, 6).reshape(3, 4)[:, 1:].t(),
        "half": numbers("h", 3, 4).half().t(), "part": numbers("part", 100)[40:43],
    }


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))


def checkpoint():
    """What a training script keeps."""
    model = torch.nn.DataParallel(network())
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4, betas=(0.5, 0.999))
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
    model.module(numbers("input", 1, 1, 4, 4)).square().sum().backward()
    optimizer.step()
    scheduler.step()
    return {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3,
        "scheduler": {key: value for key, value in scheduler.state_dict().items() if isinstance(value, (int, float, list))},
        "best": None, "names": ["a", "b\u00e9\U0001f600", ""], "size": torch.Size([2, 3]), "nested": ((), (1,), (1, (2, 3)), {}),
        "floats": [0.1, -0.0, math.inf, -math.inf, math.nan, 1e300], "flags": (True, False),
        "ints": [0, 255, 256, 65535, 65536, -1, -(2 ** 31), 2 ** 31, 2 ** 53, 2 ** 53 - 1, -(2 ** 63), 2 ** 64, 10 ** 40],
        "bytes": bytes(range(256)), 7: "seven", "__proto__": 1, "constructor": {"prototype": 2},
        "parameter": torch.nn.Parameter(numbers("parameter", 2)), "dtype": torch.float32, "device": torch.device("cpu"),
    }


def describe(value):
    """A value as JSON that says every type."""
    if isinstance(value, torch.Tensor):
        return {"tensor": NAMES[value.dtype], "values": store(value)}
    if isinstance(value, dict):
        name = "ordered" if isinstance(value, collections.OrderedDict) else "dict"
        return {name: [[describe(key), describe(each)] for key, each in value.items()]}
    if isinstance(value, (tuple, list)):
        return {"tuple" if isinstance(value, tuple) else "list": [describe(each) for each in value]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value)
    if value is None or isinstance(value, (bool, str)):
        return value
    return {type(value).__name__: repr(value)}


def save(value, alignment=None, crc=True, **options):
    buffer = io.BytesIO()
    config = None
    if alignment is not None:
        from torch.utils.serialization import config
        before, config.save.storage_alignment = config.save.storage_alignment, alignment
    if not crc:
        torch.serialization.set_crc32_options(False)
    try:
        torch.save(value, buffer, **options)
    finally:
        if config is not None:
            config.save.storage_alignment = before
        if not crc:
            torch.serialization.set_crc32_options(True)
    return encode(buffer.getvalue())


def encode(data):
    return base64.b64encode(data).decode("ascii")


def files():
    legacy = {"_use_new_zipfile_serialization": False}
    typed = every_type()
    # The format before version 1.6 has no unsigned numbers of 16 bits.
    old = collections.OrderedDict((name, tensor) for name, tensor in typed.items() if name != "u16")
    cases = [
        ("every type", typed, {}), ("every type, legacy", old, legacy), ("views", views(), {}), ("views, legacy", views(), legacy),
        ("checkpoint", checkpoint(), {}), ("checkpoint, legacy", checkpoint(), legacy),
        ("protocol 3", views(), {"pickle_protocol": 3}), ("protocol 4", checkpoint(), {"pickle_protocol": 4}),
        ("protocol 4, legacy", checkpoint(), {"pickle_protocol": 4, **legacy}), ("a tensor", numbers("alone", 3), {}),
        ("a list", [numbers("alone", 2), {"a": numbers("b", 1)}], {"pickle_protocol": 5}),
    ]
    if hasattr(torch.serialization, "set_crc32_options"):
        cases += [("without CRC", every_type(), {"crc": False}), ("aligned to 4096", {"a": numbers("a", 3)}, {"alignment": 4096}),
                  ("aligned to 1", {"a": numbers("a", 3)}, {"alignment": 1})]
    return [{"name": name, "torch": torch.__version__, "legacy": "legacy" in name, "file": save(value, **options), "value": describe(value)}
            for name, value, options in cases]


def refused():
    script = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), script)
    other = {
        "a whole model": network(), "numpy array": {"a": numpy.arange(3)}, "numpy number": {"a": numpy.float64(0.5)},
        "a Namespace": {"state_dict": {}, "args": argparse.Namespace(lr=1)}, "a set": {"a": {1, 2}}, "complex": torch.zeros(2, dtype=torch.complex64),
        "sparse": torch.zeros(2).to_sparse(), "quantized": torch.quantize_per_tensor(torch.zeros(2), 1.0, 0, torch.qint8),
        "a function": {"a": print}, "complex number": [1j], "a slice": slice(1), "a bytearray": bytearray(b"ab"), "a storage": torch.zeros(2).storage(),
    }
    if hasattr(torch._utils, "get_tensor_metadata"):
        other["conjugate"] = torch.zeros(2)._neg_view()
    if hasattr(torch, "float8_e4m3fn"):
        other["float8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    result = [{"name": "TorchScript", "torch": torch.__version__, "file": encode(script.getvalue())}]
    for name, value in other.items():
        result.append({"name": name, "torch": torch.__version__, "file": save(value)})
    for name in ("a set", "a Namespace", "a function"):
        result.append({"name": f"{name}, protocol 4", "torch": torch.__version__, "file": save(other[name], pickle_protocol=4)})
    return result


def write(kept):
    """A line a file."""
    parts = [f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]" for key, cases in kept.items()]
    PATH.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def load(data):
    """What torch.load finds in bytes, with nothing allowed but weights; version 1.13 does not allow floats, either."""
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    return torch.load(io.BytesIO(data), weights_only=not torch.__version__.startswith("1."))


def keep(kept, name, path, options):
    data = Path(path).read_bytes()
    case = {"name": name, "torch": torch.__version__, "options": json.loads(options), "file": encode(data), "value": describe(load(data))}
    kept["written"] = [each for each in kept["written"] if each["name"] != name] + [case]


def check(kept):
    for case in kept["written"]:
        assert json.dumps(describe(load(base64.b64decode(case["file"])))) == json.dumps(case["value"]), case["name"]
    print(f"torch {torch.__version__} finds the same in {len(kept['written'])} files of shadegrad")


def make(kept):
    for key, made in (("files", files()), ("refused", refused())):
        kept[key] = sorted([case for case in kept[key] if case["torch"] != torch.__version__] + made, key=lambda case: case["torch"])


if __name__ == "__main__":
    golden = json.loads(PATH.read_text()) if PATH.exists() else {"files": [], "refused": [], "written": []}
    if sys.argv[1:] == ["--check"]:
        check(golden)
    else:
        keep(golden, *sys.argv[2:]) if sys.argv[1:2] == ["--keep"] else make(golden)
        write(golden)
