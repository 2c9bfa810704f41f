"""InfoGAN as in the paper: networks of appendix C.1, losses and learning rates of the authors' program.

    python -m chapters.ch07_infogan.paper --preset quick

Different from the paper and the authors' program: batches of 64 (`book` has 128), a moving average of the weights that
is sampled from and measured (`book` has none), and Keras's defaults for batch normalization. The leaky ReLU's slope is
the paper's 0.1.
"""

from dataclasses import dataclass, replace

import keras
from keras import layers, ops

from chapters.ch07_infogan.infogan import (
    CATEGORIES,
    CODES,
    category_surprise,
    latent_inputs,
    measure,
    mutual_information,
)
from gan_book.adversarial import GAN, Composite
from gan_book.errors import BookError, require_choice
from gan_book.networks import normal, to_float
from gan_book.sampling import Category, Code, Generator, Noise
from gan_book.training.lesson import Lesson, Settings
from gan_book.training.task import Generation

# --- What the generator is given -------------------------------------------------------------------------------------
# 62 numbers of noise z, a category c_1, two continuous codes c_2, c_3. As in the authors' program z is uniform in
# [-1, 1] (and not N(0, 1)): its 62 numbers then have a third of the variance.
LATENT = [Noise(-1.0, 1.0), Category(CATEGORIES), Code()]
SLOPE = 0.1  # of the leaky ReLU, appendix C.1


# --- The networks of appendix C.1 ------------------------------------------------------------------------------------
def normalized(h, activation):
    """Batch normalization, then the activation: features of any shape to the same shape."""
    return activation(layers.BatchNormalization()(h))


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
    # The paper's images lie in [0, 1], and its generator ends in a sigmoid. The book's lie in [-1, 1].
    h = layers.Activation("sigmoid", dtype="float32", name="pixels")(h)
    return Generator(inputs, layers.Rescaling(2.0, -1.0, dtype="float32", name="image")(h), takes=LATENT)


def define_trunk(image_shape=(28, 28, 1)):
    """The layers that D and Q share: images ``[n, h, w, c]`` in [-1, 1] to features ``[n, 1024]``."""
    image = keras.Input(image_shape)
    h = layers.Rescaling(0.5, 0.5, name="to_0_1")(image)  # a black pixel is 0: only ink counts
    h = layers.Conv2D(64, 4, strides=2, padding="same", kernel_initializer=normal())(h)
    h = layers.LeakyReLU(SLOPE)(h)
    h = layers.Conv2D(128, 4, strides=2, padding="same", use_bias=False, kernel_initializer=normal())(h)
    h = layers.Flatten()(normalized(h, layers.LeakyReLU(SLOPE)))
    h = layers.Dense(1024, use_bias=False, kernel_initializer=normal())(h)
    return keras.Model(image, normalized(h, layers.LeakyReLU(SLOPE)), name="trunk")


Q_HEAD = ("q_hidden", "category", "code")  # the layers that are only Q's


def define_d_and_q(image_shape=(28, 28, 1)):
    """D and Q on one trunk: images ``[n, h, w, c]`` in [-1, 1] to D's logit and Q's guesses.

    "validity" is D's logit ``[n, 1]``, "category" has logits ``[n, 10]``, "code" the means ``[n, 2]`` of the codes.
    """
    image = keras.Input(image_shape, name="image")
    features = define_trunk(image_shape)(image)
    hidden = layers.Dense(128, use_bias=False, kernel_initializer=normal()), layers.BatchNormalization()
    q = keras.Sequential([*hidden, layers.LeakyReLU(SLOPE)], name="q_hidden")(features)
    answers = {
        "validity": layers.Dense(1, dtype="float32", kernel_initializer=normal(), name="validity")(features),
        "category": layers.Dense(CATEGORIES, dtype="float32", kernel_initializer=normal(), name="category")(q),
        "code": layers.Dense(CODES, dtype="float32", kernel_initializer=normal(), name="code")(q),
    }
    return keras.Model(image, answers, name="d_and_q")


# --- The losses ------------------------------------------------------------------------------------------------------
adversarial_loss = keras.losses.BinaryCrossentropy(from_logits=True)  # -log D for target 1, -log(1 - D) for target 0


def code_loss(code, mean):
    """-log Q(c_2, c_3|x) for Q = N(mean, 1), without its constant: codes and means ``[n, d]`` to ``[n]``, in nats.

    A fixed sigma makes it half the squared error. The authors' program does so (``fix_std=True``): with sigma learned
    the loss rewards one exact code without limit, and its gradient grows with 1 / sigma^2.
    """
    return ops.sum(ops.square(code - mean), axis=-1) / 2


LOSSES = {
    "real": adversarial_loss,
    "fake": adversarial_loss,
    "validity": adversarial_loss,
    "category": category_surprise,
    "code": code_loss,
}
VARIANTS = ("paper", "head", "control")


# --- The two models that are trained ----------------------------------------------------------------------------------
def define_discriminator(d_and_q, settings):
    """What trains D and Q: real and generated images to what D says of both, and what Q says of the generated."""
    real, fake = (keras.Input(d_and_q.input.shape[1:], name=name) for name in ("x", "x_fake"))
    of_real, of_fake = d_and_q(real), d_and_q(fake)  # apart: each has its own batch statistics
    answers = {"real": of_real["validity"], "fake": of_fake["validity"]}
    weights, without = {"real": 1.0, "fake": 1.0}, [d_and_q.get_layer(name) for name in Q_HEAD]
    if settings.variant != "head":
        answers |= {"category": of_fake["category"], "code": of_fake["code"]}
        weights |= {"category": settings.lambda_1, "code": settings.lambda_2}
        without = []
    discriminator = Composite([real, fake], answers, frozen=without, name="discriminator")
    losses = {name: LOSSES[name] for name in weights}
    discriminator.compile(keras.optimizers.Adam(settings.learning_rate, beta_1=0.5), losses, loss_weights=weights)
    return discriminator


def define_gan(generator, d_and_q, settings):
    """The composite: latent inputs to the outputs of D and Q to the image generated from them."""
    d = [d_and_q.get_layer(name) for name in ("trunk", "validity")]
    frozen = d if settings.variant == "head" else [d_and_q]
    gan = Composite(generator.inputs, d_and_q(generator.output), frozen=frozen, name="gan")
    readable = settings.variant != "control"
    weights = {"validity": 1.0, "category": settings.lambda_1 * readable, "code": settings.lambda_2 * readable}
    gan.compile(
        keras.optimizers.Adam(settings.generator_learning_rate, beta_1=0.5),
        {name: LOSSES[name] for name in weights},
        loss_weights=weights,
        metrics={"category": mutual_information},
    )
    return gan


class InfoGAN(GAN):
    """G with codes, and D with Q on one trunk.

    Attributes:
        d_and_q: D and Q, as they learn.
        reader: D and Q to ask: the moving average of the d_and_q, if `average` is above 0.
    """

    verdicts = ("real", "fake")

    def __init__(self, d_and_q, generator, discriminator, gan, average=0.0, seed=0):
        super().__init__(generator, discriminator, gan, average, seed)
        self.d_and_q, self.reader = d_and_q, self.track_average(d_and_q, average)

    def turns(self, images, labels):
        del labels  # never looked at
        n, x = ops.shape(images)[0], to_float(images)
        z, category, code = self.latent_inputs(n)
        x_fake = self.generator([z, category, code], training=True)
        targets = {"real": ops.ones((n, 1)), "fake": ops.zeros((n, 1)), "category": category, "code": code}
        # max log D(x) + log(1 - D(G(z, c))) + lambda L_I
        yield "d", self.discriminator, [x, x_fake], {name: targets[name] for name in self.discriminator.output}
        z, category, code = self.latent_inputs(n)
        # max log D(G(z, c)) + lambda L_I
        yield "g", self.gan, [z, category, code], {"validity": ops.ones((n, 1)), "category": category, "code": code}


# --- Settings --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class InfoGANSettings(Settings):
    """What the chapter adds to the settings that all have.

    Attributes:
        variant: one of `VARIANTS`: who is trained by L_I.
        lambda_1, lambda_2: weights of L_I, of the category and of the continuous codes.
        learning_rate, generator_learning_rate: Adam's, of D with Q and of G.
        average: momentum of the moving averages that are saved and measured, 0 for none.
    """

    variant: str = "paper"
    lambda_1: float = 1.0
    lambda_2: float = 1.0
    learning_rate: float = 2e-4
    generator_learning_rate: float = 1e-3
    average: float = 0.999


QUICK = InfoGANSettings(data="mnist", epochs=1, batch_size=64)
PRESETS = {
    "smoke": replace(QUICK, batch_size=32, limit=320, measure_samples=500),
    "quick": QUICK,
    "full": replace(QUICK, epochs=8),
    "book": replace(QUICK, epochs=12, batch_size=128, average=0.0),  # the authors' 5,000 steps of 128 images
}


def build(settings, dataset):
    """The model of the settings, for images of the data set's shape.

    Raises:
        BookError: no such variant, or images that the networks cannot make.
    """
    shape = dataset.image_shape
    require_choice("variant", settings.variant, VARIANTS)
    if shape[0] % 4 or shape[1] % 4:
        raise BookError(f"these networks make images whose sides are multiples of 4, not {shape[0]}; set image_size")
    d_and_q, generator = define_d_and_q(shape), define_generator(shape)
    discriminator, gan = define_discriminator(d_and_q, settings), define_gan(generator, d_and_q, settings)
    return InfoGAN(d_and_q, generator, discriminator, gan, settings.average, settings.seed)


LESSON = Lesson(
    name="infogan-paper",
    title="InfoGAN, the networks of the paper (Chen et al. 2016)",
    folder="ch07_infogan",
    presets=PRESETS,
    build=build,
    next_step="The run is in {run}.",
    kept=("reader",),
    measure=measure,
    task=Generation(balanced=False),
)

if __name__ == "__main__":
    from gan_book.commands.cli import run_lesson

    run_lesson(LESSON)
