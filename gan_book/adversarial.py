"""The two ideas the whole book stands on.

`Composite`: a network that trains *through* another network without moving it. A generator has no loss of its own;
it learns from what the discriminator says of its images, so its gradient must flow through the discriminator while the
discriminator's weights stay put.

`AdversarialModel`: players that take turns. One training step is a short list of turns ("the discriminator learns from
real and generated images", "the generator learns through the composite"), each an ordinary Keras training step of an
ordinary compiled model. All turns of a step become one compiled graph, and `fit()` runs it.

Why not ``discriminator.trainable = False``, as books for Keras 2 did? There, a model remembered at `compile()` which
weights it trains. Keras 3 asks each time the step is *traced*: its Python is run once, the operations are recorded as a
graph, and from then on only the graph runs. By then the flag is False for everyone, and the discriminator's own step
trains nothing (``tests/test_classic_order.py`` shows it). So here freezing belongs to the composite, not to layers that
two models share: nothing is switched on or off, and which model is compiled or trained first makes no difference to it.

Read `Composite`, then `turns`, `_play` and `GAN`; the rest is for averages, checkpoints and JAX.
"""

import keras
from keras import ops

from gan_book import backend


@keras.saving.register_keras_serializable("gan_book")
class Composite(keras.Model):
    """A Functional model that trains all of its layers except the frozen ones.

    Args:
        inputs, outputs: as for `keras.Model`.
        frozen: networks or layers that gradients pass through but whose weights this model leaves alone. Other models
            sharing them train them as usual. Their dropout stays active and their batch normalization goes on using
            batch statistics (and updating its moving averages, which are not trainable weights), exactly as in the
            frozen network's own step.
    """

    def __init__(self, inputs, outputs, frozen=(), **kwargs):
        super().__init__(inputs, outputs, **kwargs)
        self.frozen = list(frozen)

    def _is_free(self, variable):
        return all(variable is not held for layer in self.frozen for held in layer.variables)

    # Keras reads the "weights" spelling on TensorFlow and the "variables" spelling on JAX; they must agree.
    @property
    def trainable_variables(self):
        return [v for v in super().trainable_variables if self._is_free(v)]

    @property
    def non_trainable_variables(self):
        free = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in free]

    @property
    def trainable_weights(self):
        return [v for v in super().trainable_weights if self._is_free(v)]

    @property
    def non_trainable_weights(self):
        free = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in free]

    def get_config(self):
        functional = keras.Model(self.input, self.output, name=self.name)
        return {"functional": functional.get_config(), "frozen": [layer.name for layer in self.frozen]}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        functional = keras.Model.from_config(config["functional"], custom_objects=custom_objects)
        frozen = [functional.get_layer(name) for name in config["frozen"]]
        return cls(functional.input, functional.output, frozen=frozen, name=functional.name)


class AdversarialModel(keras.Model):
    """Players that take turns, as one Keras model.

    A subclass keeps its networks as attributes, compiles those that learn (each with its own optimizer and loss), and
    says in `turns` what happens to a batch. Then `compile()` (without a loss: the players have theirs) and `fit()` work
    as in any Keras model: callbacks, progress bar, validation, ``steps_per_execution``, mixed precision.

    Logs are named ``<turn>_<metric>``: a turn "d" of a model compiled with ``metrics=["accuracy"]`` logs ``d_loss`` and
    ``d_accuracy``. `train_on_batch` returns the values of its batch, `fit` the mean over the epoch so far.

    Attributes:
        rng: `keras.random.SeedGenerator` for the noise of the turns; part of the model's state.
        means: name -> `keras.metrics.Mean` over the epoch so far, of everything in the logs.
    """

    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.rng = keras.random.SeedGenerator(seed)
        self.means = {}
        self._averages = []

    def turns(self, *batch):
        """Yields the turns of one step, each ``(name, model, x, y)``: "train `model` to answer `y` to `x`".

        A fifth part gives sample weights, as in `keras.Model.fit`. This method is a Python generator (no relation of
        G): what stands after a ``yield`` is computed when that turn has been played, with the new weights. ``batch`` is
        what the data set yields, for instance ``(images, labels)``.
        """
        raise NotImplementedError(f"{type(self).__name__} must say what its turns are: override turns()")

    def track_average(self, network, momentum=0.999):
        """Returns a copy of `network` whose weights are an exponential moving average of its own.

        The copy follows after every step, w <- m w + (1 - m) w_network, with m = min(momentum, (1 + t) / (10 + t)) so
        that the first steps t are soon forgotten. Its samples are usually better than those of the last weights
        (Yazici et al. 2019, "The Unusual Effectiveness of Averaging in GAN Training"; measured in chapter 6).

        With `momentum` 0 there is no average, and `network` itself is returned.
        """
        if not momentum:
            return network
        copy = type(network).from_config(network.get_config())  # not clone_model, which would compile it, too
        copy.set_weights(network.get_weights())
        if not self._averages:
            self.steps = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="steps")
        self._averages.append((copy, network, momentum))
        return copy

    @property
    def players(self):
        """The compiled networks among the attributes."""
        return [layer for layer in self.layers if getattr(layer, "optimizer", None) is not None]

    def compile(self, steps_per_execution=1, run_eagerly=False, jit_compile="auto"):
        """Readies the step. ``jit_compile="auto"`` is XLA where Keras thinks it good: on GPUs, and always on JAX.

        (With TensorFlow on a CPU its own kernels were 2.4 times as fast: 465 against 1129 ms a step.)
        """
        super().compile(
            optimizer=None,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            jit_compile=jit_compile,
        )
        for player in self.players:  # by now compiled themselves; within a graph no variables can be made
            player.optimizer.build(player.trainable_variables)
        self.optimizer = _PlayersOptimizers(self)

    def train_on_batch(self, *args, **kwargs):
        """As in Keras 3.15 and later, where the values are those of the batch; before, they ran on over the batches."""
        self.reset_metrics()
        return super().train_on_batch(*args, **kwargs)

    def train_step(self, *args):
        return backend.stateful_step(self, self._play_and_average, *args)

    def test_step(self, *args):
        """Plays the turns and trains no weight.

        What is no matter of training moves on: the noise, and the moving averages of a network that `turns` itself
        calls with ``training=True``.
        """
        return backend.stateful_step(self, self._play_only, *args)

    def _play_and_average(self, data):
        logs = self._play(data, "train_step")
        if self._averages:
            self._update_averages()
        return logs

    def _play_only(self, data):
        return self._play(data, "test_step")

    def _play(self, data, step):
        batch = keras.tree.map_structure(ops.convert_to_tensor, [part for part in data if part is not None])
        # Python runs this loop only while the step is traced: the turns become one graph, in this order. A print in
        # `turns` prints once, not at every step.
        for name, player, *turn in self.turns(*batch):
            # A player's metrics are running means. Starting them anew makes them this turn's values; the mean over
            # the epoch is kept here, so that two turns of one player do not blur.
            player.reset_metrics()
            values = backend.player_step(player, step, tuple(turn))
            size = ops.shape(keras.tree.flatten(turn[0])[0])[0]
            for metric, value in values.items():
                self._mean(f"{name}_{metric}").update_state(value, sample_weight=size)
            # Once more: when the step is traced first, compiled metrics are not there yet at the reset above.
            player.reset_metrics()
        return {name: mean.result() for name, mean in self.means.items()}

    def _mean(self, name):
        if name not in self.means:
            self.means[name] = keras.metrics.Mean(name=name)
        return self.means[name]

    def restore_means(self, values):
        """Sets the running means of an epoch that had begun: name -> [total, count], from a checkpoint."""
        for name, numbers in values.items():
            for variable, number in zip(self._mean(name).variables, numbers, strict=True):
                variable.assign(number)

    def _update_averages(self):
        self.steps.assign(self.steps + 1)
        t = ops.cast(self.steps, "float32")
        for copy, network, momentum in self._averages:
            m = ops.minimum(momentum, (1 + t) / (10 + t))
            for average, weight in zip(copy.weights, network.weights, strict=True):
                average.assign(m * average + (1 - m) * ops.cast(weight, average.dtype))

    def _symbolic_build(self, iterator=None, data_batch=None):
        """Called by Keras before the first step where all variables must exist by then (JAX)."""
        if data_batch is None:
            data_batch = next(data for _, _, steps in iterator for data in steps)
        backend.trace(self._play_and_average, data_batch)


class GAN(AdversarialModel):
    """The usual cast: one generator, one discriminator and their composite. What they do, a chapter says in `turns`.

    Attributes:
        generator, discriminator, gan: the networks, the last two compiled.
        sampler: the network to draw with: the moving average of the generator, if `average`, its momentum, is above 0.
    """

    def __init__(self, generator, discriminator, gan, average=0.0, seed=0):
        super().__init__(seed=seed)
        self.generator, self.discriminator, self.gan = generator, discriminator, gan
        self.sampler = self.track_average(generator, average)

    def latent_points(self, n):
        """z ~ N(0, 1) for the generator's first input, float ``[n, d]``; another prior is a chapter's own."""
        return keras.random.normal((n, self.generator.inputs[0].shape[-1]), seed=self.rng)


class _PlayersOptimizers:
    """What Keras asks of a model's optimizer between steps: the variables, here of all players."""

    def __init__(self, model):
        self._model = model

    @property
    def variables(self):
        return [v for player in self._model.players for v in player.optimizer.variables]
