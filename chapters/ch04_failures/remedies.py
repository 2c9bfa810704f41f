# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Remedies: one class, a table of losses
#
# The first notebook of this chapter broke a GAN in six ways. This one repairs it. Many repairs have been published.
# Each paper has its own networks, its own data and its own program, so it is hard to see what a repair does. Here all
# of them fit into **one class**. The networks stay the same. Only the loss, the penalty, or the schedule changes.
#
# In this notebook you will
#
# - write a GAN whose loss is a name in a table: non-saturating, minimax, least squares, Wasserstein, hinge,
#   relativistic;
# - add a penalty on the slope of $D$, and see why it helps;
# - try label smoothing, two time scales, a schedule that lets $D$ wait, a look at the whole batch, packing, averaging;
# - train three of them on the ring, and read a table of all of them.
#
# You should know chapter 2 (the game, the ring, the grid) and the first notebook of this chapter.

# %%
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from gan_book.adversarial import GAN, Composite, Penalized
from gan_book.errors import BookError
from gan_book.layers import MinibatchStd, SpectralDense
from gan_book.losses import PairLoss
from gan_book.sampling import Generator, Noise

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
# from chapters.ch02_gan import pictures
# from chapters.ch02_gan.mixtures import RING, count_modes
# from chapters.ch04_failures import points
# from gan_book.losses import ADVERSARIAL
#
# keras.utils.set_random_seed(0)

# %% [markdown]
# ## 1. Pairs
#
# Most losses ask $D$ about one example. Some compare two: a real one and a generated one. To have one form for all, we
# always give $D$ a **pair** $(x, G(z))$. It answers with two numbers, $l = D(x)$ and $l_g = D(G(z))$. Here they are
# *logits*, numbers without limit. A loss is then a formula with $l$ and $l_g$:
#
# | name | $D$ minimises | $G$ minimises |
# |---|---|---|
# | non-saturating | $-\tfrac12 \log \sigma(l) - \tfrac12 \log(1 - \sigma(l_g))$ | $-\log \sigma(l_g)$ |
# | minimax | the same | $\log(1 - \sigma(l_g))$ |
# | label smoothing | the same, with the target 0.9 for real examples | $-\log \sigma(l_g)$ |
# | least squares | $\tfrac12 (l - 1)^2 + \tfrac12 l_g^2$ | $\tfrac12 (l_g - 1)^2$ |
# | Wasserstein | $l_g - l$ | $-l_g$ |
# | hinge | $\max(0, 1 - l) + \max(0, 1 + l_g)$ | $-l_g$ |
# | relativistic | $-\log \sigma(l - l_g)$ | $-\log \sigma(l_g - l)$ |
#
# The papers, in this order: [Goodfellow et al. 2014](https://arxiv.org/abs/1406.2661) (twice), [Salimans et al.
# 2016](https://arxiv.org/abs/1606.03498), [Mao et al. 2017](https://arxiv.org/abs/1611.04076), [Arjovsky et al.
# 2017](https://arxiv.org/abs/1701.07875), [Lim and Ye 2017](https://arxiv.org/abs/1705.02894), [Jolicoeur-Martineau
# 2018](https://arxiv.org/abs/1807.00734).
#
# $\sigma$ is the sigmoid. The table is a Python dict in `gan_book/losses.py`. Each entry has two functions of two
# arguments, and `PairLoss` makes a Keras loss of a name. Here are some values. In the first pair $D$ is unsure. In the
# second it is right and sure. In the third it is wrong.

# %% tags=["active-ipynb"]
# pairs = np.float32([[0, 0], [4, -4], [-2, 2]])
# print("D(x), D(G(z)):", pairs.tolist())
# for kind in ADVERSARIAL:
#     of_d, of_g = (
#         ops.convert_to_numpy(PairLoss(kind, of).call(None, ops.convert_to_tensor(pairs))).round(2)
#         for of in ("discriminator", "generator")
#     )
#     print(f"{kind:16} D: {of_d}   G: {of_g}")

# %% [markdown]
# Look at the losses of $G$ in the second pair, where $D$ is sure. Minimax is near 0 there, and flat. Non-saturating and
# relativistic are large. Wasserstein and hinge are straight lines in $l_g$, so their slope for $G$ is 1 everywhere.
# Least squares is a surprise: its targets are 1 and 0, so $D$ is punished for the answers 4 and -4, although they are
# on the right side. The Wasserstein loss may be negative: it has no lowest value.
#
# ## 2. The networks
#
# Three hidden layers of 128 units in both networks. `first` is a layer that $D$ can have in front of all others, and
# `dense` the kind of its layers. Sections 5 and 6 use them.


# %%
WIDTHS, LATENT, BATCH = (128, 128, 128), 16, 256


def define_generator(latent_dim=LATENT, widths=WIDTHS):
    """z ``[n, latent_dim]``, N(0, 1), to points in the plane ``[n, 2]``."""
    z = h = keras.Input((latent_dim,), name="z")
    for width in widths:
        h = layers.ReLU()(layers.Dense(width)(h))
    return Generator(z, layers.Dense(2, name="points")(h), takes=[Noise()])


def define_discriminator(widths=WIDTHS, first=None, dense=layers.Dense):
    """Points ``[n, 2]`` to logits ``[n, 1]``."""
    x = keras.Input((2,), name="points")
    h = first(x) if first else x
    for width in widths:
        h = layers.LeakyReLU(0.2)(dense(width)(h))
    return keras.Model(x, dense(1, name="logit")(h), name="discriminator")


# %% [markdown]
# ## 3. One class for all
#
# A **remedy** is a set of choices. This class lists them, with the plain GAN as the default:


# %%
@dataclass(frozen=True)
class Remedy:
    """What can be changed about a GAN of points; the rest stays the same.

    Attributes:
        loss: one of `gan_book.losses.ADVERSARIAL`.
        penalty, weight: one of `gan_book.losses.PENALTIES` or None, and its weight.
        rate_g, rate_d: learning rates; falling: whether both fall to 0 along a cosine.
        beta_1: momentum of Adam; 0.5 is usual in GANs, 0 with penalties.
        d_updates: updates of D in a step.
        gate: train D only while its loss is above this; 0: always. Section 6.
        spectral: whether D's layers are spectrally normalized. Section 5.
        batch_std: whether D sees how different the points of a batch are. Section 6.
        pack: how many points D judges together. Section 6.
        clip: bound of D's weights, 0 for none (the first Wasserstein GAN).
        average: momentum of the averaged copy of G; 0 for none.
    """

    loss: str = "non-saturating"
    penalty: str | None = None
    weight: float = 0.02
    rate_g: float = 1e-3
    rate_d: float = 1e-3
    falling: bool = False
    beta_1: float = 0.5
    d_updates: int = 1
    gate: float = 0.0
    spectral: bool = False
    batch_std: bool = False
    pack: int = 1
    clip: float = 0.0
    average: float = 0.999


# %% [markdown]
# Two composites follow. For the update of $D$: real and generated points to a pair of answers. For the update of $G$: a
# latent point and a real point to the same pair, with $D$ frozen. ($G$ needs the real point only with the relativistic
# loss.) `Penalized` is a composite of the book that adds a penalty to the loss. Section 4 explains it.


# %%
def define_critic(discriminator, remedy, optimizer):
    """Real points and generated ones ``[n, 2]`` to D's answers for both, ``[n, 2]``. It trains D."""
    real, fake = keras.Input((2,), name="real"), keras.Input((2,), name="fake")
    pair = layers.Concatenate(name="pair")([discriminator(real), discriminator(fake)])
    if remedy.penalty:
        critic = Penalized([real, fake], pair, discriminator, remedy.penalty, remedy.weight, name="critic")
    else:
        critic = Composite([real, fake], pair, frozen=[], name="critic")
    critic.compile(optimizer, PairLoss(remedy.loss, "discriminator"))
    return critic


def define_gan(generator, discriminator, remedy, optimizer):
    """z and real points to D's answers for both, ``[n, 2]``: real, generated. It trains G alone."""
    z, real = generator.inputs[0], keras.Input((2,), name="real")
    pair = layers.Concatenate(name="pair")([discriminator(real), discriminator(generator.output)])
    gan = Composite([z, real], pair, frozen=[discriminator], name="gan")
    gan.compile(optimizer, PairLoss(remedy.loss, "generator"))
    return gan


# %% [markdown]
# And the turns. With `d_updates=5` the batch is cut into five parts, so that $D$ sees new real points in each of its
# updates. The loop over `zip` puts $D$ back as it was if the gate is closed (section 6).


# %%
class PairGAN(GAN):
    """D learns from pairs, then G does. `judge` is D itself; `discriminator` is the composite that trains it."""

    def __init__(self, generator, judge, critic, gan, remedy, seed=0):
        super().__init__(generator, critic, gan, remedy.average, seed)
        self.judge, self.remedy, self.d_loss = judge, remedy, PairLoss(remedy.loss, "discriminator")

    def turns(self, x):
        for part in ops.split(x, self.remedy.d_updates):
            pair = [part, self.generator(self.latent_points(ops.shape(part)[0]), training=True)]
            open_gate, before = self.gate(pair)
            yield "d", self.discriminator, pair, ops.ones((ops.shape(part)[0] // self.remedy.pack, 2))
            for weight, old in zip(self.judge.trainable_variables, before, strict=False):  # none without a gate
                weight.assign(ops.where(open_gate, weight.value, old))
        yield "g", self.gan, [self.latent_points(ops.shape(part)[0]), part], ops.ones_like(part)

    def gate(self, pair):
        """Whether D may learn from this batch, a bool tensor, and its weights as they are; ``None, []`` if always."""
        if not self.remedy.gate:
            return None, []
        answers = self.discriminator(pair, training=True)
        before = [ops.copy(weight.value) for weight in self.judge.trainable_variables]  # copies, not the weights
        return self.d_loss(answers, answers) > self.remedy.gate, before


# %% [markdown]
# One function makes the GAN of a remedy. From here on, everything is a change of one line.


# %%
@keras.saving.register_keras_serializable("gan_book")
class Clip(keras.constraints.Constraint):
    """Keeps each weight between -`bound` and `bound` (Arjovsky et al. 2017, algorithm 1)."""

    def __init__(self, bound=0.01):
        self.bound = bound

    def __call__(self, w):
        return ops.clip(w, -self.bound, self.bound)

    def get_config(self):
        return {"bound": self.bound}


def dense_layer(remedy):
    """A function of the width that makes a layer of D."""
    if remedy.spectral:
        return SpectralDense
    bound = Clip(remedy.clip) if remedy.clip else None

    def dense(units, **kwargs):
        return layers.Dense(units, kernel_constraint=bound, bias_constraint=bound, **kwargs)

    return dense


# %%
def define_model(remedy, steps, seed=0):
    """The `PairGAN` of a remedy, for a training of so many steps.

    Raises:
        BookError: the batch cannot be cut into the updates of D, or an update into packs.
    """
    if BATCH % remedy.pack:
        raise BookError(f"a batch of {BATCH} cannot be cut into packs of {remedy.pack}; take a divisor")
    first = Pack(remedy.pack) if remedy.pack > 1 else MinibatchStd() if remedy.batch_std else None
    generator, judge = define_generator(), define_discriminator(first=first, dense=dense_layer(remedy))
    of_d, of_g = (optimizer(remedy, rate, steps) for rate in (remedy.rate_d, remedy.rate_g))
    critic, gan = define_critic(judge, remedy, of_d), define_gan(generator, judge, remedy, of_g)
    return PairGAN(generator, judge, critic, gan, remedy, seed)


def optimizer(remedy, rate, steps):
    """Adam as the remedy wants it; with clipped weights RMSprop, as in the paper."""
    rate = keras.optimizers.schedules.CosineDecay(rate, steps) if remedy.falling else rate
    return keras.optimizers.RMSprop(rate) if remedy.clip else keras.optimizers.Adam(rate, remedy.beta_1, 0.99)


@keras.saving.register_keras_serializable("gan_book")
class Pack(layers.Layer):
    """Joins `size` examples into one: ``[n, d]`` to ``[n / size, size d]``. Section 6."""

    def __init__(self, size=2, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, x):
        return ops.reshape(x, (-1, self.size * x.shape[-1]))

    def compute_output_shape(self, shape):
        return (None, self.size * shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size}


# %% [markdown]
# ## 4. A slope that is held
#
# Why does a GAN go round in circles? Chapter 2 showed it for two numbers: $D$ pushes $G$ past the goal, and then back.
# The slope of $D$ is the force on $G$. At the goal this force should be 0, but $D$ has no reason to become flat. So we
# give it one: a **gradient penalty**. **R1** adds the squared slope of $D$ at real points to its loss ([Mescheder et
# al. 2018](https://arxiv.org/abs/1801.04406)). **R2** does the same at generated points:
#
# $$ R_1 = \frac{\gamma}{2} \, \mathbb{E}\, \|\nabla D(x)\|^2, \qquad
#    R_2 = \frac{\gamma}{2} \, \mathbb{E}\, \|\nabla D(G(z))\|^2. $$
#
# The Wasserstein loss of $D$ is $l_g - l$. Without a limit $D$ could multiply all its answers by any number and lower
# this loss without end. So its slope must be limited. The first paper keeps all weights of $D$ between -0.01 and 0.01.
# The **WGAN-GP** ([Gulrajani et al. 2017](https://arxiv.org/abs/1704.00028)) asks for a slope of 1 between real and
# generated points, at $\hat x = x + \epsilon\,(G(z) - x)$ with a random share $\epsilon$:
#
# $$ \lambda \, \mathbb{E} \big( \|\nabla D(\hat x)\| - 1 \big)^2. $$
#
# How does one train with a slope? The slope is a gradient. To lower it, we need the gradient *of a gradient*. The
# book's `gb.input_gradient(network, x)` gives the slope in a form that can be differentiated once more, on TensorFlow
# and on JAX. `Penalized` calls it. Three rules for such a $D$:
#
# - No batch normalization: it mixes the examples of a batch.
# - float32 or bfloat16: the squares overflow in float16.
# - To make images smaller, strided convolutions or average pooling, never a bilinear resize: on TensorFlow its second
#   derivative is missing, and nobody says so.
#
# For images, the papers take larger weights than we take for points: $\gamma$ from 1 to 10, $\lambda = 10$.

# %% tags=["active-ipynb"]
# judge = define_discriminator()
# x = ops.convert_to_tensor(RING.sample(4, np.random.default_rng(0)))
# slope = ops.convert_to_numpy(gb.input_gradient(judge, x))
# print("slope of a new D at four real points:", np.linalg.norm(slope, axis=1).round(3))

# %% [markdown]
# The **relativistic** loss with both penalties is that of [Huang et al. 2024](https://arxiv.org/abs/2501.05441), *The
# GAN is dead; long live the GAN!* $D$ still gives two numbers for a pair, but the loss uses only their difference: does
# the real point look more real than the generated one? If $G$ puts too many points into one mode, $D$ gives lower
# answers there, and higher ones in modes with too few. So $G$ learns *where* points are missing. The penalties make the
# game converge. The learning rate falls to 0 at the end, so that the points settle in the modes.
#
# ## 5. Spectral normalization
#
# There is another way to hold the slope ([Miyato et al. 2018](https://arxiv.org/abs/1802.05957)). A dense layer
# multiplies by a matrix $W$. The **largest singular value** of $W$, here $s(W)$, says how many times longer $W$ can
# make a vector at most. So divide each $W$ by its $s(W)$. Then no layer makes a difference larger, and LeakyReLU does
# not either. So the whole network has a slope of at most 1. The book's `SpectralDense` and `SpectralConv2D` do this.
# (The exact value is expensive, so each step improves an estimate of it. Do not use Keras's `SpectralNormalization` in
# a GAN: it overwrites $W$ whenever the network is called, so $D$ moves in the update of $G$.)

# %% tags=["active-ipynb"]
# judge = define_discriminator(dense=SpectralDense)
# for _ in range(30):
#     judge(x, training=True)  # each call improves the estimate
# layer = judge.layers[1]
# exact = np.linalg.svd(ops.convert_to_numpy(layer._kernel), compute_uv=False)[0]
# print(f"largest singular value of the first layer: {exact:.4f}, estimate {float(layer.sigma()):.4f}")

# %% [markdown]
# ## 6. Schedules, and a look at the whole batch
#
# **Two time scales** ([Heusel et al. 2017](https://arxiv.org/abs/1706.08500)): $D$ has a higher learning rate than $G$,
# so that it can follow. **A gate**: train $D$ only while its loss is above a threshold $t$. If $D$ is too good, it
# waits for $G$. In `turns` above, a closed gate puts $D$ back to the weights that it had. It must be *exactly* back. A
# gradient of 0 would not be enough: Adam would still move the weights by its average of earlier gradients. So we copy
# the old weights back.
#
# **Minibatch standard deviation** ([Karras et al. 2018](https://arxiv.org/abs/1710.10196)). A collapsed $G$ can make
# good points, but all of them in one place. One by one they look right. So $D$ should see the whole batch.
# `MinibatchStd` adds one number to each example: the standard deviation of each feature over the batch, averaged over
# the features. We give it to $D$ as the first layer.
#
# **Packing** ([Lin et al. 2018](https://arxiv.org/abs/1712.04086), PacGAN): $D$ gets two points at once, and says
# whether *both* are real. Two points from the same mode are suspicious.
#
# **Averaging** is in all rows but "no average": the points are those of the averaged copy of $G$ (chapter 2).
#
# Here is the table. Most rows are the plain GAN with one change. "hinge, spectral" has two, "two time scales" changes
# both learning rates, and the last rows are whole recipes.


# %%
PLAIN = Remedy()
REMEDIES = {
    "plain": PLAIN,
    "no average": replace(PLAIN, average=0.0),
    "minimax": replace(PLAIN, loss="minimax"),
    "label smoothing": replace(PLAIN, loss="label smoothing"),
    "least squares": replace(PLAIN, loss="least squares"),
    "hinge": replace(PLAIN, loss="hinge"),
    "hinge, spectral": replace(PLAIN, loss="hinge", spectral=True),
    "R1": replace(PLAIN, penalty="r1"),
    "no momentum": replace(PLAIN, beta_1=0.0),
    "two time scales": replace(PLAIN, rate_g=5e-4, rate_d=2e-3),
    "gate 0.6": replace(PLAIN, gate=0.6),
    "batch std": replace(PLAIN, batch_std=True),
    "pack 2": replace(PLAIN, pack=2),
    "falling rate": replace(PLAIN, falling=True),
    "WGAN": replace(PLAIN, loss="wasserstein", clip=0.01, rate_g=5e-5, rate_d=5e-5, d_updates=5),
    "WGAN-GP": replace(PLAIN, loss="wasserstein", penalty="slope 1", weight=0.1, beta_1=0.0, d_updates=5),
    "relativistic, R1, R2": replace(PLAIN, loss="relativistic", penalty="r1+r2", beta_1=0.0, falling=True),
}


# %% [markdown]
# ## 7. Three of them, trained here
#
# One function trains a remedy on the ring and shows its points. The first one is plain. It has $\beta_1 = 0.5$, as is
# usual, and finds only some of the modes. (The healthy training of the first notebook had $\beta_1 = 0$: this is the
# row "no momentum".) The second has one change, and the third is the whole recipe of section 4.

# %% tags=["active-ipynb"]
# STEPS = 1500
#
#
# def train_on(mixture, name, steps=STEPS):
#     remedy = REMEDIES[name]
#     keras.utils.set_random_seed(0)
#     model = define_model(remedy, steps)
#     model.compile(steps_per_execution=50)
#     batch = BATCH * remedy.d_updates
#     model.fit(mixture.sample(batch * steps, np.random.default_rng(0)), batch_size=batch, shuffle=False, verbose=0)
#     found = count_modes(points.sample(model), mixture)
#     print("{:22} {modes} modes found, {good:.0%} good points, KL {kl:.2f}".format(name, **found))
#     return model
#
#
# models = {name: train_on(RING, name) for name in ("plain", "batch std", "relativistic, R1, R2")}

# %% tags=["active-ipynb"]
# def landscape(model):
#     model.discriminator = model.judge  # `pictures.look` asks the attribute of this name about points
#     return pictures.look(model)
#
#
# panels = [(name, *landscape(model)) for name, model in models.items()]
# real = RING.sample(500, np.random.default_rng(3))
# pictures.scatter(panels, real, f"Three GANs with the same networks after {STEPS:,} steps")

# %% [markdown]
# "Real" is blue. (With a loss that compares pairs, only differences of $D$ mean something, not its value at one place.
# In the panel "batch std" $D$ got a wide lattice of points as one batch, so it sees another standard deviation than in
# training. Do not read its colours as the opinion of $D$ in training.)
#
# ## 8. All of them, measured
#
# The script `compare.py` trains every row of the table above. `docs/results/ch04.md` has one short training of each on
# the ring. Read it with care. A plain GAN with good settings is a strong baseline: [Lucic et al.
# 2018](https://arxiv.org/abs/1711.10337) gave many GAN losses the same budget for tuning, and found none that was
# better than the others throughout. So our order holds for these networks, these learning rates and these data. What
# you should remember is the *reason* for each remedy.
#
# **What first?** Look at the samples and at the loss of $D$. Then set $\beta_1$ to 0 or 0.5, and give both networks the
# same learning rate: on the ring, $\beta_1 = 0$ alone helped as much as any loss. Then take the line of your symptom in
# the table below, and try *one* remedy at a time. On the ring, the least squares loss, the minibatch standard
# deviation, packing, the WGAN-GP and the relativistic loss with R1 and R2 found all modes. The gate, label smoothing,
# the hinge loss (also with spectral normalization), the falling rate and the clipped WGAN did not work in such short
# trainings.
#
# | if you see | then try |
# |---|---|
# | few kinds of samples | a faster or stronger $D$, minibatch standard deviation, packing, the relativistic loss |
# | losses that swing, samples that wander | $\beta_1 = 0$ or 0.5, R1, averaging, a falling learning rate |
# | the loss of $D$ near 0 | a slower $D$, R1 or spectral normalization, label smoothing, a gate |
# | a loss of $G$ that does not move | a loss that is not minimax |
# | both losses at $\log 2$ and bad samples | a wider $D$, more updates of $D$ |
# | $D$ knows its data by heart | more images, `DiffAugment` |
#
# ## 9. When it fails
#
# A remedy can do harm. The argument `weight` is $\gamma$ of section 4 (for the WGAN-GP it is $\lambda$). If it is too
# large, $D$ must be nearly flat, and a flat $D$ cannot show $G$ exactly where a narrow mode is. Here it is a thousand
# times larger than before.

# %% tags=["active-ipynb"]
# REMEDIES["too much"] = replace(REMEDIES["relativistic, R1, R2"], weight=20.0)
# flat = train_on(RING, "too much")
# pictures.scatter([("penalty with weight 20", *landscape(flat))], real, "Too much of a good thing")

# %% [markdown]
# $D$ is nearly flat, so $G$ learns only roughly where the modes are: the points lie around them, and few are good. *You
# recognise it by the landscape* of $D$. **The repair** is a smaller weight.
#
# ## 10. Exercises
#
# *To answer from the text and the output*
#
# 1. Which two losses in the table give $G$ a gradient that does not depend on how sure $D$ is?
# 2. Why must `MinibatchStd` get real and generated points in different batches?
# 3. Why is a gate that gives the loss of $D$ the weight 0 not the same as `Remedy(gate=...)`?
#
# *To run*
#
# 4. Put `MinibatchStd` in front of the last layer of $D$ instead of the first. Does it still help?
# 5. Train `Remedy(loss="relativistic")` without the penalties. What happens to the loss of $D$?
# 6. Train "pack 2" with `pack=4`.
#
# *To write*
#
# 7. Write `squared_hinge_d(real, fake)`: the loss of $D$ with the squares of the two parts of the hinge loss. Check:
#    `from chapters.ch04_failures import exercises`, then `exercises.check_squared_hinge(squared_hinge_d)`.
# 8. Write `slope_by_differences(network, x, step)`: an estimate of $\|\nabla D(x)\|^2$ without a gradient of a
#    gradient. Add small normal noise $s e$ to $x$ and take $(D(x + s e) - D(x))^2 / s^2$. Check:
#    `exercises.check_slope_by_differences(slope_by_differences)`.
#
# *A project*
#
# 9. Choose one remedy. Find the paper's claim, write down what should be seen on the grid if it is true, and test it
#    with three seeds. Write one page with your table.
#
# <details><summary>Answers</summary>
#
# 1. Wasserstein and hinge: the slope for $G$ is 1 everywhere.
# 2. The number describes the whole batch. In a mixed batch real points would get the same number as generated ones.
# 3. The gradient is 0, but Adam's average of earlier gradients is not, so the weights still move. `Remedy(gate=...)`
#    puts them back. In both, Adam's averages change.
# 4. In a short trial it helped as the first layer and not as the last.
# 5. Nothing limits the slope any more, so $D$ may become very steep.
# 6. Four points see a collapse more easily than two. But $D$ gets half as many examples.
# 7. and 8. `exercises.squared_hinge_solution` and `exercises.slope_by_differences_solution`, in
#    `chapters/ch04_failures/exercises.py`.
# 9. Report the spread, too: a difference smaller than the spread says nothing.
#
# </details>
