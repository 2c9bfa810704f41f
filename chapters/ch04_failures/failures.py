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
# # How GANs fail
#
# ![A healthy training and two failed ones on eight modes](failures.png)
#
# A GAN can fail in ways that no other network knows. Its losses do not say so: a low loss can be a bad sign. In this
# chapter we break a GAN on purpose, one way after the other. The data are points in the plane, so each training takes
# less than a minute, and you can see everything. For each failure we ask: how is it caused, how does it look, what do
# the curves say, does the book's health monitor notice it? The second notebook, `remedies`, repairs them.
#
# In this notebook you will
#
# - provoke six failures: mode collapse, oscillation, a $D$ that wins, a vanishing gradient, a $D$ that is too weak, and
#   a $D$ that knows its data by heart;
# - learn what good and bad curves look like;
# - check two rules of thumb that you find in many texts.
#
# You should know chapter 2: the game, the ring of eight modes, and how modes are counted.

# %%
import keras
import numpy as np
from keras import layers, ops

from chapters.ch02_gan import pictures
from chapters.ch02_gan.mixtures import RING
from chapters.ch04_failures import points
from gan_book.adversarial import GAN, Composite
from gan_book.sampling import Generator, Noise

# %% [markdown]
# ## 1. A healthy training
#
# The networks are small: three hidden layers of 128 units each. Everything that we will change is an argument.


# %%
BATCH, LATENT, STEPS = 256, 16, 1500


def define_generator(latent_dim=LATENT, width=128):
    """z ``[n, latent_dim]``, N(0, 1), to points in the plane ``[n, 2]``."""
    z = h = keras.Input((latent_dim,), name="z")
    for _ in range(3):
        h = layers.ReLU()(layers.Dense(width)(h))
    return Generator(z, layers.Dense(2, name="points")(h), takes=[Noise()])


def define_discriminator(width=128):
    """Points ``[n, 2]`` to logits ``[n, 1]``, not compiled."""
    x = h = keras.Input((2,), name="points")
    for _ in range(3):
        h = layers.LeakyReLU(0.2)(layers.Dense(width)(h))
    return keras.Model(x, layers.Dense(1, name="logit")(h), name="discriminator")


# %% [markdown]
# Both learn with Adam. `accuracy` is the share of points, real and generated, that $D$ gets right.


# %%
def define_model(rate_d=1e-3, rate_g=1e-3, beta_1=0.0, width_d=128, loss=None, d_updates=1):
    """A GAN of points; `loss` is G's, non-saturating if it is not given."""
    generator, discriminator = define_generator(), define_discriminator(width_d)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    discriminator.compile(keras.optimizers.Adam(rate_d, beta_1, beta_2=0.99), cross_entropy, metrics=[accuracy])
    gan = Composite(generator.inputs, discriminator(generator.output), frozen=[discriminator], name="gan")
    gan.compile(keras.optimizers.Adam(rate_g, beta_1, beta_2=0.99), loss or cross_entropy)
    return PointGAN(generator, discriminator, gan, d_updates)


class PointGAN(GAN):
    """`d_updates` updates of D on real and generated points, then one of G. No average: we want to see every swing."""

    def __init__(self, generator, discriminator, gan, d_updates=1):
        super().__init__(generator, discriminator, gan)
        self.d_updates = d_updates

    def turns(self, x):
        n = ops.shape(x)[0]
        ones, zeros = ops.ones((n, 1)), ops.zeros((n, 1))
        for _ in range(self.d_updates):
            x_fake = self.generator(self.latent_points(n), training=True)
            yield "d", self.discriminator, ops.concatenate([x, x_fake]), ops.concatenate([ones, zeros])
        yield "g", self.gan, self.latent_points(n), ones


# %% [markdown]
# The next function trains for 1,500 steps. `points.Watch` reads the losses every 50 steps, and counts the modes. The
# **health monitor** belongs to the book's `train`. It warns if the samples are too much alike, or if the loss of $D$
# stays near 0. It is made for images, so `points.monitor` shows it each point as an image of two pixels: one is the
# first coordinate, one is the second. The monitor looks at pictures every 200 steps, and it must see a failure twice
# before it speaks. Its **diversity** is the mean distance of two generated examples, divided by that of two real ones.
# Below 25 % it warns. ("points" is the name of our only class.)


# %%
def provoke(real=None, steps=STEPS, kept=None, **changes):
    """Trains a GAN on the ring. Returns its `points.Watch`, and the monitor with its `findings`."""
    keras.utils.set_random_seed(0)
    model = define_model(**changes)
    if real is None:
        real = RING.sample(BATCH * steps, np.random.default_rng(0))
    watch, monitor = points.Watch(RING, steps, kept), points.monitor(model, RING, steps)
    model.compile(steps_per_execution=50 if len(real) > 50 * BATCH else 1)
    model.fit(real, batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=[watch, monitor])
    return watch, monitor


def panels(watch, heading, chosen=(0, 2, -1)):
    """Some moments of a training, as `pictures.scatter` takes them."""
    return [(f"{heading}{watch.stages[i][0]:,} steps", *watch.stages[i][1:]) for i in chosen]


# %% tags=["active-ipynb"]
# runs = {}
#
#
# def report(name, title=None, **changes):
#     runs[name] = watch, monitor = provoke(**changes)
#     if not monitor.findings:
#         print("The monitor found nothing.")
#     return pictures.scatter(panels(watch, "after "), RING.sample(500, np.random.default_rng(3)), title or name)
#
#
# report("healthy", "Healthy: the points find the modes")

# %% [markdown]
# Black are real points, orange are generated ones. Blue is where $D$ says "real". Now the curves:


# %%
def curves(watch, title):
    """The losses of both networks, the accuracy of D, and the share of the modes that is found."""
    log = watch.log
    lines = {"loss of D": (log["step"], log["d_loss"]), "loss of G": (log["step"], log["g_loss"])}
    lines["accuracy of D"] = (log["step"], log["d_accuracy"], "C2--")
    lines["modes found / 8"] = (log["step"], np.array(log["modes"]) / 8, "k:")
    return pictures.lines(lines, title, "step", "", marks=[(np.log(2), "log 2")])


# %% tags=["active-ipynb"]
# curves(runs["healthy"][0], "Curves of the healthy training")

# %% [markdown]
# Read the curves in three parts. At first no mode is found, and both losses are near $\log 2 = 0.69$: $D$ knows nothing
# yet. Then $D$ learns faster than $G$. The loss of $D$ falls, its accuracy is near 80 %, and the loss of $G$ rises. In
# the end $G$ has found all modes, and the loss of $D$ comes back close to $\log 2$. Note what the loss of $D$ does
# *not* say: at the beginning, without a mode, it is nearly the same as at the end, with all of them.
#
# ## 2. Mode collapse
#
# **What it is.** $G$ makes points of few modes only, or of one, or of none ([Goodfellow
# 2016](https://arxiv.org/abs/1701.00160), section 5.1.1). **How we cause it:** $D$ learns twenty times more slowly than
# $G$. $G$ puts all points where $D$ says "real" most strongly. $D$ notices too late, and then $G$ has already moved on.

# %% tags=["active-ipynb"]
# report("collapse", "Mode collapse: D learns twenty times more slowly than G", rate_d=5e-5)

# %% tags=["active-ipynb"]
# curves(runs["collapse"][0], "Curves of the collapsed training")

# %% [markdown]
# The points hang together in one heap, and the heap wanders. In the last panel it has left the picture. Look at the
# curves: both losses stay at $\log 2$ all the time, and look calmer than those of the healthy training. **How to detect
# it:** look at the samples, or count. The losses cannot tell.
#
# ## 3. Oscillation
#
# **What it is.** The networks go round in circles (chapter 2, section 9). **How we cause it:** with Adam's usual
# momentum, $\beta_1 = 0.9$. A long momentum goes on in a direction that was right some steps ago. In a game, it is
# wrong now.

# %% tags=["active-ipynb"]
# report("oscillation", "Oscillation: Adam with the momentum 0.9", beta_1=0.9)

# %% [markdown]
# All points are in one heap, as in section 2, but here $D$ is strong and sure. The heap moves to where $D$ is blue, $D$
# turns, and the heap moves on. The monitor says "mode collapse", because it sees the heap and not the movement.
#
# ## 4. $D$ wins: convergence failure
#
# **What it is.** $D$ separates most real points from generated ones, its loss stays far below $\log 2$, and $G$ cannot
# follow. **How we cause it:** the learning rate of $D$ is 0.01, and that of $G$ 0.0001.

# %% tags=["active-ipynb"]
# report("D wins", "D wins: it learns a hundred times faster than G", rate_d=1e-2, rate_g=1e-4)

# %% tags=["active-ipynb"]
# curves(runs["D wins"][0], "Curves when D wins")

# %% [markdown]
# Here the losses speak: that of $D$ stays far below $\log 2$, and that of $G$ is high. (The monitor waits until the
# loss of $D$ is below 0.02, because some healthy trainings have a low loss for a while. So it says nothing here.)
#
# ## 5. A vanishing gradient
#
# **What it is.** With the **minimax** loss, $\log(1 - D(G(z)))$, $G$ gets almost no gradient if $D$ is sure (chapter
# 2, section 7). **How we cause it:** the minimax loss, and five updates of $D$ for each update of $G$. We measure the
# gradient that $G$ gets: the mean of $|\partial L / \partial l| = \sigma(l)$ over generated points, where $l$ is
# the logit of $D$.


# %%
def slope_of_minimax(model):
    """Mean slope of the minimax loss by D's logit, over 500 generated points: sigma(l)."""
    return float(ops.mean(ops.sigmoid(model.discriminator(points.sample(model, 500), training=False))))


# %% tags=["active-ipynb"]
# from gan_book.losses import minimax
#
# report("vanishing", "Minimax, D updated five times", loss=minimax, d_updates=5, rate_d=2e-3, kept=slope_of_minimax)

# %% tags=["active-ipynb"]
# log = runs["vanishing"][0].log
# title = "Minimax loss, five updates of D: the slope that G gets"
# pictures.lines({"slope": (log["step"], log["kept"])}, title, "step", "mean slope by the logit", log="y")

# %% [markdown]
# The slope goes up and down, but most of the time it is small. At a $D$ that can only guess it is 0.5. So $G$ gets only
# a small part of the gradient. The loss of $D$ shows it, too: it is near 0.
#
# ## 6. $D$ too weak
#
# **How we cause it:** the layers of $D$ have three units instead of 128. Such a $D$ cannot describe eight modes. $G$
# needs only to be as good as $D$ can see.

# %% tags=["active-ipynb"]
# report("D too weak", "D too weak: layers of three units", width_d=3)

# %% tags=["active-ipynb"]
# curves(runs["D too weak"][0], "Curves with a weak D")

# %% [markdown]
# At first $G$ fools this small $D$ almost completely: the loss of $D$ rises to about 4. Compare the end of the curves
# with the end of section 1: both losses are at $\log 2$, and yet no mode is found. "$D$ can only guess" has two
# reasons: $G$ is perfect, or $D$ is bad.
#
# ## 7. $D$ knows its data by heart
#
# **How we cause it:** there are only 50 real points, and $D$ sees them again and again. **How to detect it:** ask $D$
# about real points that it has never seen. If it calls more of the known ones real, it has learned them by heart.


# %%
FEW = RING.sample(50, np.random.default_rng(5))
UNSEEN = RING.sample(500, np.random.default_rng(6))


def gap(model):
    """How much more real D finds the 50 known points than unseen real ones: difference of mean logits."""
    known, unseen = (ops.mean(model.discriminator(x, training=False)) for x in (FEW, UNSEEN))
    return float(known - unseen)


# %% tags=["active-ipynb"]
# again = np.tile(FEW, (-(-BATCH * STEPS // len(FEW)), 1))[: BATCH * STEPS]
# report("by heart", "Only 50 real points", real=again, kept=gap)

# %% tags=["active-ipynb"]
# log, title = runs["by heart"][0].log, "D knows its 50 points by heart"
# pictures.lines({"known - unseen": (log["step"], log["kept"])}, title, "step", "difference of logits", marks=[(0, "")])

# %% [markdown]
# The difference is small, and it goes up and down. But for most of the training it is above 0. (Here the failure is
# hard to see: 50 points in eight clouds are nearly the whole data.) With images this happens, much more strongly, if
# there are few of them. The remedies are more images, or images that are changed at random
# (`gan_book.layers.DiffAugment`; [Zhao et al. 2020](https://arxiv.org/abs/2006.10738)).
#
# ## 8. Rules of thumb, checked
#
# Many texts give rules for the curves. Two of them: "the loss of $D$ should stay between 0.5 and 0.7", and "the
# accuracy of $D$ should be between 70 and 80 %". Do they separate the healthy run from the others? Here is the mean
# over the second half of each training, and how much the loss of $D$ swings there.


# %%
def rules(watch):
    """What two rules of thumb say of the second half of a training: dict of numbers and of bools."""
    log = watch.log
    half = len(log["step"]) // 2
    loss, accuracy = (float(np.mean(log[name][half:])) for name in ("d_loss", "d_accuracy"))
    return {
        "loss": loss,
        "swing": points.swing(log["d_loss"]),
        "accuracy": accuracy,
        "loss rule": 0.5 <= loss <= 0.7,
        "accuracy rule": 0.7 <= accuracy <= 0.8,
    }


# %% tags=["active-ipynb"]
# head = "run", "modes", "good", "loss of D", "swing", "accuracy", "loss rule", "accuracy rule"
# print("{:12} {:>5} {:>5} {:>9} {:>6} {:>8}  {:9}  {:13}  monitor".format(*head))
# for name, (watch, monitor) in runs.items():
#     said, log = rules(watch), watch.log
#     verdicts = ["healthy" if said[rule] else "ill" for rule in ("loss rule", "accuracy rule")]
#     found = ", ".join(sorted({finding.kind for finding in monitor.findings})) or "nothing"
#     print(f"{name:12} {log['modes'][-1]:5} {log['good'][-1]:5.0%} {said['loss']:9.2f} {said['swing']:6.3f} ", end="")
#     print(f"{said['accuracy']:8.0%}  {verdicts[0]:9}  {verdicts[1]:13}  {found}")

# %% [markdown]
# The rule for the loss calls four failed trainings healthy: the collapsed one, the oscillating one, the one with a
# weak $D$, and the one that knows its points by heart. The rule for the accuracy calls the healthy training ill, and
# the oscillating one healthy. Neither rule looks at what $G$ makes, and most failures are failures of what $G$ makes.
# So use the losses for one question only: has $D$ won? For everything else look at samples, and count.
#
# The monitor found the three trainings in which all points are in one heap, and said nothing about the healthy one.
# It calls all three "mode collapse", because it sees samples and not causes. It missed the others. It is careful: a
# warning that is wrong costs your trust. (These are single trainings on a toy. With other seeds some verdicts can
# change.)
#
# ## 9. Exercises
#
# *To answer from the text and the output*
#
# 1. Which failures can you see in the losses, and which only in the samples?
# 2. Why is "both losses at $\log 2$" no proof of success?
# 3. What would the accuracy of $D$ be at the equilibrium?
#
# *To run*
#
# 4. In `define_model`, call `define_generator(latent_dim=1)`. How many modes are found, and where are the other points?
# 5. Repeat section 7 with 500 points instead of 50. Is there still a gap?
# 6. In section 4, lower the learning rate of $D$ step by step. Where does $G$ begin to learn?
#
# *To write*
#
# 7. Write `collapsed(points, centres, sigma)`: True if fewer than half of the modes get a fifth of their share of the
#    points or more. Check: `from chapters.ch04_failures import exercises`, then `exercises.check_collapsed(collapsed)`.
#
# *A project*
#
# 8. Choose a GAN program that you find on the internet, and read its list of tips. Choose one tip that can be checked
#    on the ring. Say before what you expect. Then measure it with three seeds.
#
# <details><summary>Answers</summary>
#
# 1. "$D$ wins" and the vanishing gradient: in both, the loss of $D$ stays far below $\log 2$. A swing of the losses is
#    a hint of oscillation.
# 2. A $D$ that is too weak, or that does not learn, has the same losses.
# 3. 50 %: it can only guess. The rule of 70 to 80 % describes a training that is not at its end.
# 4. All points lie on one curve, because one number has to reach all modes. It can pass through several modes, but it
#    also has points between them.
# 5. It is smaller: the more points, the harder it is to know each of them.
# 6. It depends on the other settings. Look at the curves: $G$ learns when the loss of $D$ no longer stays far below
#    $\log 2$.
# 7. `exercises.collapsed_solution` in `chapters/ch04_failures/exercises.py`.
# 8. A tip that changes less than the spread over seeds is not confirmed.
#
# </details>
