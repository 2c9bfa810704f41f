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
# # InfoGAN: classes and styles without labels
#
# ![Ten rows of generated digits, one category in each row](../../pretrained/infogan/samples.png)
#
# A neural network made these digits. Each row was generated for one *category*, a number from 0 to 9. The conditional
# GAN of chapter 6 needs the label of each training image to do this. Here the network saw **no labels**: it found out
# by itself which images belong together. The number of a category has no meaning. (This is the best of five trainings,
# chosen with the labels of validation images. In the others, some rows have two different digits.) This is **InfoGAN**
# ([Chen et al. 2016](https://arxiv.org/abs/1606.03657)).
#
# In this chapter you will
#
# - give the generator a code, and train it so that the code can be read from the image;
# - learn what mutual information is, and how a network turns it into a loss;
# - change two continuous codes and see what changes in the digits;
# - measure how well the categories agree with the digits;
# - take the new loss away, and see that the codes lose their meaning.
#
# You should know chapter 6, which explains the composite model, `turns`, and most of the numbers.

# %%
import math
from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch07_infogan.codes import measure
from gan_book.adversarial import GAN, Composite
from gan_book.errors import BookError, require_choice
from gan_book.networks import normal, one_hot, to_float
from gan_book.sampling import Category, Code, Generator, Noise
from gan_book.training.lesson import Lesson, Settings
from gan_book.training.task import Generation

# %% [markdown]
# ## 1. The data
#
# MNIST: handwritten digits, 28 x 28 grey pixels. You see them here as the networks see them: without labels. Look at
# what differs from image to image. There are ten digits. Some writers slant their digits to the right, some do not.
# Some strokes are thick, some are thin.

# %% tags=["active-ipynb"]
# import numpy as np
#
# import gan_book as gb
#
# keras.utils.set_random_seed(0)  # the same random numbers each time
# LIMIT = 55_000  # training images; with fewer, the cells below are faster and the pictures are worse
# data = gb.load("mnist", limit=LIMIT, balanced=False)  # False: chosen without looking at the labels
# print("images:", data.images.shape, data.images.dtype)
# gb.show(data.images[:40], title="MNIST: 40 training images")

# %% [markdown]
# ## 2. The idea
#
# ![The generator gets noise and a code; D and Q share a trunk; Q guesses the code](../../docs/figures/infogan.svg)
#
# In a plain GAN the latent point $z$ is only noise, and no one knows which of its numbers changes what. InfoGAN gives
# the generator two inputs: noise $z$ and a **code** $c$. For MNIST the paper takes
#
# - 62 numbers of noise (uniform between -1 and 1 in the authors' program);
# - a **category** $c_1$: one of ten numbers, all equally likely;
# - two **continuous codes** $c_2$ and $c_3$, uniform between -1 and 1.
#
# In itself, a code means nothing. A generator could simply ignore it. So there is a third network, $Q$. It looks at a
# generated image and guesses the code. The generator is trained so that this guess is right. Then the code must be
# *visible* in the image. For example, if category 3 always gives a seven, and no other category does, $Q$ can read the
# category from the image.

# %%
NOISE, CATEGORIES, CODES = 62, 10, 2
LATENT = [Noise(-1.0, 1.0), Category(CATEGORIES), Code()]  # what the generator's inputs are sampled from

# %% [markdown]
# **How uncertain is the category?** Here we look at the category alone, so $c$ is the category. Before you see the
# image, all ten categories are equally likely. This uncertainty has a measure, the **entropy** $H(c) = -\sum_c P(c)
# \log P(c)$. For ten equally likely categories it is $\ln 10 = 2.303$. (The unit is the *nat*. With the logarithm to
# the base 2 it would be the bit.) When you have seen the image $x$, the categories have other probabilities, $P(c \mid
# x)$. Take their entropy for each image, and then the mean over all images: this is the uncertainty that is left, $H(c
# \mid x)$. The difference is the **mutual information**. It says how much an image tells about the category:
#
# $$ I(c; x) = H(c) - H(c \mid x). $$
#
# It is 0 if the image tells nothing about the category, and 2.303 nats if it tells the category for certain.

# %% [markdown]
# **A bound that we can compute.** We do not know the true probabilities $P(c \mid x)$. But we can take the
# probabilities of a network $Q$ instead. The mean of $-\log Q(c \mid x)$ is the **cross-entropy** of a classifier whose
# target is $c$. It is smallest if $Q$ gives the true probabilities, and then it is equal to $H(c \mid x)$. With any
# other probabilities it is larger. (The difference is a Kullback-Leibler divergence, which is never negative.) Replace
# $H(c \mid x)$ by the larger cross-entropy. Then the difference becomes smaller than $I$. It is a lower bound (equation
# 5 of the paper):
#
# $$ L_I(G, Q) = H(c) + \mathbb{E}_{c,\, x \sim G(z, c)}[\log Q(c \mid x)] \;\le\; I(c; G(z, c)). $$
#
# The first term is a constant, with no gradient. The second is minus a cross-entropy. A cross-entropy is never
# negative, so $L_I$ is at most $H(c) = \ln 10$. And to make $L_I$ large, we minimise a cross-entropy, as for any
# classifier.

# %% [markdown]
# **The game with this bound.** Let $V(D, G) = \mathbb{E}_x[\log D(x)] + \mathbb{E}_{z,c}[\log (1 - D(G(z, c)))]$, the
# game of chapter 6 without labels. InfoGAN subtracts $L_I$ from it, with a weight $\lambda$ that we choose (the paper's
# equation 6). As in chapter 6, $G$ then gets the non-saturating loss instead of $\log(1 - D)$:
#
# $$ \min_{G,\, Q} \max_D \; V(D, G) - \lambda L_I(G, Q). $$


# %%
def category_loss(category, logits):
    """The cross-entropy -log Q(c_1|x): categories int ``[n]`` and logits ``[n, k]`` to ``[n]``, in nats."""
    return ops.sparse_categorical_crossentropy(ops.reshape(category, (-1,)), logits, from_logits=True)


def mutual_information(category, logits):
    """L_I of the category, log Q(c_1|x) + H(c_1): ``[n]``, in nats; at most ln k."""
    return math.log(logits.shape[-1]) - category_loss(category, logits)


# %% [markdown]
# A continuous code has no classes. For each code, $Q$ outputs one number, its guess $\mu$. The code itself is uniform.
# But $Q$ has to give a distribution, too. We take a normal distribution with mean $\mu$ and standard deviation 1, as in
# the authors' program. Then $-\log Q(c \mid x)$ is half the squared error, plus a constant:
#
# $$ -\log Q(c_2, c_3 \mid x) = \tfrac12 (c_2 - \mu_2)^2 + \tfrac12 (c_3 - \mu_3)^2 + \log 2 \pi. $$


# %%
def code_loss(code, mean):
    """-log Q(c_2, c_3|x) without its constant: codes and means ``[n, d]`` to ``[n]``, in nats."""
    return ops.sum(ops.square(code - mean), axis=-1) / 2


# %% [markdown]
# ## 3. The networks
#
# They are those of the paper (table 1 in its appendix C.1). The generator gets all inputs as one vector of 62 + 10 + 2
# numbers. (The category enters as a one-hot vector. The layer for that is called `label_embedding`, and is not
# trained.) Two dense layers and two transposed convolutions make the image.


# %%
def latent_inputs():
    """The inputs of G, z ``[n, 62]``, c_1 int ``[n]`` and (c_2, c_3) ``[n, 2]``; and all as one vector ``[n, 74]``."""
    z = keras.Input((NOISE,), name="z")
    category = keras.Input((), dtype="int32", name="category")
    code = keras.Input((CODES,), name="code")
    return [z, category, code], layers.Concatenate()([z, one_hot(category, CATEGORIES), code])


def normalized(h, activation):
    """Batch normalization, then the activation: features of any shape to the same shape."""
    return activation(layers.BatchNormalization()(h))


# %%
def define_generator(image_shape=(28, 28, 1)):
    """Noise, category and codes to images ``[n, h, w, c]`` in [-1, 1]; for sides that are multiples of 4."""
    inputs, h = latent_inputs()
    height, width = image_shape[0] // 4, image_shape[1] // 4
    h = layers.Dense(1024, use_bias=False, kernel_initializer=normal())(h)
    h = normalized(h, layers.ReLU())
    h = layers.Dense(height * width * 128, use_bias=False, kernel_initializer=normal())(h)
    h = layers.Reshape((height, width, 128))(normalized(h, layers.ReLU()))
    h = layers.Conv2DTranspose(64, 4, strides=2, padding="same", use_bias=False, kernel_initializer=normal())(h)
    h = normalized(h, layers.ReLU())
    h = layers.Conv2DTranspose(image_shape[-1], 4, strides=2, padding="same", kernel_initializer=normal())(h)
    # The paper's images lie in [0, 1], so its generator ends in a sigmoid. The book's images lie in [-1, 1].
    h = layers.Activation("sigmoid", dtype="float32", name="pixels")(h)
    return Generator(inputs, layers.Rescaling(2.0, -1.0, dtype="float32", name="image")(h), takes=LATENT)


# %% [markdown]
# $D$ and $Q$ need similar features: to judge a digit, and to name it. So they share nearly all layers, the **trunk**
# (section 6 of the paper). After the trunk each has its own last layers, its **head**. The head of $D$ is one dense
# layer. Its output is called "validity": the logit that the image is real. The head of $Q$ has one dense layer of 128,
# and then one for each guess: the category and the codes. $Q$ costs almost no extra time.


# %%
SLOPE = 0.1  # of the leaky ReLU
Q_HEAD = ("q_hidden", "category", "code")  # the layers that only Q has


def define_trunk(image_shape=(28, 28, 1)):
    """The layers that D and Q share: images ``[n, h, w, c]`` in [-1, 1] to features ``[n, 1024]``."""
    image = keras.Input(image_shape)
    h = layers.Rescaling(0.5, 0.5, name="to_0_1")(image)  # to the paper's [0, 1]: a black pixel is 0
    h = layers.Conv2D(64, 4, strides=2, padding="same", kernel_initializer=normal())(h)
    h = layers.LeakyReLU(SLOPE)(h)
    h = layers.Conv2D(128, 4, strides=2, padding="same", use_bias=False, kernel_initializer=normal())(h)
    h = layers.Flatten()(normalized(h, layers.LeakyReLU(SLOPE)))
    h = layers.Dense(1024, use_bias=False, kernel_initializer=normal())(h)
    return keras.Model(image, normalized(h, layers.LeakyReLU(SLOPE)), name="trunk")


# %%
def define_d_and_q(image_shape=(28, 28, 1)):
    """D and Q on one trunk: images ``[n, h, w, c]`` in [-1, 1] to D's logit and Q's guesses.

    "validity" is D's logit ``[n, 1]``, "category" has logits ``[n, 10]``, "code" the means ``[n, 2]`` of the codes.
    """
    image = keras.Input(image_shape, name="image")
    features = define_trunk(image_shape)(image)
    hidden = layers.Dense(128, use_bias=False, kernel_initializer=normal()), layers.BatchNormalization()
    q = keras.Sequential([*hidden, layers.LeakyReLU(SLOPE)], name="q_hidden")(features)
    outputs = {
        "validity": layers.Dense(1, dtype="float32", kernel_initializer=normal(), name="validity")(features),
        "category": layers.Dense(CATEGORIES, dtype="float32", kernel_initializer=normal(), name="category")(q),
        "code": layers.Dense(CODES, dtype="float32", kernel_initializer=normal(), name="code")(q),
    }
    return keras.Model(image, outputs, name="d_and_q")


# %% tags=["active-ipynb"]
# d_and_q, generator = define_d_and_q(), define_generator()
# d_and_q.summary(expand_nested=True)

# %% tags=["active-ipynb"]
# generator.summary()

# %% [markdown]
# ## 4. The two models that are trained
#
# $Q$ learns to read the code, and $G$ learns to make it readable. So $L_I$ is part of two models. (In chapter 6,
# `discriminator` was $D$ alone. Here it is the model that trains $D$ and $Q$.)
#
# - **`discriminator`** trains $D$ and $Q$ together, because they share the trunk. So the trunk gets the gradients of
#   both. It has four losses: real images are "real", generated images are "fake", and $Q$ should find the category and
#   the codes of generated images. (The code of a real image is not known.)
# - **`gan`** trains $G$ through $D$ and $Q$, which are frozen in it. It has three losses: the image is "real", its
#   category is $c_1$, and its codes are $c_2$ and $c_3$.
#
# That is the paper's method, the variant `paper`. The functions below have two more variants, for sections 9 and 10.
# You can skip their branches for now. The table says which losses train which layers (real/fake is short for the losses
# of a plain GAN):
#
# | variant | trunk | head of $D$ | head of $Q$ | $G$ |
# |---|---|---|---|---|
# | `paper` | real/fake, $L_I$ | real/fake | $L_I$ | real, $L_I$ |
# | `control` | real/fake, $L_I$ | real/fake | $L_I$ | real |
# | `head` | real/fake | real/fake | $L_I$, in `gan` | real, $L_I$ |
#
# $L_I$ has two parts here, one for the category and one for the two codes, with the weights $\lambda_1$ and
# $\lambda_2$.

# %%
VARIANTS = ("paper", "head", "control")
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0
LOSSES = dict.fromkeys(("real", "fake", "validity"), adversarial_loss) | {"category": category_loss, "code": code_loss}


def compiled(model, learning_rate, weights, **options):
    """Gives a composite its optimizer and the losses of its outputs; weights: name of the output -> weight."""
    losses = {name: LOSSES[name] for name in weights}
    model.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), losses, loss_weights=weights, **options)
    return model


# %%
def define_discriminator(d_and_q, learning_rate=5e-4, variant="paper", lambda_1=0.2, lambda_2=1.0):
    """The model that trains D and Q: real and generated images to D's logits of both and Q's guesses for the latter."""
    real, fake = (keras.Input(d_and_q.input.shape[1:], name=name) for name in ("x", "x_fake"))
    of_real, of_fake = d_and_q(real), d_and_q(fake)  # two calls: each kind has its own batch statistics
    outputs, weights = {"real": of_real["validity"], "fake": of_fake["validity"]}, {"real": 1.0, "fake": 1.0}
    if variant != "head":
        outputs |= {"category": of_fake["category"], "code": of_fake["code"]}
        weights |= {"category": lambda_1, "code": lambda_2}
    frozen = [d_and_q.get_layer(name) for name in Q_HEAD] if variant == "head" else []  # there, `gan` trains Q's head
    return compiled(Composite([real, fake], outputs, frozen=frozen, name="discriminator"), learning_rate, weights)


# %%
def define_gan(generator, d_and_q, learning_rate=1e-3, variant="paper", lambda_1=0.2, lambda_2=1.0):
    """Trains G (and Q's head in "head"): latent inputs to the outputs of D and Q for the generated image."""
    d = [d_and_q.get_layer(name) for name in ("trunk", "validity")]
    frozen = d if variant == "head" else [d_and_q]
    gan = Composite(generator.inputs, d_and_q(generator.output), frozen=frozen, name="gan")
    readable = float(variant != "control")
    weights = {"validity": 1.0, "category": lambda_1 * readable, "code": lambda_2 * readable}
    return compiled(gan, learning_rate, weights, metrics={"category": mutual_information})


# %% [markdown]
# The learning rate of $G$, 0.001, and $\lambda_2 = 1$ are those of the authors' program. Two numbers are ours, chosen
# on validation images: $D$ and $Q$ learn at 0.0005 instead of 0.0002, and $\lambda_1$ is 0.2 instead of 1 (and 0.1
# where there is time for six epochs). With $\lambda_1 = 1$ the categories got their meaning early, while the images
# were still blurred. In our few trials more of them shared digits then, but the numbers vary much from seed to seed.
# (The results page has them.)
#
# ## 5. One training step
#
# Two updates, by hand. What should the first losses be? (All logarithms are natural.) A $D$ that guesses has the loss
# $\log 2 = 0.69$. A $Q$ that guesses one of ten categories has $\log 10 = 2.30$. A $Q$ whose outputs $\mu$ are always 0
# has a code loss of 0.33 (exercise 2 asks why). In the second update the losses of $Q$ are lower: it has just been
# trained on the images of the same codes.

# %% tags=["active-ipynb"]
# discriminator, gan = define_discriminator(d_and_q), define_gan(generator, d_and_q)
# x, real_target, fake_target = gb.to_float(data.images[:64]), np.ones((64, 1)), np.zeros((64, 1))
# z, code = np.random.uniform(-1, 1, (64, NOISE)), np.random.uniform(-1, 1, (64, CODES))
# category = np.random.randint(0, CATEGORIES, 64)
# x_fake = generator([z, category, code], training=True)
# d_target = {"real": real_target, "fake": fake_target, "category": category, "code": code}
# g_target = {"validity": real_target, "category": category, "code": code}
# updates = {
#     "1. D and Q": discriminator.train_on_batch([x, x_fake], d_target, return_dict=True),
#     "2. G through the frozen D and Q": gan.train_on_batch([z, category, code], g_target, return_dict=True),
# }
# for name, logs in updates.items():
#     print(f"{name:32}", ", ".join(f"{key} {value:.2f}" for key, value in logs.items() if key.endswith("_loss")))

# %% [markdown]
# The same two updates as a method `turns`. Each `yield` has a dictionary of targets, one for each output of the model.
# The labels of the data set are not used. For $G$, the inputs are sampled again, so that it is not trained on the
# images that $D$ and $Q$ have just seen. `reader` is $D$ and $Q$ with averaged weights, as `sampler` is the averaged
# generator.


# %%
class InfoGAN(GAN):
    """G with a code, D and Q on one trunk; `reader` is the moving average of D and Q, or `d_and_q` itself."""

    verdicts = ("real", "fake")  # the outputs that say real or fake, for the book's `train` to watch

    def __init__(self, generator, d_and_q, discriminator=None, gan=None, average=0.0, seed=0):
        discriminator = discriminator or define_discriminator(d_and_q)
        super().__init__(generator, discriminator, gan or define_gan(generator, d_and_q), average, seed)
        self.d_and_q, self.reader = d_and_q, self.track_average(d_and_q, average)

    def turns(self, images, labels=None):
        n, x = ops.shape(images)[0], to_float(images)
        z, category, code = self.latent_inputs(n)
        x_fake = self.generator([z, category, code], training=True)
        target = {"real": ops.ones((n, 1)), "fake": ops.zeros((n, 1)), "category": category, "code": code}
        # In "head" the discriminator has no outputs for the codes.
        target = {name: value for name, value in target.items() if name in self.discriminator.output}
        yield "d", self.discriminator, [x, x_fake], target  # max log D(x) + log(1 - D(G(z, c))) + lambda L_I
        z, category, code = self.latent_inputs(n)
        target = {"validity": ops.ones((n, 1)), "category": category, "code": code}
        yield "g", self.gan, [z, category, code], target  # max log D(G(z, c)) + lambda L_I


# %% [markdown]
# ## 6. Training with `fit`
#
# One epoch, three to five minutes on a laptop. `fit` gets the images alone.

# %% tags=["active-ipynb"]
# model = InfoGAN(define_generator(), define_d_and_q(), average=0.99)
# model.compile()
# history = model.fit(data.images, batch_size=64, epochs=1, verbose=2)

# %% tags=["active-ipynb"]
# def ten_rows(generator, title):
#     category = np.repeat(np.arange(CATEGORIES), 10)  # ten times category 0, ten times category 1, ...
#     rows = [f"category {k}" for k in range(CATEGORIES)]
#     return gb.show(gb.draw(generator, category, seed=1), rows=rows, title=title)
#
#
# ten_rows(model.sampler, f"InfoGAN after one epoch ({-(-LIMIT // 64)} steps)")

# %% [markdown]
# The rows already differ from each other. Some show one digit, others mix several. In the log,
# `g_category_mutual_information` is $L_I$ of the category, as a mean over the epoch: already about 2.1, near its limit
# of 2.3. It gets high early, when many rows still mix digits. $Q$ can use any difference that it can see: "a slanted
# stroke" can be read as easily as "a seven". (Section 6 of the paper says it, too: $L_I$ converges faster than the
# losses of the GAN.)
#
# ## 7. A longer training
#
# The networks that come with the book were trained for longer: `gan-book train infogan --preset full --seed 1`.
# (Another seed gives another result, see section 8.) From here on we use them. Which category becomes which digit is
# chance.

# %% tags=["active-ipynb"]
# from gan_book.paths import PRETRAINED
# from gan_book.training.runs import Run
#
# run = Run(PRETRAINED / "infogan")
# generator, reader = run.load("generator"), run.load("reader")
# ten_rows(generator, f"InfoGAN after {run.report['steps']:,} steps")

# %% [markdown]
# Now the continuous codes. All images have the same $z$, and each row has one category. From left to right one code
# goes from -2 to 2, twice as far as in training, as in figure 2 of the paper. The other code is 0.

# %% tags=["active-ipynb"]
# def turn_code(generator, number, steps=9):
#     values = np.linspace(-2, 2, steps)
#     codes = np.zeros((CATEGORIES * steps, CODES), "float32")
#     codes[:, number - 2] = np.tile(values, CATEGORIES)
#     z = np.repeat(gb.latent_points(generator, 1, seed=3), len(codes), axis=0)
#     images = gb.draw(generator, np.repeat(np.arange(CATEGORIES), steps), z=z, codes=codes)
#     rows, columns = [f"category {k}" for k in range(CATEGORIES)], [f"{value:+.1f}" for value in values]
#     return gb.show(images, rows=rows, columns=columns, title=f"InfoGAN: code c{number} from -2 to 2")
#
#
# turn_code(generator, 2)

# %% tags=["active-ipynb"]
# turn_code(generator, 3)

# %% [markdown]
# In the paper, one code changes the rotation of the digits and the other one their width. Is it so here? Slant and
# width can be measured from the pixels, and so can the width of the strokes. We do so for 2,000 generated images, and
# compute the **correlation** $r$ of each property with each code: 1 or -1 if the relation is exactly linear, 0 if there
# is no linear relation. (`code_correlations` first subtracts the mean of each category, because a 7 slants more than a
# 0 anyway.)

# %% tags=["active-ipynb"]
# from chapters.ch07_infogan.codes import PROPERTIES, code_correlations
#
# for number, r in enumerate(code_correlations(generator, samples=2000, seed=0), start=2):
#     print(f"c{number}", ", ".join(f"{name} {value:+.2f}" for name, value in zip(PROPERTIES, r)))

# %% [markdown]
# Here both codes change the slant, about equally. With a larger $c_2$ the digits also become broader, with a larger
# $c_3$ narrower. So the network has found the two properties of the paper, but each code changes a mixture of both. If
# you move both codes together, the digits only slant: the sum $c_2 + c_3$ has a correlation of -0.84 with the slant
# (nearly the two numbers above, added and divided by $\sqrt 2$). If you move one up and the other down, mainly the
# width changes (0.51, in the same way from the difference). The loss treats $c_2$ and $c_3$ in the same way, so it has
# no reason to prefer one direction. In two of our five trainings a single code changes the slant. In the other three
# both do.
#
# ## 8. How good is it?
#
# Six numbers:
#
# - **Code accuracy.** It is about the category alone. The labels are used only now, after the training. $Q$ gives each
#   *real* test image a category. We match the ten categories with the ten digits, one to one, so that as many images as
#   possible are right (the Hungarian method finds the best matching). The share of right images is the code accuracy.
#   The paper reports an error of 5 %. ($Q$'s own loss uses generated images only. It works for real ones only if the
#   generated images look real.)
# - **$L_I$** of the category, for generated images, in nats. The limit is 2.303.
# - **|r| with slant, |r| with digit width**: the larger of the two codes' correlations, without its sign.
# - **Fréchet distance** and **recall**: see chapter 6.

# %% tags=["active-ipynb"]
# from gan_book.metrics import score_lines
#
# six = "code_accuracy", "information", "slant", "digit_width", "frechet_distance", "recall"
# print(*score_lines(run.report["measured"], six), sep="\n")

# %% [markdown]
# Which digits does $Q$ confuse? Each row of the next picture is a digit, each column a category. The numbers count
# validation images. The columns are sorted, so that matched digits and categories meet on the diagonal.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
#
# from chapters.ch07_infogan.codes import categories_of, cluster_agreement
#
# found = categories_of(reader, data.val_images).argmax(axis=1)
# counts = np.zeros((data.num_classes, CATEGORIES), int)
# np.add.at(counts, (data.val_labels, found), 1)
# agreement = cluster_agreement(found, data.val_labels)
# order = sorted(range(CATEGORIES), key=agreement["matching"].get)
# counts = counts[:, order]
# plt.figure(figsize=(6, 6))
# plt.imshow(counts, cmap="gray_r")
# for (row, column), count in np.ndenumerate(counts):
#     plt.text(column, row, count, ha="center", va="center", color="white" if count > counts.max() / 2 else "black")
# plt.title(f"Real digits and the categories of Q: code accuracy {agreement['accuracy']:.1%}")
# plt.xlabel("category")
# plt.ylabel("digit")
# _ = plt.xticks(range(CATEGORIES), order), plt.yticks(range(data.num_classes), data.class_names)

# %% [markdown]
# **A warning.** $L_I$ does not tell you whether the categories are digits. *Any* ten kinds of images that $Q$ can tell
# apart will do. Suppose that two categories both contain 4s and 9s, in two styles of writing. For $Q$ they are as easy
# to read as two digits. Another seed gives another result, so one training proves little. The network above is the best
# of five trainings: it has the highest code accuracy on the validation images. (In other numbers it is not the best.)
# The others have code accuracies between 76 and 89 %.
#
# ## 9. When it fails
#
# We take $L_I$ away from the generator, as the authors did for their figure 1. $Q$ is still trained to read the code.
# But there is almost nothing to read, because $G$ has no reason to use it.

# %% tags=["active-ipynb"]
# def train_with(variant, images=24_000):
#     generator, d_and_q = define_generator(), define_d_and_q()
#     both = define_discriminator(d_and_q, variant=variant), define_gan(generator, d_and_q, variant=variant)
#     model = InfoGAN(generator, d_and_q, *both, average=0.99)
#     model.compile()
#     model.fit(data.images[:images], batch_size=64, epochs=1, verbose=0)
#     asked = np.arange(2000) % CATEGORIES
#     log_q = categories_of(model.reader, gb.draw(model.sampler, asked))[np.arange(2000), asked]  # log Q(c_1|x)
#     found = categories_of(model.reader, data.val_images).argmax(axis=1)
#     accuracy = cluster_agreement(found, data.val_labels)["accuracy"]
#     print(f"L_I {log_q.mean() + np.log(CATEGORIES):.3f} nats, code accuracy {accuracy:.0%}")
#     return model.sampler
#
#
# ten_rows(train_with("control"), "Control: the generator is not trained with L_I")

# %% [markdown]
# Each row is a mixture: the category changes nothing that you could name. *You recognise the failure by $L_I$*, which
# is near 0: the category is not used. (A high $L_I$ only says that it is used, not for what.) The code accuracy is
# still far above 10 %. $Q$ still gives similar images the same category, although $G$ does not use the category. And
# the matching takes the best of all assignments of categories to digits. So chance is more than 10 %.
#
# **The repair** is $L_I$ in the loss of $G$. That is section 6: there the rows differ, and $L_I$ is near its limit.
# (The training of section 6 has about twice as many steps.)
#
# ## 10. Going further
#
# **Categories that are digits more often.** The notebook `iic` adds a loss on *real* images: two transformed versions
# of an image should get the same category. It is not part of the paper.
#
# **The variant `head`** is what many books use: the composite trains $G$ and the last layers of $Q$, and the trunk
# learns from $D$'s loss alone.
#
# **Your own pictures.** `gb.load("path/to/folder", image_size=32)`, as in chapter 6. (The sides must be multiples of
# 4.)
#
# ## 11. Exercises
#
# *To answer from the text and the output*
#
# 1. What is the limit of $L_I$ with 20 categories instead of 10? With ten categories, what is $L_I$ if $Q$ gives each
#    of them the probability 1/10 for every image?
# 2. Why is the code loss 0.33 when $Q$ always answers $\mu = 0$?
# 3. How many weights do $D$ and $Q$ share, and how many has $Q$ alone? (Look at the summary.)
#
# *To run*
#
# 4. `train_with("paper", images=55_000)` three times, each with another seed (`keras.utils.set_random_seed`). How much
#    does the code accuracy differ? How much does $L_I$?
# 5. `train_with("head", images=55_000)`. Is the code still readable? Compare the code accuracy with that of `"paper"`.
# 6. Load `fashion_mnist` in section 1 and run sections 1 to 6 again. Which clothes share a category?
#
# *To write*
#
# 7. Write `matched_accuracy(categories, labels)`, the code accuracy, with `scipy.optimize.linear_sum_assignment`.
#    Check: `from chapters.ch07_infogan import exercises`, then `exercises.check_matched_accuracy(matched_accuracy)`.
# 8. In the paper, $Q$ also learns the standard deviation $\sigma$ of each code. Write `normal_loss(code, guess)`:
#    `guess` is ``[n, 2d]``, first the means, then $\log \sigma$, and the result is $-\log Q(c \mid x)$ with all
#    constants. Check: `exercises.check_normal_loss(normal_loss)`.
#
# *A project*
#
# 9. Take a few hundred pictures of three kinds and mix them. Train an InfoGAN with three categories on them. Write one
#    page: what did the categories become? Which number would tell you so if you had no labels at all?
#
# <details><summary>Answers</summary>
#
# 1. $\ln 20 = 2.996$ nats: the cross-entropy cannot be negative, so $L_I$ is at most $H(c_1)$. For "one in ten",
#    $L_I = -\ln 10 + \ln 10 = 0$.
# 2. The mean of $c^2$, for $c$ uniform between -1 and 1, is 1/3. Two codes, each with half of it: $2 \cdot \tfrac12
#    \cdot \tfrac13 = 0.33$.
# 3. The trunk has 6,559,296 weights. The head of $Q$ has 133,132, and that of $D$ 1,025.
# 4. Expect hardly any difference in $L_I$, and a clear one in the code accuracy. $L_I$ cannot tell a good training from
#    a bad one.
# 5. Expect a readable code: $L_I$ rises, too.
# 6. Expect shirts, pullovers and coats in one category: they look alike.
# 7. and 8. `exercises.matched_accuracy_solution` and `exercises.normal_loss_solution`, in
#    `chapters/ch07_infogan/exercises.py`.
# 9. $L_I$ tells only that the categories are readable. Look at the rows. The notebook `iic` has a number that can be
#    computed from real images without labels.
#
# </details>

# %% [markdown]
# ## Appendix: the command line
#
# As in chapter 6: `gan-book train infogan --preset full` in a shell. `smoke` is for tests. `quick` has one epoch.
# `full` has six, and a smaller $\lambda_1$: it needs longer until the categories are read. `book` is the authors'
# program: about 5,000 steps of 128 images, their rates, and no moving average.


# %%
@dataclass(frozen=True)
class InfoGANSettings(Settings):
    """`variant`: see section 4; `lambda_1`, `lambda_2`: weights of L_I of the category and of the continuous codes."""

    variant: str = "paper"
    lambda_1: float = 0.2
    lambda_2: float = 1.0
    learning_rate: float = 5e-4
    generator_learning_rate: float = 1e-3
    average: float = 0.999


QUICK = InfoGANSettings(data="mnist", epochs=1, batch_size=64)
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=6, lambda_1=0.1),
    "book": replace(QUICK, epochs=12, batch_size=128, learning_rate=2e-4, lambda_1=1.0, average=0.0),
}


# %%
def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: no such variant, or images that the networks cannot make.
    """
    require_buildable(settings, dataset)
    shape, variant, lambdas = dataset.image_shape, settings.variant, (settings.lambda_1, settings.lambda_2)
    d_and_q, generator = define_d_and_q(shape), define_generator(shape)
    discriminator = define_discriminator(d_and_q, settings.learning_rate, variant, *lambdas)
    gan = define_gan(generator, d_and_q, settings.generator_learning_rate, variant, *lambdas)
    return InfoGAN(generator, d_and_q, discriminator, gan, settings.average, settings.seed)


def require_buildable(settings, dataset, variants=VARIANTS):
    """Raises BookError for another variant, or for images whose sides the generator cannot make."""
    require_choice("variant", settings.variant, variants)
    height, width, _ = dataset.image_shape
    if height % 4 or width % 4:
        raise BookError(f"the sides must be multiples of 4, not {height} x {width}; set --image-size, such as 32")


# %%
LESSON = Lesson(
    name="infogan",
    title="InfoGAN (Chen et al. 2016)",
    folder="ch07_infogan",
    presets=PRESETS,
    build=build,
    next_step="Next: turn a code with `gan-book interpolate infogan --run {run} --code 2:-2..2 --out walk.gif`.",
    kept=("reader",),
    measure=measure,
    task=Generation(balanced=False),  # a limit is chosen at random: equally many of each class would need the labels
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
