"""The SGAN with a consistency loss: two augmented views of an unlabelled image should get the same class.

    gan-book train sgan-consistency --preset full
    gan-book train sgan-consistency --data fashion_mnist --set augmentation=clothing

This is not part of the SGAN (Salimans et al. 2016, Odena 2016). It asks for the same class in two augmented views of an
image, an idea of Sajjadi et al. 2016 and Laine and Aila 2017. The loss has a second term, which asks that all classes
are used. It is from a clustering method (Hu et al. 2017, "IMSAT"). With ``lambda_consistency=0`` the images are
augmented and there is no consistency loss. Explained in chapter 9, "Going further".
"""

from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch09_sgan import sgan
from chapters.ch09_sgan.digits import like_mnist
from gan_book.errors import BookError, require_choice
from gan_book.layers import RandomAffine
from gan_book.training.lesson import Lesson
from gan_book.training.task import Generation


# --- The augmented views ----------------------------------------------------------------------------------------------
def digits():
    """A layer that rotates, shears, scales and shifts each image a little: a slanted 7 is a 7."""
    return RandomAffine(0.5)


def clothing():
    """A layer that mirrors half of the images and shifts each by up to 7 %: a mirrored coat is still a coat."""
    # In float32 whatever the precision: positions are coordinates, and Keras's RandomTranslation refuses bfloat16.
    # "nearest" does not blur. Pixels from outside the image are black. Unlike dropout, Keras's random image layers are
    # active unless you say ``training=False``: to use such a classifier, call `predict`, which says so.
    shift = layers.RandomTranslation(
        2 / 28, 2 / 28, fill_mode="constant", fill_value=-1.0, interpolation="nearest", dtype="float32"
    )
    return keras.Sequential([layers.RandomFlip("horizontal", dtype="float32"), shift], name="augmentation")


AUGMENTATIONS = {"digits": digits, "clothing": clothing}


# --- The loss ---------------------------------------------------------------------------------------------------------
def consistency(_, logits):
    """L_C for the logits ``[n, 2, k]`` of two views of each image: the same value for each image, ``[n]``, in nats.

    The cross-entropy between the two views' class probabilities, minus the entropy of the mean probabilities. It is
    -log k if both views always get the same class with probability 1 and all classes are used equally often, and 0 for
    a classifier that guesses. There is no target, so the first argument is not used.
    """
    logs = ops.log_softmax(logits)
    first, second = logs[:, 0], logs[:, 1]
    # The mean of both directions, because no view is better than the other.
    cross = -ops.mean(ops.sum(ops.exp(first) * second + ops.exp(second) * first, axis=-1)) / 2
    used = ops.mean(ops.softmax(logits), axis=(0, 1))
    entropy = -ops.sum(used * ops.log(used + 1e-8))
    return ops.zeros_like(logits[:, 0, 0]) + cross - entropy


def define_discriminator(classifier, learning_rate=5e-4, lambda_consistency=1.0):
    """As `sgan.define_discriminator`, but the unlabelled images pass twice: each pass sees another view of them.

    "real" has the logits of D for both views, ``[n, 2, 1]``, and "views" their K logits, ``[n, 2, k]``.
    """
    kinds = [keras.Input(classifier.input.shape[1:], name=name) for name in ("labelled", "unlabelled", "generated")]
    labelled, unlabelled, generated = kinds
    views = ops.stack([classifier(unlabelled), classifier(unlabelled)], axis=1)
    answers = {
        "label": classifier(labelled),
        "real": sgan.validity(views),
        "fake": sgan.validity(classifier(generated)),
        "views": views,
    }
    discriminator = keras.Model(kinds, answers, name="discriminator")
    losses = {**sgan.D_LOSSES, "views": consistency}
    weights = {**sgan.D_WEIGHTS, "views": lambda_consistency}
    return sgan.compile_discriminator(discriminator, learning_rate, losses, weights)


# --- The update steps -------------------------------------------------------------------------------------------------
class ConsistentSGAN(sgan.SGAN):
    """`sgan.SGAN` with the targets for two views."""

    def turns(self, images, labels=None):
        n = ops.shape(images)[0]
        for name, network, x, y in super().turns(images):
            if name == "d":  # "views" has no target, but Keras wants one
                y = {**y, "real": ops.ones((n, 2, 1)), "views": ops.zeros((n,))}
            yield name, network, x, y


# --- Settings ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ConsistencySettings(sgan.SGANSettings):
    """`augmentation`: one of `AUGMENTATIONS`; `lambda_consistency`: weight of L_C; the rest are those of `sgan`."""

    augmentation: str = "digits"
    lambda_consistency: float = 1.0


QUICK = ConsistencySettings(**vars(sgan.QUICK))
PRESETS = {
    "smoke": replace(QUICK, **sgan.SMOKE, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=sgan.PRESETS["full"].epochs, limit=None),
    "book": replace(QUICK, epochs=sgan.PRESETS["book"].epochs, average=0.0, limit=None),  # every lesson has these four
}


def build(settings, dataset):
    """The model of the settings, for images of the data set's shape and its classes.

    Raises:
        BookError: no such network, loss or augmentation, only one class, or too few images to label.
    """
    require_choice("network", settings.network, ("dcgan",))
    require_choice("loss", settings.loss, sgan.G_LOSSES)
    require_choice("augmentation", settings.augmentation, AUGMENTATIONS)
    if settings.entropy_weight:
        raise BookError("entropy_weight belongs to 'sgan'; the consistency loss makes the classifier sure, too")
    sgan.require_classes(dataset)
    shape, rate = dataset.image_shape, sgan.falling_rate(settings, dataset)
    views = AUGMENTATIONS[settings.augmentation]()
    classifier = sgan.define_classifier(shape, dataset.num_classes, settings.width, settings.noise, views)
    generator = sgan.define_generator(settings.latent_dim, shape, settings.width)
    labelled = sgan.labelled_subset(dataset, settings.labels_per_class, settings.seed)
    discriminator = define_discriminator(classifier, rate, settings.lambda_consistency)
    gan = sgan.define_gan(generator, classifier, settings.loss, rate)
    average, seed = settings.average, settings.seed
    return ConsistentSGAN(generator, discriminator, gan, classifier, labelled, settings.loss, average, seed)


LESSON = Lesson(
    name="sgan-consistency",
    title="SGAN with a consistency loss between augmented views",
    folder="ch09_sgan",
    presets=PRESETS,
    build=build,
    next_step="Next: classify a picture with `gan-book predict sgan-consistency --run {run} my-digit.png`.",
    kept=("classifier",),
    measure=sgan.measure,
    prepare={"mnist": like_mnist},
    task=Generation(balanced=False),
)

if __name__ == "__main__":
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
