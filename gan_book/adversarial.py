"""The two ideas the whole book stands on.

`Composite`: a network that trains *through* another network without moving it. The generator's loss, -log D(G(z)), is
computed from what the discriminator says about its images. So its gradient must flow through the discriminator, while
the discriminator's weights stay as they are.

`AdversarialModel`: networks that are updated in turn. One training step is a short list of turns ("the discriminator
learns from real and generated images", "the generator learns through the composite"), each an ordinary Keras training
step of an ordinary compiled model. All turns of a step become one compiled graph, and `fit()` runs it.

Why not ``discriminator.trainable = False``, as books for Keras 2 did? There, a model remembered at `compile()` which
weights it trains. Keras 3 reads the flag when the step is *traced*: its Python runs once, the operations are recorded
as a graph, and from then on only the graph runs. When D's step is traced, the flag is already False, so it trains
nothing (``tests/test_classic_order.py`` shows it). So here freezing belongs to the composite, which keeps a list of
what is frozen in it. No flag changes, and the order of compiling and training does not matter.

Read `Composite`, then `turns`, `_play` and `GAN`; the rest is for averages, checkpoints and JAX. What Keras wants of a
model made of several networks is in `gan_book.joint`, and what is checked of the turns in `gan_book.turns`.
Chapter 6 explains both ideas and shows one step by hand; ``chapters/template.py`` is a GAN to start from.
"""

import keras
from keras import ops

from gan_book import backend, losses
from gan_book.errors import BookError, require_choice
from gan_book.joint import JointModel
from gan_book.sampling import inputs_of
from gan_book.turns import checked_turns, parts_of, require_trainable


@keras.saving.register_keras_serializable("gan_book")
class Composite(keras.Model):
    """A Functional model that trains all of its layers except the frozen ones. Explained in chapter 6.

    Args:
        inputs, outputs: as for `keras.Model`.
        frozen: networks or layers that gradients pass through but whose weights this model leaves alone; an empty list
            if there are none. Other models sharing them train them as usual. Their dropout stays active and their batch
            normalization goes on using batch statistics (and updating its moving averages, which are not trainable
            weights), exactly as in the frozen network's own step.

    Raises:
        BookError: `frozen` is left out, or names what is not in the composite. A composite that freezes nothing would
            train the discriminator to call everything real.
    """

    def __init__(self, inputs, outputs, frozen=None, **kwargs):
        super().__init__(inputs, outputs, **kwargs)
        if frozen is None:
            raise BookError(
                f"say what the composite '{self.name}' must not train, such as frozen=[discriminator], "
                "or frozen=[] if it is to train everything"
            )
        if not isinstance(frozen, (list, tuple)) or not all(isinstance(each, keras.layers.Layer) for each in frozen):
            raise BookError(
                f"frozen of the composite '{self.name}' must be a list of networks, such as [discriminator]"
            )
        own = {id(variable) for variable in self.variables}
        for each in frozen:
            if each.variables and not any(id(variable) in own for variable in each.variables):
                raise BookError(
                    f"frozen names '{each.name}', of which the composite '{self.name}' has nothing; name the very "
                    "network or layer that it was made of"
                )
        self.frozen = list(frozen)

    # Freezing is nothing but these four lists. Keras takes the gradient of the loss with respect to what is trainable;
    # the gradient still flows through the frozen layers, because they are part of the forward pass. No flag of a shared
    # layer is touched, so another model that holds the same layers still trains them.
    def _is_free(self, variable):
        return all(variable is not held for layer in self.frozen for held in layer.variables)

    # Keras reads the "weights" spelling on TensorFlow and the "variables" spelling on JAX; they must agree. The other
    # two lists follow: JAX passes trainable and non-trainable state separately, and each variable must be in exactly
    # one.
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
        # Described as the Functional model that it is, and `frozen` by name: a config cannot hold layers themselves.
        functional = keras.Model(self.input, self.output, name=self.name)
        return {"functional": functional.get_config(), "frozen": [layer.name for layer in self.frozen]}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        functional = keras.Model.from_config(config["functional"], custom_objects=custom_objects)
        frozen = [functional.get_layer(name) for name in config["frozen"]]
        return cls(functional.input, functional.output, frozen=frozen, name=functional.name)


@keras.saving.register_keras_serializable("gan_book")
class Penalized(Composite):
    """A composite whose loss has a penalty on a network's slope added. Explained in chapter 4.

    Args:
        inputs: two, real and generated examples.
        outputs: what the loss is computed from, such as the answers for both.
        judge: the network whose slope is penalised, usually the discriminator in it.
        penalty: one of `gan_book.losses.PENALTIES`.
        weight: what the penalty is multiplied by (gamma, or lambda of the WGAN-GP).
        frozen: as for `Composite`.
        examples: of so many of the batch the penalty is computed, None for all. A part is the same on average and
            saves time. (StyleGAN2 saves it in another way: the whole batch, but only in every sixteenth step.)

    Raises:
        BookError: no such penalty, or `judge` computes in float16.
    """

    def __init__(self, inputs, outputs, judge, penalty, weight, frozen=(), examples=None, **kwargs):
        super().__init__(inputs, outputs, frozen=list(frozen), **kwargs)
        require_choice("penalty", penalty, tuple(losses.PENALTIES))
        losses.require_wide(judge)
        self.judge, self.penalty, self.weight, self.examples = judge, penalty, weight, examples
        self.rng = keras.random.SeedGenerator(0)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of the answers, plus the weighted penalty."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training=training)
        real, fake = (part[: self.examples] for part in x)
        return loss + self.weight * losses.penalty(self.penalty, self.judge, real, fake, self.rng)

    def get_config(self):
        kept = {"penalty": self.penalty, "weight": self.weight, "examples": self.examples}
        return {**super().get_config(), "judge": self.judge.name, **kept}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        functional = keras.Model.from_config(config["functional"], custom_objects=custom_objects)
        frozen = [functional.get_layer(name) for name in config["frozen"]]
        judge = functional.get_layer(config["judge"])
        kept = {name: config.get(name) for name in ("penalty", "weight", "examples")}
        return cls(functional.input, functional.output, judge, **kept, frozen=frozen, name=functional.name)


class AdversarialModel(JointModel):
    """Several networks that are updated in turn, as one Keras model. Explained in chapter 6.

    A subclass keeps its networks as attributes, compiles those that learn (each with its own optimizer and loss), and
    says in `turns` what happens to a batch. Then `compile()` and `fit()` work as in any Keras model: arrays, data sets
    and generators, with labels or without; callbacks, progress bar, validation, ``steps_per_execution``, mixed
    precision; `save_weights` and `load_weights` hold all networks, averages and optimizers.

    Logs are named ``<turn>_<metric>``: a turn "d" of a model compiled with ``metrics=["accuracy"]`` logs ``d_loss`` and
    ``d_accuracy``. `train_on_batch` returns the values of its batch, `fit` the mean over the epoch so far.

    Attributes:
        rng: `keras.random.SeedGenerator` for the noise of the turns; part of the model's state.
        means: name -> `keras.metrics.Mean` over the epoch so far, of everything in the logs.
        discriminators: the networks that say real or fake, for the health monitor to watch; empty unless a subclass
            names them, as `GAN` does.
        verdicts: names of those outputs of a discriminator that say real or fake, where it has others as well.
        shares_weights: True if two of the networks train the same weights on purpose; otherwise that is refused.
    """

    discriminators = ()
    verdicts = ()

    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.rng = keras.random.SeedGenerator(seed)
        self.means = {}
        self._averages = []
        self._turn_networks = {}

    def turns(self, *batch):
        """Yields the turns of one step, each ``(name, network, x, y)``: "update `network` to answer `y` to `x`".

        `turns` is a Python generator function. Code after a ``yield`` runs after that network's update and sees the new
        weights. A fifth part gives sample weights, as in `keras.Model.fit`; and a network may have several turns in a
        step (a critic is often updated five times).

        Python runs this code only while the step is *traced*: its operations become one graph, in this order, and from
        then on only the graph runs. So sample noise with `keras.random` and ``seed=self.rng``. With `np.random` the
        noise would be the same in every step, so it is refused. A whole number as the seed also gives the same noise in
        every step. An ``if`` on a Python value is decided once; for a value that changes from step to step take
        `ops.where` or `ops.cond`. A ``print`` prints once.

        Args:
            batch: what the data set yields, for instance ``images, labels``.

        Raises:
            NotImplementedError: a subclass does not say what its turns are.
        """
        raise NotImplementedError(f"{type(self).__name__} must say what its turns are: override turns()")

    def track_average(self, network, momentum=0.999):
        """Returns a copy of `network` whose weights are an exponential moving average of its own.

        After every step: w <- m w + (1 - m) w_network, with m = min(momentum, (1 + t) / (10 + t)), where t is the
        number of steps so far. Early in the training m is small, so the first weights are soon forgotten. Its samples
        are usually better than those of the last weights (Yazici et al. 2019, "The Unusual Effectiveness of Averaging
        in GAN Training"). Explained in chapter 6.

        Args:
            network: any network of this model, for instance the generator.
            momentum: from 0 to 1; with 0 there is no average, and `network` itself is returned.

        Returns:
            `keras.Model`: the copy.

        Raises:
            BookError: `momentum` is not from 0 to below 1; or `network` has a class of its own that cannot be copied.
        """
        # Keras's own ``Adam(use_ema=True)`` with the callback `SwapEMAWeights` averages what the optimizer trains. That
        # leaves out the statistics of batch normalization, does not start with a small momentum, and the averaged
        # weights can be used only while they are swapped in. So the average is kept here.
        if not momentum:
            return network
        if not 0 < momentum < 1:
            raise BookError(f"the momentum of a moving average must be from 0 to below 1, not {momentum}")
        try:
            copy = type(network).from_config(network.get_config())  # not clone_model, which would compile it, too
            copy.set_weights(network.get_weights())
        except (TypeError, ValueError, NotImplementedError) as error:
            raise BookError(
                f"'{network.name}' cannot be copied for its average: make it of layers with keras.Model(inputs, "
                "outputs), each layer of your own with a get_config that has all its arguments"
            ) from error
        self.train_function = None  # one that was traced before would not know of it
        if not self._averages:
            self.steps = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="steps")
        self._averages.append((copy, network, momentum))
        return copy

    @property
    def turn_networks(self):
        """Which network each turn updates: dict from the turn's name to the network; known after the first step."""
        players = {id(player): player for player in self.players}
        return {turn: players[number] for turn, number in self._turn_networks.items() if number in players}

    @property
    def watched_losses(self):
        """Names of the logs that are the discriminators' losses for real or fake; known after the first step."""
        names, watched = [], {id(network) for network in self.discriminators}
        for turn, network in self._turn_networks.items():
            if network in watched:
                parts = [f"{turn}_{verdict}_loss" for verdict in self.verdicts]
                names += [name for name in parts if name in self.means] or [f"{turn}_loss"]
        return names

    def train_step(self, *args):
        """One step, called by `fit`: all turns, then the averages. Returns the logs."""
        return backend.stateful_step(self, self._play_and_average, *args)

    def test_step(self, *args):
        """Plays the turns and trains no weight, for validation.

        What is not trained still changes: the random state, and the moving averages of batch normalization in a network
        that `turns` itself calls with ``training=True``.
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
        batch = parts_of(self, data)
        # Python runs this loop only while the step is traced: the turns become one graph, in this order. The
        # generator's turn uses the discriminator *after* its update. This needs no extra code: TensorFlow keeps reads
        # and writes of a variable in the order of the code, and on JAX the scope of `stateful_step` returns the newest
        # value. And since `turns` is a generator function, its code between two yields runs between two updates.
        for name, player, *turn in checked_turns(self, batch):
            # A network's metrics are running means. Reset before each turn, they are the values of this turn; the mean
            # over the epoch is kept here, under the turn's name. Otherwise the two turns of a discriminator, real and
            # fake, would end up in one mean.
            player.reset_metrics()
            if step == "train_step":  # a flag, or the optimizer, may have changed since compile()
                require_trainable(player)
            values = backend.player_step(player, step, tuple(turn))
            # Weighted by the batch's size, as Keras does: the last batch of an epoch may be smaller.
            values, size = backend.over_devices(values, ops.shape(keras.tree.flatten(turn[0])[0])[0])
            for metric, value in values.items():
                self._mean(f"{name}_{metric}").update_state(value, sample_weight=size)
            # Once more: when the very first step is traced, Keras has not made the compiled metrics yet at the reset
            # above, so they would carry the first turn's values into the second.
            player.reset_metrics()
        return {name: mean.result() for name, mean in self.means.items()}

    def _mean(self, name):
        if name not in self.means:
            self.means[name] = backend.EpochMean(name=name)
        return self.means[name]

    def restore_means(self, values):
        """Sets the running means of an epoch that had begun: name -> [total, count], from a checkpoint."""
        for name, numbers in values.items():
            for variable, number in zip(self._mean(name).variables, numbers, strict=True):
                variable.assign(number)

    # The moving averages of weights, Yazici et al. (2019), once a step, in the same graph as the turns.
    def _update_averages(self):
        self.steps.assign(self.steps + 1)
        # With a constant m = 0.999 the random initial weights would still count for 37 % after 1,000 steps. The bound
        # (1 + t) / (10 + t) starts near 0.18, so the copy first follows quickly and is slow only when there is
        # something to average. `steps` is a weight of the model so that a checkpoint holds it.
        t = ops.cast(self.steps, "float32")
        for copy, network, momentum in self._averages:
            m = ops.minimum(momentum, (1 + t) / (10 + t))
            # All weights, those that are not trained too: the means and variances of batch normalization have to fit
            # the averaged kernels. The sum is in float32, as all weights are.
            for average, weight in zip(copy.weights, network.weights, strict=True):
                kept = ops.cast(m, average.dtype)
                average.assign(kept * average + (1 - kept) * ops.cast(weight, average.dtype))

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Called by Keras on TensorFlow, where variables must be made before the first step only on several devices."""
        if self._distribute_strategy is not None:
            with self._distribute_strategy.scope():
                self._symbolic_build(iterator, data_batch)

    def _symbolic_build(self, iterator=None, data_batch=None):
        """Called by Keras before the first step where all variables must exist by then (JAX)."""
        # Keras's own version calls the model, and this one is never called. Here the step itself makes the variables
        # (means, compiled metrics), so it is run once on shapes: nothing is computed, and nothing is trained. Keras
        # asks before every `fit` and `train_on_batch`; once there is a function to train with, nothing is left to make.
        # (`compile` and `track_average` throw that function away.)
        if self.means and self.train_function is not None:
            return
        if data_batch is None:
            data_batch = next(data for _, _, steps in iterator for data in steps)
        backend.trace(self._play_and_average if backend.JAX else self._play_only, data_batch)


class GAN(AdversarialModel):
    """One generator, one discriminator and their composite; a chapter says in `turns` how they are updated.

    Explained in chapter 6.

    Args:
        generator: latent inputs to images; `gan_book.sampling.Generator` says what its inputs are sampled from.
        discriminator: compiled; images to its answer, such as a logit.
        gan: their composite, compiled.
        average: momentum of a moving average of the generator's weights, see `track_average`; 0 for none.
        seed: of the noise.

    Attributes:
        sampler: the network to sample from: the moving average of the generator, or the generator itself.
    """

    def __init__(self, generator, discriminator, gan, average=0.0, seed=0):
        super().__init__(seed=seed)
        self.generator, self.discriminator, self.gan = generator, discriminator, gan
        self.sampler = self.track_average(generator, average)

    @property
    def discriminators(self):
        """The one discriminator, in a tuple."""
        return (self.discriminator,)

    def latent_points(self, n):
        """z from the prior of the generator's first input: float ``[n, d]``, N(0, 1) unless it says otherwise."""
        return self._sample(0, n)

    def latent_inputs(self, n, labels=None):
        """A sample for each of the generator's inputs, in their order: float ``[n, d]``, int ``[n]`` for categories.

        labels: int ``[n]``, for the input that is a `Label`.
        """
        kinds = inputs_of(self.generator)
        given = labels is not None
        return [labels if kind.given and given else self._sample(number, n) for number, kind in enumerate(kinds)]

    def _sample(self, number, n):
        shape, kind = (n, *self.generator.inputs[number].shape[1:]), inputs_of(self.generator)[number]
        if kind.given:
            raise BookError(
                f"input {number + 1} of '{self.generator.name}' is a label, which is not sampled but given: "
                "self.latent_inputs(n, labels)"
            )
        return kind.tensor(shape, self.rng)
