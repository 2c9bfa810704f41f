"""SavedModel: TensorFlow's own format, for TensorFlow Serving and for programs in TensorFlow without Keras."""

from gan_book.export import describe

PACKAGES = ("tensorflow",)
TENSORFLOW = True
FILE = "saved_model"


def write(network, about, folder):
    """Writes the folder ``saved_model``, with the signature ``serving_default``."""
    describe.exported(network, about).export(str(folder / FILE), format="tf_saved_model", verbose=False)


def run(folder, arrays):
    """The outputs of ``saved_model`` in TensorFlow, without Keras: dict from the output's name to an array."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / FILE))  # kept in a variable: the signature alone does not hold it
    answers = loaded.signatures["serving_default"](**{name: tf.constant(array) for name, array in arrays.items()})
    return {name: answer.numpy() for name, answer in answers.items()}


def program():
    """The program that `run` uses, with its version."""
    import tensorflow as tf

    return f"TensorFlow {tf.__version__}"
