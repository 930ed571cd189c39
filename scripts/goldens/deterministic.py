"""kernels-test/goldens/deterministic.json: a few arrays of the formula itself, with its hashes."""

import numpy
import torch

from common import describe, generate, hash_name, pcg, store, write_golden

NAMES = ["", "a", "conv2d/weight", "G.model.model.0.weight", "fenêtre"]
ARRAYS = [
    describe("a", [9]),
    describe("conv2d/weight", [3, 5], 0.05),
    describe("G.model.model.1.model.2.weight", [8], 0.05, 1.0),
    describe("large", [4], 1e4, -3.0),
    describe("fenêtre", [6], 0.02),
    describe("long", [4099], 1.0),
]

write_golden("deterministic", {
    "hashes": [{"name": name, "hash": hash_name(name)} for name in NAMES],
    "permutations": [
        {"input": x, "output": int(pcg(numpy.array([x], dtype=numpy.uint32))[0])}
        for x in (0, 1, 2, 12345, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    ],
    "arrays": [{"inputs": array, "expected": store(generate(array, torch.float32))} for array in ARRAYS],
})
