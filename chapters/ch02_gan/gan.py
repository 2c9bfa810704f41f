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
# # The game: a first GAN
#
# ![Generated points move onto eight spots on a ring, while the discriminator's landscape changes](ring.png)
#
# A **generative adversarial network**, in short GAN, is two networks that are trained against each other ([Goodfellow
# et al. 2014](https://arxiv.org/abs/1406.2661)). The first one makes examples. The second one tries to tell them from
# real ones. In the picture the first network learns to put its orange points where the real, black points are. The
# colours show what the second network believes.
#
# The decoder of chapter 1 learned from the *difference* between its picture and the true one, pixel by pixel. Such a
# decoder averages, and its pictures are blurred. A GAN has no true picture to compare with. It learns from a network
# that says "this does not look real".
#
# In this chapter you will
#
# - train a GAN on points in the plane, and watch both networks learn;
# - check the formula for the best possible discriminator;
# - see why the generator does not use the loss that theory gives it;
# - count how much of the data a GAN has learned, and find what it left out;
# - see, with two numbers instead of two networks, why GANs go round in circles;
# - generate digits with the first GAN of 2014.
#
# You should know Keras models and the cross-entropy loss.

# %%
import math
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers, ops

from chapters.ch02_gan import paper
from chapters.ch02_gan.mixtures import count_modes
from gan_book.adversarial import GAN, Composite
from gan_book.errors import require_choice
from gan_book.metrics import Score, has_classifier, load_classifier
from gan_book.networks import to_float
from gan_book.sampling import Generator, Noise
from gan_book.training.lesson import Lesson, Settings

# %% [markdown]
# ## 1. The data
#
# We begin with the smallest data that is interesting: points in the plane. They lie in eight small, round clouds on a
# ring. Each cloud is a normal distribution with the standard deviation 0.02. Such a cloud is called a **mode** of the
# data. (Among photographs, "cats" and "cars" are two modes.) For points we know everything: where the modes are, and how
# many points belong to each. So we can check what a GAN has learned, exactly.

# %% tags=["active-ipynb"]
# import gan_book as gb
# from chapters.ch02_gan import pictures
# from chapters.ch02_gan.mixtures import GRID, RING
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# rng = np.random.default_rng(0)
# BATCH, STEPS = 256, 4000
# real = RING.sample(BATCH * STEPS, rng)  # a million points, so that no point is used twice
# print("points:", real.shape, "the first three:", real[:3].round(2).tolist())

# %% [markdown]
# ## 2. The idea
#
# - The **generator** $G$ makes examples. It has the form of a decoder: its input is a **latent point** $z$, a list of
#   random numbers from a normal distribution, and its output is an example $G(z)$. Different latent points give
#   different examples.
# - The **discriminator** $D$ is a classifier with two classes. Its output $D(x)$ is the probability that the example
#   $x$ is real, and not generated.
#
# ![The generator turns z into an example; the discriminator judges real and generated examples](../../docs/figures/gan.svg)
#
# Both play a game with one score (Goodfellow et al. 2014, equation 1):
#
# $$\min_G \max_D \; V(D, G) = \mathbb{E}_{x}[\log D(x)] + \mathbb{E}_{z}[\log(1 - D(G(z)))].$$
#
# ($\mathbb{E}$ is the mean over many examples.) $D$ makes the score large: it says 1 to real examples and 0 to generated
# ones. $G$ makes it small: it makes examples to which $D$ says 1. $G$ never sees a real example. All that it knows about
# the data comes through $D$.
#
# The score is a cross-entropy in disguise. $-\log D$ is the **binary cross-entropy** for the target 1 ("real"), and
# $-\log(1 - D)$ is the one for the target 0 ("generated"). So $D$ is an ordinary classifier with an ordinary loss. Our
# $D$ outputs the *logit* $l$, with $D = 1 / (1 + e^{-l})$, and Keras computes the loss from it.

# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0
REAL_ABOVE = 0.0  # a logit above this means "real": D > 0.5


def adam(learning_rate):
    """Adam with beta_1 = 0.5."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.5)


# %% [markdown]
# Adam's $\beta_1$ is 0.5 instead of 0.9. With it Adam forgets old gradients sooner. In a GAN the other network changes
# at every step, so old gradients are soon out of date.
#
# ## 3. The networks
#
# Both are plain stacks of dense layers. The same two functions make the networks for points (`shape` is `(2,)`) and, in
# section 10, for images.


# %%
def define_discriminator(shape=(28, 28, 1), widths=(256, 128), dropout=0.3, optimizer=None):
    """Examples ``[n, *shape]`` to logits ``[n, 1]``; compiled."""
    x = keras.Input(shape, name="x")
    h = layers.Flatten()(x)
    for width in widths:
        h = layers.LeakyReLU(0.2)(layers.Dense(width)(h))
        h = layers.Dropout(dropout)(h) if dropout else h
    discriminator = keras.Model(x, layers.Dense(1, dtype="float32", name="logit")(h), name="discriminator")
    return compile_discriminator(discriminator, optimizer or adam(2e-4))


def compile_discriminator(discriminator, optimizer):
    """Gives D its optimizer, its loss, and its accuracy as a metric."""
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=REAL_ABOVE)
    discriminator.compile(optimizer, adversarial_loss, metrics=[accuracy])
    return discriminator


def define_generator(shape=(28, 28, 1), latent_dim=64, widths=(128, 256, 512), normalize=True):
    """Latent points ``[n, latent_dim]`` to examples ``[n, *shape]``; images in [-1, 1], points anywhere."""
    z = h = keras.Input((latent_dim,), name="z")
    for width in widths:
        h = layers.Dense(width)(h)
        h = layers.BatchNormalization(momentum=0.9)(h) if normalize else h
        h = layers.LeakyReLU(0.2)(h)
    x = layers.Dense(math.prod(shape), dtype="float32")(h)
    if len(shape) == 3:  # pixels have a smallest and a largest value, as tanh has
        x = layers.Reshape(shape)(layers.Activation("tanh", dtype="float32")(x))
    return Generator(z, x, takes=[Noise()])  # `takes` says that z is sampled from a normal distribution


# %% tags=["active-ipynb"]
# SMALL = {"shape": (2,), "widths": (128, 128, 128)}  # for points
# discriminator = define_discriminator(**SMALL, dropout=0, optimizer=adam(1e-3))
# generator = define_generator(**SMALL, latent_dim=16, normalize=False)
# generator.summary()

# %% [markdown]
# ## 4. The best discriminator
#
# What does $D$ learn, if $G$ stands still? Let $p(x)$ be the density of the real examples and $q(x)$ that of the
# generated ones. At a place $x$, a share $p / (p + q)$ of all examples is real. So the best answer is (Goodfellow et al.
# 2014, proposition 1)
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad \text{or, as a logit,} \quad l^*(x) = \log \frac{p(x)}{q(x)}.$$
#
# We check this formula with two normal distributions on a line. The real one has the mean -1 and the deviation 0.6, the
# "generated" one has 1 and 1. There is no generator here. We train $D$ alone, for 2,000 steps, with Keras's `fit`.

# %% tags=["active-ipynb"]
# from scipy.stats import norm
#
# p, q = norm(-1, 0.6), norm(1, 1)
# n = 2000 * BATCH
# x = np.concatenate([p.rvs(n, random_state=1), q.rvs(n, random_state=2)]).astype("float32")[:, None]
# target = np.concatenate([np.ones((n, 1)), np.zeros((n, 1))])
# judge = define_discriminator((1,), (64, 64), dropout=0, optimizer=adam(1e-3))
# loss = judge.fit(x, target, batch_size=2 * BATCH, verbose=0).history["loss"][-1]
#
# at = np.linspace(-3, 4, 141).astype("float32")
# logit, best = judge.predict(at[:, None], verbose=0)[:, 0], p.logpdf(at) - q.logpdf(at)
# some = x[:: n // 5000, 0]  # ten thousand of the examples, real and generated
# error = np.abs(judge.predict(some[:, None], verbose=0)[:, 0] - (p.logpdf(some) - q.logpdf(some))).mean()
# print(f"mean distance from the best logit: {error:.3f}")

# %% tags=["active-ipynb"]
# curves = {"$D$, learned": (at, 1 / (1 + np.exp(-logit))), "$D^*$, formula": (at, 1 / (1 + np.exp(-best)), "k--")}
# curves |= {"density of the real": (at, p.pdf(at), "C2:"), "density of the generated": (at, q.pdf(at), "C1:")}
# pictures.lines(curves, "The discriminator after 2,000 steps, and the formula", "x", "probability, density")

# %% [markdown]
# The learned curve lies on the formula. $D$ has measured the ratio of two densities, and it has seen nothing but
# examples. This is what makes a GAN possible.
#
# How large is the loss of the best $D$? Put $D^*$ into the score, and you get (theorem 1 of the paper)
#
# $$V(D^*, G) = -\log 4 + 2 \, \mathrm{JSD}(p, q).$$
#
# The **Jensen-Shannon divergence** JSD is a distance between two distributions. It is 0 if they are equal, and $\log 2$
# if they do not overlap. Keras takes the mean over real and generated examples, so the loss of $D$ is $\log 2 -
# \mathrm{JSD}$. The game ends where $G$ makes the distribution of the data: then $D$ can only guess, says 0.5
# everywhere, and its loss is $\log 2 = 0.69$. **Remember this number.** It is the reference line of every loss curve in
# this book. (A $D$ that has learned nothing has this loss, too.) Let us compare the two sides for our two distributions:

# %% tags=["active-ipynb"]
# from scipy.integrate import quad
#
# def integrand(x):
#     middle = (p.pdf(x) + q.pdf(x)) / 2
#     return (p.pdf(x) * np.log(p.pdf(x) / middle) + q.pdf(x) * np.log(q.pdf(x) / middle)) / 2
#
# jsd = quad(integrand, -6, 7)[0]
# last = judge.evaluate(x[:: n // 50_000], target[:: n // 50_000], verbose=0)[0]
# print(f"loss of the trained D {last:.3f}, log 2 - JSD {np.log(2) - jsd:.3f}")

# %% [markdown]
# ## 5. The composite model
#
# Now the generator. Its loss depends on $D(G(z))$. To compute it, the example has to go through $D$, and the gradient
# has to come back through $D$. But this update must not change $D$. Otherwise $D$ would learn to call everything real.
# So we chain both networks into one model, the **composite**, and freeze $D$ in it.
#
# Which loss? The game says: $G$ minimises $\log(1 - D(G(z)))$. This is the **minimax** loss. Goodfellow et al. advise
# against it and let $G$ minimise $-\log D(G(z))$ instead. They call it a heuristic; today it is called the
# **non-saturating** loss. In code it is the cross-entropy once more, with the target 1 for generated examples. Section
# 7 measures the difference.


# %%
def define_gan(generator, discriminator, optimizer=None, loss=None):
    """The composite: latent points to D's logit of the generated example. It trains G alone."""
    gan = Composite(generator.inputs, discriminator(generator.output), frozen=[discriminator], name="gan")
    gan.compile(optimizer or adam(2e-4), loss or adversarial_loss)
    return gan


# %% [markdown]
# `Composite` is a Keras model with one more argument, `frozen`: the networks that it does not train. (Many programs
# write `discriminator.trainable = False` here. In Keras 3 this stops $D$ for good. Chapter 6 shows it.)
#
# ## 6. One training step, and many
#
# Training **alternates**. First $D$ gets one update, on real and generated examples together. Then $G$ gets one update,
# through the frozen $D$. Here is one step by hand:

# %% tags=["active-ipynb"]
# gan = define_gan(generator, discriminator, adam(1e-3))
# x, z = real[:BATCH], rng.standard_normal((BATCH, 16)).astype("float32")
# both = np.concatenate([x, generator.predict(z, verbose=0)])
# target = np.concatenate([np.ones((BATCH, 1)), np.zeros((BATCH, 1))])
# d_before, g_before = discriminator.get_weights(), generator.get_weights()
#
# d_loss, d_accuracy = discriminator.train_on_batch(both, target)  # D: real is 1, generated is 0
# print(f"D: loss {d_loss:.2f}, accuracy {d_accuracy:.2f}")
# d_between = discriminator.get_weights()
# g_loss = gan.train_on_batch(z, np.ones((BATCH, 1)))  # G: generated examples shall get the answer 1
# print(f"G: loss {g_loss:.2f}")
#
# def moved(before, after):
#     return sum(not np.array_equal(a, b) for a, b in zip(before, after)), "of", len(before), "arrays of weights"
#
# print("D's update moved, of D:", *moved(d_before, d_between))
# print("G's update moved, of G:", *moved(g_before, generator.get_weights()))
# print("G's update moved, of D:", *moved(d_between, discriminator.get_weights()))

# %% [markdown]
# Each update moves its own network and leaves the other one alone. A few thousand such steps are the whole training.
#
# To make it fast, the book puts both updates into one graph, which runs without Python. You write a class with a method
# `turns`. A *turn* is the update of one network. Python's `yield` hands out a value and then goes on, so the method can
# hand out several turns, one after the other. Each has four parts: `name, network, input, target`. It means: update this
# network so that its output for this input comes closer to this target. Compare the method with the cell above.


# %%
class PointGAN(GAN):
    """Points in the plane: one update of D on both kinds of examples, one of G (Goodfellow et al. 2014, algorithm 1)."""

    def turns(self, x):
        n = ops.shape(x)[0]
        real, fake = ops.ones((n, 1)), ops.zeros((n, 1))
        x_fake = self.generator(self.latent_points(n), training=True)
        yield "d", self.discriminator, ops.concatenate([x, x_fake]), ops.concatenate([real, fake])  # max V
        yield "g", self.gan, self.latent_points(n), real  # max log D(G(z))


# %% [markdown]
# It is a Keras model, so `compile` and `fit` train it. `watched_fit` calls `fit` again and again, for more and more
# steps, and keeps what the networks show in between. `average=0.999` keeps a copy of $G$ whose weights are a moving
# average over the last updates ([Yazici et al. 2019](https://arxiv.org/abs/1806.04498)). This copy, `model.sampler`,
# changes less from step to step than $G$ itself, and makes better examples.

# %% tags=["active-ipynb"]
# def point_gan(rate_d=1e-3, loss=None, average=0.999):
#     discriminator = define_discriminator(**SMALL, dropout=0, optimizer=adam(rate_d))
#     generator = define_generator(**SMALL, latent_dim=16, normalize=False)
#     model = PointGAN(generator, discriminator, define_gan(generator, discriminator, adam(1e-3), loss), average)
#     model.compile(steps_per_execution=50)  # fifty steps between two returns to Python: faster
#     return model
#
#
# model = point_gan()
# stages = pictures.watched_fit(model, real, BATCH, STEPS)
# chosen = [(f"after {stages[i][0]:,} steps", *stages[i][1:]) for i in (0, 15, 20, 24, 29)]
# pictures.scatter(chosen, real, "A GAN on eight modes: blue is where D says real, red where it says generated")

# %% [markdown]
# Read the picture from left to right. First all generated points are in one heap, and $D$ learns that the heap is not
# real. The points flow to where $D$ is blue. Wherever they gather, $D$ turns red. So they spread, until they find all
# modes. In the end $D$ is white where the modes are: there it can only guess. (Far from all examples, $D$ has any colour.
# It was never asked there.) The README of this chapter shows the same as a film.

# %% [markdown]
# ## 7. Two losses for the generator
#
# Why does $G$ not use its loss of the game? Let $l$ be the logit of a generated example. The slopes of the two losses
# are
#
# $$\frac{d}{dl} \log(1 - D) = -D, \qquad \frac{d}{dl} (-\log D) = -(1 - D).$$
#
# At the beginning $D$ recognises all generated examples, so $D$ is near 0. The slope of the minimax loss is near 0 there:
# it **saturates**. The slope of the other loss is near -1. So the minimax loss is flat exactly where $G$ is bad.
#
# We measure it. $G$ is new and stands still, and $D$ trains alone. After some of its updates we measure how long the
# gradient of $G$ is, for both losses. Here is a trick: plain gradient descent moves the weights by the learning rate
# times the gradient. So we let $G$ move once, look how far it went, and put it back.


# %%
def gradient_norm(gan, generator, z, rate=1e3):
    """Length of the gradient of a composite's loss by the weights of G; G stays as it is.

    Args:
        gan: the composite, compiled with `keras.optimizers.SGD(rate)`.
        generator: its G.
        z: latent points, float ``[n, d]``.
        rate: large, so that rounding of the weights does not hide a small gradient.
    """
    before = generator.get_weights()
    gan.train_on_batch(z, np.ones((len(z), 1), "float32"))
    steps = [(old - new) / rate for old, new in zip(before, generator.get_weights(), strict=True)]
    generator.set_weights(before)
    return math.sqrt(sum(float(np.sum(step.astype("float64") ** 2)) for step in steps))


# %% tags=["active-ipynb"]
# still, alone = define_generator(**SMALL, latent_dim=16, normalize=False), define_discriminator(**SMALL, dropout=0, optimizer=adam(1e-3))
# losses = {"minimax": gb.losses.minimax, "non-saturating": adversarial_loss}
# probes = {name: define_gan(still, alone, keras.optimizers.SGD(1e3), loss) for name, loss in losses.items()}
# at, norms = np.unique(np.geomspace(1, 1000, 30).astype(int)), {name: [] for name in losses}
# for step in range(1, 1001):
#     z = rng.standard_normal((BATCH, 16)).astype("float32")
#     both = np.concatenate([RING.sample(BATCH, rng), still.predict_on_batch(z)])
#     alone.train_on_batch(both, target)
#     if step in at:
#         for name, probe in probes.items():
#             norms[name].append(gradient_norm(probe, still, z))
# pictures.lines(
#     {name: (at, each) for name, each in norms.items()},
#     "G stands still, D trains alone: what is left of G's gradient",
#     "updates of D", "length of G's gradient", "xy",
# )  # fmt: skip

# %% tags=["active-ipynb"]
# for name, each in norms.items():
#     print(f"{name}: {each[0]:.2g} after the first update of D, {each[-1]:.2g} after the last")

# %% [markdown]
# The better $D$ gets, the less the minimax loss tells $G$. [Arjovsky and Bottou
# (2017)](https://arxiv.org/abs/1701.04862) measured the same with images. The gradient of the non-saturating loss does
# not vanish. It grows instead: near a very sure $D$ the landscape is steep. So this loss does not make a too good $D$
# harmless.
#
# ## 8. How much of the data has it learned?
#
# A picture of points looks good even if a few modes are missing. So we count. A generated point is **good** if it is at
# most three standard deviations from the nearest centre. Many papers call a mode found if a single good point is there.
# We are stricter: of $n$ points each of $m$ modes should get $n / m$, and a mode counts as found if it gets at least a
# fifth of that. Two more numbers: the share of good points, and the **KL divergence** of the found shares $\hat p_i$ from
# equal ones, $\sum_i \hat p_i \log(m \hat p_i)$. It is 0 if all modes are equally common.

# %% tags=["active-ipynb"]
# def counted(generator, mixture, n=2500):
#     z = np.random.default_rng(1).standard_normal((n, 16)).astype("float32")
#     found = count_modes(generator.predict(z, batch_size=n, verbose=0), mixture)
#     return "{modes} modes found strictly, {touched} touched, {good:.0%} good points, KL {kl:.2f}".format(**found)
#
# print("ring, generated:", counted(model.sampler, RING))
# print("ring, real:     ", count_modes(RING.sample(2500, rng), RING))

# %% [markdown]
# The harder test has 25 modes, on a grid. (A deviation of 0.05 at a distance of 2, as in most papers; we scale all
# numbers so that each coordinate has the variance 1.)

# %% tags=["active-ipynb"]
# GRID_STEPS = 8000
# many = GRID.sample(BATCH * GRID_STEPS, rng)
# model = point_gan()
# stages = pictures.watched_fit(model, many, BATCH, GRID_STEPS, frames=12)
# print(counted(model.sampler, GRID))
# chosen = [(f"after {stages[i][0]:,} steps", *stages[i][1:]) for i in (3, 6, 8, 11)]
# pictures.scatter(chosen, many, "The same GAN on 25 modes")

# %% [markdown]
# Look at the last panel, and at the count. Some spots have far too many points, and others too few or none. Nothing in
# the game tells $G$ to visit *all* modes at once. $D$ punishes places with too many points, but only after they are
# there. `docs/results/ch02.md` has the counts of several seeds, and beside them those of two published tables. Chapter 4
# is about repairs.
#
# ## 9. Why it goes round in circles
#
# An ordinary training walks downhill. A game does not: what is downhill for $G$ is uphill for $D$. The smallest GAN
# shows what then happens ([Mescheder et al. 2018](https://arxiv.org/abs/1801.04406), the *Dirac-GAN*). All real examples
# are the number 0. $G$ has a single weight $\theta$ and makes the number $\theta$. $D$ has a single weight $\psi$, and its
# logit is $\psi x$. The game is over at $\theta = \psi = 0$. With the learning rate $h$ and the sigmoid $\sigma$, one step
# of the game is
#
# $$\psi \leftarrow \psi - h \, (\theta \, \sigma(\psi\theta) + \gamma \, \psi), \qquad
# \theta \leftarrow \theta + h \, \psi \, \sigma(\psi\theta).$$
#
# The term with $\gamma$ is a penalty on the slope of $D$. Without it, $\gamma = 0$.


# %%
def dirac_path(rate, steps, penalty=0.0, alternating=True, start=(1.0, 0.0)):
    """The path of a Dirac-GAN with the minimax loss: float ``[steps + 1, 2]``, the weights theta (of G) and psi (of D).

    alternating: whether G's update sees the new psi. Mescheder et al. (2018), section 2.
    """
    (theta, psi), path = start, [start]
    for _ in range(steps):
        answer = 1 / (1 + math.exp(-psi * theta))
        new = psi - rate * (theta * answer + penalty * psi)
        seen = new if alternating else psi
        theta, psi = theta + rate * seen / (1 + math.exp(-seen * theta)), new
        path.append((theta, psi))
    return np.array(path)


# %% tags=["active-ipynb"]
# walks = {
#     "both at once": dirac_path(0.2, 150, alternating=False),
#     "alternating": dirac_path(0.2, 150),
#     "alternating, with penalty": dirac_path(0.2, 150, penalty=0.3),
# }
# pictures.paths(walks, "The Dirac-GAN: 150 steps with the learning rate 0.2", "G's weight", "D's weight")

# %% [markdown]
# $D$ pushes $G$ to the other side of 0. There $D$ is wrong, turns round, and pushes $G$ back. If both are updated at
# once, the path spirals *outwards*. Alternating updates keep it on a closed curve. The penalty makes it spiral inwards.
#
# Close to the equilibrium this can be computed. There $\sigma = 1/2$, and a step multiplies the vector $(\theta, \psi)$
# by a matrix. If its eigenvalues are shorter than 1, the path shrinks; if they are longer than 1, it grows. On paper:
#
# | update | length of the eigenvalues |
# |---|---|
# | both at once | $\sqrt{1 + h^2 / 4}$, above 1 for every $h$ |
# | alternating | exactly 1, for $h \le 4$ |
# | alternating, with penalty | $\sqrt{1 - h \gamma}$, below 1, as long as they are complex |


# %%
def dirac_matrix(rate, penalty=0.0, alternating=True):
    """What one step multiplies (theta, psi) by, close to the equilibrium: float ``[2, 2]``."""
    of_d = np.array([[1, 0], [-rate / 2, 1 - rate * penalty]])
    of_g = np.array([[1, rate / 2], [0, 1]])
    return of_g @ of_d if alternating else of_g + of_d - np.eye(2)


# %% tags=["active-ipynb"]
# h, gamma = 0.2, 0.3
# cases = {"both at once": (0, False, np.sqrt(1 + h**2 / 4)), "alternating": (0, True, 1.0)}
# cases["alternating, with penalty"] = (gamma, True, np.sqrt(1 - h * gamma))
# for name, (penalty, alternating, formula) in cases.items():
#     lengths = abs(np.linalg.eigvals(dirac_matrix(h, penalty, alternating)))
#     print(f"{name:26s} eigenvalues {lengths[0]:.6f} and {lengths[1]:.6f} long, formula {formula:.6f}")

# %% [markdown]
# So a GAN does not run into its equilibrium by itself. This is why the losses of a healthy GAN go up and down and do not
# fall, and why a falling learning rate, moving averages and penalties help.
#
# ## 10. Digits
#
# The first GANs made digits with dense layers, too. Our networks for images are the same two functions as above, with
# more units and 784 pixels. $D$ has **dropout**: in training, 30 % of its units are left out at random. This keeps it
# from getting too sure. MNIST has 28 x 28 grey pixels from 0 (black) to 255 (white). $G$ ends in tanh, so the pixels are
# scaled to [-1, 1].


# %%
class ImageGAN(PointGAN):
    """The same game with images, uint8 ``[n, h, w, c]``; their labels are not used."""

    def turns(self, images, labels):
        yield from super().turns(to_float(images))


# %% tags=["active-ipynb"]
# LIMIT = 48_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("mnist", limit=LIMIT)
# generator, discriminator = define_generator(), define_discriminator(optimizer=adam(5e-4))
# gan = define_gan(generator, discriminator, adam(5e-4))
# digits = ImageGAN(generator, discriminator, gan, average=0.99)
# digits.compile()
# history = digits.fit(data.images, data.labels, batch_size=128, epochs=2, verbose=2)
# rows = {"real": data.images[:10], "generated": gb.draw(digits.sampler, np.zeros(10), seed=1)}
# gb.show(rows, title="MNIST: real digits, and a GAN of dense layers after two epochs")

# %% [markdown]
# The classes do not matter here: $G$ makes some digit, and you cannot choose which. (Chapter 6 changes that.) Longer
# training helps. From here on we use the generator that comes with the book. The appendix shows how it was trained.

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
#
# generator = gb.load_network(PRETRAINED / "gan" / "generator.keras")
# gb.show(gb.draw(generator, np.zeros(60), seed=2), title="60 digits by the GAN that comes with the book")

# %% [markdown]
# The digits are new, but rough: dense layers learn each pixel by itself, so there are single wrong pixels. Chapter 3
# replaces them by convolutions.
#
# Again we count. A classifier that is right on 99.5 % of the real test images looks at 10,000 generated ones. As above, a
# digit counts as found if it gets at least a fifth of its share. We also compute the KL divergence of the shares from
# those of real digits, and the **Fréchet distance**: how far the generated images are from real ones, as a whole
# (chapter 6 explains it; smaller is better).


# %%
def digit_shares(images, dataset):
    """How often the book's classifier sees each class in generated images: float ``[classes]``, and the real shares."""
    classes = dataset.num_classes
    seen = np.bincount(load_classifier(dataset.name).predict(images), minlength=classes) / len(images)
    return seen, np.bincount(dataset.test_labels, minlength=classes) / len(dataset.test_labels)


def measure(run, dataset, images, labels, seed):
    """The chapter's own `Score`s: classes found, and the divergence of their shares from those of the test images."""
    if not has_classifier(dataset):
        return [], {}
    seen, due = digit_shares(images, dataset)
    some = seen > 0
    divergence = float(np.sum(seen[some] * np.log(seen[some] / due[some])))
    found = float(np.sum(seen >= 0.2 * due))
    return [
        Score("classes_found", "classes found", found, "{:.1f}", reference=float(dataset.num_classes)),
        Score("class_divergence", "KL of the classes", divergence, "{:.3f}", words="nats"),
    ], {}


# %% tags=["active-ipynb"]
# seen, due = digit_shares(gb.draw(generator, np.zeros(2000), seed=3), data)
# print("digit     ", *(f"{digit:5}" for digit in range(10)))
# print("generated ", *(f"{share:5.0%}" for share in seen))
# print("real      ", *(f"{share:5.0%}" for share in due))

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
# from gan_book.training.runs import Run
#
# names = "classes_found", "class_divergence", "frechet_distance", "precision", "recall"
# print(*score_lines(Run(PRETRAINED / "gan").report["measured"], names), sep="\n")

# %% [markdown]
# (**Precision** is the share of generated images that are near a real one, **recall** the share of real images that are
# near a generated one. Chapter 6 explains these, too.)
#
# ## 11. When it fails
#
# The two networks have to learn at a similar speed. Here $D$ has a hundredth of the learning rate of $G$, on the ring:

# %% tags=["active-ipynb"]
# slow = point_gan(rate_d=1e-5)
# stages = pictures.watched_fit(slow, real, BATCH, 1500, frames=12)
# print(counted(slow.sampler, RING))
# chosen = [(f"after {stages[i][0]:,} steps", *stages[i][1:]) for i in (3, 6, 8, 11)]
# pictures.scatter(chosen, real, "Failure: D learns a hundred times as slowly as G")

# %% [markdown]
# All generated points are in one place. $G$ has found the spot that this slow $D$ likes best, and goes there with all
# points, far from any real one. $D$ is too slow to answer. This is called **mode collapse**. *You recognise it by the
# examples:* different latent points give the same example. The repair is the training of section 6, where both
# networks learn at the same rate.
#
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. $D$ has the loss 0.69 from the first step to the last. Name two very different reasons.
# 2. In section 4, what is $D^*$ far to the left of both distributions, and far to the right? Why? (Compare the
#    deviations.)
# 3. How many weights has the generator of the ring, and how many numbers would describe the eight centres?
#
# *To run*
#
# 4. Train the ring with `loss=gb.losses.minimax` in `point_gan`. How many modes are found? Is the minimax loss always
#    worse?
# 5. Train the ring with a learning rate that stays constant (`decay=False`), and without the moving average
#    (`average=0`). Which number of `counted` changes most?
# 6. In the Dirac-GAN, make $h$ larger, in steps, with alternating updates. What happens above $h = 4$? (Start close to
#    the equilibrium: `start=(0.01, 0)`.)
#
# *To write*
#
# 7. Write `jensen_shannon(p, q)` for two lists of probabilities. Check: `from chapters.ch02_gan import exercises`, then
#    `exercises.check_jensen_shannon(jensen_shannon)`.
# 8. Goodfellow et al. allow $k$ updates of $D$ before each update of $G$. Write `one_step(discriminator, gan,
#    generator, x, k)` with `train_on_batch`. Check: `exercises.check_one_step(one_step)`.
#
# *A project*
#
# 9. Make a mixture of your own with unequal modes: one has half of all points, the others share the rest. Which modes
#    does the GAN lose first? Train three seeds of each case, and write one page with a table.
#
# <details><summary>Answers</summary>
#
# 1. $G$ makes the distribution of the data, and nobody can tell it from real examples. Or $D$ has learned nothing.
# 2. The generated distribution is wider. Far outside, on both sides, its density is larger, so $D^*$ goes to 0. Far to
#    the left there are hardly any examples, so the learned $D$ may differ there.
# 3. 16 x 128 + 128, twice 128 x 128 + 128, and 128 x 2 + 2: together 35,458. The centres are 16 numbers.
# 4. Look at your own output. $D$ is not far ahead on the ring, because both networks learn equally fast; the gradient of
#    the minimax loss vanishes only while $D$ is sure.
# 5. Mostly the share of good points: with a constant rate the points keep jumping.
# 6. One eigenvalue gets longer than 1, and the path leaves the equilibrium.
# 7. and 8. `exercises.jensen_shannon_solution` and `exercises.one_step_solution`, in `chapters/ch02_gan/exercises.py`.
# 9. There is no single answer. Say how many points each mode should get, and how many it got.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# The book's own `train` does what `fit` did above. It also writes a log, pictures and checkpoints into a folder, warns
# you when the training fails, and measures at the end. A *preset* is a set of settings: `smoke` is for tests, `quick`
# takes a few minutes on one CPU core, and `full` three times as many steps. `book` has the networks and the optimizer
# of 2014: the [authors' program](https://github.com/goodfeli/adversarial) has two layers of 1,200 units in $G$ and two
# layers of 240 maxout units in $D$ (the notebook `mlp_cgan` of chapter 6 explains them), and it trains with SGD. It does
# not say for how many epochs; we take 250, until the momentum has stopped rising. `book` has not been run to its end
# here. In a shell: `gan-book train gan --preset full`.


# %%
@dataclass(frozen=True)
class GANSettings(Settings):
    """`network`: "dense" or "paper" (that of 2014, with its optimizer); the rest are numbers of "dense"."""

    network: str = "dense"
    width: int = 128
    latent_dim: int = 64
    learning_rate: float = 5e-4
    dropout: float = 0.3
    average: float = 0.999


QUICK = GANSettings(data="mnist", epochs=12, batch_size=128)
PRESETS = {
    "smoke": replace(QUICK, epochs=2, batch_size=20, limit=200, width=16, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=36),
    "book": replace(QUICK, network="paper", latent_dim=100, epochs=250, batch_size=100, average=0.0),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: no such network.
    """
    require_choice("network", settings.network, ("dense", "paper"))
    shape, width, rate = dataset.image_shape, settings.width, settings.learning_rate
    if settings.network == "paper":
        generator = define_generator(shape, settings.latent_dim, (1200, 1200), normalize=False)
        discriminator = compile_discriminator(paper.define_discriminator(shape), paper.sgd())
        optimizer = paper.sgd()
    else:
        generator = define_generator(shape, settings.latent_dim, (width, 2 * width, 4 * width))
        discriminator = define_discriminator(shape, (2 * width, width), settings.dropout, adam(rate))
        optimizer = adam(rate)
    gan = define_gan(generator, discriminator, optimizer)
    return ImageGAN(generator, discriminator, gan, settings.average, settings.seed)


LESSON = Lesson(
    name="gan",
    title="The first GAN: two MLPs on MNIST (Goodfellow et al. 2014)",
    folder="ch02_gan",
    presets=PRESETS,
    build=build,
    measure=measure,
    next_step="Next: generate more digits with `gan-book generate gan --run {run} --seed 1 --out digits.png`.",
)

# %% tags=["active-ipynb"]
# PRESET = "quick"
# run = gb.train(LESSON, LESSON.settings(PRESET), PRESET)

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "samples.png")

# %% tags=["active-ipynb"]
# gb.picture(run.folder / "losses.png")

# %%
if __name__ == "__main__" and "__file__" in globals():
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
