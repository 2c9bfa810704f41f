"""Checks of an `AdversarialModel` and its turns; each error is one sentence that names the network or the turn.

If a GAN trains the wrong weights, or none, there is no error by itself: it just never improves. These checks run
when the model is compiled and while a step is traced, so they cost nothing afterwards.
"""

import inspect
import re
from itertools import combinations

import keras
import numpy as np
from keras import ops

from gan_book import backend
from gan_book.errors import BookError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # of turns: the logs are named by them, and so are Keras's metrics


def require_players(model):
    """Raises BookError where a turn would silently train nothing, or the weights of another network."""
    if not model.players:
        raise BookError(
            f"{type(model).__name__} has no compiled network; keep its networks as attributes and compile those "
            "that learn before the whole"
        )
    for player in model.players:
        require_trainable(player)
    for one, other in combinations(model.players, 2):
        if one.optimizer is other.optimizer:
            raise BookError(
                f"'{one.name}' and '{other.name}' share an optimizer, which remembers one network's weights only; "
                "make each its own where it is compiled"
            )
    trained = [(player.name, {id(v): v for v in player.trainable_variables}) for player in model.players]
    for (one, first), (other, second) in combinations(trained, 2):
        if (shared := first.keys() & second.keys()) and not model.shares_weights:
            raise BookError(
                f"'{one}' and '{other}' both train '{first[min(shared)].path}'; make the one that only passes "
                "gradients through it a Composite with frozen=[...], or set shares_weights = True if it is meant"
            )


def require_trainable(network):
    """Raises BookError where an update of the network would move nothing, or what its optimizer has no state for."""
    if not network.variables or (backend.JAX and not network.built):  # TensorFlow builds one on the way
        raise BookError(f"'{network.name}' is not built yet; begin it with a keras.Input, or call it on a batch")
    if not network.trainable_variables:
        raise BookError(
            f"'{network.name}' has nothing to train: trainable is False for it or all its layers; leave that flag "
            "alone and say Composite(..., frozen=[...]) where the network must hold still"
        )
    optimizer = getattr(network.optimizer, "inner_optimizer", network.optimizer)  # under a loss scale
    known = {id(variable) for variable in optimizer._trainable_variables} if optimizer.built else None
    unknown = [v.path for v in network.trainable_variables if known is not None and id(v) not in known]
    if unknown:
        raise BookError(
            f"the optimizer of '{network.name}' was built without the weight '{unknown[0]}', which was frozen or of "
            f"another network then; compile '{network.name}' with a new optimizer, and then the whole model again"
        )


def parts_of(model, data):
    """The parts of a batch that `turns` gets: one for ``fit(x)``, two for ``fit(x, y)``, three with sample weights.

    Raises:
        BookError: `turns` takes another number of parts.
    """
    data = data if isinstance(data, (tuple, list)) else (data,)
    batch = keras.tree.map_structure(ops.convert_to_tensor, [part for part in data if part is not None])
    takes = inspect.signature(model.turns)
    try:
        takes.bind(*batch)
    except TypeError:
        raise BookError(
            f"{type(model).__name__}.turns{takes} does not fit a batch of {len(batch)}; give fit() as many of "
            "images, labels and weights as turns takes"
        ) from None
    return batch


def checked_turns(model, batch):
    """Yields the turns, after checking that each has the form that `AdversarialModel.turns` describes.

    Raises:
        BookError: names the turn and what is wrong with it.
    """
    # A draw from np.random inside `turns` is invisible to the graph: it would be a constant, the same noise in
    # every step, and the GAN would train badly without an error. NumPy's global state shows it: it has moved.
    traced = backend.is_traced(keras.tree.flatten(batch)[0])
    where, turns = f"{type(model).__name__}.turns", model.turns(*batch)
    if not inspect.isgenerator(turns):
        raise BookError(f"{where} must yield its turns, such as: yield 'd', self.discriminator, images, real")
    state, networks = np.random.get_state()[1:3], {}
    for number, turn in enumerate(_asked(turns, where), start=1):
        if not isinstance(turn, (tuple, list)) or not turn or not isinstance(turn[0], str):
            raise BookError(f"turn {number} of {where} has no name; yield a name, a network, x and y")
        if not NAME.fullmatch(turn[0]):
            raise BookError(f"turn {turn[0]!r} of {where}: name it with letters from a to z, digits, _, - and .")
        if len(turn) not in (4, 5):
            raise BookError(
                f"turn '{turn[0]}' of {where} has {len(turn)} parts; yield a name, a network, x and y, and sample "
                "weights if there are any"
            )
        _require_network(model, where, *turn[:2])
        if networks.get(turn[0], id(turn[1])) != id(turn[1]):
            raise BookError(f"turn '{turn[0]}' of {where} is that of two networks; give each a name of its own")
        now = np.random.get_state()[1:3]
        if traced and not (np.array_equal(state[0], now[0]) and state[1] == now[1]):
            raise BookError(
                f"{where} draws from np.random before turn '{turn[0]}', which a compiled step would do only once; "
                "draw with keras.random and seed=self.rng"
            )
        networks[turn[0]] = id(turn[1])  # not the network, which Keras would then track twice
        model._turn_networks.update(networks)
        yield turn
    if not networks:
        raise BookError(f"{where} yields no turn, so nothing would be trained; yield a name, a network, x and y")


def _asked(turns, where):
    """Yields the turns. If `turns` needs a value that does not exist while the step is traced, one sentence says so."""
    try:
        yield from turns
    except Exception as error:
        if not backend.is_not_traceable(error):
            raise
        raise BookError(
            f"{where} needs the value of a tensor, which it does not have while the step is traced: do not use if, "
            "float(), .numpy(), predict() or train_on_batch() there; take ops.where for a condition, call a network as "
            "in self.generator(z, training=True), and yield what must be trained"
        ) from error


def _require_network(model, where, name, network):
    if not isinstance(network, keras.Model):
        raise BookError(f"turn '{name}' of {where}: its second part must be a network, not {_kind(network)}")
    if getattr(network, "optimizer", None) is None:
        raise BookError(f"turn '{name}' of {where}: the network '{network.name}' is not compiled; compile it first")
    if all(network is not player for player in model.players):
        raise BookError(
            f"turn '{name}' of {where}: the network '{network.name}' is no attribute of the model; keep it as one, "
            "such as self.discriminator, and compile it before the whole"
        )


def _kind(value):
    return f"a {type(value).__name__}"
