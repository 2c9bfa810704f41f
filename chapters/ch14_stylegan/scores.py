"""What can be measured of a StyleGAN alone: z and w compared, and which size decides which attribute."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chapters.ch03_dcgan.dcgan import relative_length
from chapters.ch14_stylegan import styles
from gan_book.metrics import has_classifier, load_classifier
from gan_book.metrics.score import Score
from gan_book.paths import finite_or_none
from gan_book.sampling import arc, latent_points, line

POINTS, WALKS, FRAMES = 4_000, 50, 12
LEAST = 0.02  # attributes that fewer images have, or fewer do not have, say nothing


def separability(generator, classifier="faces", points=POINTS, seed=0):
    """How well a straight cut through z, or through w, tells apart images with and without an attribute's value.

    A logistic regression is trained on half of the latent points and tested on the other half. Karras et al. 2019,
    section 4.2, ask the same of a linear support vector machine, and turn its errors into an entropy.

    Returns:
        dict from "attribute: value" to a dict with the test accuracies "z" and "w", and "usual", the accuracy of always
        giving the more frequent answer. Values that nearly all or hardly any images have are left out.
    """
    z = latent_points(generator, points, seed)
    ws = styles.styles_of(generator, z)
    spaces, images = {"z": z, "w": ws[:, 0]}, styles.images_of(generator, ws)
    train, test, found = slice(0, points // 2), slice(points // 2, points), {}
    for name, values in load_classifier(classifier).attributes(images).items():
        for value in np.unique(values):
            has = values == value
            if not LEAST < has[train].mean() < 1 - LEAST:
                continue
            usual = max(has[test].mean(), 1 - has[test].mean())
            found[f"{name}: {value}"] = {"usual": float(usual)} | {
                space: _linear(codes[train], has[train]).score(codes[test], has[test])
                for space, codes in spaces.items()
            }
    return found


def _linear(codes, has):
    """A linear classifier of codes ``[n, d]``, trained."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)).fit(codes, has)


def walk_lengths(generator, walks=WALKS, frames=FRAMES, seed=0):
    """The relative length (chapter 3) of walks on arcs through z, and on lines through w: dict with "z" and "w"."""
    a, b = (latent_points(generator, walks, seed + k) for k in (0, 1))
    z = np.concatenate([arc(*ends, frames) for ends in zip(a, b, strict=True)])
    ends = [styles.styles_of(generator, points) for points in (a, b)]
    w = np.concatenate([line(*(pair[0] for pair in pairs), frames) for pairs in zip(*ends, strict=True)])
    ways = {"z": styles.styles_of(generator, z), "w": np.repeat(w[:, None], ends[0].shape[1], axis=1)}
    shape = (walks, frames, *generator.output.shape[1:])
    return {name: relative_length(styles.images_of(generator, ws).reshape(shape)) for name, ws in ways.items()}


def measure(run, dataset, images, labels, seed):
    """The chapter's own `Score`s, and details; without a classifier of attributes the walks alone."""
    del images, labels
    generator, scores = run.load("generator"), []
    for space, length in walk_lengths(generator, seed=seed).items():
        scores.append(Score(f"walk_{space}", f"walk through {space}", length))
    if not has_classifier(dataset) or not load_classifier(dataset.name).attribute_values:
        return scores, {}
    cuts = separability(generator, dataset.name, seed=seed)
    usual = float(np.mean([cut["usual"] for cut in cuts.values()]))
    for space in ("z", "w"):
        compared = {"reference": usual, "reference_words": "always the usual answer"}
        value = float(np.mean([cut[space] for cut in cuts.values()]))
        scores.append(Score(f"cut_{space}", f"cut through {space}", value, "{:.1f} %", 100, **compared))
    by_size = styles.attributes_by_size(generator, seed=seed, classifier=dataset.name)
    return scores, {"separability": cuts, "attributes_by_size": finite_or_none(by_size)}
