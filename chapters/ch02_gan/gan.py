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
# The decoder of chapter 1 is told the true picture for each of its pictures, and learns from the difference. Where it
# is not sure, it averages, and the average is blurred. A GAN has no true picture to compare with. It learns from a
# network that says "this does not look real".
#
# In this chapter you will
#
# - train a GAN on points in the plane, and watch both networks learn;
# - check the formula for the best possible discriminator;
# - see why the generator does not use the loss that theory gives it;
# - count how much of the data a GAN has learned, and find what it left out;
# - see, with two numbers instead of two networks, why GANs go round in circles;
# - generate digits with two stacks of dense layers, as in 2014.
#
# You should know Keras models and the cross-entropy loss.

# %%
import math
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers, ops

from chapters.ch02_gan import paper
from chapters.ch02_gan.digits import measure
from gan_book.adversarial import GAN, Composite
from gan_book.errors import require_choice
from gan_book.networks import to_float
from gan_book.sampling import Generator, Noise
from gan_book.training.lesson import Lesson, Settings, bounded
from gan_book.training.task import Generation

# %% [markdown]
# ## 1. The data
#
# We begin with points in the plane. They lie in eight small, round clouds on a ring. Each cloud is a normal
# distribution with the standard deviation 0.02. Such a cloud is called a **mode** of the data. (Among photographs of
# animals, cats are one mode and dogs another.) For points we know everything: where the modes are, and how many points
# belong to each. So we can check exactly what a GAN has learned.

# %% tags=["active-ipynb"]
# import gan_book as gb
# from chapters.ch02_gan import pictures
# from chapters.ch02_gan.mixtures import GRID, RING, count_modes
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# rng = np.random.default_rng(0)
# LIMIT = 48_000  # images in section 10; with fewer, all trainings are shorter and the pictures are worse
# BATCH, STEPS = 256, LIMIT // 16
# real = RING.sample(BATCH * STEPS, rng)  # so many that no point is used twice
# print("points:", real.shape, "the first three:", real[:3].round(2).tolist())

# %% [markdown]
# ## 2. The idea
#
# - The **generator** $G$ makes examples. It has the form of a decoder: its input is a **latent point** $z$, a list of
#   random numbers from a normal distribution, and its output is an example $G(z)$.
# - The **discriminator** $D$ is a classifier with two classes. Its output $D(x)$ is the probability that the example
#   $x$ is real, and not generated.
#
# ![z goes through the generator; the discriminator judges real and generated examples](../../docs/figures/gan.svg)
#
# Both play a game with one score (Goodfellow et al. 2014, equation 1):
#
# $$\min_G \max_D \; V(D, G) = \mathbb{E}_{x}[\log D(x)] + \mathbb{E}_{z}[\log(1 - D(G(z)))].$$
#
# ($\mathbb{E}$ is the mean over many examples.) $D$ makes the score large: it says 1 to real examples and 0 to
# generated ones. $G$ makes it small: it makes examples to which $D$ says 1. $G$ never sees a real example. All that it
# knows about the data comes through $D$.
#
# The score has a familiar form. $-\log D$ is the **binary cross-entropy** for the target 1 ("real"), and $-\log(1 -
# D)$ is the one for the target 0 ("generated"). So $D$ is an ordinary classifier with an ordinary loss. Our $D$
# outputs the *logit* $l$, with $D = 1 / (1 + e^{-l})$, and Keras computes the loss from it.

# %%
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0
REAL_ABOVE = 0.0  # a logit above this means "real": D > 0.5


def adam(learning_rate):
    """Adam with beta_1 = 0.5, which forgets old gradients sooner: in a GAN they are soon out of date."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.5)


# %% [markdown]
# ## 3. The networks
#
# Both are stacks of dense layers. The same two functions make the networks for points (`shape` is `(2,)`) and, in
# section 10, those for images.


# %%
def define_discriminator(shape=(28, 28, 1), widths=(256, 128), dropout=0.3, optimizer=None):
    """Examples ``[n, *shape]`` to logits ``[n, 1]``; compiled."""
    x = keras.Input(shape, name="x")
    h = layers.Flatten()(x)
    for width in widths:
        h = layers.LeakyReLU(0.2)(layers.Dense(width)(h))
        h = layers.Dropout(dropout)(h) if dropout else h
    discriminator = keras.Model(x, layers.Dense(1, dtype="float32", name="logit")(h), name="discriminator")
    return compile_discriminator(discriminator, optimizer or adam(5e-4))


def compile_discriminator(discriminator, optimizer):
    """Gives D its optimizer, its loss, and its accuracy as a metric."""
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=REAL_ABOVE)
    discriminator.compile(optimizer, adversarial_loss, metrics=[accuracy])
    return discriminator


def define_generator(shape=(28, 28, 1), latent_dim=64, widths=(128, 256, 512), normalize=True):
    """Latent points ``[n, latent_dim]`` to examples ``[n, *shape]``; images in [-1, 1], points anywhere."""
    z = h = keras.Input((latent_dim,), name="z")
    for width in widths:
        h = layers.Dense(width, use_bias=not normalize)(h)  # the normalization has its own bias
        h = layers.BatchNormalization(momentum=0.9)(h) if normalize else h
        h = layers.LeakyReLU(0.2)(h)
    x = layers.Dense(math.prod(shape), dtype="float32")(h)
    if len(shape) == 3:  # pixels have a smallest and a largest value, as tanh has
        x = layers.Reshape(shape)(layers.Activation("tanh", dtype="float32")(x))
    return Generator(z, x, takes=[Noise()])  # `takes` says that z is sampled from a normal distribution


# %% tags=["active-ipynb"]
# def small_discriminator(rate=1e-3, inputs=2):
#     return define_discriminator((inputs,), (128, 128, 128), dropout=0, optimizer=adam(rate))
#
#
# def small_generator():
#     return define_generator((2,), 16, (128, 128, 128), normalize=False)
#
#
# discriminator, generator = small_discriminator(), small_generator()
# generator.summary()

# %% [markdown]
# ## 4. The best discriminator
#
# What does $D$ learn, if $G$ stands still? Let $p(x)$ be the density of the real examples and $q(x)$ that of the
# generated ones. At a place $x$, a share $p / (p + q)$ of all examples is real. So the best answer is (Goodfellow et
# al. 2014, proposition 1)
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad \text{or, as a logit,} \quad l^*(x) = \log \frac{p(x)}{q(x)}.$$
#
# We check this formula with two normal distributions on a line. The real one has the mean -1 and the deviation 0.6,
# the "generated" one has 1 and 1. There is no generator here. We train $D$ alone, with `fit`.

# %% tags=["active-ipynb"]
# from scipy.stats import norm
#
# p, q, n = norm(-1, 0.6), norm(1, 1), STEPS * BATCH
# x = np.concatenate([p.rvs(n, random_state=1), q.rvs(n, random_state=2)]).astype("float32")[:, None]
# target = np.concatenate([np.ones((n, 1)), np.zeros((n, 1))])
# judge = small_discriminator(inputs=1)
# judge.fit(x, target, batch_size=2 * BATCH, verbose=0)
#
# at = np.linspace(-3, 4, 141).astype("float32")
# learned = 1 / (1 + np.exp(-judge.predict(at[:, None], verbose=0)[:, 0]))
# curves = {"D, learned": (at, learned), "D*, formula": (at, p.pdf(at) / (p.pdf(at) + q.pdf(at)), "k--")}
# curves |= {"density of the real": (at, p.pdf(at), "C2:"), "density of the generated": (at, q.pdf(at), "C1:")}
# pictures.lines(curves, "The discriminator, trained alone, and the formula", "x", "probability, density")

# %% [markdown]
# Where there are examples, the learned curve lies on the formula. $D$ has measured the ratio of two densities, and it
# has seen nothing but examples. This is what makes a GAN possible.
#
# How large is the loss of the best $D$? Put $D^*$ into the score, and you get (theorem 1 of the paper)
#
# $$V(D^*, G) = -\log 4 + 2 \, \mathrm{JSD}(p, q).$$
#
# The **Jensen-Shannon divergence** says how different two distributions are. With their mean $m = (p + q) / 2$ it is
#
# $$\mathrm{JSD}(p, q) = \frac{1}{2} \mathbb{E}_{x \sim p} \Big[\log \frac{p(x)}{m(x)}\Big]
#    + \frac{1}{2} \mathbb{E}_{x \sim q} \Big[\log \frac{q(x)}{m(x)}\Big].$$
#
# It is 0 if they are equal, and $\log 2$ if they do not overlap. Keras takes the mean over all examples, half of them
# real, so the loss of $D$ is $-V / 2$. For the best $D$ that is $\log 2 - \mathrm{JSD}$. The game ends where $G$ makes
# the distribution of the data. Then $D$ can only guess: it says 0.5 everywhere, and its loss is $\log 2 = 0.69$.
# **Remember this number.** It is the loss of a $D$ that only guesses, in every chapter whose loss is the cross-entropy.
# Let us compare the loss and the formula. (The first line is the mean error of the logit. Where $D$ is near 0 or 1,
# even a large error of the logit costs almost nothing.)

# %% tags=["active-ipynb"]
# from scipy.integrate import quad
#
#
# def integrand(x):
#     middle = (p.pdf(x) + q.pdf(x)) / 2
#     return (p.pdf(x) * np.log(p.pdf(x) / middle) + q.pdf(x) * np.log(q.pdf(x) / middle)) / 2
#
#
# some = slice(None, None, n // 5000)
# best = p.logpdf(x[some]) - q.logpdf(x[some])
# print(f"error of the logit: {np.abs(judge.predict(x[some], verbose=0) - best).mean():.3f}")
# print(f"loss of the trained D: {judge.evaluate(x[some], target[some], verbose=0)[0]:.3f}")
# print(f"log 2 - JSD:           {np.log(2) - quad(integrand, -5, 6)[0]:.3f}")

# %% [markdown]
# ## 5. The composite model
#
# Now the generator. Its loss depends on $D(G(z))$. To compute it, the example has to go through $D$, and the gradient
# has to come back through $D$. But this update must not change $D$. Otherwise $D$ would learn to call everything real.
# So we chain both networks into one model, the **composite**, and freeze $D$ in it.
#
# Which loss? By the score, $G$ minimises $\log(1 - D(G(z)))$. This is the **minimax** loss. Goodfellow et al. advise
# against it and let $G$ minimise $-\log D(G(z))$ instead. This is a heuristic, and is called the **non-saturating**
# loss. In code it is the cross-entropy once more, with the target 1 for generated examples. Section 7 measures the
# difference.


# %%
def define_gan(generator, discriminator, optimizer=None, loss=None):
    """The composite: latent points to D's logit of the generated example. It trains G alone."""
    gan = Composite(generator.inputs, discriminator(generator.output), frozen=[discriminator], name="gan")
    gan.compile(optimizer or adam(5e-4), loss or adversarial_loss)
    return gan


# %% [markdown]
# `Composite` is a Keras model with one more argument, `frozen`: the networks that it does not train. (Many programs
# write `discriminator.trainable = False` here. Keras 3 reads this flag when the first batch comes, and by then it is
# False, so $D$ never learns. Chapter 6 shows it.)
#
# ## 6. One training step, and many
#
# Training **alternates**. First $D$ gets one update, on real and generated examples together. Then $G$ gets one
# update, through the frozen $D$. Here is one step by hand:

# %% tags=["active-ipynb"]
# def moved(before, network):
#     changed = [not np.array_equal(a, b) for a, b in zip(before, network.get_weights())]
#     return f"{sum(changed)} of {len(changed)} arrays of weights moved"
#
#
# gan = define_gan(generator, discriminator, adam(1e-3))
# z = rng.standard_normal((BATCH, 16)).astype("float32")
# both = np.concatenate([real[:BATCH], generator.predict(z, verbose=0)])
# target = np.concatenate([np.ones((BATCH, 1)), np.zeros((BATCH, 1))])  # real is 1, generated is 0
# of_d, of_g = discriminator.get_weights(), generator.get_weights()
#
# loss, accuracy = discriminator.train_on_batch(both, target)
# print(f"1. D: loss {loss:.2f}, accuracy {accuracy:.2f}. In D {moved(of_d, discriminator)}")
# of_d = discriminator.get_weights()
# loss = gan.train_on_batch(z, np.ones((BATCH, 1)))  # generated examples shall get the answer 1
# print(f"2. G: loss {loss:.2f}. In D {moved(of_d, discriminator)}, in G {moved(of_g, generator)}")

# %% [markdown]
# Each update moves its own network and leaves the other one alone. A few thousand such steps are the whole training.
#
# To make it fast, the book puts both updates into one *graph*: Keras writes the operations down once, and then repeats
# them without Python. You write a class with a method `turns`. A *turn* is the update of one network. Python's `yield`
# hands out a value and then goes on, so the method can hand out several turns, one after the other. Each has four
# parts: `name, network, input, target`. It means: update this network so that its output for this input comes closer to
# this target. Compare the method with the cell above.


# %%
class PointGAN(GAN):
    """Points: one update of D on both kinds of examples, one of G (Goodfellow et al. 2014, algorithm 1)."""

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
#     discriminator, generator = small_discriminator(rate_d), small_generator()
#     model = PointGAN(generator, discriminator, define_gan(generator, discriminator, adam(1e-3), loss), average)
#     model.compile(steps_per_execution=50)  # fifty steps between two returns to Python: faster
#     return model
#
#
# def show(stages, title, chosen=(-5, -3, -2, -1)):
#     panels = [(f"after {stages[i][0]:,} steps", *stages[i][1:]) for i in chosen]
#     return pictures.scatter(panels, real, title)
#
#
# model = point_gan()
# stages = pictures.watched_fit(model, real, BATCH, STEPS, frames=20)
# title = "A GAN on eight modes: blue is where D says real, red where it says generated"
# show(stages, title, chosen=(0, -9, -6, -4, -1))

# %% [markdown]
# Read the picture from left to right. First all generated points are in one heap, and $D$ learns that the heap is not
# real. The points move to where $D$ is blue. Where they gather, $D$ turns red. So they spread, until they have reached
# the modes. (This is not a straight way: look at the panel in which they are in one heap again.) At the modes $D$ is
# pale in the end: there it can only guess. (Far from all examples $D$ may have any colour.) The chapter's page shows
# the same as a film.
#
# ## 7. Two losses for the generator
#
# Why does $G$ not use the loss of the game? Let $l$ be the logit of a generated example. The slopes of the two losses
# are
#
# $$\frac{d}{dl} \log(1 - D) = -D, \qquad \frac{d}{dl} (-\log D) = -(1 - D).$$
#
# At the beginning $D$ recognises all generated examples, so $D$ is near 0. The slope of the minimax loss is near 0
# there: it **saturates**. The slope of the other loss is near -1. So the minimax loss is flat exactly where $G$ is bad.
#
# We measure it. $G$ is new and stands still, and $D$ trains alone. We move the ring four units to the right, so that no
# generated point is near a real one. After some updates of $D$ we measure the length of the gradient of $G$, for both
# losses. One trick is needed, because Keras does not return the gradient: plain gradient descent (SGD) moves the
# weights by the learning rate times the gradient. So we let $G$ move once, look how far it went, and put it back.


# %%
def gradient_norm(gan, generator, z, rate=1e3):
    """Length of the gradient of a composite's loss by the weights of G; G stays as it is.

    `gan` is compiled with SGD(rate). The rate is large, so that rounding does not hide a small gradient.
    """
    before = generator.get_weights()
    gan.train_on_batch(z, np.ones((len(z), 1), "float32"))
    steps = [(old - new) / rate for old, new in zip(before, generator.get_weights(), strict=True)]
    generator.set_weights(before)
    return math.sqrt(sum(float(np.sum(step.astype("float64") ** 2)) for step in steps))


# %% tags=["active-ipynb"]
# from gan_book.losses import minimax
#
# FAR = np.array([4, 0], "float32")
# still, alone = small_generator(), small_discriminator()
# losses = {"minimax": minimax, "non-saturating": adversarial_loss}
# probes = {name: define_gan(still, alone, keras.optimizers.SGD(1e3), loss) for name, loss in losses.items()}
# at, norms = np.unique(np.geomspace(1, STEPS // 3, 25).astype(int)), {name: [] for name in losses}
# for step in range(1, STEPS // 3 + 1):
#     z = rng.standard_normal((BATCH, 16)).astype("float32")
#     alone.train_on_batch(np.concatenate([RING.sample(BATCH, rng) + FAR, still.predict_on_batch(z)]), target)
#     if step in at:
#         for name, probe in probes.items():
#             norms[name].append(gradient_norm(probe, still, z))
# for name, each in norms.items():
#     print(f"{name}: {each[0]:.2g} after the first update of D, {each[-1]:.2g} after the last")
# curves, title = {name: (at, each) for name, each in norms.items()}, "G stands still, D trains alone"
# pictures.lines(curves, title, "updates of D", "length of G's gradient", "xy")

# %% [markdown]
# For the first updates both gradients are about equally long: they fall once, then both grow. After some 20 updates the
# gradient of the minimax loss vanishes. That of the non-saturating loss even *grows*: its slope by the logit goes from
# -1/2 to -1, and the logit itself becomes steeper and steeper in $x$, because $D$ gets more and more sure. So this loss
# has a danger of its own, steps that are too large. [Arjovsky and Bottou 2017](https://arxiv.org/abs/1701.04862)
# measured the same with images: figure 2 has the gradient that vanishes, figure 3 the one that grows.
#
# ## 8. How much of the data has it learned?
#
# A picture of points looks good even if a mode is missing. So we count. A generated point is **good** if it is at most
# three standard deviations from the nearest centre. Many papers call a mode found if a single good point is there. We
# are stricter. Of $n$ generated points, each of the $m$ modes should get $n / m$. A mode counts as found if it gets at
# least a fifth of that, $n / (5 m)$ *good* points. Two more numbers: the share of good points, and the **KL
# divergence** of the modes' shares $\hat p_i$ among the good points from equal ones, $\sum_i \hat p_i \log(m \hat
# p_i)$. (A mode without points counts as 0.) It is 0 if all modes are equally common.

# %% tags=["active-ipynb"]
# def counted(points, mixture):
#     found = count_modes(points, mixture)
#     return "{modes} modes found, {touched} touched, {good:.0%} good points, KL {kl:.2f}".format(**found)
#
#
# z = rng.standard_normal((2500, 16)).astype("float32")
# print("ring of 8, generated:", counted(model.sampler.predict(z, verbose=0), RING))
# print("ring of 8, real:     ", counted(RING.sample(2500, rng), RING))

# %% [markdown]
# The harder test has 25 modes on a grid, with a deviation of 0.05 at a distance of 2, as in most papers. (We scale all
# numbers so that each coordinate has the variance 1.)

# %% tags=["active-ipynb"]
# real = GRID.sample(BATCH * STEPS, rng)
# model = point_gan()
# stages = pictures.watched_fit(model, real, BATCH, STEPS, frames=12)
# print("grid of 25, generated:", counted(model.sampler.predict(z, verbose=0), GRID))
# show(stages, "The same GAN on 25 modes")

# %% [markdown]
# Look at the last panel, and at the count. Some modes have far too many points, and others too few or none. The score
# is smallest only if all modes have their share. But $G$ feels $D$ only where its own points are: a mode without points
# gives no gradient. The page `docs/results/ch02.md` has the counts of several seeds beside published ones. Chapter 4 is
# about repairs.
#
# ## 9. Why it goes round in circles
#
# An ordinary training walks downhill. A game does not: what is downhill for $G$ is uphill for $D$. The smallest GAN
# shows what happens then (the *Dirac-GAN* of [Mescheder et al. 2018](https://arxiv.org/abs/1801.04406)). All real
# examples are the number 0. $G$ has a single weight $\theta$, and makes the number $\theta$. $D$ has a single weight
# $\psi$, and its logit is $\psi x$. The equilibrium is $\theta = \psi = 0$. With the learning rate $h$ and the sigmoid
# $\sigma$, a step of the minimax game is
#
# $$\psi \leftarrow \psi - h \, (\theta \, \sigma(\psi\theta) + \gamma \, \psi), \qquad
# \theta \leftarrow \theta + h \, \psi \, \sigma(\psi\theta).$$
#
# If both are updated at once, both right sides have the old numbers. If the updates alternate, $\theta$ already gets
# the new $\psi$. The term with $\gamma$ is a penalty on the slope of $D$. Without it, $\gamma = 0$.

# %% tags=["active-ipynb"]
# from chapters.ch02_gan.dirac import dirac_matrix, dirac_path
#
# h, gamma = 0.2, 0.3
# walks = {
#     "both at once": dirac_path(h, 150, alternating=False),
#     "alternating": dirac_path(h, 150),
#     "alternating, with penalty": dirac_path(h, 150, gamma),
# }
# pictures.paths(walks, "The Dirac-GAN: 150 steps with the learning rate 0.2", "weight of G", "weight of D")

# %% [markdown]
# $D$ pushes $G$ to the other side of 0. There $D$ is wrong, turns round, and pushes $G$ back. If both are updated at
# once, the path spirals *outwards*. Alternating updates keep it on a closed curve. The penalty makes it spiral inwards.
#
# Close to the equilibrium this can be computed. There $\sigma = 1/2$, and a step multiplies the vector $(\theta,
# \psi)$ by a matrix. The path shrinks if the eigenvalues of the matrix have an absolute value below 1, and grows if it
# is above 1. On paper, this value is $\sqrt{1 + h^2 / 4}$ for both at once, which is above 1 for every $h$. For
# alternating updates it is $\sqrt{1 - h \gamma}$ (as long as the eigenvalues are complex): exactly 1 without the
# penalty, and below 1 with it.

# %% tags=["active-ipynb"]
# cases = {"both at once": (0, False, np.sqrt(1 + h**2 / 4)), "alternating": (0, True, 1.0)}
# cases["alternating, with penalty"] = (gamma, True, np.sqrt(1 - h * gamma))
# for name, (penalty, alternating, formula) in cases.items():
#     sizes = abs(np.linalg.eigvals(dirac_matrix(h, penalty, alternating)))
#     print(f"{name:26s} computed {sizes[0]:.6f} and {sizes[1]:.6f}, formula {formula:.6f}")

# %% [markdown]
# So the plain game does not run into its equilibrium by itself. This is one reason why the losses of a healthy GAN go
# up and down and do not fall, and why moving averages and penalties help.
#
# ## 10. Digits
#
# The first GAN made digits with dense layers, and so do ours. MNIST has 28 x 28 grey pixels from 0 (black) to 255
# (white); `to_float` scales them to [-1, 1], the range of tanh. The generator has **batch normalization**: within each
# batch, every unit is shifted and scaled to mean 0 and variance 1. Without it the examples of a batch are nearly alike
# at the beginning, because small random weights make nearly the same image of every latent point. With it their
# differences are made large, so $G$ does not begin with the same image for every latent point. The discriminator has
# **dropout**: in training, 30 % of its units are left out at random. This keeps it from getting too sure.


# %%
class ImageGAN(PointGAN):
    """The same game with images, uint8 ``[n, h, w, c]``; their labels are not used."""

    def turns(self, images, labels):
        yield from super().turns(to_float(images))


# %% tags=["active-ipynb"]
# data = gb.load("mnist", limit=LIMIT)
# generator, discriminator = define_generator(), define_discriminator()
# digits = ImageGAN(generator, discriminator, define_gan(generator, discriminator), average=0.99)
# digits.compile()
# digits.fit(data.images, data.labels, batch_size=128, epochs=1, verbose=2)
# rows = {"real": data.images[:10], "generated": gb.draw(digits.sampler, np.zeros(10), seed=1)}
# gb.show(rows, title="MNIST: real digits, and a GAN of dense layers after one epoch")

# %% [markdown]
# After one epoch few of them are clear digits. The classes do not matter here: $G$ makes some digit, and you cannot
# choose which. (Chapter 6 changes that.) From here on we use the generator that comes with the book. It was trained for
# longer, with the command in the appendix. (Your own training there may differ a little: other rounding or another
# number of cores changes the random course of a game.)

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
#
# generator = gb.load_network(PRETRAINED / "gan" / "generator.keras")
# gb.show(gb.draw(generator, np.zeros(40), seed=2), title="40 digits by the GAN that comes with the book")

# %% [markdown]
# Dense layers learn each pixel by itself, so there are single wrong pixels. Chapter 3 uses convolutions.
#
# Again we count. A classifier that is right on 99.5 % of the real test images looks at the generated ones. As above, a
# digit counts as found if it gets at least a fifth of its share. We also compute the KL divergence of the shares from
# those of real digits.

# %% tags=["active-ipynb"]
# from chapters.ch02_gan.digits import class_shares
# from gan_book.metrics import score_lines
# from gan_book.training.runs import Run
#
# seen, due = class_shares(gb.draw(generator, np.zeros(2000), seed=3), data)
# for name, shares in {"digit": np.arange(10) / 100, "generated": seen, "real": due}.items():
#     print(f"{name:10s}", *(f"{100 * share:4.0f}" for share in shares), "" if name == "digit" else "percent")
# names = "classes_found", "class_divergence", "frechet_distance", "precision", "recall"
# print("\nThe report:", *score_lines(Run(PRETRAINED / "gan").report["measured"], names), sep="\n")

# %% [markdown]
# The last three numbers compare the generated images with real ones as a whole. A small **Fréchet distance** is good.
# **Precision** is the share of generated images that are near a real one, **recall** the share of real images that are
# near a generated one. Chapter 5 is about such numbers. In them this first GAN is *not* better than the VAE of chapter
# 1, which has 13.6 and a recall of 0.66: its networks are dense layers, and it makes some digits more often than
# others. What is new is how it learns: from a judge, and not from pixels.
#
# ## 11. When it fails
#
# The two networks have to learn at a similar speed. Here $D$ has a hundredth of the learning rate of $G$:

# %% tags=["active-ipynb"]
# real = RING.sample(BATCH * STEPS // 3, rng)
# slow = point_gan(rate_d=1e-5)
# stages = pictures.watched_fit(slow, real, BATCH, STEPS // 3, frames=12)
# print("ring of 8, slow D:", counted(slow.sampler.predict(z, verbose=0), RING))
# show(stages, "Failure: D learns a hundred times as slowly as G")

# %% [markdown]
# The generated points stay together in one heap. (In the first panel they are outside of the picture.) The heap runs to
# where this slow $D$ is bluest, and arrives at no mode. (The KL is not a number, because there is no good point.)
# Different latent points give nearly the same example. This is called **mode collapse**, also if the heap is at no
# mode. *You recognise it by the examples:* different latent points give the same example. The repair is the training of
# section 6, where both networks have the same learning rate.
#
# ## 12. Exercises
#
# *To answer from the text and the output*
#
# 1. $D$ has the loss 0.69 from the first step to the last. Name two very different reasons.
# 2. In section 4, what is $D^*$ far to the right of both distributions? And far to the left? (Compare the deviations.)
# 3. How many weights has the generator of the ring, and how many numbers describe the eight centres?
#
# *To run*
#
# 4. Train the ring with the minimax loss: `point_gan(loss=minimax)`, then the lines of section 6 with `RING.sample`.
#    How many modes are found?
# 5. The same without the moving average: `point_gan(average=0)`. Which number of `counted` changes most?
# 6. In the Dirac-GAN, make $h$ larger, in steps, with alternating updates. What happens above $h = 4$? (Start close to
#    the equilibrium: `start=(0.01, 0)`.)
#
# *To write*
#
# 7. Write `jensen_shannon(p, q)` for two arrays of probabilities (some may be 0). Check: `from chapters.ch02_gan import
#    exercises`, then `exercises.check_jensen_shannon(jensen_shannon)`.
# 8. Goodfellow et al. allow $k$ updates of $D$ before each update of $G$. Write `one_step(discriminator, gan,
#    generator, x, k)` with `train_on_batch`. `x` has a batch of real points for each update of $D$, `[k, n, 2]`. The
#    length of the latent points is `generator.input_shape[1]`. Check: `exercises.check_one_step(one_step)`.
#
# *A project*
#
# 9. Make a mixture with unequal modes: one has half of all points, the others share the rest. (Copy `Mixture` and
#    `count_modes` from `mixtures.py` and give them shares.) Which modes does the GAN lose? Train three seeds with equal
#    and three with unequal modes, and write one page with a table.
#
# <details><summary>Answers</summary>
#
# 1. $G$ makes the distribution of the data, so that $D$ can only guess. Or $D$ has learned nothing.
# 2. The generated distribution is wider. So far away its density is larger on *both* sides, and $D^*$ goes to 0. Far to
#    the left there are hardly any examples, so the learned $D$ may differ there.
# 3. 16 x 128 + 128, twice 128 x 128 + 128, and 128 x 2 + 2: together 35,458. The centres are 16 numbers.
# 4. It depends on the seed: the gradient of the minimax loss is small only while $D$ is sure. Try three seeds.
# 5. The share of good points: without the average $G$ moves around the modes.
# 6. One eigenvalue gets an absolute value above 1, and the path leaves the equilibrium.
# 7. and 8. `exercises.jensen_shannon_solution` and `exercises.one_step_solution`, in `chapters/ch02_gan/exercises.py`.
# 9. There is no single answer. Say how many points each mode should get, and how many it got.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# The book's own `train` does what `fit` did above. It also writes a log, pictures and checkpoints into a folder, warns
# you when the training fails, and measures at the end. A *preset* is a set of settings: `smoke` is for tests, `quick`
# is a short training and `full` a longer one. `book` has the networks and the optimizer of the [authors'
# program](https://github.com/goodfeli/adversarial): two layers of 1,200 units in $G$, two layers of 240 maxout units in
# $D$, and SGD (the notebook `mlp_cgan` of chapter 6 explains both). It does not say for how many epochs. We take 250,
# until the momentum has stopped rising. `book` has not been run to its end here. In a shell: `gan-book train gan`.


# %%
@dataclass(frozen=True)
class GANSettings(Settings):
    """`network`: "dense" or "paper" (that of 2014, with its optimizer); the rest are numbers of "dense"."""

    network: str = "dense"
    width: int = 128
    latent_dim: int = 64
    learning_rate: float = 5e-4
    dropout: float = bounded(0.3, least=0, most=1)
    average: float = 0.999


QUICK = GANSettings(data="mnist", epochs=6, batch_size=128)
PRESETS = {
    "smoke": replace(QUICK, epochs=2, batch_size=20, limit=200, width=16, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=30),
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
        discriminator, optimizer = paper.define_discriminator(shape), paper.sgd()
        compile_discriminator(discriminator, paper.sgd())
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
    task=Generation(balanced=False),  # a limit is chosen at random: equally many of each class would need the labels
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
