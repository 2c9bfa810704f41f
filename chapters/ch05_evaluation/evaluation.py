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
# # Measuring a GAN
#
# ![Eight sets of images: real ones, generated ones, and six sets that cheat](cheats.png)
#
# Eight sets of images. The first one is real, the second one was generated. The other six *cheat*: no generator is
# needed to make them, and each of them looks excellent in some measure. Some of them beat every GAN in this book. So a
# single number never tells you whether a generator is good.
#
# In this chapter you will
#
# - write the five usual measures yourself, each in a few lines of NumPy: inception score, Fréchet distance, kernel
#   distance, precision and recall;
# - find copies of training images;
# - *break* every one of these measures, so that you know what each number cannot tell.
#
# You should know what a GAN is (chapter 2), and the failures of chapter 4, above all mode collapse. The second notebook
# of this chapter, `further`, asks how many different images a generator can make, what careless resizing does, what $D$
# has learned, and what people see.

# %%
import numpy as np
from scipy.spatial.distance import cdist

# %% [markdown]
# ## 1. The data and two sets to compare
#
# We measure clothing, Fashion-MNIST: 28 x 28 grey pixels, ten classes. The generated images come from the generator of
# chapter 6. You do not need to know it yet. It is a GAN that can be asked for a class, and here it makes as many images
# of each class.

# %% tags=["active-ipynb"]
# import gan_book as gb
# from gan_book import metrics
# from gan_book.paths import PRETRAINED
#
# LIMIT = 5_000  # images on each side; with fewer, the cells below are faster and the distances larger
# data = gb.load("fashion_mnist")
# rng = np.random.default_rng(0)
# train, test = data.images[rng.permutation(len(data.images))[: 2 * LIMIT]], data.test_images[: 2 * LIMIT]
# generator = gb.load_network(PRETRAINED / "cgan" / "generator.keras")
# generated = gb.draw(generator, np.arange(LIMIT) % 10, seed=0)
# rows = {"real": test[:10], "generated": generated[:10]}
# gb.show(rows, title="Fashion-MNIST: ten real test images and ten generated images")

# %% [markdown]
# **Which real images?** There are three kinds. The generator was trained on the *training* images. Settings were chosen
# on *validation* images. So we compare with *test* images, which nothing has seen before. A generator that copies its
# training images would be perfect if we compared with these.
#
# ## 2. The features
#
# How far is a generated image from a real one? The difference of pixels is a bad answer. Move a coat by one pixel, and
# nothing has changed for you. But many pixels have changed. So we do not compare pixels, but **features**: the numbers
# in one of the last layers of a trained classifier. The papers use Inception, a large network for colour photographs.
# The book has a small classifier for each of its data sets. Its last layer but one has 96 numbers, and its last layer
# gives the probabilities of the ten classes.

# %% tags=["active-ipynb"]
# classifier = metrics.load_classifier("fashion_mnist")
# f_test, p_test = classifier.outputs(test)
# f_made, p_made = classifier.outputs(generated)
# f_train, _ = classifier.outputs(train)
# print("features of the test images:", f_test.shape, " class probabilities:", p_test.shape)
# print(f"the classifier is right on {np.mean(p_test.argmax(1) == data.test_labels[: 2 * LIMIT]):.1%} of them")

# %% [markdown]
# How large are the two distances in the example with the coat? We compare each image with itself, moved by one pixel,
# and with another image, chosen at random.

# %% tags=["active-ipynb"]
# from chapters.ch05_evaluation.cheats import shifted
#
#
# def mean_distance(a, b):
#     return np.linalg.norm(a.reshape(len(a), -1).astype(float) - b.reshape(len(b), -1), axis=1).mean()
#
#
# moved = shifted(test[:500])
# f_moved = classifier.features(moved)
# for name, a, b in (("pixels", test[:500], moved), ("features", f_test[:500], f_moved)):
#     ratio = mean_distance(a, b) / mean_distance(a, np.roll(a, 1, axis=0))
#     print(f"{name}: moved by one pixel, the distance is {ratio:.0%} of that to another image")

# %% [markdown]
# Two warnings. A measure can only see what its features see. And numbers in different features cannot be compared: our
# Fréchet distances are not those of papers, which are measured in Inception's features.
#
# ## 3. Inception score
#
# A good generator makes images that are *clear*: a classifier is sure what each of them shows. And they are *varied*:
# all classes occur. [Salimans et al. (2016)](https://arxiv.org/abs/1606.03498), section 4, put both into one number.
# Let $p(y \mid x)$ be the classifier's probabilities for the image $x$. Their mean over all generated images is the
# *marginal* $p(y)$. Clear: each $p(y \mid x)$ has one large entry. Varied: $p(y)$ is flat. So the two should differ as
# much as possible. The difference of two distributions is measured by the Kullback-Leibler divergence:
#
# $$ \mathrm{IS} = \exp\big( \mathbb{E}_x\, \mathrm{KL}(p(y \mid x) \,\|\, p(y)) \big), \qquad
#    \mathrm{KL}(p \,\|\, q) = \sum_y p(y) \log \frac{p(y)}{q(y)}. $$
#
# The exponential gives the number a meaning: it is something like the number of classes that are clearly there, from 1
# to 10.


# %%
def inception_score(p):
    """Class probabilities ``[n, k]``, all above 0, to the inception score, from 1 to k (Salimans et al. 2016)."""
    marginal = p.mean(axis=0)
    divergence = (p * np.log(p / marginal)).sum(axis=1)  # one for each image
    return np.exp(divergence.mean())


# %% tags=["active-ipynb"]
# print(f"real images: {inception_score(p_test):.2f}   generated images: {inception_score(p_made):.2f}")
# print(f"the library, generated images: {metrics.inception_score(p_made)[0]:.2f} (the mean over ten parts)")

# %% [markdown]
# **Broken.** The score never looks at real images, and never inside a class. Ten pictures are enough for the best
# possible score: one clear picture for each class. Here are the ten validation images of which the classifier is
# surest.

# %% tags=["active-ipynb"]
# from chapters.ch05_evaluation.cheats import surest
#
# ten = surest(data)
# p_ten = np.maximum(classifier.outputs(ten)[1], 1e-30)
# title = f"These ten images, again and again: inception score {inception_score(p_ten):.2f} of 10"
# gb.show(ten, columns=data.class_names, title=title)

# %% [markdown]
# No set of images can score more than 10. Real clothing has less, because a shirt often looks like a coat. A generator
# that collapses *within* each class is not punished at all. Worse, a generator can be trained to please the classifier
# ([Barratt and Sharma 2018](https://arxiv.org/abs/1801.01973)).
#
# ## 4. Fréchet distance
#
# [Heusel et al. (2017)](https://arxiv.org/abs/1706.08500) compare with real images. They describe each set of features
# by a normal distribution, with its mean and covariance. Then they ask how far the two normal distributions are from
# each other.
#
# **In one dimension** we can find the answer exactly. How much work is it to turn one distribution into the other? Each
# point $x$ of the first one moves to a point $y$ of the second one, and a move costs $(x - y)^2$. The cheapest way
# keeps the order: the smallest goes to the smallest, and so on. Any two moves that cross cost more: from 0 to 3 and
# from 1 to 2 costs 9 + 1, and from 0 to 2 and from 1 to 3 only 4 + 4. A point of the first distribution is $x = \mu_1 +
# \sigma_1 u$, where $u$ is a standard normal number. The point of the same rank in the second one is $y = \mu_2 +
# \sigma_2 u$, with the same $u$. As $\mathbb{E}[u] = 0$ and $\mathbb{E}[u^2] = 1$,
#
# $$ d^2 = \mathbb{E}\big[(x - y)^2\big] = \mathbb{E}\big[(\mu_1 - \mu_2 + (\sigma_1 - \sigma_2) u)^2\big]
#        = (\mu_1 - \mu_2)^2 + (\sigma_1 - \sigma_2)^2. $$


# %%
def frechet_distance_1d(mean_1, std_1, mean_2, std_2):
    """The squared Fréchet (2-Wasserstein) distance of two normal distributions on a line."""
    return (mean_1 - mean_2) ** 2 + (std_1 - std_2) ** 2


# %% tags=["active-ipynb"]
# x, y = np.sort(rng.normal(0, 1, 100_000)), np.sort(rng.normal(2, 3, 100_000))  # sorted: pairs of the same rank
# print(f"the moves of 100,000 points: {np.mean((x - y) ** 2):.2f}, the formula: {frechet_distance_1d(0, 1, 2, 3):.2f}")

# %% [markdown]
# **With many features** the means become vectors and the variances covariance matrices. With $(\sigma_1 - \sigma_2)^2 =
# \sigma_1^2 + \sigma_2^2 - 2 (\sigma_1^2 \sigma_2^2)^{1/2}$ you can guess the formula (Heusel et al., equation 6):
#
# $$ \mathrm{FD} = |\mu_1 - \mu_2|^2 + \mathrm{tr}\big(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2}\big). $$
#
# $\mathrm{tr}$ is the sum of the diagonal, and $M^{1/2}$ is a matrix whose product with itself is $M$. (FD is already
# the *squared* distance, although everybody calls it a distance.) We need only the trace of the root, and this is the
# sum of the square roots of the eigenvalues of $\Sigma_1 \Sigma_2$.


# %%
def frechet_distance(a, b):
    """Features ``[n, d]`` and ``[m, d]`` to the Fréchet distance of their normal distributions (Heusel et al. 2017)."""
    c_a, c_b = np.cov(a.T), np.cov(b.T)
    eigenvalues = np.linalg.eigvals(c_a @ c_b).real.clip(min=0)  # rounding can make a zero negative
    means = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    return means + np.trace(c_a + c_b) - 2 * np.sqrt(eigenvalues).sum()


# %% tags=["active-ipynb"]
# print(f"generated: by hand {frechet_distance(f_made, f_test):.4f}", end=", ")
# print(f"the library {metrics.frechet_distance(f_made, f_test):.4f}")
# print(f"training images, as many: {frechet_distance(f_train[:LIMIT], f_test):.4f}")

# %% [markdown]
# **Broken, first way.** Only the mean and the covariance count. Take three points: $-\sqrt 3$, $0$ and $\sqrt 3$, with
# the probabilities 1/6, 2/3 and 1/6. Their mean is 0 and their variance is 1. So their distance to the standard normal
# distribution is 0, although they are only three points.

# %% tags=["active-ipynb"]
# points = np.sqrt(3) * np.array([-1, 0, 0, 0, 0, 1])
# print(f"mean {points.mean():.2f}, variance {points.var():.2f}", end=", ")
# print(f"Fréchet distance to N(0, 1): {frechet_distance_1d(points.mean(), points.std(), 0, 1):.2f}")

# %% [markdown]
# **Broken, second way: copies.** The distance compares two sets. It does not ask where the images come from. The
# training images themselves have the distance in the last line before. A generator that stores them all and makes
# nothing new gets exactly this, and no generator of clothing in this book is below it. Section 8 finds the copies.
#
# ## 5. The number of images
#
# **Broken, third way.** The distance depends on *how many* images you measure. We compare more and more training images
# with the same test images. The images are of the same quality, but the distance falls.

# %% tags=["active-ipynb"]
# counts = [n for n in (200, 400, 800, 1600, 3200, LIMIT) if n <= LIMIT]
# sets = {"training images": f_train, "generated images": f_made[rng.permutation(LIMIT)]}
# curves = {name: [frechet_distance(f[:n], f_test) for n in counts] for name, f in sets.items()}
# for name, values in curves.items():
#     print(f"{name}:", ", ".join(f"{n:,}: {value:.2f}" for n, value in zip(counts, values)))

# %% [markdown]
# Why? A covariance that is estimated from few images is wrong, now in this direction and now in that. Each error makes
# two equal distributions look different, and no error makes them look more equal. The size of this *bias* is nearly
# proportional to $1/n$:
#
# $$ \mathrm{FD}(n) \approx \mathrm{FD}_\infty + \frac{c}{n}. $$
#
# So plot the distances over $1/n$, fit a straight line, and read it at $1/n = 0$. [Chong and Forsyth
# (2020)](https://arxiv.org/abs/1911.07023) call the result $\mathrm{FD}_\infty$. The slope $c$ is not the same for all
# generators. So even with equal numbers of images the comparison of two generators is a little unfair.


# %%
def extrapolated(counts, distances):
    """Fréchet distances ``[k]`` of so many images each to ``(distance of infinitely many, slope)``."""
    slope, at_infinity = np.polyfit(1 / np.asarray(counts), distances, 1)
    return at_infinity, slope


# %% tags=["active-ipynb"]
# from matplotlib import pyplot as plt
#
# figure, axis = plt.subplots(figsize=(6, 3.5))
# for colour, (name, values) in zip(("C0", "C1"), curves.items()):
#     limit, slope = extrapolated(counts[1:], values[1:])
#     axis.plot(1 / np.array(counts), values, "o", color=colour, label=f"{name}: {limit:.2f} at infinity")
#     axis.plot([0, 1 / counts[0]], [limit, limit + slope / counts[0]], color=colour)
# axis.set(title="Fréchet distance from the test images", xlabel="1 / number of images", ylabel="distance")
# axis.grid(alpha=0.3)
# axis.legend(frameon=False);

# %% [markdown]
# (Each point is one choice of images, so the points scatter. For 200 images $1/n$ is no longer right, and the lines are
# fitted without them.) So write the number of images next to every Fréchet distance, and compare only distances of
# equally many.
#
# ## 6. Kernel distance
#
# Is there a distance without this bias? Take a *kernel* $k(x, y)$, a number that says how similar two images are. If
# generated images $x$ have the same distribution as real images $y$, then on average two generated images $x, x'$ are
# as similar as two real images $y, y'$, and as a generated image $x$ and a real image $y$. The **maximum mean
# discrepancy** compares these three:
#
# $$ \mathrm{MMD}^2 = \mathbb{E}[k(x, x')] + \mathbb{E}[k(y, y')] - 2\, \mathbb{E}[k(x, y)], \qquad
#    k(x, y) = \Big(\frac{x \cdot y}{d} + 1\Big)^3 . $$
#
# The cubic kernel over the $d$ features is the choice of [Bińkowski et al. (2018)](https://arxiv.org/abs/1801.01401),
# who call the distance KID. A mean over *pairs of different images* is an unbiased estimate. So leave out the diagonal,
# where an image is compared with itself.


# %%
def kernel_distance(x, y):
    """Features ``[n, d]`` and ``[m, d]`` to the unbiased estimate of MMD squared (Bińkowski et al. 2018)."""
    xx, yy, xy = ((a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    within_x, within_y = ((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (xx, yy))
    return within_x + within_y - 2 * xy.mean()


# %% tags=["active-ipynb"]
# for n in (100, 400, 1000):
#     tries = [kernel_distance(f_train[rng.permutation(len(f_train))[:n]], f_test[:1000]) for _ in range(10)]
#     print(f"{n:5} training images: kernel distance {np.mean(tries):+.4f} ± {np.std(tries):.4f}")
# first = f_made[:1000], f_test[:1000]
# print(f"generated: by hand {kernel_distance(*first):+.5f}", end=", ")
# print(f"the library {metrics.distances.unbiased_mmd(*first):+.5f}")

# %% [markdown]
# The mean does not depend on the number of images. Only the spread does. As there is no bias, the distance of two equal
# distributions is around 0, and half of the estimates are *below* 0. This is no mistake. The spread with 1,000 images
# is about as large as the distance of our generator, so its estimate can be below 0, too. For such a small distance you
# need more images.
#
# **Broken.** The cubic kernel sees means of products of at most three features. So the three points of section 4
# deceive it as well: all their means up to the fifth power are those of the normal distribution. With 100,000 normal
# numbers, the three points again:

# %% tags=["active-ipynb"]
# normal = rng.normal(size=100_000)
# for power in range(1, 7):
#     print(f"mean of x^{power}: three points {np.mean(points**power):5.2f}, normal {np.mean(normal**power):5.2f}")

# %% [markdown]
# And copies of the training images are as good in this distance as in the other.
#
# ## 7. Precision and recall
#
# A distance is one number for two questions. Are the generated images realistic? Do they cover all kinds of real
# images? [Kynkäänniemi et al. (2019)](https://arxiv.org/abs/1904.06991) answer them separately. Put a ball around each
# real image, in the space of features. Its radius is the distance to the third-nearest other real image. All balls
# together are the region of real images. **Precision** is the share of generated images inside this region. For
# **recall**, exchange the two: the share of real images inside the balls of the generated images.


# %%
def radii(x, k=3):
    """The distance of each row ``[n, d]`` to its k-th nearest other row: ``[n]``."""
    return np.sort(cdist(x, x), axis=1)[:, k]  # the nearest row of all, with distance 0, is the row itself


def share_inside(x, centers):
    """Which share of the rows ``[n, d]`` lies in a ball around one of the centers ``[m, d]``: from 0 to 1."""
    return np.mean((cdist(x, centers) <= radii(centers)).any(axis=1))


def precision_recall(real, generated):
    """Features ``[n, d]`` and ``[m, d]`` to precision and recall (Kynkäänniemi et al. 2019)."""
    return share_inside(generated, real), share_inside(real, generated)


# %% tags=["active-ipynb"]
# n = min(2000, LIMIT)
# for name, f in (("training images", f_train), ("generated images", f_made)):
#     print("{}: precision {:.3f}, recall {:.3f}".format(name, *precision_recall(f_test[:n], f[:n])), end="; ")
#     print("the library {:.3f}, {:.3f}".format(*metrics.precision_recall(f_test[:n], f[:n])))

# %% [markdown]
# Real images do not reach 1, because some of them lie outside all balls. A generator can have a higher precision than
# real images if it leaves out the unusual ones. Its recall is then lower. Precision and recall also depend on the
# number of images: with more images, the balls are smaller. So compare equal numbers.
#
# **Broken.** One single outlier can have a huge ball. Here the "real" data are 1,000 points of a normal distribution in
# the plane. The "generated" points lie on a circle with radius 6, far from all of them. Then we add one outlier to the
# real points ([Naeem et al. 2020](https://arxiv.org/abs/2002.09797)).

# %% tags=["active-ipynb"]
# angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
# circle = 6 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
# real = rng.normal(size=(1000, 2))
# for name, points_2d in (("without", real), ("with", np.append(real, [[20, 0]], axis=0))):
#     print("{} the outlier: precision of the circle {:.2f}".format(name, precision_recall(points_2d, circle)[0]))
# wild = np.random.default_rng(0).uniform(-20, 20, size=(100, 2))
# print("100 wild points: precision {:.2f}, recall {:.2f}".format(*precision_recall(real, wild)))

# %% [markdown]
# The ball of the outlier has to reach all the way to the data. So it contains a large part of the circle. The last line
# does the same with recall: here the "generated" points are spread at random over a large square. Hardly any of them
# looks real. But their balls are huge and cover the real points.
#
# ## 8. Memorisation
#
# None of these measures has noticed copies. So look for them: find the nearest training image of each generated
# image. We use the pixels here, because a copy is a copy of pixels. The distance is the root of the mean squared
# difference, in levels of 0 to 255.


# %%
def nearest(images, training):
    """Images ``[n, h, w, c]`` to indices and distances of the nearest training images, ``[n]`` each."""
    flat = training.reshape(len(training), -1).astype("float32")
    means = np.array([np.mean((flat - image.ravel()) ** 2, axis=1) for image in images.astype("float32")])
    return means.argmin(axis=1), np.sqrt(means.min(axis=1))


# %% tags=["active-ipynb"]
# which, distance = nearest(generated[:10], data.images)
# library = metrics.nearest_distances(generated[:10], data.images)
# print("by hand:", distance.round(1), " the library:", library.round(1), sep="\n")
# rows = {"generated": generated[:10], "nearest training image": data.images[which]}
# gb.show(rows, title="Generated images and the nearest of all 55,000 training images")

# %% [markdown]
# Is a distance of 25 small? We need something to compare with: real images that are *not* in the training set. We
# choose the threshold so that 1 % of the test images are nearer to a training image than this. If a generator does not
# copy, not many more than 1 % of its images should be below it. Of copies, all are. (This is a simple form of the test
# of [Meehan et al. 2020](https://arxiv.org/abs/2004.05675).)

# %% tags=["active-ipynb"]
# held_out = metrics.nearest_distances(test[:500], data.images)
# sets = {"generated": generated[:500], "copies": train[:500], "copies, moved by one pixel": shifted(train[:500])}
# for name, images in sets.items():
#     found = metrics.memorisation(metrics.nearest_distances(images, data.images), held_out)
#     print(f"{name}: {found['share_nearer']:.1%} nearer than the threshold", end=", ")
#     print(f"median distance {found['median']:.1f}, of test images {found['median_test']:.1f}")

# %% [markdown]
# **Broken.** Copies that are moved by a single pixel are not found. Their pixels are far from those of every training
# image. Yet nobody would call them new. The features would find these, but other changes would deceive the features. A
# test for copies finds only the copies that it looks for. So also look at the pairs yourself.
#
# ## 9. Sets that cheat
#
# Now all measures on all the sets of the first picture, with 5,000 images each. A program makes the table, from three
# choices of the images: `python -m chapters.ch05_evaluation.table`.

# %% tags=["active-ipynb"]
# import sys
#
# from IPython.display import Markdown
#
# from gan_book.paths import BOOK
#
# sys.path.append(str(BOOK))  # `tools` is not installed with the book
# from tools import results
#
# scores = "inception_score,frechet_distance,kernel_distance,precision,recall,diversity_overall"
# scores += ",memorisation,nearest_training_image"
# Markdown(results.chosen_table(results.load("ch05_evaluation"), "*fashion_mnist", scores))

# %% [markdown]
# ("Diversity" is the mean distance of two images in features, divided by that of two real images.) The first row says
# what honest images score. Now go through the columns.
#
# - **Inception score:** ten pictures are better than everything else, and better than real images.
# - **Fréchet and kernel distance:** copies are as good as real images that nobody has seen. Copies that are moved by
#   one pixel are a little worse, and still better than the generator. But these two columns find "one per class", "one
#   class missing" and "few, repeated".
# - **Precision** hardly changes if a class is missing, or if a hundred images are repeated.
# - **Recall** finds repetition: it is 0. It does not find copies.
# - **Diversity** is the highest for ten pictures: the ten are very different from each other.
# - **Memorisation** finds copies, but not if they are moved by one pixel.
#
# The blurred images are the exception: everything in features finds them. But in *pixels* they are nearer to the
# training images than real images are (last column). Blurring removes what is special about an image. So a small error
# in pixels is no sign of a good image, as chapter 1 has shown.
#
# And the moved copies? In this table they look like the work of a very good generator. No measure here finds them.
#
# **What to do, then?** Look at the images. Report at least two numbers that fail in different ways: a distance and
# recall, for example. Add the number of images, the features, the value of real images, and a test for copies.
#
# ## 10. Exercises
#
# *To answer from the text and the output*
#
# 1. A generator makes images of five of the ten classes, all of them clear, and each class equally often. What is its
#    inception score?
# 2. Two generators have the same mean and covariance of features as the real images. Can one of them be useless?
# 3. Why does one image that is repeated a thousand times have the recall 0?
#
# *To run*
#
# 4. Sections 3 to 7 with MNIST: `gb.load("mnist")`, the classifier of the same name, and the generator in
#    `PRETRAINED / "sgan"`. Which numbers can you compare with those above?
# 5. Add noise to real images, more and more. Which measure notices it first?
# 6. Save 2,000 real images as JPEG files with quality 75 and read them again (Pillow). What is their Fréchet distance
#    from themselves?
#
# *To write*
#
# 7. The inception score is $\exp(H(p(y)) - \mathbb{E}_x H(p(y \mid x)))$, with the entropy $H(p) = -\sum_y p(y) \log
#    p(y)$. Write it so that probabilities of 0 do no harm. Check: `from chapters.ch05_evaluation import exercises`,
#    then `exercises.check_inception_score(yours)`.
# 8. **Coverage** (Naeem et al. 2020) repairs recall: the share of *real* balls that contain at least one generated
#    image. Write `coverage(real, generated)` with `radii`. Check: `exercises.check_coverage(coverage)`.
#
# *A project*
#
# 9. Build a set of 5,000 images that is better than the book's generator in every column of the table of section 9,
#    memorisation included, and that you would not call a generator. Write one page: how you did it, the table, and a
#    measure that finds you out.
#
# <details><summary>Answers</summary>
#
# 1. 5: the exponential of $\log 5$. The entropy of each $p(y \mid x)$ is 0 and that of $p(y)$ is $\log 5$.
# 2. Yes. The three points of section 4 have the right mean and variance.
# 3. Its third-nearest image is itself again, so the radius of its ball is 0, and no real image lies inside.
# 4. None of the distances: the features are others. The inception score has the same range, but another value for real
#    images.
# 5. We expect the distances, long before the inception score, which looks only at the class.
# 6. Not 0, and larger than you might think. Compare it with that of the generator.
# 7. and 8. `exercises.inception_score_solution` and `exercises.coverage_solution`, in
#    `chapters/ch05_evaluation/exercises.py`.
# 9. Think of real images that are changed a little, in a way that the features do not see.
#
# </details>
