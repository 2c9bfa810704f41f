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
# # Measuring further: how many images, resizing, what D has learned, what people see
#
# Four questions that the notebook `evaluation` leaves open:
#
# - How many *different* images can a generator make?
# - What happens if images are resized carelessly before they are measured?
# - $D$ has learned to tell real from generated images, without any labels. Has it learned something about clothing?
# - Can *you* tell real from generated images?

# %%
import keras
import numpy as np
from keras import layers
from scipy.linalg import solve

from gan_book.networks import dcgan_features, to_float

WIDTH = 16  # maps of the first convolution in section 3: half as many as in chapter 6, to save time

# %% tags=["active-ipynb"]
# from keras import ops
# from scipy.spatial.distance import cdist
#
# import gan_book as gb
# from chapters.ch06_cgan import cgan
# from gan_book import metrics
# from gan_book.paths import PRETRAINED
#
# keras.utils.set_random_seed(0)
# rng = np.random.default_rng(0)
# LIMIT = 12_000  # training images for the networks of section 3
# data = gb.load("fashion_mnist")
# generator = gb.load_network(PRETRAINED / "cgan" / "generator.keras")  # that of chapter 6
# classifier = metrics.load_classifier("fashion_mnist")

# %% [markdown]
# ## 1. How many different images are there?
#
# A generator that makes only 100 different images is useless, however good they are. How many can ours make? You cannot
# count them. But there is a trick: in a room of 23 people it is likely that two have the same birthday, although there
# are 365 days. Of $N$ equally likely images, $s$ samples contain two equal ones with the probability
#
# $$ 1 - \prod_{i=0}^{s-1} \Big(1 - \frac{i}{N}\Big) \approx 1 - e^{-s^2 / 2N}. $$
#
# There are $s (s - 1) / 2$ pairs, and each pair is equal with the probability $1 / N$. So from the number of equal
# pairs you can estimate $N$. [Arora and Zhang (2017)](https://arxiv.org/abs/1706.08224) do this for GANs.


# %%
def chance_of_a_pair(samples, support):
    """The probability that two of so many samples are equal, if `support` different ones are equally likely."""
    return 1 - np.prod(1 - np.arange(samples) / support)


def estimated_support(samples, equal_pairs):
    """How many different images there are, if so many pairs of so many samples are equal."""
    return samples * (samples - 1) / 2 / equal_pairs


# %% tags=["active-ipynb"]
# print(f"23 people, 365 days: {chance_of_a_pair(23, 365):.0%}")
# chosen = rng.integers(100, size=60)  # 60 samples of a "generator" with 100 images
# pairs = sum(np.sum(chosen[i] == chosen[i + 1 :]) for i in range(len(chosen)))
# print(f"60 samples of 100 images: {pairs} equal pairs, so we estimate {estimated_support(60, pairs):.0f} images")

# %% [markdown]
# The images of a real generator are never exactly equal. So Arora and Zhang list the most similar pairs, and a person
# decides whether they show the same thing. Here are the most similar pairs among 500 generated ankle boots, and among
# 500 real ones.

# %% tags=["active-ipynb"]
# def similar_pairs(images, count=5):
#     distances = cdist(*[images.reshape(len(images), -1).astype(float)] * 2)
#     distances[np.tril_indices(len(images))] = np.inf  # each pair once, and no image with itself
#     first, second = np.unravel_index(np.argsort(distances, axis=None)[:count], distances.shape)
#     print(f"the most similar pair: {distances.min() / 28:.1f} levels of 255")
#     return images[np.stack([first, second], axis=1).ravel()]
#
#
# boot = data.label_index("Ankle boot")
# real_boots = data.images[data.labels == boot][:500]
# made_boots = gb.draw(generator, np.full(500, boot), seed=1)
# rows = {"generated": similar_pairs(made_boots), "real": similar_pairs(real_boots)}
# gb.show(rows, columns=["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"], title="The five most similar pairs of 500")

# %% [markdown]
# Are the generated pairs the same boot? If 500 samples contained one such pair, the support would be around 125,000
# images of this class. **Broken:** the answer depends on who looks. The estimate also assumes that all images are
# equally likely: a generator with one favourite image and a million others seems to have few.
#
# ## 2. Resizing
#
# This trap is not in a formula. A network takes images of one size. Yours have another, so somebody resizes them.
# Making an image smaller without *antialiasing* keeps some pixels and throws others away. With antialiasing, all pixels
# are averaged. Here are the same real images, made smaller in both ways, and enlarged again.

# %% tags=["active-ipynb"]
# def small_and_back(images, antialias, side=10):
#     small = ops.image.resize(images.astype("float32"), (side, side), antialias=antialias)
#     back = ops.image.resize(small, images.shape[1:3], interpolation="bicubic")
#     return np.clip(np.rint(ops.convert_to_numpy(back)), 0, 255).astype("uint8")
#
#
# with_it, without = (small_and_back(data.test_images[:2000], antialias) for antialias in (True, False))
# f_with, f_without = classifier.features(with_it), classifier.features(without)
# distance = metrics.frechet_distance(f_with, f_without)
# print(f"the same 2,000 images, resized in two ways: Fréchet distance {distance:.2f}")
# rows = {"real": data.test_images[:8], "with antialiasing": with_it[:8], "without": without[:8]}
# gb.show(rows, title="28 pixels to 10 and back to 28")

# %% [markdown]
# Nothing was generated here, and yet the distance is more than ten times that of the generator from real images (0.17,
# notebook `evaluation`). The lines of the shirt at the right have become a wrong pattern: this is *aliasing*. [Parmar
# et al. (2022)](https://arxiv.org/abs/2104.11222) found that programs in use differ in just this, and in the quality of
# the JPEG files they save. So treat real and generated images alike, from the first pixel to the last.
#
# ## 3. What has D learned?
#
# In chapter 3, $D$ was trained to tell real from generated images. Nobody told it what a shirt is. But to do its work
# it needs features of images. [Radford et al. (2015)](https://arxiv.org/abs/1511.06434), section 5.1, ask how good they
# are: freeze $D$, and train only a *linear* classifier on the outputs of its convolutions. This is called a **linear
# probe**. If it is good with few labels, then $D$ has learned something about the classes without labels. Their result:
# 82.8 % on CIFAR-10, with a $D$ that was trained on another set, ImageNet.
#
# First, a $D$ without labels. The GAN of chapter 6 with a single class is a GAN like that of chapter 3. Training takes
# about six minutes.

# %% tags=["active-ipynb"]
# images, labels = data.images[:LIMIT], data.labels[:LIMIT]
# discriminator = cgan.define_discriminator(num_classes=1, width=WIDTH)
# untrained = cgan.define_discriminator(num_classes=1, width=WIDTH)
# gan = cgan.ConditionalGAN(cgan.define_generator(num_classes=1, width=WIDTH), discriminator, average=0.99)
# gan.compile()
# gan.fit(images, np.zeros(len(images), "int32"), batch_size=64, epochs=3, verbose=2)
# gb.show(gb.draw(gan.sampler, np.zeros(10), seed=0), title="What the generator of this short training makes")

# %% [markdown]
# The features: as in the paper, the outputs of all convolutions. Max pooling makes each of them 4 x 4 pixels. Our $D$
# has three convolutions with 16, 32 and 64 maps, so there are $16 \cdot (16 + 32 + 64) = 1{,}792$ numbers.


# %%
def pooled_features(discriminator, side=4):
    """A model from images ``[n, h, w, c]`` in [-1, 1] to the outputs of all convolutions of D, pooled: ``[n, d]``."""
    image = discriminator.inputs[0]
    pooled = []
    for layer in discriminator.layers:
        if isinstance(layer, layers.LeakyReLU):
            size = -(-layer.output.shape[1] // side)
            pooled.append(layers.Flatten()(layers.MaxPooling2D(size, padding="same")(layer.output)))
    return keras.Model(image, layers.Concatenate()(pooled))


# %% [markdown]
# The linear classifier: each class has the target 1 for its own images and -1 for all others, and the weights $w$
# minimise the squared error plus $\alpha |w|^2$. This is ridge regression, and the best weights are the solution of a
# linear system, $(X^\top X + \alpha I)\, w = X^\top t$. (Radford et al. use the hinge loss instead, an L2-SVM.) The
# strength $\alpha$ is chosen on the validation images.


# %%
def probe(x, y, x_val, y_val, x_test, y_test, alphas=(1e1, 1e3, 1e5)):
    """The test accuracy of a linear classifier trained on features ``[n, d]`` and labels ``[n]``, from 0 to 1."""
    mean, std = x.mean(axis=0), x.std(axis=0) + 1e-3
    x, x_val, x_test = ((part - mean) / std for part in (x, x_val, x_test))
    targets = 2.0 * np.eye(10, dtype=x.dtype)[y] - 1
    centered, best = targets - targets.mean(axis=0), (-1.0, 0.0)
    few = len(x) < x.shape[1]  # then w = X'(X X' + alpha I)^-1 t: the same weights, from a smaller system
    gram = x @ x.T if few else x.T @ x
    for alpha in alphas:
        system = gram + alpha * np.eye(len(gram))
        w = x.T @ solve(system, centered, assume_a="pos") if few else solve(system, x.T @ centered, assume_a="pos")
        scores = [
            np.mean((part @ w.astype(x.dtype) + targets.mean(axis=0)).argmax(axis=1) == y_part)
            for part, y_part in ((x_val, y_val), (x_test, y_test))
        ]
        best = max(best, tuple(scores))  # the validation accuracy decides
    return float(best[1])


# %% [markdown]
# The baselines: the pixels themselves; their 64 principal components (PCA); and the same $D$ *without any training*.
# Random convolutions are better features than you might think. The last row is no probe: a network with the same
# convolutions, all of whose weights are trained with the labels.


# %%
def supervised(x, y, x_test, y_test, steps=400):
    """The test accuracy of a network with D's convolutions, trained on images ``[n, h, w, c]`` and labels ``[n]``."""
    image = keras.Input(x.shape[1:])
    # Short memory of the batch statistics: with Keras's 0.99 they would still be those of the untrained network.
    features = dcgan_features(image, WIDTH, lambda: layers.BatchNormalization(momentum=0.9))
    network = keras.Model(image, layers.Dense(10)(features))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(1e-3), loss)
    rows = np.random.default_rng(0).integers(len(x), size=64 * steps)
    network.fit(to_float(x[rows]), y[rows], batch_size=64, verbose=0)
    return float(np.mean(network.predict(to_float(x_test), verbose=0).argmax(axis=1) == y_test))


# %% tags=["active-ipynb"]
# from sklearn.decomposition import PCA
#
# parts = images, data.val_images[:2000], data.test_images[:5000]
# answers = labels, data.val_labels[:2000], data.test_labels[:5000]
# pixels = [part.reshape(len(part), -1).astype("float32") / 255 for part in parts]
# components = PCA(64, random_state=0).fit(pixels[0])
# features = {"pixels": pixels, "PCA": [components.transform(part).astype("float32") for part in pixels]}
# for name, network in (("D, untrained", untrained), ("D, trained", discriminator)):
#     model = pooled_features(network)
#     features[name] = [model.predict(gb.to_float(part), batch_size=500, verbose=0) for part in parts]

# %% tags=["active-ipynb"]
# print(f"{'labels':20}", *(f"{n:>8,}" for n in (100, 1000, LIMIT)))
# for name, (x, x_val, x_test) in features.items():
#     found = [probe(x[:n], labels[:n], x_val, answers[1], x_test, answers[2]) for n in (100, 1000, LIMIT)]
#     print(f"{name:20}", *(f"{accuracy:8.1%}" for accuracy in found))
# found = [supervised(images[:n], labels[:n], parts[2], answers[2]) for n in (100, 1000, LIMIT)]
# print(f"{'supervised network':20}", *(f"{accuracy:8.1%}" for accuracy in found))

# %% [markdown]
# Read the table from top to bottom. (Each number is one training; a difference of a point says nothing.)
#
# - The *untrained* $D$ is already better than the pixels and than PCA, with any number of labels.
# - With 1,000 or more labels, the trained $D$ is a little better than the untrained one. This is hardly more than what
#   one training can differ by chance. With 100 labels it is not better. So most of what looks like the work of the GAN
#   is the work of convolutions and pooling. Without the row "untrained" we would not have noticed.
# - The supervised network does not win here. It is small, and trained for 400 steps only. (Real classifiers of clothing
#   are better: the one in section 2 of the notebook `evaluation` is right on 92.6 % of the test images.)
#
# So a linear probe needs its baselines, and the untrained network is the most important one.
#
# ## 4. What do you see?
#
# The oldest measure is a person. Salimans et al. (2016) showed real and generated images to people on the web. On
# CIFAR-10 these people were wrong about 21.3 % of the images. Who can only guess is wrong about 50 %. So an error near
# 50 % is what a generator wants to see.
#
# Now it is your turn. The next picture has ten real and ten generated images in random order. Type the numbers of those
# that you take for *generated*, with spaces between them. (If nobody is there to answer, for example because a program
# runs the notebook, the computer guesses.)


# %%
def mixed(real, generated, seed=0):
    """Real and generated images ``[n, h, w, c]`` in random order, and for each whether it was generated: ``[2n]``."""
    images = np.concatenate([real, generated])
    is_generated = np.arange(len(images)) >= len(real)
    order = np.random.default_rng(seed).permutation(len(images))
    return images[order], is_generated[order]


def judgement(count, ask=input, seed=0):
    """Asks which of `count` images were generated, numbers from 1; guesses by chance if nobody can answer.

    Returns:
        ``(answers, who)``: bool ``[count]``, True for "generated"; "you" or "chance".
    """
    try:
        text = ask("numbers of the generated images: ")
        numbers = [int(word) for word in text.replace(",", " ").split()]
    except (EOFError, NotImplementedError, OSError, ValueError):  # no keyboard, or no numbers
        return np.random.default_rng([seed, 1]).permutation(count) < count // 2, "chance"
    return np.isin(np.arange(1, count + 1), numbers), "you"


# %% tags=["active-ipynb"]
# n = 10
# chosen = rng.permutation(len(data.test_images))[:n]
# made = gb.draw(generator, data.test_labels[chosen], seed=7)  # the same classes
# shown, is_generated = mixed(data.test_images[chosen], made)
# gb.show(shown, rows=["1 to 10", "11 to 20"], title="Ten of these twenty images were generated. Which?")

# %% tags=["active-ipynb"]
# answers_given, who = judgement(2 * n)
# error = np.mean(answers_given != is_generated)
# spread = np.sqrt(0.25 / (2 * n))
# print(f"{who}: wrong about {error:.0%} of the images; by chance 50 % ± {spread:.0%}")
# rows = {"real": shown[~is_generated], "generated": shown[is_generated]}
# gb.show(rows, title="The answer")

# %% [markdown]
# **Broken.** With 20 images, your error has a spread of 11 points by chance alone. To know it to three points, you need
# about 280 images. People also get better with practice, when they are told the right answers. And nobody sees mode
# collapse in this way: one perfect picture, shown once, is perfect. ([Zhou et al.
# 2019](https://arxiv.org/abs/1904.01121) describe how to do it well.)
#
# ## 5. Exercises
#
# 1. (To read off) Why does the untrained $D$ do better than the pixels, although it has learned nothing?
# 2. (To run) Use only the last convolution of $D$ for the probe. Is it better or worse than all three?
# 3. (To run) Judge 40 images, twice. Is your second error smaller?
#
# <details><summary>Answers</summary>
#
# 1. Its random convolutions react to edges and spots, and max pooling makes the answer independent of the exact place.
#    A linear classifier on pixels can do neither.
# 2. Compare with the row "D, trained". The last one is the nearest to the question "real or generated?".
# 3. Usually. You learn what the generator does badly: straps, logos, fine prints.
#
# </details>
