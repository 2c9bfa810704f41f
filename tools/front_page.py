"""The pictures of the README, made by the networks in ``pretrained/``: the strip and a thumbnail for each chapter.

    python -m tools.front_page          # after new networks were shipped; then look at the pictures

Writes ``docs/figures/strip.png`` and ``docs/figures/thumb_ch01.png`` to ``thumb_ch14.png``. No image is picked by hand:
the seeds are fixed, and what is translated are the first test images.
"""

from functools import cache

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

import gan_book as gb
from chapters.ch05_evaluation.cheats import make_sets
from chapters.ch07_infogan.codes import slant
from gan_book.commands import cli
from gan_book.datasets.images import resize
from gan_book.metrics.features import load_classifier
from gan_book.paths import BOOK
from gan_book.sampling import latent_codes, num_labels, predict_uint8
from gan_book.training import runs

FIGURES = BOOK / "docs" / "figures"
SCALE, GAP = 2, 2  # 28 pixels become 56; white pixels between images
MARGIN, HEAD, LINE = 14, 20, 19  # around panels; height of the line above a panel, and of each line below
CELL = 28 * SCALE + GAP
HIGH = 4 * CELL - GAP  # of all panels of the strip
WHITE, GREY, BLACK, RIGHT, WRONG = "white", "#666666", "black", "#35d07f", "#ff5c5c"


@cache
def network(chapter, name="generator"):
    """A network that ships with the book."""
    return runs.Run(BOOK / "pretrained" / chapter).load(name)


def clothing(chapter, names, columns, seed):
    """Generated clothing, a row for each class: uint8 ``[h, w, 3]``."""
    data = gb.load("fashion_mnist", limit=100)
    labels = np.repeat([data.label_index(name) for name in names], columns)
    return grid(gb.draw(network(chapter), labels, seed=seed), columns)


def cheats(names, columns):
    """Images that cheat (chapter 5), a row for each of these sets: uint8 ``[h, w, 3]``."""
    sets = make_sets(gb.load("fashion_mnist"), network("cgan"), 100, seed=0)
    return grid(np.concatenate([sets[name][:columns] for name in names]), columns)


def twelve(chapter):
    """Twelve images of a generator without classes: uint8 ``[h, w, 3]``."""
    return grid(gb.draw(network(chapter), np.zeros(12), seed=1), 4)


def digits(rows, columns, seed):
    """Digits by the variational autoencoder: uint8 ``[h, w, 3]``."""
    return grid(gb.draw(network("vae"), np.zeros(rows * columns), seed=seed), columns)


def slants(rows, columns):
    """Digits by InfoGAN, a category in each row; from left to right the codes move so that the slant grows."""
    generator = network("infogan")
    codes = np.linspace(-1.6, 1.6, columns)[:, None] * _slant_direction(generator)
    images = []
    for row, category in enumerate(_clearest_categories(generator, rows)):
        z = np.repeat(gb.latent_points(generator, 1, seed=row), columns, axis=0)
        images.append(gb.draw(generator, [category] * columns, z=z, codes=codes))
    return grid(np.concatenate(images), columns)


def _slant_direction(generator, n=1000):
    """The direction of the codes in which the writing leans to the right, float32 ``[codes]``, at most 1 each.

    The two codes of a training need not lie along slant and width (chapter 7, section 7).
    """
    codes = latent_codes(generator, n)
    leaning = slant(gb.draw(generator, np.arange(n) % num_labels(generator), codes=codes))
    known = np.isfinite(leaning)
    found = np.array([np.corrcoef(code[known], leaning[known])[0, 1] for code in codes.T], "float32")
    return found / np.abs(found).max()


def _clearest_categories(generator, count, n=50):
    """The categories that are most often one and the same digit, each another digit, in the digits' order."""
    kinds = num_labels(generator)
    seen = load_classifier("mnist").predict(gb.draw(generator, np.repeat(np.arange(kinds), n))).reshape(kinds, n)
    tallies = np.stack([np.bincount(row, minlength=10) for row in seen])
    digits, chosen = tallies.argmax(axis=1), {}
    for category in np.argsort(-tallies.max(axis=1), kind="stable"):
        chosen.setdefault(digits[category], category)
    return [chosen[digit] for digit in sorted(list(chosen)[:count])]


def classified_digits(rows, columns):
    """The first test digits with the SGAN's answer in the corner, green where it is right."""
    data = gb.load("mnist", limit=100)
    images, labels = data.test_images[: rows * columns], data.test_labels[: rows * columns]
    scores = predict_uint8(network("sgan", "classifier"), images)
    answers = np.argmax(scores[:, :10], axis=1)
    picture = Image.fromarray(grid(images, columns))
    pen = ImageDraw.Draw(picture)
    for index, (answer, label) in enumerate(zip(answers, labels, strict=True)):
        corner = (index % columns * CELL + 4, index // columns * CELL + 1)
        pen.text(corner, str(answer), fill=RIGHT if answer == label else WRONG, font=font(17, bold=True))
    return np.asarray(picture)


def translated(chapter, pairs, height, rows):
    """The first test pictures of a set of pairs and their translations, in rows: two uint8 ``[height, w, 3]``."""
    generator = network(chapter)
    pictures = gb.load_pairs(pairs, generator.input_shape[1], limit=1, paired=chapter == "pix2pix").test_a[:rows]
    side = (height - (rows - 1) * GAP) // rows
    columns = []
    for images in (pictures, gb.translate(generator, pictures)):
        page = np.full((height, side, 3), 255, np.uint8)
        for number, image in enumerate(resize(images, side)):
            page[number * (side + GAP) : number * (side + GAP) + side] = image
        columns.append(page)
    return columns


def grid(images, columns):
    """Images in rows, enlarged, in colour and without a frame: uint8 ``[h, w, 3]``."""
    made = gb.image_grid(images, len(images) // columns, columns, padding=GAP, scale=SCALE)[GAP:-GAP, GAP:-GAP]
    return np.broadcast_to(made, (*made.shape[:2], 3))


def pair(left, right):
    """Two pictures of one height next to each other."""
    return np.concatenate([left, np.full((len(left), 2 * GAP, 3), 255, np.uint8), right], axis=1)


def font(size, bold=False):
    return ImageFont.truetype(font_manager.findfont(f"DejaVu Sans:weight={'bold' if bold else 'normal'}"), size)


def strip(panels):
    """Panels from left to right on white: a Pillow image.

    Args:
        panels: list of dicts: "picture", uint8 ``[HIGH, w, 3]``; "heads", texts above its equal parts; "rows", names at
            its left, or none; "title" and "model", the two lines below.
    """
    small, title = font(12), font(14, bold=True)
    names = [max((small.getlength(name) for name in panel.get("rows", ())), default=0) for panel in panels]
    names = [round(width) + 6 * bool(width) for width in names]
    wide = sum(panel["picture"].shape[1] + name + MARGIN for panel, name in zip(panels, names, strict=True)) + MARGIN
    page = Image.new("RGB", (wide, MARGIN + HEAD + HIGH + 2 * LINE + MARGIN), WHITE)
    pen, left, top = ImageDraw.Draw(page), MARGIN, MARGIN + HEAD
    for panel, name_width in zip(panels, names, strict=True):
        picture, x = Image.fromarray(np.ascontiguousarray(panel["picture"])), left + name_width
        page.paste(picture, (x, top))
        for number, name in enumerate(panel.get("rows", ())):
            middle = top + (number + 0.5) * HIGH / len(panel["rows"])
            pen.text((x - 6, middle), name, fill=BLACK, font=small, anchor="rm")
        for number, head in enumerate(panel["heads"]):
            middle = x + (number + 0.5) * picture.width / len(panel["heads"])
            pen.text((middle, top - HEAD / 2), head, fill=GREY, font=small, anchor="mm")
        pen.text((left, top + HIGH + 0.7 * LINE), panel["title"], fill=BLACK, font=title, anchor="lm")
        pen.text((left, top + HIGH + 1.7 * LINE), panel["model"], fill=GREY, font=small, anchor="lm")
        left = x + picture.width + MARGIN
    return page


def panels():
    """The four panels of the strip."""
    classes = ["Dress", "Bag", "Sneaker", "Ankle boot"]
    return [
        {
            "picture": clothing("cgan", classes, 4, seed=3),
            "rows": classes,
            "heads": ["you choose the class"],
            "title": "Clothing on request",
            "model": "conditional GAN, chapter 6",
        },
        {
            "picture": slants(4, 5),
            "heads": ["two inputs change from left to right"],
            "title": "Slant, found without labels",
            "model": "InfoGAN, chapter 7",
        },
        {
            "picture": pair(*translated("pix2pix", "edges2faces", HIGH, 2)),
            "heads": ["edges", "generated"],
            "title": "Edges to faces",
            "model": "pix2pix, chapter 10",
        },
        {
            "picture": pair(*translated("cyclegan", "orange2blue", HIGH, 2)),
            "heads": ["orange cats", "generated"],
            "title": "Orange to blue, without pairs",
            "model": "CycleGAN, chapter 11",
        },
    ]


def thumbnails():
    """Chapter -> uint8 ``[h, w, 3]``: twelve images, or a picture and its translation."""
    high = 3 * CELL - GAP
    return {
        "ch01": digits(3, 4, seed=3),
        "ch02": twelve("gan"),
        "ch03": twelve("dcgan"),
        "ch05": cheats(["one per class", "shifted copies", "blurred"], 4),
        "ch06": clothing("cgan", ["Dress", "Bag", "Ankle boot"], 4, seed=3),
        "ch07": slants(3, 4),
        "ch08": clothing("twon-gan", ["T-shirt/top", "Trouser", "Sneaker"], 4, seed=3),
        "ch09": classified_digits(3, 4),
        "ch10": pair(*translated("pix2pix", "edges2faces", high, 2)),
        "ch11": pair(*translated("cyclegan", "orange2blue", high, 2)),
        "ch12": clothing("biggan", ["Pullover", "Sandal", "Coat"], 4, seed=3),
        "ch13": twelve("progan"),
        "ch14": twelve("stylegan"),
    }


def main():
    """Writes the strip and the thumbnails."""
    made = {"strip": np.asarray(strip(panels()))}
    made |= {f"thumb_{chapter}": picture for chapter, picture in thumbnails().items()}
    for name, picture in made.items():
        gb.save_png(np.ascontiguousarray(picture), FIGURES / f"{name}.png")
        print(f"wrote docs/figures/{name}.png, {picture.shape[1]} x {picture.shape[0]} pixels")


if __name__ == "__main__":
    cli.guard(main)
