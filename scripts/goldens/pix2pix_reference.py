"""The pix2pix networks and training step in plain PyTorch, as the goldens need them.

The networks, here without dropout, have the structure and the state-dict names of the authors' PyTorch
implementation (unet_256 with batch norm, and the 70 x 70 PatchGAN), so weights travel by name.
Its encoder convs have no bias at all, not even the two (first and innermost) without a norm.
Sources: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks",
section 6.1 and 6.2 (appendix), and the module layout of the authors' later PyTorch code.
"""

import math

import torch
from torch import nn


class UNetLevel(nn.Module):
    """One encoder conv, everything deeper, and the decoder conv that mirrors it.

    Concatenates its input before the result, except at the outermost level. PyTorch's reference
    activates that input in place; the next layer is a ReLU, so the result is the same here.
    """

    def __init__(self, outer, inner, inputs=None, deeper=None, outermost=False):
        super().__init__()
        self.outermost = outermost
        encode = nn.Conv2d(outer if inputs is None else inputs, inner, 4, 2, 1, bias=False)
        if outermost:
            decode = nn.ConvTranspose2d(inner * 2, outer, 4, 2, 1)
            layers = [encode, deeper, nn.ReLU(), decode, nn.Tanh()]
        elif deeper is None:
            decode = nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False)
            layers = [nn.LeakyReLU(0.2), encode, nn.ReLU(), decode, nn.BatchNorm2d(outer)]
        else:
            decode = nn.ConvTranspose2d(inner * 2, outer, 4, 2, 1, bias=False)
            layers = [nn.LeakyReLU(0.2), encode, nn.BatchNorm2d(inner), deeper,
                      nn.ReLU(), decode, nn.BatchNorm2d(outer)]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UNet(nn.Module):
    """The generator for square images of `size` (a power of two, 16 or more) pixels.

    log2(size) encoder levels of ngf x (1, 2, 4, 8, 8, ...) channels.
    """

    def __init__(self, size=256, ngf=64, input_channels=3, output_channels=3):
        super().__init__()
        levels = int(math.log2(size))
        channels = [ngf * min(2 ** level, 8) for level in range(levels)]
        block = UNetLevel(channels[-2], channels[-1])
        for level in range(levels - 2, 0, -1):
            block = UNetLevel(channels[level - 1], channels[level], deeper=block)
        self.model = UNetLevel(output_channels, channels[0], inputs=input_channels, deeper=block, outermost=True)

    def forward(self, x):
        return self.model(x)


class PatchGAN(nn.Module):
    """The 70 x 70 discriminator: a logit a patch of the concatenated input and output image."""

    def __init__(self, ndf=64, channels=6):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(channels, ndf, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 2), nn.LeakyReLU(0.2),
            nn.Conv2d(ndf * 2, ndf * 4, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 4), nn.LeakyReLU(0.2),
            nn.Conv2d(ndf * 4, ndf * 8, 4, 1, 1, bias=False), nn.BatchNorm2d(ndf * 8), nn.LeakyReLU(0.2),
            nn.Conv2d(ndf * 8, 1, 4, 1, 1),
        )

    def forward(self, x):
        return self.model(x)


class Trainer:
    """The pix2pix step: G once, D on detached fake and on real, then G through the updated D."""

    def __init__(self, generator, discriminator, l1_weight=100.0, learning_rate=2e-4):
        self.generator = generator
        self.discriminator = discriminator
        self.l1_weight = l1_weight
        options = {"lr": learning_rate, "betas": (0.5, 0.999), "eps": 1e-8}
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), **options)
        self.discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **options)

    def discriminator_losses(self, source, target, fake):
        """BCE of D on the detached fake (target 0) and on the real pair (target 1)."""
        fake_logits = self.discriminator(torch.cat([source, fake.detach()], 1))
        real_logits = self.discriminator(torch.cat([source, target], 1))
        return self.adversarial(fake_logits, 0.0), self.adversarial(real_logits, 1.0)

    def generator_losses(self, source, target, fake):
        """BCE of D on the fake with target 1, and the mean absolute difference, not yet weighted."""
        logits = self.discriminator(torch.cat([source, fake], 1))
        return self.adversarial(logits, 1.0), nn.functional.l1_loss(fake, target)

    @staticmethod
    def adversarial(logits, target):
        return nn.functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    def step(self, source, target):
        """One step; the four losses, D's before its update and G's after it. Gradients stay in .grad."""
        fake = self.generator(source)

        self.discriminator.requires_grad_(True)
        self.discriminator_optimizer.zero_grad()
        fake_loss, real_loss = self.discriminator_losses(source, target, fake)
        ((fake_loss + real_loss) * 0.5).backward()
        self.discriminator_optimizer.step()

        self.discriminator.requires_grad_(False)
        self.generator_optimizer.zero_grad()
        gan_loss, l1_loss = self.generator_losses(source, target, fake)
        (gan_loss + l1_loss * self.l1_weight).backward()
        self.generator_optimizer.step()
        return {"dReal": real_loss.item(), "dFake": fake_loss.item(), "gGan": gan_loss.item(), "gL1": l1_loss.item()}
