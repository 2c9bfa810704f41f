"""What Keras offers on a model, for a model that is made of several compiled networks.

Keras expects one optimizer, one loss and one `call`. `JointModel` has none of these itself: its networks have them.
This module makes `summary()`, `save_weights`, callbacks and learning rates work all the same. Where something cannot
work, it says in one sentence what to do instead. Nothing here is about GANs; chapter 6 needs none of it.
"""

import keras
from keras import ops

from gan_book.errors import BookError
from gan_book.turns import require_players


class JointModel(keras.Model):
    """Several compiled networks, kept as attributes, as one Keras model. The base of `AdversarialModel`.

    Attributes:
        shares_weights: True if two of the networks train the same weights on purpose; otherwise that is refused.
    """

    shares_weights = False

    @property
    def players(self):
        """The compiled networks among the attributes: those that can have turns."""
        # `self.layers` alone will not do: Keras still lists a network whose attribute now holds another one.
        own = [value for name, value in vars(self).items() if not name.startswith("_")]
        current = {id(value) for value in keras.tree.flatten(own)}
        networks = [layer for layer in self.layers if id(layer) in current]
        return [network for network in networks if getattr(network, "optimizer", None) is not None]

    def compile(
        self,
        optimizer=None,
        loss=None,
        metrics=None,
        steps_per_execution=1,
        run_eagerly=False,
        jit_compile="auto",
        **others,
    ):
        """Prepares the step. The optimizers, losses and metrics are those that the networks were compiled with.

        Args:
            jit_compile: "auto" is XLA where Keras recommends it: on GPUs, and always on JAX. (With TensorFlow on a CPU
                its own kernels were 2.4 times as fast: 465 against 1129 ms a step.)

        Raises:
            BookError: an optimizer, a loss or metrics are given here, or another argument of Keras's that is a
                network's; no network is compiled; one of them has nothing to train; two of them share an optimizer; or
                two of them train the same weights, unless `shares_weights` says that this is meant.
        """
        for name, given in {"optimizer": optimizer, "loss": loss, "metrics": metrics, **others}.items():
            if given is not None:
                raise BookError(
                    f"each network of {type(self).__name__} has its own {name}: give it to that network's compile(), "
                    "and call compile() of the whole without it"
                )
        require_players(self)
        super().compile(
            optimizer=None,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            jit_compile=jit_compile,
        )
        # Optimizers usually make their variables in the first step. Here that step is inside one graph with the others,
        # where no variables can be made; and a checkpoint must be able to fill them before there has been a step.
        for player in self.players:
            player.optimizer.build(player.trainable_variables)
        self.optimizer = _PlayersOptimizers(self)
        self.built = True  # as all its networks are, so that Keras can describe, save and restore the whole

    def build(self, *args, **kwargs):
        """Raises BookError: its networks are made with shapes, and `compile` does the rest."""
        raise BookError(f"{type(self).__name__} has no shapes to build from: its networks have them; call compile()")

    def train_on_batch(self, *args, **kwargs):
        """As in Keras: one step on one batch. The returned values are those of this batch alone."""
        # Before Keras 3.15 they were means over all batches since the last reset.
        self.reset_metrics()
        return super().train_on_batch(*args, **kwargs)

    def __call__(self, *args, **kwargs):
        """Raises BookError: what there is to call are the networks."""
        raise BookError(f"{type(self).__name__} has no output of its own; call one of its networks: {self._listed()}")

    def predict(self, *args, **kwargs):
        """Raises BookError: what there is to ask are the networks."""
        raise BookError(f"{type(self).__name__} predicts nothing itself; ask one of its networks: {self._listed()}")

    def save(self, *args, **kwargs):
        """Raises BookError: how to save the networks, or the weights of all."""
        raise BookError(
            f"{type(self).__name__} is made of several networks and cannot be saved as one; save a network to use, "
            f"such as model.{self._listed().split(', ')[0]}.save('network.keras'), or all weights to go on training "
            "with model.save_weights('all.weights.h5') (ModelCheckpoint: save_weights_only=True)"
        )

    export = save

    def get_config(self):
        """Raises BookError: such a model is made again by the functions that made it."""
        raise BookError(
            f"{type(self).__name__} cannot be copied or described as one; build it again and load_weights() into it"
        )

    def _listed(self):
        """The names of the attributes that are networks."""
        networks = {id(layer) for layer in self.layers if isinstance(layer, keras.Model)}
        return ", ".join(name for name, value in vars(self).items() if id(value) in networks) or "none"

    def save_own_variables(self, store):
        """What `save_weights` adds to the networks' weights: the random states, which Keras leaves out.

        With them `BackupAndRestore` and `load_weights` continue with the same noise that would have come next.
        """
        super().save_own_variables(store)
        for number, state in enumerate(self._random_states()):
            store[f"random_{number}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store):
        """The opposite of `save_own_variables`; the random states stay as they are where a file has none."""
        names = list(store.keys())
        super().load_own_variables({name: store[name] for name in names if not name.startswith("random_")})
        for number, state in enumerate(self._random_states()):
            if f"random_{number}" in names:
                state.assign(store[f"random_{number}"])

    def _random_states(self):
        weights = {id(weight) for weight in self.weights}
        return [variable for variable in self.variables if id(variable) not in weights]


class _PlayersOptimizers:
    """What Keras asks of a model's optimizer, answered for all networks' optimizers together."""

    # Keras looks at `model.optimizer` in many places: to save, to restore, to show a summary, to set a learning rate.
    # The model itself has none, so this stands there. `variables` are what a checkpoint holds; `built` says they exist.
    built = True

    def __init__(self, model):
        self._model = model

    @property
    def variables(self):
        return [v for player in self._model.players for v in player.optimizer.variables]

    @property
    def iterations(self):
        return self._model.players[0].optimizer.iterations

    @property
    def learning_rate(self):
        """The learning rate that all networks have, for `LearningRateScheduler` and `ReduceLROnPlateau`: a `_Rate`.

        Raises:
            BookError: they have different ones, of which a callback cannot set one without losing the other.
        """
        rates = {p.name: float(ops.convert_to_numpy(p.optimizer.learning_rate)) for p in self._model.players}
        if len(set(rates.values())) > 1:
            listed = ", ".join(f"{name} {rate:g}" for name, rate in rates.items())
            raise BookError(
                f"the networks have different learning rates ({listed}), and this callback knows only one; give each "
                "network's optimizer a schedule of keras.optimizers.schedules instead"
            )
        rate = _Rate(next(iter(rates.values())))
        rate.optimizers = self
        return rate

    @learning_rate.setter
    def learning_rate(self, rate):
        for player in self._model.players:
            try:
                player.optimizer.learning_rate = rate
            except TypeError:
                raise BookError(
                    f"the learning rate of '{player.name}' follows a schedule, so no callback can set it; take away "
                    "one of the two"
                ) from None


class _Rate(float):
    """A learning rate that callbacks read as a number and may assign to, as to Keras's variable: for all networks."""

    def assign(self, value):
        self.optimizers.learning_rate = value
