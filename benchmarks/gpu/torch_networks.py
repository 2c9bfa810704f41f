"""The networks of chapters 6, 10 and 11 in PyTorch: layer by layer the same, with as many weights (`speed` compares).

Images are ``[n, c, h, w]`` here. Keras's "same" padding is 1 pixel on each side for a kernel of 4 and stride 2 on even
sides; on odd ones it has one more at the bottom and at the right.
"""

import torch
from torch import nn

NORM_EPSILON, BATCH_NORM_MOMENTUM = 1e-3, 0.01  # Keras's defaults, in PyTorch's convention


def batch_norm(channels):
    """Batch normalization with Keras's numbers."""
    return nn.BatchNorm2d(channels, NORM_EPSILON, BATCH_NORM_MOMENTUM)


# Chapter 6.


class CGANGenerator(nn.Module):
    """``define_generator`` of chapter 6: z ``[n, d]`` and labels ``[n]`` to images of 28 x 28."""

    def __init__(self, width, latent_dim=64, classes=10):
        super().__init__()
        self.label = nn.Embedding(classes, 32)
        self.dense = nn.Linear(latent_dim + 32, 7 * 7 * 4 * width, bias=False)
        up = [batch_norm(4 * width), nn.ReLU()]
        for before, after in ((4 * width, 2 * width), (2 * width, width)):
            up += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), batch_norm(after), nn.ReLU()]
        self.up = nn.Sequential(*up, nn.Conv2d(width, 1, 5, padding=2), nn.Tanh())
        self.width = 4 * width

    def forward(self, z, label):
        h = self.dense(torch.cat([z, self.label(label)], 1))
        return self.up(h.view(-1, self.width, 7, 7)).float()


class CGANDiscriminator(nn.Module):
    """``define_discriminator`` of chapter 6, with the projection: images and labels to logits ``[n, 1]``."""

    def __init__(self, width, classes=10):
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1), batch_norm(2 * width), nn.LeakyReLU(0.2),
            nn.ZeroPad2d((1, 2, 1, 2)),  # 7 pixels to 4
            nn.Conv2d(2 * width, 4 * width, 4, 2), batch_norm(4 * width), nn.LeakyReLU(0.2),
            nn.Flatten(),
        )  # fmt: skip
        self.psi, self.v = nn.Linear(64 * width, 1), nn.Embedding(classes, 64 * width)

    def forward(self, image, label):
        phi = self.down(image)
        return (self.psi(phi) + (self.v(label) * phi).sum(1, keepdim=True)).float()


# Chapter 10.


class UNet(nn.Module):
    """``define_generator`` of chapter 10: images to images of the same size."""

    def __init__(self, side, width, channels=3):
        super().__init__()
        depth = side.bit_length() - 1
        filters = [width * 2 ** min(level, 3) for level in range(depth)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level in range(depth):
            layers = [nn.LeakyReLU(0.2)] if level else []
            layers += [nn.Conv2d(filters[level - 1] if level else channels, filters[level], 4, 2, 1, bias=False)]
            layers += [nn.InstanceNorm2d(filters[level], affine=True)] if 0 < level < depth - 1 else []
            self.down.append(nn.Sequential(*layers))
        given = filters[-1]
        for level in reversed(range(1, depth)):
            made = filters[level - 1]
            layers = [nn.ReLU(), nn.ConvTranspose2d(given, made, 4, 2, 1, bias=False)]
            layers += [nn.InstanceNorm2d(made, affine=True)]
            layers += [nn.Dropout(0.5)] if level > depth - 4 else []
            self.up.append(nn.Sequential(*layers))
            given = 2 * made
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(given, channels, 4, 2, 1), nn.Tanh())

    def forward(self, h):
        seen = []
        for layer in self.down:
            h = layer(h)
            seen.append(h)
        for layer, skip in zip(self.up, seen[-2::-1], strict=True):
            h = torch.cat([layer(h), skip], 1)
        return self.last(h).float()


def patchgan(channels, patch, width, affine, bias):
    """``patch_logits`` of chapter 10: images to a map of logits."""
    strided = {16: 1, 34: 2, 70: 3}[patch]
    sizes = [width * min(2**level, 8) for level in range(strided + 1)]
    layers, given = [], channels
    for number, size in enumerate(sizes):
        stride = 1 if number == strided else 2
        layers.append(nn.Conv2d(given, size, 4, stride, 1, bias=bias or number == 0))
        layers += [nn.InstanceNorm2d(size, affine=affine)] if number else []
        layers.append(nn.LeakyReLU(0.2))
        given = size
    return nn.Sequential(*layers, nn.Conv2d(given, 1, 4, 1, 1))


# Chapter 11.


class Residual(nn.Module):
    """``residual`` of chapter 11."""

    def __init__(self, width):
        super().__init__()
        layers = []
        for last in (False, True):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
            layers += [] if last else [nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, h):
        return h + self.layers(h)


def resnet(width, blocks, channels=3):
    """``define_generator`` of chapter 11: images to images of the same size."""
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(channels, width, 7), nn.InstanceNorm2d(width), nn.ReLU()]
    for before, after in ((width, 2 * width), (2 * width, 4 * width)):
        layers += [nn.Conv2d(before, after, 3, 2, 1), nn.InstanceNorm2d(after), nn.ReLU()]
    layers += [Residual(4 * width) for _ in range(blocks)]
    for before, after in ((4 * width, 2 * width), (2 * width, width)):
        layers += [nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1), nn.InstanceNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh())


def networks(lesson, side, width, patch, blocks):
    """The networks of a chapter that learn, by the names that they have in Keras."""
    if lesson == "cgan":
        return {"generator": CGANGenerator(width), "discriminator": CGANDiscriminator(width)}
    if lesson == "pix2pix":
        judge = patchgan(6, patch, width, affine=True, bias=False)
        return {"generator": UNet(side, width), "discriminator": judge}
    generators = {name: resnet(width, blocks) for name in ("generator", "inverse")}
    judges = {name: patchgan(3, patch, width, affine=False, bias=True) for name in ("patchgan_y", "patchgan_x")}
    return generators | judges
