"""One variant of one case in PyTorch, timed: a worker of `speed` with the answers of `keras_steps`.

    python -m benchmarks.gpu.torch_steps "cgan, batch 64" torch_eager_float32

The same updates in the same order as in the chapters' `turns`, with Adam. Compiled are the functions from a batch to a
loss, which is what PyTorch's own examples compile; their optimizer is the fused one.
"""

import sys
import time

import numpy as np
import torch
from torch.nn import functional

from benchmarks.gpu.cases import case, moved
from benchmarks.gpu.torch_networks import networks
from benchmarks.gpu.workers import questions, reply

WARM_UP, BLOCKS = 8, 5  # as in `keras_steps`
SIZES = {  # of the networks of the presets, as in the chapters; `speed` compares the numbers of weights
    ("cgan", "full"): {"width": 32},
    ("pix2pix", "book"): {"width": 64, "patch": 70},
    ("cyclegan", "book"): {"width": 64, "patch": 70, "blocks": 9},
    ("cgan", "smoke"): {"width": 8},
    ("pix2pix", "smoke"): {"width": 4, "patch": 16},
    ("cyclegan", "smoke"): {"width": 4, "patch": 16, "blocks": 1},
}
LEARNING_RATE = {"cgan": 5e-4, "pix2pix": 2e-4, "cyclegan": 2e-4}
ON_GPU = torch.cuda.is_available()
DEVICE = "cuda" if ON_GPU else "cpu"


class Step:
    """The updates of one step.

    Args:
        chosen: `benchmarks.gpu.cases.Case`.
        variant: its name: "compiled", "reduced" (CUDA graphs) or "eager"; bfloat16 or float32.
    """

    def __init__(self, chosen, variant):
        self.chosen, self.fast = chosen, "bfloat16" in variant
        sizes = {"patch": None, "blocks": None, **SIZES[chosen.lesson, chosen.preset]}
        self.networks = {name: net.to(DEVICE) for name, net in networks(chosen.lesson, chosen.size, **sizes).items()}
        # Channels last is the layout that tensor cores want, as Keras has it.
        self.layout = torch.channels_last if self.fast else torch.contiguous_format
        for network in self.networks.values():
            network.to(memory_format=self.layout)
        fused = {"fused": True} if self.fast and ON_GPU else {}
        rate = LEARNING_RATE[chosen.lesson]
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), rate, (0.5, 0.999), 1e-7, **fused)
            for name, network in self.networks.items()
        }
        if "eager" not in variant:
            mode = "reduce-overhead" if "reduced" in variant else None
            # Without a GPU it is a rehearsal: traced as otherwise, but not translated to C++, which takes minutes.
            how = {"mode": mode} if ON_GPU else {"backend": "aot_eager"}
            for name in ("made", "judged", "told", "translated", "judged_translation", "told_translation"):
                setattr(self, name, torch.compile(getattr(self, name), **how))
        self.play = {"cgan": self.cgan, "pix2pix": self.pix2pix, "cyclegan": self.cyclegan}[chosen.lesson]

    def __call__(self, batch):
        """One step on a batch of numpy arrays."""
        if ON_GPU:
            torch.compiler.cudagraph_mark_step_begin()
        self.play(*map(self.tensor, batch))

    def tensor(self, array):
        """On the device: labels as they are, pixels as floats in [-1, 1], channels before rows."""
        values = torch.from_numpy(array).to(DEVICE, non_blocking=True)
        if array.ndim == 1:
            return values.long()
        return (values.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=self.layout)

    def update(self, name, loss):
        """One step of Adam for a network."""
        self.optimizers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[name].step()

    def autocast(self):
        """bfloat16 for what is fast in it."""
        return torch.autocast(DEVICE, torch.bfloat16, enabled=self.fast)

    def only(self, *learning):
        """Freezes all networks but these."""
        for name, network in self.networks.items():
            network.requires_grad_(name in learning)

    # Chapter 6.

    def cgan(self, x, label):
        self.only("discriminator")
        with torch.no_grad():
            fake = self.made(self.noise(len(x)), label).detach().clone()
        self.update("discriminator", self.judged(x, label, 1.0))
        self.update("discriminator", self.judged(fake, label, 0.0))
        self.only("generator")
        self.update("generator", self.told(self.noise(len(x)), label))

    def noise(self, n):
        return torch.randn(n, 64, device=DEVICE)

    def made(self, z, label):
        with self.autocast():
            return self.networks["generator"](z, label)

    def judged(self, x, label, target):
        with self.autocast():
            logit = self.networks["discriminator"](x, label)
        return cross_entropy(logit, target)

    def told(self, z, label):
        with self.autocast():
            logit = self.networks["discriminator"](self.networks["generator"](z, label), label)
        return cross_entropy(logit, 1.0)

    # Chapter 10, and chapter 11, whose two directions are alike.

    def pix2pix(self, x, y):
        self.only("discriminator")
        with torch.no_grad():
            fake = self.translated("generator", x).detach().clone()
        self.update("discriminator", self.judged_translation("discriminator", x, y, fake))
        self.only("generator")
        self.update("generator", self.told_translation("generator", None, "discriminator", x, y))

    def cyclegan(self, x, y):
        for generator, inverse, judge in (
            ("generator", "inverse", "patchgan_y"),
            ("inverse", "generator", "patchgan_x"),
        ):
            self.only(generator)
            self.update(generator, self.told_translation(generator, inverse, judge, x, y))
            self.only(judge)
            with torch.no_grad():
                fake = self.translated(generator, x).detach().clone()
            self.update(judge, self.judged_translation(judge, None, y, fake))
            x, y = y, x

    def translated(self, generator, x):
        with self.autocast():
            return self.networks[generator](x).float()

    def judged_translation(self, judge, x, y, fake):
        network = self.networks[judge]
        with self.autocast():
            pairs = [image if x is None else torch.cat([x, image], 1) for image in (y, fake)]
            real, made = (network(pair).float() for pair in pairs)
        loss = squares if x is None else cross_entropy
        return (loss(real, 1.0) + loss(made, 0.0)) / 2

    def told_translation(self, generator, inverse, judge, x, y):
        g, d = self.networks[generator], self.networks[judge]
        with self.autocast():
            made = g(x)
            if inverse is None:
                return cross_entropy(d(torch.cat([x, made], 1)).float(), 1.0) + 100 * distance(made, y)
            f = self.networks[inverse]
            there_and_back = distance(f(made), x) + distance(g(f(y)), y)
            return squares(d(made).float(), 1.0) + 10 * there_and_back + 5 * distance(g(y), y)


def cross_entropy(logit, target):
    return functional.binary_cross_entropy_with_logits(logit, torch.full_like(logit, target))


def squares(verdict, target):
    return ((verdict - target) ** 2).mean()


def distance(made, true):
    return (made.float() - true).abs().mean()


def wait():
    """Returns when the device has computed everything."""
    if ON_GPU:
        torch.cuda.synchronize()


def timed(step, arrays, steps):
    """Seconds a step, of each block of steps."""
    size = max(1, steps // BLOCKS)
    ends, times = [2 + size * number for number in range(BLOCKS + 1)], []
    for number in range(1, ends[-1] + 1):
        step(step.chosen.batch_of(arrays, number))
        if number in ends:
            wait()
            times.append(time.perf_counter())
    return list(np.diff(times) / np.diff(ends))


def values(step):
    """Copies of all weights: name of the network -> list."""
    return {name: [p.detach().cpu().numpy().copy() for p in net.parameters()] for name, net in step.networks.items()}


def peak_memory():
    """Bytes: of the GPU where there is one, else of this process."""
    if ON_GPU:
        return torch.cuda.max_memory_allocated()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(name, variant, smoke):
    """Answers until nothing more is asked."""
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True  # sizes do not change: the fastest convolution is looked for once
    if "float32" in variant:  # like Keras's on JAX: TF32 in convolutions, which is PyTorch's default, and in products
        torch.set_float32_matmul_precision("high")
    chosen = case(name, smoke)
    arrays, step = chosen.arrays(), Step(chosen, variant)
    before = values(step)
    parameters = {name: sum(v.size for v in weights) for name, weights in before.items()}
    reply(ready=True, parameters=parameters, xla=False)
    for question in questions():
        if question.get("warm"):
            start = time.perf_counter()
            seconds = timed(step, arrays, WARM_UP)
            taken, after = time.perf_counter() - start, values(step)
            reply(seconds=seconds, taken=taken, moved=moved(before, after))
        else:
            reply(seconds=timed(step, arrays, question["steps"]), peak_memory_bytes=peak_memory())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "--smoke" in sys.argv)
