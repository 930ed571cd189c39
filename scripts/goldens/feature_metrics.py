"""kernels-test/goldens/feature_metrics.json: FID and KID of two small sets of pictures by a narrow Inception-v3, and LPIPS of their pairs
by a narrow AlexNet. Pictures and weights follow from their names by the formula.
"""

import numpy
import torch
from torch.nn import functional as F

from common import nchw_to_nhwc, summarise, values, write_golden
from feature_networks import Inception, alexnet, fill, lpips
from set_distances import frechet, kernel

SIZES = [[40, 33], [64, 31], [31, 50], [330, 301]]
CHANNELS = [4, 7, 8, 6, 5]


def picture(name, height, width):
    """Bytes, as [1, 3, height, width] in float64."""
    data = numpy.floor((values(name, height * width * 3).astype(numpy.float64) + 1) * 128)
    return torch.from_numpy(data.reshape(1, height, width, 3)).permute(0, 3, 1, 2)


def resized(x):
    return 2 * F.interpolate(x / 255, size=(299, 299), mode="bilinear", align_corners=False) - 1


network = Inception(1 / 16, True).double().eval()
fill(network.state_dict())
row, taps = alexnet(CHANNELS)
row = row.double()
fill(row.state_dict(), "features.")
weights = {f"lin{at}.model.1.weight": torch.zeros(1, count, 1, 1, dtype=torch.float64) for at, count in enumerate(CHANNELS)}
fill(weights)
made, real = ([picture(f"{kind} {at}", *size) for at, size in enumerate(SIZES)] for kind in ("made", "real"))
with torch.no_grad():
    features = [torch.cat([network(resized(each)) for each in each_set]).numpy() for each_set in (made, real)]
    pairs = [[x / 127.5 - 1 for x in pair] for pair in zip(made, real)]
    apart = [lpips(pair, row, taps, weights.values())[1].item() for pair in pairs]
write_golden("feature_metrics", {
    "width": 1 / 16,
    "channels": CHANNELS,
    "sizes": SIZES,
    "inputs": [summarise(nchw_to_nhwc(resized(each)), f"input {at}") for at, each in enumerate(made)],
    "fid": frechet(*features),
    "kid": kernel(*features),
    "lpips": apart,
})
