"""What is timed: chapters' networks at a size and a batch, and the ways to run a step. Imports no framework.

Images are random pixels: how fast a step is does not depend on what they show, and nothing has to be loaded.
"""

from dataclasses import dataclass, field

import numpy as np

# The ways, the most important first: where time is short, the last ones are left out.
FUSED = {
    "fused_float32": "float32",  # as a reader gets it: on NVIDIA cards since Ampere, products in TF32
    "fused_bfloat16": "mixed_bfloat16",
    "fused_float16": "mixed_float16",
    "fused_float32_exact": "float32",  # without TF32
    "fused_bfloat16_8_steps": "mixed_bfloat16",  # steps_per_execution=8
    "fused_bfloat16_alone": "mixed_bfloat16",  # the compiled step without `fit`, on a batch that stays on the device
}
LOOP = "loop"  # the classic listings, in float32
TORCH = ("torch_compiled_bfloat16", "torch_eager_float32")
REDUCED = "torch_reduced_bfloat16"  # compiled, and launched as CUDA graphs (PyTorch's mode "reduce-overhead")
ALL = (
    "fused_float32",
    "fused_bfloat16",
    "torch_compiled_bfloat16",
    LOOP,
    "fused_float16",
    "torch_eager_float32",
    "fused_float32_exact",
    "fused_bfloat16_8_steps",
    "fused_bfloat16_alone",
    REDUCED,
)
STEPS_AT_ONCE = {"fused_bfloat16_8_steps": 8}


@dataclass(frozen=True)
class Case:
    """Networks at a size and a batch.

    Attributes:
        name: such as "cgan, batch 64".
        lesson, preset: whose networks.
        batch: images a step (of each side).
        size: side of the images in pixels.
        changes: settings other than the preset's.
        variants: names, in the order of importance.
        images: how many random ones there are.
        weight: of its share of the time.
    """

    name: str
    lesson: str
    preset: str
    batch: int
    size: int
    changes: dict = field(default_factory=dict)
    variants: tuple = ALL
    images: int = 2048
    weight: float = 1.0

    def arrays(self):
        """Two arrays of what a batch is made of: images and labels, or the images of both sides."""
        rng = np.random.default_rng(0)
        if self.lesson == "cgan":
            pixels = rng.integers(0, 256, (self.images, self.size, self.size, 1), dtype=np.uint8)
            return pixels, rng.integers(0, 10, self.images, dtype=np.int32)
        shape = (self.images, self.size, self.size, 3)
        return tuple(rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(2))

    def batch_of(self, arrays, step):
        """The batch of a step: as many images of each array, the first ones again after the last."""
        first = step * self.batch % (self.images - self.batch + 1)
        return tuple(array[first : first + self.batch] for array in arrays)


# No moving average of the generator: the classic loop and the PyTorch step keep none.
SMALL = {"average": 0.0}
WITHOUT = {"fused_float32_exact", "fused_bfloat16_8_steps", REDUCED}
MOST = tuple(name for name in ALL if name not in WITHOUT)
FEW = ("fused_bfloat16", "torch_compiled_bfloat16", "fused_float32", "torch_eager_float32", "fused_float16")
CASES = (
    Case("cgan, batch 64", "cgan", "full", 64, 28, SMALL),
    Case("pix2pix, batch 1", "pix2pix", "book", 1, 256, variants=MOST, images=64),
    Case("cyclegan, batch 1", "cyclegan", "book", 1, 256, variants=MOST, images=64, weight=1.8),
    Case("pix2pix, batch 16", "pix2pix", "book", 16, 256, variants=FEW, images=64, weight=0.8),
    Case("cgan, batch 256", "cgan", "full", 256, 28, SMALL, MOST, weight=0.7),
    Case("cyclegan, batch 4", "cyclegan", "book", 4, 256, variants=FEW, images=64, weight=1.2),
)
TINY = {"width": 4, "network": "paper", "patch": 16}  # the networks of the presets `book`, small
SMOKE = (
    Case("cgan, batch 8", "cgan", "smoke", 8, 28, {**SMALL, "width": 8}, ALL[:-1], images=64),
    Case("pix2pix, batch 1", "pix2pix", "smoke", 1, 64, TINY, ("fused_float32", *TORCH, LOOP), images=8),
    Case("cyclegan, batch 1", "cyclegan", "smoke", 1, 64, {**TINY, "blocks": 1}, ("fused_float32", TORCH[0]), images=8),
)


def cases(smoke=False):
    """The cases, the most important first; tiny ones for a rehearsal."""
    return SMOKE if smoke else CASES


def case(name, smoke=False):
    """The case of that name."""
    return next(each for each in cases(smoke) if each.name == name)


def moved(before, after):
    """How many arrays of each network have changed, of how many: both name -> list, to name -> [changed, all]."""
    return {
        name: [sum(not np.array_equal(*pair) for pair in zip(old, after[name], strict=True)), len(old)]
        for name, old in before.items()
    }
