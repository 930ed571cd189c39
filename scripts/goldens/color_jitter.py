"""kernels-test/goldens/color_jitter.json: brightness, contrast, saturation and hue as torchvision's ColorJitter documents them.

Written from the documentation, in float64: torchvision itself need not be there. Hues by Python's colorsys. Images are NHWC in [-1, 1];
a draw of null leaves its image as it is.
"""

import colorsys

import torch

from common import describe, generate, store, write_golden

GREY = torch.tensor([0.2989, 0.587, 0.114], dtype=torch.float64)


def grey(image):
    return image if image.shape[-1] == 1 else (image * GREY).sum(-1, keepdim=True)


def blend(image, other, factor):
    return (factor * image + (1 - factor) * other).clamp(0, 1)


def move_hue(image, shift):
    if image.shape[-1] == 1:
        return image
    moved = torch.empty_like(image)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            hue, saturation, value = colorsys.rgb_to_hsv(*image[y, x].tolist())
            moved[y, x] = torch.tensor(colorsys.hsv_to_rgb((hue + shift) % 1.0, saturation, value), dtype=torch.float64)
    return moved


CHANGES = {
    "brightness": lambda image, factor: blend(image, torch.zeros_like(image), factor),
    "contrast": lambda image, factor: blend(image, grey(image).mean(), factor),
    "saturation": lambda image, factor: image if image.shape[-1] == 1 else blend(image, grey(image), factor),
    "hue": move_hue,
}


def jitter(image, draw):
    if draw is None:
        return image
    colours = (image + 1) / 2
    for change in draw["order"]:
        colours = CHANGES[change](colours, draw[change])
    return colours * 2 - 1


def draw(order, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0):
    names = {"b": "brightness", "c": "contrast", "s": "saturation", "h": "hue"}
    factors = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
    return {**factors, "order": [names[letter] for letter in order]}


CASES = [
    ([1, 5, 4, 3], [draw("bcsh", brightness=1.3)]),
    ([1, 5, 4, 3], [draw("bcsh", contrast=0.6)]),
    ([1, 5, 4, 3], [draw("bcsh", saturation=1.9)]),
    ([3, 5, 4, 3], [draw("bcsh", hue=0.13), draw("bcsh", hue=-0.5), draw("bcsh", hue=0.5)]),
    ([2, 7, 6, 3], [draw("hscb", 0.8, 1.2, 0.7, -0.05), draw("cbhs", 1.15, 0.85, 1.2, 0.04)]),
    ([3, 4, 9, 3], [draw("shbc", 1.5, 1.7, 2.0, 0.3), None, draw("chsb", 0.0, 0.0, 0.0, 0.1)]),
    ([2, 6, 5, 1], [draw("hscb", 0.8, 1.2, 0.7, -0.05), draw("bhsc", 1.4, 0.5, 0.0, 0.4)]),
    ([1, 1, 1, 3], [draw("sbch", 0.9, 1.4, 0.5, 0.2)]),
]

cases = []
for index, (shape, draws) in enumerate(CASES):
    x = describe(f"color jitter/{index}", shape)
    images = generate(x)
    results = torch.stack([jitter(image, each) for image, each in zip(images, draws)])
    cases.append({"x": x, "draws": draws, "y": store(results)})
write_golden("color_jitter", {"cases": cases})
