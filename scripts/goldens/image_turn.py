"""kernels-test/goldens/image_turn.json: images turned by angles (grid_sample with reflection), by quarter turns, and mirrored.

Images are NHWC. Angles are in degrees, to the left.
"""

import math

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, write_golden


def rotate(image, degrees, mode):
    """`image`: [C, H, W]. grid_sample wants -1 and 1 for the centres of the outermost pixels."""
    _, height, width = image.shape
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    y = torch.arange(height, dtype=torch.float64) - (height - 1) / 2
    y, x = torch.meshgrid(y, x, indexing="ij")
    there_x, there_y = cos * x - sin * y, sin * x + cos * y
    half = [max(width - 1, 1) / 2, max(height - 1, 1) / 2]
    grid = torch.stack([there_x / half[0], there_y / half[1]], -1)
    return functional.grid_sample(image[None], grid[None], mode=mode, padding_mode="reflection", align_corners=True)[0]


ROTATIONS = [
    ([1, 8, 8, 3], [0.0]),
    ([2, 9, 7, 3], [10.0, -25.0]),
    ([4, 6, 11, 1], [45.0, 90.0, -135.0, 180.0]),
    ([1, 31, 31, 4], [-3.7]),
]
TURNS = [
    ([4, 5, 5, 3], [0, 1, 2, 3], [0, 0, 0, 0]),
    ([4, 4, 4, 1], [0, 1, 2, 3], [1, 1, 1, 1]),
]

rotations = []
for index, (shape, degrees) in enumerate(ROTATIONS):
    x = describe(f"image rotate/{index}", shape)
    images = nhwc_to_nchw(generate(x))
    # Nearest pixels of right angles lie between two; PyTorch and others round such ties differently.
    modes = ["bilinear"] + (["nearest"] if all(angle % 45 for angle in degrees) else [])
    for mode in modes:
        y = nchw_to_nhwc(torch.stack([rotate(image, angle, mode) for image, angle in zip(images, degrees)]))
        rotations.append({"x": x, "degrees": degrees, "mode": mode, "y": store(y)})
turns = []
for index, (shape, quarters, flipped) in enumerate(TURNS):
    x = describe(f"image turn/{index}", shape)
    images = generate(x)
    y = [torch.rot90(image.flip(0) if flip else image, turn, (0, 1)) for image, turn, flip in zip(images, quarters, flipped)]
    turns.append({"x": x, "quarters": quarters, "flipped": flipped, "y": store(torch.stack(y))})
write_golden("image_turn", {"rotations": rotations, "turns": turns})
