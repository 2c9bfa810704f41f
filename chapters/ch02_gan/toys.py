"""The ring of 8 and the grid of 25 modes, counted for several trainings: the table and the film of chapter 2.

    python -m chapters.ch02_gan.toys                      # trains, prints the table, writes a film to runs/toys/
    python -m chapters.ch02_gan.toys --record             # also writes results/toys.json
    python -m chapters.ch02_gan.toys --seeds 1 --steps 50 # quickly, to see that it works

Two GANs with the same networks and the same number of steps. `plain` is the game of the chapter. `relativistic` has
the loss of Huang et al. (2024), "The GAN is dead; long live the GAN!", arxiv.org/abs/2501.05441: the logit of a real
point is compared with that of a generated one, and D's slope is penalised at both. Chapter 4 explains it. Its learning
rate falls to 0.
"""

import time
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import typer
from keras import layers, ops

from chapters.ch02_gan import pictures
from chapters.ch02_gan.gan import PointGAN, adam, adversarial_loss, define_discriminator, define_gan, define_generator
from chapters.ch02_gan.mixtures import GRID, RING, count_modes
from gan_book.adversarial import GAN, Composite, Penalized
from gan_book.commands import cli
from gan_book.errors import BookError
from gan_book.metrics import Score
from gan_book.paths import RESULTS, finite_or_none
from gan_book.training import run_config, runs
from tools import results

WIDTHS, LATENT, BATCH = (128, 128, 128), 16, 256
SAMPLES = 2500  # generated points that are counted, as in PacGAN and VEEGAN
STEPS = 3000
GAMMA = 0.02  # of the penalty; more of it smooths D over the narrow modes

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def networks(optimizer):
    """G and D for points in the plane, D compiled."""
    generator = define_generator((2,), LATENT, WIDTHS, normalize=False)
    return generator, define_discriminator((2,), WIDTHS, dropout=0, optimizer=optimizer)


def plain(steps, seed):
    """The game of the chapter, with a constant learning rate."""
    generator, discriminator = networks(adam(1e-3))
    return PointGAN(generator, discriminator, define_gan(generator, discriminator, adam(1e-3)), 0.999, seed)


class RelativisticGAN(GAN):
    """D learns that a real point is more real than a generated one, and G the opposite."""

    def __init__(self, generator, discriminator, optimizers, average, seed):
        x, x_fake, z = keras.Input((2,)), keras.Input((2,)), generator.inputs[0]
        more_real = layers.Subtract()([discriminator(x), discriminator(x_fake)])
        more_fake = layers.Subtract()([discriminator(generator.output), discriminator(x)])
        critic = Penalized([x, x_fake], more_real, discriminator, "r1+r2", GAMMA, name="critic")
        gan = Composite([z, x], more_fake, frozen=[discriminator], name="gan")
        for network, optimizer in zip((critic, gan), optimizers, strict=True):
            network.compile(optimizer, adversarial_loss)
        super().__init__(generator, critic, gan, average, seed)

    def turns(self, x):
        n = ops.shape(x)[0]
        yield "d", self.discriminator, [x, self.generator(self.latent_points(n), training=True)], ops.ones((n, 1))
        yield "g", self.gan, [self.latent_points(n), x], ops.ones((n, 1))


def relativistic(steps, seed):
    """The relativistic loss with both penalties; the learning rate falls to 0 along a cosine."""

    def optimizer():
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, steps), beta_1=0.0, beta_2=0.99)

    x = keras.Input((2,))
    h = x
    for width in WIDTHS:
        h = layers.LeakyReLU(0.2)(layers.Dense(width)(h))
    discriminator = keras.Model(x, layers.Dense(1, dtype="float32")(h), name="discriminator")
    generator = define_generator((2,), LATENT, WIDTHS, normalize=False)
    return RelativisticGAN(generator, discriminator, (optimizer(), optimizer()), 0.999, seed)


GANS = {"plain": plain, "relativistic": relativistic}


def trained(build, mixture, steps, seed, batch=BATCH):
    """Trains one GAN on a mixture; returns what `count_modes` does, with "seed" and "seconds".

    build: function of steps and seed that returns a GAN of points, not compiled; batch: real points in a step.
    """
    keras.utils.set_random_seed(seed)
    model = build(steps, seed)
    model.compile(steps_per_execution=min(steps, 50))
    real, start = mixture.sample(batch * steps, np.random.default_rng(seed)), time.perf_counter()
    model.fit(real, batch_size=batch, shuffle=False, verbose=0)
    seconds = time.perf_counter() - start
    latent = model.sampler.inputs[0].shape[1]
    z = np.random.default_rng(1000 + seed).standard_normal((SAMPLES, latent)).astype("float32")
    return {"seed": seed, "seconds": seconds, **count_modes(model.sampler.predict(z, SAMPLES, verbose=0), mixture)}


def scores(found):
    """The `Score`s of the trainings of a row, as dicts: mean and standard deviation over the seeds."""
    heads = {"modes": ("modes found", "{:.1f}", 1), "touched": ("modes touched", "{:.1f}", 1)}
    heads |= {"good": ("good points", "{:.1f} %", 100), "kl": ("KL", "{:.2f}", 1)}
    made = []
    for name, (head, pattern, scale) in heads.items():
        values = [each[name] for each in found]
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
        made.append(Score(name, head, float(np.mean(values)), pattern, scale, spread=spread).as_dict())
    return made


def row(name, build, mixture, steps, seeds, batch=BATCH):
    """A row of the table: dict of "data", "gan", "steps", "samples", "runs" and "scores"; see `trained`."""
    found = [trained(build, mixture, steps, seed, batch) for seed in range(seeds)]
    about = {"data": f"{mixture.name} of {len(mixture.centres)}", "gan": name, "steps": steps, "samples": SAMPLES}
    return about | {"runs": finite_or_none(found), "scores": scores(found)}


def write_film(mixture, steps, folder):
    """Trains `plain` once more and writes its film, and a picture of five moments of it."""
    keras.utils.set_random_seed(0)
    model, real = plain(steps, 0), mixture.sample(BATCH * steps, np.random.default_rng(0))
    model.compile(steps_per_execution=min(steps, 50))
    stages = pictures.watched_fit(model, real, BATCH, steps)
    title = f"A GAN on {len(mixture.centres)} modes"
    pictures.write_film(stages, real, folder / f"{mixture.name}.gif", title)
    chosen = [stages[i] for i in np.linspace(len(stages) // 2, len(stages) - 1, 4).astype(int)]
    panels = [(f"after {step:,} steps", points, landscape) for step, points, landscape in [stages[0], *chosen]]
    title = f"{title}: blue is where D says real, red where it says generated"
    pictures.scatter(panels, real, title).save(folder / f"{mixture.name}.png")


@app.command()
def main(
    seeds: Annotated[int, typer.Option(help="Trainings of each GAN on each mixture.")] = 3,
    steps: Annotated[int, typer.Option(help="Steps of a training.")] = STEPS,
    out: Annotated[Path, typer.Option(help="Folder for the film of the ring.")] = Path("runs/toys"),
    film: Annotated[bool, typer.Option(help="Whether to write the film.")] = True,
    record: Annotated[bool, typer.Option("--record", help="Also write results/toys.json.")] = False,
):
    """Count the modes that two GANs find on a ring of 8 and on a grid of 25."""
    if seeds < 1 or steps < 1:
        raise BookError("--seeds and --steps must be at least 1")
    made_on = run_config.surroundings()
    if film:
        out.mkdir(parents=True, exist_ok=True)
        write_film(RING, steps, out)
    rows = []
    for name, build in GANS.items():
        for mixture in (RING, GRID):
            rows.append(row(name, build, mixture, steps, seeds))
            print(rows[-1]["data"], name, *(str(Score(**score)) for score in rows[-1]["scores"]), flush=True)
            if record:  # after each row, so that a program that is stopped has recorded some
                runs.write_json(RESULTS / "toys.json", {"toys": rows, "surroundings": made_on})
    print(results.table({"toys": rows, "surroundings": made_on}))


if __name__ == "__main__":
    cli.guard(app)
