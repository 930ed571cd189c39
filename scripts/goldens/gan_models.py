"""Networks that make images of random numbers, or of an image and labels, and those that judge them, as the authors' PyTorch code has them."""

import torch
from torch import nn


class DCGANGenerator(nn.Module):
    """pytorch/examples, dcgan/main.py."""

    def __init__(self, size, nz, ngf, outputs):
        super().__init__()
        stages = size.bit_length() - 3
        layers, channels = [], nz
        for stage in range(stages):
            made = ngf * 2 ** (stages - 1 - stage)
            geometry = (4, 1, 0) if stage == 0 else (4, 2, 1)
            layers += [nn.ConvTranspose2d(channels, made, *geometry, bias=False), nn.BatchNorm2d(made), nn.ReLU()]
            channels = made
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(ngf, outputs, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class DCGANDiscriminator(nn.Module):
    """The same, without the sigmoid at its end."""

    def __init__(self, size, ndf, inputs):
        super().__init__()
        stages = size.bit_length() - 3
        layers, channels = [nn.Conv2d(inputs, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)], ndf
        for _ in range(stages - 1):
            layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * channels), nn.LeakyReLU(0.2)]
            channels *= 2
        self.main = nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 0, bias=False))

    def forward(self, x):
        return self.main(x)


def tracked(channels):
    return nn.InstanceNorm2d(channels, affine=True, track_running_stats=True)


class StarGANBlock(nn.Module):
    """yunjey/stargan, model.py."""

    def __init__(self, width):
        super().__init__()
        conv = lambda: nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.main = nn.Sequential(conv(), tracked(width), nn.ReLU(), conv(), tracked(width))

    def forward(self, x):
        return x + self.main(x)


class StarGANGenerator(nn.Module):
    """The same; the labels are channels of what comes in."""

    def __init__(self, channels, labels, ngf, blocks):
        super().__init__()
        layers = [nn.Conv2d(channels + labels, ngf, 7, 1, 3, bias=False), tracked(ngf), nn.ReLU()]
        for width in [ngf, 2 * ngf]:
            layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), tracked(2 * width), nn.ReLU()]
        layers += [StarGANBlock(4 * ngf) for _ in range(blocks)]
        for width in [4 * ngf, 2 * ngf]:
            layers += [nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False), tracked(width // 2), nn.ReLU()]
        self.main = nn.Sequential(*layers, nn.Conv2d(ngf, channels, 7, 1, 3, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class StarGANDiscriminator(nn.Module):
    """The same."""

    def __init__(self, size, inputs, labels, ndf, depth):
        super().__init__()
        layers, channels = [], inputs
        for layer in range(depth):
            layers += [nn.Conv2d(channels, ndf * 2**layer, 4, 2, 1), nn.LeakyReLU(0.01)]
            channels = ndf * 2**layer
        self.main = nn.Sequential(*layers)
        self.conv1 = nn.Conv2d(channels, 1, 3, 1, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, labels, size // 2**depth, bias=False)

    def forward(self, x):
        features = self.main(x)
        return self.conv1(features), self.conv2(features).flatten(1)


class Maxout(nn.Module):
    def __init__(self, pieces):
        super().__init__()
        self.pieces = pieces

    def forward(self, x):
        return x.reshape(x.shape[0], -1, self.pieces).max(-1).values


def dropout():
    """Its masks are random: the place alone is compared, with a rate of 0."""
    return nn.Dropout(0.0)


class GANGenerator(nn.Module):
    """Goodfellow et al. 2014, its code for MNIST."""

    def __init__(self, size, nz, units, outputs):
        super().__init__()
        self.shape = (outputs, size, size)
        last = nn.Linear(units, outputs * size * size)
        self.model = nn.Sequential(nn.Linear(nz, units), nn.ReLU(), nn.Linear(units, units), nn.ReLU(), last, nn.Sigmoid())

    def forward(self, x):
        return self.model(x.flatten(1)).reshape(-1, *self.shape)


class GANDiscriminator(nn.Module):
    """The same, without the sigmoid at its end."""

    def __init__(self, size, inputs, units, pieces):
        super().__init__()
        layers = []
        for width in [inputs * size * size, units]:
            layers += [dropout(), nn.Linear(width, units * pieces), Maxout(pieces)]
        self.model = nn.Sequential(*layers, dropout(), nn.Linear(units, 1))

    def forward(self, x):
        return self.model(x.flatten(1)).reshape(-1, 1, 1, 1)


class CGANGenerator(nn.Module):
    """Mirza and Osindero 2014; the labels are the last numbers of what comes in."""

    def __init__(self, size, nz, labels, noise_units, label_units, units, outputs):
        super().__init__()
        self.nz, self.shape = nz, (outputs, size, size)
        self.noise = nn.Linear(nz, noise_units)
        self.labels = nn.Linear(labels, label_units)
        joined, last = nn.Linear(noise_units + label_units, units), nn.Linear(units, outputs * size * size)
        self.model = nn.Sequential(dropout(), joined, nn.ReLU(), dropout(), last)

    def forward(self, x):
        noise, labels = x.flatten(1).split([self.nz, x.shape[1] - self.nz], 1)
        joined = torch.cat([self.noise(noise).relu(), self.labels(labels).relu()], 1)
        return self.model(joined).sigmoid().reshape(-1, *self.shape)


class CGANDiscriminator(nn.Module):
    """The same; the labels are the last channels of what comes in, those of the first pixel."""

    def __init__(self, size, inputs, labels, image_units, label_units, units):
        super().__init__()
        self.inputs = inputs
        self.image = nn.Sequential(nn.Linear(inputs * size * size, 5 * image_units), Maxout(5))
        self.labels = nn.Sequential(nn.Linear(labels, 5 * label_units), Maxout(5))
        joined = nn.Linear(image_units + label_units, 4 * units)
        self.model = nn.Sequential(dropout(), joined, Maxout(4), dropout(), nn.Linear(units, 1))

    def forward(self, x):
        joined = torch.cat([self.image(x[:, : self.inputs].flatten(1)), self.labels(x[:, self.inputs :, 0, 0])], 1)
        return self.model(joined).reshape(-1, 1, 1, 1)


class ConditionalDCGANGenerator(nn.Module):
    """Newmu/dcgan_code, for MNIST; the labels are the last numbers of what comes in."""

    def __init__(self, size, nz, labels, ngf, units, outputs):
        super().__init__()
        self.nz, self.shape = nz, (2 * ngf, size // 4, size // 4)
        features = 2 * ngf * (size // 4) ** 2
        doubles = {"stride": 2, "padding": 2, "output_padding": 1, "bias": False}
        self.linear1, self.norm1 = nn.Linear(nz + labels, units, bias=False), nn.BatchNorm1d(units, 1e-8, affine=False)
        self.linear2, self.norm2 = nn.Linear(units + labels, features, bias=False), nn.BatchNorm1d(features, 1e-8, affine=False)
        self.conv3, self.norm3 = nn.ConvTranspose2d(2 * ngf + labels, ngf, 5, **doubles), nn.BatchNorm2d(ngf, 1e-8, affine=False)
        self.conv4 = nn.ConvTranspose2d(ngf + labels, outputs, 5, **doubles)

    def forward(self, x):
        x = x.flatten(1)
        labels = x[:, self.nz :]
        x = self.norm1(self.linear1(x)).relu()
        x = self.norm2(self.linear2(torch.cat([x, labels], 1))).relu().reshape(-1, *self.shape)
        x = self.norm3(self.conv3(planes(x, labels))).relu()
        return self.conv4(planes(x, labels)).sigmoid()


def planes(x, labels):
    return torch.cat([x, labels[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)


class ConditionalDCGANDiscriminator(nn.Module):
    """The same, without the sigmoid at its end; the labels are the last channels of what comes in, for the later layers those of a pixel."""

    def __init__(self, size, inputs, labels, ndf, units):
        super().__init__()
        self.inputs = inputs
        halves = {"stride": 2, "padding": 2, "bias": False}
        self.conv1 = nn.Conv2d(inputs + labels, ndf, 5, **halves)
        self.conv2, self.norm2 = nn.Conv2d(ndf + labels, 2 * ndf, 5, **halves), nn.BatchNorm2d(2 * ndf, 1e-8, affine=False)
        features = 2 * ndf * (size // 4) ** 2
        self.linear3, self.norm3 = nn.Linear(features + labels, units, bias=False), nn.BatchNorm1d(units, 1e-8, affine=False)
        self.linear4 = nn.Linear(units + labels, 1, bias=False)

    def forward(self, x):
        labels, leaky = x[:, self.inputs :, 0, 0], nn.LeakyReLU(0.2)
        x = planes(leaky(self.conv1(x)), labels)
        x = leaky(self.norm2(self.conv2(x))).flatten(1)
        x = leaky(self.norm3(self.linear3(torch.cat([x, labels], 1))))
        return self.linear4(torch.cat([x, labels], 1)).reshape(-1, 1, 1, 1)
