"""``gan-book export``: a trained network as files that other programs open. See docs/export.md."""

from pathlib import Path
from typing import Annotated

import typer

from gan_book.commands.quiet import held_back, import_backend
from gan_book.commands.shared import Chapter, RunFolder, open_run, path_option
from gan_book.errors import BookError, require_choice, shown
from gan_book.export import FORMATS, require_tensorflow, writer
from gan_book.export.folder import DESCRIPTION, atomic_folder, listed, writable_folder


def export_command(
    chapter: Chapter,
    form: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")],
    out: Annotated[Path, path_option("--out", help="The folder to write.")],
    network: Annotated[str, typer.Option(help="A network of the run, such as generator or classifier.")] = "generator",
    noise: Annotated[
        str, typer.Option(help="Random numbers within a network (chapter 10): input (the default), or none.")
    ] = "input",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    run: RunFolder = None,
):
    """Write a trained network as a file that other programs open, and compare it with Keras."""
    require_choice("--format", form, FORMATS)
    import_backend()
    for line in export(open_run(chapter, run), network, form, out, noise, overwrite):
        print(shown(line))


def export(run, name, form, out, noise="input", overwrite=False):
    """Writes a network of a run into a folder, for other programs, and runs what was written.

    The folder holds the network's file, ``model.json`` (see `gan_book.export.describe.description`) and what else the
    format brings. It is there whole or not at all.

    Args:
        run: `gan_book.training.runs.Run`.
        name: of the network in the run, such as "generator".
        form: one of `gan_book.export.FORMATS`.
        out: the folder.
        noise: what becomes of random numbers within the network: one of `gan_book.export.noise.WAYS`.
        overwrite: whether an earlier export may be replaced.

    Returns:
        Lines that say what was made.

    Raises:
        BookError: no such format or network; packages are missing, or Keras runs on JAX; a folder that cannot be
            written (see `gan_book.export.folder.writable_folder`); a network that cannot be exported, or does something
            else than in Keras once it is.
    """
    from gan_book.export.noise import WAYS
    from gan_book.training.runs import write_json

    require_choice("--noise", noise, WAYS)
    module = writer(form)
    if module.TENSORFLOW:
        require_tensorflow(f"--format {form}")
    if form == "web":  # all networks that the page shows, with examples
        return module.write_page(out, run, overwrite)
    target = writable_folder(out, run.folder, overwrite)
    network, randomness, about, arrays = prepared(run, name, noise)
    with atomic_folder(target) as folder:
        written(module, network, about, folder)
        # The description is there before the check: a server's files read it. The check completes it.
        write_json(folder / DESCRIPTION, {**about, "format": form, "file": module.FILE})
        difference = _checked(module, network, about, folder, arrays)
        write_json(folder / DESCRIPTION, {**about, **_facts(module, form, folder, difference)})
    return list(_lines(out, about, randomness, difference, module))


def prepared(run, name="generator", noise="input"):
    """A network of a run, ready to be exported.

    Returns:
        The network in float32 and without random numbers of its own; its `gan_book.export.noise.Randomness`; its
        description, a dict; and inputs to try it with, a dict of arrays.

    Raises:
        BookError: see `export`.
    """
    from gan_book.export.check import samples
    from gan_book.export.describe import description
    from gan_book.export.noise import Randomness, repeatable

    network = _in_float32(_load(run, name))
    tried = list(samples(network, Randomness()).values())
    network, randomness = repeatable(network, tried, noise)
    return network, randomness, description(run, network, name, randomness), samples(network, randomness)


def _load(run, name):
    import keras

    there = sorted(file.stem for file in run.folder.glob("*.keras"))
    if name not in there:
        has = f"it has {', '.join(there)}" if there else "it has none yet; let it train at least one epoch"
        advice = "; name one of these with --network" if there else ""
        raise BookError(f"{run} has no network '{name}', {has}{advice}")
    network = run.load(name)
    if not getattr(network, "inputs", None):
        raise BookError(f"{run.network(name)} is no network that begins with a keras.Input; export another")
    if isinstance(network, keras.Sequential):  # Keras gives it no `input`
        return keras.Model(network.inputs[0], network.outputs[0], name=network.name)
    return network


def _in_float32(network):
    """The network as it is, or in float32 if its file says that it computes in 16 bits."""
    import tempfile

    from gan_book.export.noise import leaves
    from gan_book.saving import load_network, save_network

    if all(layer.compute_dtype not in ("float16", "bfloat16") for layer in leaves(network)):
        return network
    with tempfile.TemporaryDirectory() as scratch:  # saving writes float32
        save_network(network, Path(scratch, "network.keras"))
        own = {type(layer).__name__: type(layer) for layer in leaves(network)}
        return load_network(Path(scratch, "network.keras"), own)


def written(module, network, about, folder):
    """Calls the format's `write`.

    Raises:
        BookError: it cannot write this network; the sentence names the layer that prevents it.
    """
    try:
        with held_back(Exception):  # what converters print is of no use to a reader
            module.write(network, about, folder)
    except (BookError, OSError, MemoryError):
        raise
    except Exception as error:
        raise BookError(_why_not(module, network, error)) from error


def _checked(module, network, about, folder, arrays):
    """The `gan_book.export.check.Difference` on all samples, and on the first alone."""
    from gan_book.export.check import against_keras

    found, parts = [], [arrays]
    if module.TENSORFLOW:  # a converter could have fixed the number of images
        parts.append({name: array[:1] for name, array in arrays.items()})
    for part in parts:
        try:
            with held_back(Exception):
                theirs = module.run(folder, part)
        except (BookError, OSError, MemoryError):
            raise
        except Exception as error:
            raise BookError(_why_not(module, network, error)) from error
        found.append(against_keras(network, part, theirs, about["outputs"]))
    return max(found, key=lambda difference: difference.largest)


def _why_not(module, network, error):
    """The sentence for a network that a format cannot hold: it names the layer, if one alone cannot be written."""
    layer = _culprit(module, network)
    if layer is not None:
        return (
            f"'{network.name}' cannot be exported: {module.program()} knows nothing that does what its layer "
            f"'{layer.name}' ({type(layer).__name__}) does; replace this layer, or choose --format keras"
        )
    reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
    return f"'{network.name}' cannot be exported ({reason[0][:200]}); choose another --format"


def _culprit(module, network):
    """The first layer that cannot be written and run alone, or None. The network's own layers are tried first."""
    import tempfile

    from gan_book.export.noise import leaves

    for layer in sorted(leaves(network), key=lambda each: type(each).__module__.startswith("keras")):
        with tempfile.TemporaryDirectory() as scratch:
            if not _is_possible(module, layer, Path(scratch)):
                return layer
    return None


def _is_possible(module, layer, folder):
    import keras
    import numpy as np

    try:
        given = keras.Input(batch_shape=layer.input.shape, dtype=layer.input.dtype, name="given")
        alone = keras.Model(given, layer(given))
    except Exception:  # of several inputs, or used twice: such layers are not tried
        return True
    about = {"outputs": [{"name": "output", "kind": "values"}]}
    try:
        with held_back(Exception):
            module.write(alone, about, folder)
            module.run(folder, {"given": np.zeros((1, *given.shape[1:]), given.dtype)})
    except Exception:
        return False
    return True


def _facts(module, form, folder, difference):
    """What the description says of the files; see `gan_book.export.describe.description`."""
    import keras

    from gan_book.export.check import SAMPLES

    return {
        "format": form,
        "file": module.FILE,
        "files": listed(folder),
        "check": {
            "samples": SAMPLES,
            "largest_difference": difference.largest,
            "grey_levels": difference.grey_levels,
            "ran_in": module.program(),
            "compared_with": f"Keras {keras.__version__} on {keras.backend.backend()}",
        },
    }


def _lines(out, about, randomness, difference, module):
    from gan_book.export.check import SAMPLES

    inputs = ", ".join(f"{each['name']} {each['shape'][1:] or ''}".strip() for each in about["inputs"])
    yield f"inputs: {inputs}; outputs: {', '.join(each['name'] for each in about['outputs'])}"
    if randomness.layers:
        became = {"input": f"an input ({', '.join(randomness.inputs)})", "none": "left out"}[randomness.way]
        yield f"noise of {', '.join(randomness.layers)}: {became}"
    yield f"largest difference to Keras on {SAMPLES} samples, in {module.program()}: {difference}"
    yield f"exported: {Path(out) / module.FILE}"
