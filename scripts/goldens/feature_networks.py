"""kernels-test/goldens/feature_networks.json: what narrow Inception-v3, AlexNet and VGG16 networks make of pictures, and LPIPS by the
latter two with its gradient. Their structure is that of torchvision's networks, with the pools of the FID's network where a case says so; weights follow
from their names by the formula. Names are checked by their hash.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from common import describe, generate, hash_name, nchw_to_nhwc, nhwc_to_nchw, store, summarise, values, write_golden


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Part(nn.Module):
    """A block; `fid` says whether zeros around an image are left out of its average, and `largest` whether it takes the largest instead."""

    def pooled(self, x):
        if self.largest:
            return F.max_pool2d(x, 3, 1, 1)
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=not self.fid)

    def setup(self, fid, largest=False):
        self.fid, self.largest = fid, largest
        return self


class A(Part):
    def __init__(self, n, i, pool):
        super().__init__()
        self.branch1x1 = Conv(i, n(64), 1)
        self.branch5x5_1 = Conv(i, n(48), 1)
        self.branch5x5_2 = Conv(n(48), n(64), 5, padding=2)
        self.branch3x3dbl_1 = Conv(i, n(64), 1)
        self.branch3x3dbl_2 = Conv(n(64), n(96), 3, padding=1)
        self.branch3x3dbl_3 = Conv(n(96), n(96), 3, padding=1)
        self.branch_pool = Conv(i, n(pool), 1)

    def forward(self, x):
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, double, self.branch_pool(self.pooled(x))], 1)


class B(Part):
    def __init__(self, n, i):
        super().__init__()
        self.branch3x3 = Conv(i, n(384), 3, 2)
        self.branch3x3dbl_1 = Conv(i, n(64), 1)
        self.branch3x3dbl_2 = Conv(n(64), n(96), 3, padding=1)
        self.branch3x3dbl_3 = Conv(n(96), n(96), 3, 2)

    def forward(self, x):
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, 2)], 1)


class C(Part):
    def __init__(self, n, i, inner):
        super().__init__()
        c, row, column = n(inner), {"kernel": (1, 7), "padding": (0, 3)}, {"kernel": (7, 1), "padding": (3, 0)}
        self.branch1x1 = Conv(i, n(192), 1)
        self.branch7x7_1 = Conv(i, c, 1)
        self.branch7x7_2 = Conv(c, c, **row)
        self.branch7x7_3 = Conv(c, n(192), **column)
        self.branch7x7dbl_1 = Conv(i, c, 1)
        self.branch7x7dbl_2 = Conv(c, c, **column)
        self.branch7x7dbl_3 = Conv(c, c, **row)
        self.branch7x7dbl_4 = Conv(c, c, **column)
        self.branch7x7dbl_5 = Conv(c, n(192), **row)
        self.branch_pool = Conv(i, n(192), 1)

    def forward(self, x):
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool(self.pooled(x))], 1)


class D(Part):
    def __init__(self, n, i):
        super().__init__()
        self.branch3x3_1 = Conv(i, n(192), 1)
        self.branch3x3_2 = Conv(n(192), n(320), 3, 2)
        self.branch7x7x3_1 = Conv(i, n(192), 1)
        self.branch7x7x3_2 = Conv(n(192), n(192), (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = Conv(n(192), n(192), (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = Conv(n(192), n(192), 3, 2)

    def forward(self, x):
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, F.max_pool2d(x, 3, 2)], 1)


class E(Part):
    def __init__(self, n, i):
        super().__init__()
        row, column = {"kernel": (1, 3), "padding": (0, 1)}, {"kernel": (3, 1), "padding": (1, 0)}
        self.branch1x1 = Conv(i, n(320), 1)
        self.branch3x3_1 = Conv(i, n(384), 1)
        self.branch3x3_2a = Conv(n(384), n(384), **row)
        self.branch3x3_2b = Conv(n(384), n(384), **column)
        self.branch3x3dbl_1 = Conv(i, n(448), 1)
        self.branch3x3dbl_2 = Conv(n(448), n(384), 3, padding=1)
        self.branch3x3dbl_3a = Conv(n(384), n(384), **row)
        self.branch3x3dbl_3b = Conv(n(384), n(384), **column)
        self.branch_pool = Conv(i, n(192), 1)

    def forward(self, x):
        three, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        threes = [self.branch3x3_2a(three), self.branch3x3_2b(three)]
        doubles = [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([self.branch1x1(x), *threes, *doubles, self.branch_pool(self.pooled(x))], 1)


class Inception(nn.Module):
    def __init__(self, width, fid):
        super().__init__()
        n = lambda channels: max(1, round(channels * width))
        self.Conv2d_1a_3x3 = Conv(3, n(32), 3, 2)
        self.Conv2d_2a_3x3 = Conv(n(32), n(32), 3)
        self.Conv2d_2b_3x3 = Conv(n(32), n(64), 3, padding=1)
        self.Conv2d_3b_1x1 = Conv(n(64), n(80), 1)
        self.Conv2d_4a_3x3 = Conv(n(80), n(192), 3)
        self.Mixed_5b = A(n, n(192), 32).setup(fid)
        self.Mixed_5c = A(n, n(256), 64).setup(fid)
        self.Mixed_5d = A(n, n(288), 64).setup(fid)
        self.Mixed_6a = B(n, n(288))
        self.Mixed_6b = C(n, n(768), 128).setup(fid)
        self.Mixed_6c = C(n, n(768), 160).setup(fid)
        self.Mixed_6d = C(n, n(768), 160).setup(fid)
        self.Mixed_6e = C(n, n(768), 192).setup(fid)
        self.Mixed_7a = D(n, n(768))
        self.Mixed_7b = E(n, n(1280)).setup(fid)
        self.Mixed_7c = E(n, n(2048)).setup(fid, largest=fid)

    def forward(self, x):
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name in ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"]:
            x = getattr(self, f"Mixed_{name}")(x)
        return x.mean((2, 3))


def alexnet(channels):
    windows = [(11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)]
    layers, inputs = [], 3
    for place, (outputs, (kernel, stride, padding)) in enumerate(zip(channels, windows)):
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.ReLU()]
        layers += [nn.MaxPool2d(3, 2)] if place in (0, 1, 4) else []
        inputs = outputs
    return nn.Sequential(*layers), [1, 4, 7, 9, 11]


def vgg16(channels):
    layers, inputs = [], 3
    for outputs, count in zip(channels, [2, 2, 3, 3, 3]):
        for _ in range(count):
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ReLU()]
            inputs = outputs
        layers += [nn.MaxPool2d(2, 2)]
    return nn.Sequential(*layers), [3, 8, 15, 22, 29]


def fill(tensors, prefix=""):
    """Formula values by name: convolutions that keep the size of what goes through, positive weights of layers, variances about one."""
    with torch.no_grad():
        for name, tensor in tensors.items():
            if name.endswith("num_batches_tracked"):
                continue
            name = prefix + name
            if name.startswith("lin"):
                scale, offset = 0.5, 0.5
            elif tensor.dim() > 1:
                scale, offset = math.sqrt(6 / tensor[0].numel()), 0
            else:
                scale, offset = (0.3, 1) if name.endswith(("running_var", "bn.weight")) else (0.2, 0)
            tensor.copy_(torch.from_numpy(values(name, tensor.numel(), scale, offset)).reshape(tensor.shape))


def names(tensors, prefix=""):
    """The hash of all names and shapes, in the order of the names."""
    return hash_name("\n".join(f"{prefix}{name} {list(tensor.shape)}" for name, tensor in sorted(tensors.items())))


def inception_case(pools, shape):
    network = Inception(1 / 16, pools == "fid").double().eval()
    state = network.state_dict()
    fill(state)
    given = describe(f"{pools} picture", shape)
    with torch.no_grad():
        made = network(nhwc_to_nchw(generate(given)))
    return {"pools": pools, "width": 1 / 16, "names": names(state), "input": given, "output": store(made)}


def lpips(pictures, row, taps, weights):
    shift, scale = (torch.tensor(each, dtype=torch.float64)[None, :, None, None] for each in ([-.030, -.088, -.188], [.458, .448, .450]))
    features = []
    for picture in pictures:
        x, own = (picture - shift) / scale, []
        for place, layer in enumerate(row[: taps[-1] + 1]):
            x = layer(x)
            if place in taps:
                own.append(x)
        features.append(own)
    total = 0
    for own, theirs, weight in zip(*features, weights):
        unit = [x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10) for x in (own, theirs)]
        total = total + F.conv2d((unit[0] - unit[1]).square(), weight).mean((1, 2, 3))
    return features[0], total


def lpips_case(kind, make, channels, shape):
    row, taps = make(channels)
    row = row.double()
    fill(row.state_dict(), "features.")
    weights = {f"lin{at}.model.1.weight": torch.zeros(1, count, 1, 1, dtype=torch.float64) for at, count in enumerate(channels)}
    fill(weights)
    given = [describe(f"{kind} {which}", shape) for which in ("first", "second")]
    pictures = [nhwc_to_nchw(generate(each)).requires_grad_(True) for each in given]
    features, distances = lpips(pictures, row, taps, weights.values())
    distances.sum().backward()
    made = {
        "features": [store(nchw_to_nhwc(each).mean((1, 2))) for each in features],
        "distances": store(distances),
        "gradient": summarise(nchw_to_nhwc(pictures[0].grad), f"{kind} gradient"),
    }
    return {"kind": kind, "channels": channels, "names": names(row.state_dict(), "features."), "inputs": given, **made}


if __name__ == "__main__":
    write_golden("feature_networks", {
        "inception": [inception_case("fid", [2, 107, 75, 3]), inception_case("torchvision", [1, 91, 107, 3])],
        "lpips": [
            lpips_case("alexnet", alexnet, [4, 7, 8, 6, 5], [2, 33, 47, 3]),
            lpips_case("alexnet", alexnet, [3, 4, 4, 1, 2], [1, 64, 31, 3]),
            lpips_case("vgg16", vgg16, [2, 3, 4, 4, 6], [3, 17, 34, 3]),
        ],
    })
