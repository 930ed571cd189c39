"""Orders that Python's random.shuffle() makes, for kernels-test/data/python-random.test.ts.

Run: python3 scripts/goldens/python_shuffle.py > kernels-test/goldens/python_shuffle.json
Needs Python 3 alone (checked with 3.11): the order of a seed is the same in every version.
"""
import json
import platform
import random
import sys


def shuffled(count, seed):
    random.seed(seed)
    order = list(range(count))
    random.shuffle(order)
    return order


CASES = [(0, 1234), (1, 1234), (2, 1234), (10, 1234), (64, 1234), (65, 0), (700, 4294967295)]
# As many as CelebA has images: the first 1999 are the test set of StarGAN's program.
LARGE = shuffled(202599, 1234)

json.dump(
    {
        "python": platform.python_version(),
        "cases": [{"count": count, "seed": seed, "order": shuffled(count, seed)} for count, seed in CASES],
        "large": {
            "count": 202599,
            "seed": 1234,
            "first": LARGE[:8],
            "lastOfTest": LARGE[1998],
            "firstOfTraining": LARGE[1999],
            "sum": sum(place * index for place, index in enumerate(LARGE)),
        },
    },
    sys.stdout,
    separators=(",", ":"),
)
print()
