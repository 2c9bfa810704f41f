"""Which number formats a device computes fast, and choosing between them."""

import keras

from gan_book import device
from gan_book.errors import require_choice

CHOICES = ("auto", "float32", "mixed_float16", "mixed_bfloat16")


def best():
    """The policy this device runs fast.

    float16 on NVIDIA GPUs with tensor cores (compute capability 7 or more), bfloat16 on TPUs and on CPUs with matrix
    units for it (AMX, AVX512-BF16), else float32.
    """
    if device.accelerator() == "tpu":
        return "mixed_bfloat16"
    if device.accelerator() == "gpu":
        return "mixed_float16" if device.compute_capability() >= 7 else "float32"
    return "mixed_bfloat16" if device.cpu_flags() & {"amx_bf16", "avx512_bf16"} else "float32"


def use(precision="auto"):
    """Makes `precision` the policy of all layers created from now on, and returns its name.

    Weights stay float32 whatever the policy; networks of this book end in float32 layers and losses are computed in
    float32. Under mixed_float16 Keras scales the losses (`keras.optimizers.LossScaleOptimizer`), so that small
    gradients do not vanish.

    Raises:
        BookError: no such policy.
    """
    require_choice("--precision", precision, CHOICES)
    policy = best() if precision == "auto" else precision
    keras.config.set_dtype_policy(policy)
    return policy
