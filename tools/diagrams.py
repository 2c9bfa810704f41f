"""The diagrams of the book, ``docs/figures/*.svg``, written by a program so that they all look alike.

    python -m tools.diagrams

Colour says whose a thing is: the generator's is blue, the discriminator's orange, real data green, labels and codes
violet, losses grey. Shape says what it is: a network is a rectangle, a value (an image, a label, an answer) a pill. A
thick outline is a network that is updated, a dashed one a frozen network, a dashed arrow the gradient.

To add a diagram: a function here that returns a `Diagram`, and its name in `DIAGRAMS`. The first line of its docstring
is the alternative text. The test measures every text and says what overflows or overlaps.
"""

import inspect
import re
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from gan_book.paths import BOOK, atomic_write

FIGURES = BOOK / "docs" / "figures"
WIDTH = 700
NAME, NOTE, SUBSCRIPT = 19, 16, 14  # font sizes in pixels, at a width of 700

# kind: (fill, outline) on a light page, (fill, outline) on a dark one
PALETTE = {
    "card": (("#ffffff", "#d0d7de"), ("#0d1117", "#30363d")),
    "panel": (("#f6f8fa", "#d0d7de"), ("#161b22", "#30363d")),
    "plain": (("#ffffff", "#57606a"), ("#0d1117", "#9aa4af")),  # noise, and operations without weights
    "generator": (("#dbeafe", "#1d4ed8"), ("#1b3564", "#79b0ff")),
    "discriminator": (("#ffe8cc", "#b45309"), ("#55300f", "#ffa657")),
    "data": (("#dcf5e0", "#1a7f37"), ("#143d22", "#56d364")),
    "label": (("#ece4ff", "#6d3fc4"), ("#3a2767", "#bf9cff")),
    "loss": (("#e4e8ec", "#57606a"), ("#30363d", "#9aa4af")),
}
TEXT = ("#1f2328", "#e6edf3")
ARROW = ("#57606a", "#9aa4af")
GRADIENT = ("#c4144a", "#ff8095")


def style():
    """The style sheet: all shapes, and the colours twice. The card has a background of its own in both, because a page
    can be dark where the system is light."""
    shapes = (
        "text{font-family:-apple-system,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif}"
        f".name{{font-size:{NAME}px}}.note{{font-size:{NOTE}px}}.title{{font-size:{NAME}px;font-weight:bold}}"
        f".sub{{font-size:{SUBSCRIPT}px}}.it{{font-style:italic}}.middle{{text-anchor:middle}}.end{{text-anchor:end}}"
        "rect{stroke-width:1.5}.updated rect{stroke-width:4}.frozen rect{stroke-dasharray:7 5;stroke-width:2.5}"
        ".grid path{fill:none;stroke-width:0.7}.marked rect{stroke-width:4}"
        ".line{fill:none;stroke-width:1.8}.gradient .line{stroke-dasharray:6 4;stroke-width:2.2}"
    )
    return f"{shapes}{_colours(0)}@media (prefers-color-scheme:dark){{{_colours(1)}}}"


def _colours(dark):
    rules = [f".{kind} rect{{fill:{mode[dark][0]};stroke:{mode[dark][1]}}}" for kind, mode in PALETTE.items()]
    rules.append(f".grid path{{stroke:{ARROW[dark]}}}")
    for kind, colour in (("arrow", ARROW), ("gradient", GRADIENT)):
        rules.append(f".{kind} .line{{stroke:{colour[dark]}}}.{kind} .head{{fill:{colour[dark]}}}")
    return "".join([f"text{{fill:{TEXT[dark]}}}", *rules])


def spans(text):
    """``*x*_{fake}`` as SVG: what is between stars in italics, what is in ``_{}`` as a subscript."""
    svg, lowered = "", False
    for italic, below, plain in re.findall(r"\*([^*]+)\*|_\{([^}]*)\}|([^*_]+)", text):
        classes = ["sub"] if below else []
        if italic or below.startswith("*"):
            classes.append("it")
        # `dy` moves all that follows, so what comes after a subscript has to be raised again. (`baseline-shift` would
        # be the word for it, but Firefox does not know it.)
        shift = ' dy="3"' if below and not lowered else ' dy="-3"' if lowered and not below else ""
        lowered = bool(below)
        styled = f' class="{" ".join(classes)}"' if classes else ""
        content = escape((italic or below or plain).strip("*"))
        svg += f"<tspan{styled}{shift}>{content}</tspan>" if styled or shift else content
    return svg


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, and the middles of its sides as points."""

    x: float
    y: float
    w: float
    h: float

    @property
    def left(self):
        return self.x, self.y + self.h / 2

    @property
    def right(self):
        return self.x + self.w, self.y + self.h / 2

    @property
    def top(self):
        return self.x + self.w / 2, self.y

    @property
    def bottom(self):
        return self.x + self.w / 2, self.y + self.h


class Diagram:
    """An SVG picture, 700 pixels wide and `height` pixels high."""

    def __init__(self, height):
        self.height, self.parts = height, []

    def svg(self, title, description):
        """The file's text. `title` is one sentence; `description` is for readers who cannot see the picture."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height}" '
            f'viewBox="0 0 {WIDTH} {self.height}" role="img" aria-labelledby="title desc">\n'
            f'<title id="title">{escape(title)}</title>\n<desc id="desc">{escape(description)}</desc>\n'
            f"<style>{style()}</style>\n"
            f'<g class="card"><rect x="1" y="1" width="{WIDTH - 2}" height="{self.height - 2}" rx="12"/></g>\n'
        )
        return head + "\n".join(self.parts) + "\n</svg>\n"

    def box(self, kind, x, y, w, h, name="", *notes, state="", round_by=6):
        """A network: `name` in larger letters and `notes` in smaller ones below it, centred. Returns its `Box`.

        `kind` is a key of `PALETTE`; `state` is "", "updated" or "frozen".
        """
        lines = [("name", name, 25)] * bool(name) + [("note", note, 20) for note in notes]
        top = y + h / 2 - sum(pitch for *_, pitch in lines) / 2
        texts = []
        for look, line, pitch in lines:
            texts.append(_text(x + w / 2, top + pitch * 0.79, line, f"{look} middle"))
            top += pitch
        classes = f"box {kind} {state}".strip()
        rect = f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{round_by:g}"/>'
        self.parts.append(f'<g class="{classes}">{rect}{"".join(texts)}</g>')
        return Box(x, y, w, h)

    def pill(self, kind, x, y, w, h, name="", *notes):
        """A value: as `box`, with round ends."""
        return self.box(kind, x, y, w, h, name, *notes, round_by=min(h / 2, 22))

    def panel(self, x, y, w, h, title, formula=""):
        """A part of the picture, with a title at its left and a formula at its right."""
        self.parts.append(f'<g class="panel"><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8"/></g>')
        self.label(x + 14, y + 27, title, "title")
        if formula:
            self.label(x + w - 14, y + 27, formula, "name end")

    def picture(self, kind, x, y, w, h):
        """A plain rectangle, for what is shown to scale."""
        self.parts.append(f'<g class="picture {kind}"><rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}"/></g>')

    def label(self, x, y, text, look="note middle"):
        """A line of text with its baseline at `y`. `look`: name, note or title; middle, end, or neither for left."""
        self.parts.append(_text(x, y, text, look))

    def arrow(self, *points, gradient=False):
        """An arrow from the first point over the others to the last."""
        (x0, y0), (x1, y1) = points[-2:]
        length = abs(x1 - x0) + abs(y1 - y0)  # the lines are horizontal or vertical
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        x1, y1 = x1 - 2 * ux, y1 - 2 * uy  # a gap, so that the tip is seen before the outline
        bx, by = x1 - 9 * ux, y1 - 9 * uy
        line = "M" + "L".join(f"{x:g} {y:g}" for x, y in [*points[:-1], (bx, by)])
        head = f"M{x1:g} {y1:g}L{bx - 5 * uy:g} {by - 5 * ux:g}L{bx + 5 * uy:g} {by + 5 * ux:g}Z"
        kind = "gradient" if gradient else "arrow"
        self.parts.append(f'<g class="{kind}"><path class="line" d="{line}"/><path class="head" d="{head}"/></g>')

    def link(self, *boxes, shift=0, gradient=False):
        """Level arrows from each box to the next, at the middle of the lower of the two, `shift` pixels below it."""
        for a, b in pairwise(boxes):
            y = min(a, b, key=lambda box: box.h).left[1] + shift
            start, end = (a.x + a.w, b.x) if a.x < b.x else (a.x, b.x + b.w)
            self.arrow((start, y), (end, y), gradient=gradient)


def _text(x, y, text, look):
    return f'<text x="{x:g}" y="{y:g}" class="{look}">{spans(text)}</text>'


def gan():
    """A GAN: G makes images from noise, D says of an image whether it is real or generated.

    Noise z goes into the generator G, which makes the image x_fake. The discriminator D gets x_fake or a real image
    x_real and answers: real or fake?
    """
    d = Diagram(206)
    z = d.pill("plain", 20, 118, 76, 60, "*z*", "noise")
    g = d.box("generator", 122, 108, 110, 80, "*G*", "generator")
    fake = d.pill("generator", 258, 118, 130, 60, "*x*_{fake}", "generated")
    real = d.pill("data", 258, 28, 130, 60, "*x*_{real}", "real image")
    network = d.box("discriminator", 414, 28, 134, 150, "*D*", "discriminator")
    answer = d.pill("discriminator", 574, 68, 106, 70, "", "real or", "fake?")
    d.link(z, g, fake, network, answer)
    d.link(real, network)
    return d


def autoencoder():
    """An autoencoder: the encoder makes a code of an image, the decoder makes an image of the code.

    The image x goes into the encoder f, which makes the code z, a list of a few numbers. The decoder g makes the
    reconstruction of it. The loss compares the reconstruction with x.
    """
    d = Diagram(196)
    x = d.pill("data", 20, 28, 92, 60, "*x*", "image")
    f = d.box("label", 140, 18, 110, 80, "*f*", "encoder")
    z = d.pill("label", 278, 28, 100, 60, "*z*", "code")
    g = d.box("generator", 406, 18, 110, 80, "*g*", "decoder")
    copy = d.pill("generator", 544, 28, 136, 60, "*x̂*", "reconstruction")
    loss = d.box("loss", 230, 132, 196, 44, "", "loss: are they alike?")
    d.link(x, f, z, g, copy)
    d.arrow(x.bottom, (x.bottom[0], 154), loss.left)
    d.arrow(copy.bottom, (copy.bottom[0], 154), loss.right)
    return d


def vae():
    """The VAE: the encoder gives a mean and a variance, and the code is sampled.

    The image x goes into the encoder, which gives mean mu and variance sigma squared. The code z is mu plus sigma times
    epsilon, a sample of N(0, 1). The decoder makes the reconstruction of z. There are two losses: KL, how far the
    distribution of z is from N(0, 1), and the reconstruction loss.
    """
    d = Diagram(216)
    x = d.pill("data", 20, 38, 64, 60, "*x*", "image")
    f = d.box("label", 106, 28, 96, 80, "*f*", "encoder")
    region = d.pill("label", 224, 38, 94, 60, "*μ*, *σ*²", "region")
    z = d.pill("label", 340, 38, 116, 60, "*z*", "*μ* + *σε*")
    g = d.box("generator", 478, 28, 96, 80, "*g*", "decoder")
    copy = d.pill("generator", 596, 38, 84, 60, "*x̂*", "copy")
    d.link(x, f, region, z, g, copy)
    epsilon = d.pill("plain", 340, 140, 116, 56, "*ε*", "from N(0, 1)")
    d.arrow(epsilon.top, z.bottom)
    kl = d.box("loss", 196, 146, 122, 44, "", "KL loss")
    d.arrow((kl.top[0] + 14, 98), (kl.top[0] + 14, 146))
    d.arrow((copy.bottom[0], 98), (copy.bottom[0], 146))
    d.box("loss", 500, 146, 180, 44, "", "reconstruction loss")
    return d


def aae():
    """The adversarial autoencoder: a discriminator says whether a point is a code or a sample of the prior.

    Above: the image x goes through the encoder, the code z and the decoder to the reconstruction. Below: the
    discriminator D gets the codes z of images and samples of N(0, 1), and answers: sampled from N(0, 1), or a code? The
    encoder is trained to make D wrong.
    """
    d = Diagram(236)
    x = d.pill("data", 20, 28, 92, 60, "*x*", "image")
    f = d.box("label", 140, 18, 110, 80, "*f*", "encoder")
    z = d.pill("label", 278, 28, 100, 60, "*z*", "code")
    g = d.box("generator", 406, 18, 110, 80, "*g*", "decoder")
    copy = d.pill("generator", 544, 28, 136, 60, "*x̂*", "reconstruction")
    d.link(x, f, z, g, copy)
    prior = d.pill("plain", 140, 148, 110, 60, "N(0, 1)", "sample")
    network = d.box("discriminator", 278, 138, 130, 80, "*D*", "discriminator")
    answer = d.pill("discriminator", 444, 148, 150, 60, "", "from N(0, 1),", "or a code?")
    d.link(prior, network, answer)
    d.arrow((328, 88), (328, 138))
    return d


def composite():
    """One training step: D on real images, D on generated images, then G through the frozen D.

    Three panels. 1: D gets real images and their labels y, with target 1; the gradient goes from the loss to D, and D
    is updated. 2: D gets images that G made from noise and labels y, and the same labels, with target 0; D is updated,
    and no gradient reaches G. 3: the composite, G followed by the frozen D, gets noise and labels y, which go into both
    networks, with target 1; the gradient goes from the loss through D and the image to G, and only G is updated.
    """
    d = Diagram(612)
    titles = ("1. *D* on real images", "2. *D* on generated images", "3. *G* through the frozen *D*: the composite")
    formulas = ("−log *D*(*x* | *y*)", "−log(1 − *D*(*G*(*z* | *y*) | *y*))", "−log *D*(*G*(*z* | *y*) | *y*)")
    for step, (title, formula) in enumerate(zip(titles, formulas, strict=True)):
        top = 14 + 186 * step
        d.panel(14, top, 672, 176, title, formula)
        y = top + 44
        state = "frozen" if step == 2 else "updated"
        network = d.box("discriminator", 384, y, 100, 74, "*D*", state, state=state)
        target = "target 0: “fake”" if step == 1 else "target 1: “real”"
        loss = d.box("loss", 530, y, 142, 74, "loss", target)
        d.link(network, loss, shift=-13)
        d.link(loss, network, shift=13, gradient=True)
        label = d.pill("label", 252 if step == 0 else 26, y + 86, 84, 34, "", "label *y*")
        d.arrow(label.right, (network.bottom[0], label.right[1]), network.bottom)
        if step == 0:
            x = d.pill("data", 244, y + 7, 100, 60, "*x*", "real")
            d.link(x, network)
            continue
        z = d.pill("plain", 26, y + 7, 44, 60, "*z*")
        state = "updated" if step == 2 else ""
        g = d.box("generator", 96, y, 112, 74, "*G*", state or "not updated", state=state)
        x = d.pill("generator", 244, y + 7, 100, 60, "*x*_{fake}", "generated")
        d.link(z, g)
        d.arrow(label.right, (g.bottom[0], label.right[1]), g.bottom)
        if step == 1:
            d.link(g, x, network)
        else:
            d.link(g, x, network, shift=-13)
            d.link(network, x, g, shift=13, gradient=True)
    d.arrow((84, 590), (24, 590), gradient=True)
    d.label(94, 596, "gradient", "note")
    d.box("plain", 190, 578, 36, 24, state="updated")
    d.label(238, 596, "weights updated", "note")
    d.box("plain", 392, 578, 36, 24, state="frozen")
    d.label(440, 596, "frozen: the gradient passes", "note")
    return d


def label_inputs():
    """Two ways to give D the label: as one more channel of the image, or by projection.

    Above: the label y goes through an embedding and a dense layer and becomes a channel of 28 by 28 numbers, which
    is concatenated with the image x; convolutions make the logit of both. Below: convolutions phi make features
    phi(x) of the image. A dense layer psi makes a number of them; their dot product with the embedding v_y of the
    label is added to it. The sum is the logit.
    """
    d = Diagram(440)
    d.panel(14, 14, 672, 200, "The label as a channel")
    x = d.pill("data", 264, 56, 120, 60, "*x*", "28 × 28 × 1")
    y = d.pill("label", 28, 138, 74, 60, "*y*", "label")
    embed = d.box("label", 128, 138, 110, 60, "", "embedding,", "dense")
    channel = d.pill("label", 264, 138, 120, 60, "", "label channel", "28 × 28 × 1")
    network = d.box("discriminator", 416, 56, 130, 142, "*D*", "concatenate,", "convolutions")
    logit = d.pill("discriminator", 576, 97, 92, 60, "logit", "real?")
    d.link(y, embed, channel, network, logit)
    d.link(x, network)

    d.panel(14, 226, 672, 200, "The projection discriminator", "*ψ*(*φ*(*x*)) + *v*_{*y*} · *φ*(*x*)")
    x = d.pill("data", 28, 268, 74, 60, "*x*", "image")
    phi = d.box("discriminator", 128, 268, 118, 60, "*φ*", "convolutions")
    features = d.pill("discriminator", 272, 268, 90, 60, "*φ*(*x*)", "features")
    psi = d.box("discriminator", 424, 268, 84, 60, "*ψ*", "dense")
    plus = d.pill("plain", 534, 283, 30, 30, "+")
    logit = d.pill("discriminator", 590, 268, 78, 60, "logit", "real?")
    y = d.pill("label", 28, 350, 74, 60, "*y*", "label")
    embed = d.box("label", 128, 350, 118, 60, "", "embedding")
    v = d.pill("label", 272, 350, 90, 60, "*v*_{*y*}", "vector")
    dot = d.box("plain", 424, 350, 84, 60, "", "dot", "product")
    d.link(x, phi, features, psi, plus, logit)
    d.link(y, embed, v)
    d.arrow((v.right[0], 392), (424, 392))
    d.arrow((393, 298), (393, 368), (424, 368))
    d.arrow(dot.right, (549, 380), (549, 313))
    return d


def three_gans():
    """What goes into D and what comes out: cGAN, AC-GAN and 2N-GAN.

    Three columns. cGAN: D gets an image x and a label y, and answers real or fake. AC-GAN: D gets the image alone,
    and answers real or fake and, with a second head, which of N classes. 2N-GAN: D gets the image alone, and one
    softmax answers which of 2N classes, N real and N fake ones. G is trained to get the answers: real; real and
    class y; real y.
    """
    d = Diagram(424)
    columns = (
        ("cGAN", "*x* *y*", [("discriminator", "real", "or fake?")], "“real”"),
        (
            "AC-GAN",
            "*x*",
            [("discriminator", "real", "or fake?"), ("label", "which", "class?")],
            "“real” and “class *y*”",
        ),
        ("2N-GAN", "*x*", [("discriminator", "which of *N* real", "and *N* fake classes?")], "“real *y*”"),
    )
    inputs = {"*x*": ("data", "image"), "*y*": ("label", "label")}
    for number, (title, given, answers, wanted) in enumerate(columns):
        left = 14 + 228 * number
        d.panel(left, 14, 216, 352, title)
        network = d.box("discriminator", left + 14, 140, 188, 60, "*D*")
        for x, name in _spread(left, given.split()):
            kind, note = inputs[name]
            pill = d.pill(kind, x, 52, 88, 58, name, note)
            d.arrow(pill.bottom, (pill.bottom[0], network.y))
        for x, (kind, *lines) in _spread(left, answers):
            # One softmax over all 2N classes is one wide pill.
            x, width = (left + 14, 188) if title == "2N-GAN" else (x, 88)
            pill = d.pill(kind, x, 230, width, 58, "", *lines)
            d.arrow((pill.top[0], network.y + network.h), pill.top)
        d.label(left + 108, 322, "*G* is trained to get")
        d.label(left + 108, 346, wanted)
    d.label(350, 396, "In all three, *G* makes its image from *z* and a label *y*.")
    return d


def _spread(left, items):
    """The one or two items of a column with where they begin: in the middle, or side by side."""
    return zip([left + 64] if len(items) == 1 else [left + 14, left + 114], items, strict=True)


def infogan():
    """InfoGAN: G gets noise and a code, D and Q share a trunk, and Q guesses the code.

    Noise z and the code c, a category c_1 and two continuous codes c_2 and c_3, go into G, which makes x_fake. A
    trunk that D and Q share gets x_fake or a real image. D's head answers real or fake; Q's head guesses the code
    of a generated image. The loss L_I compares the guess with the code that G
    was given.
    """
    d = Diagram(350)
    z = d.pill("plain", 20, 24, 118, 64, "*z*", "noise")
    c = d.pill("label", 20, 110, 118, 124, "*c*", "*c*_{1}: category", "*c*_{2}, *c*_{3}:", "continuous")
    g = d.box("generator", 164, 24, 62, 210, "*G*")
    real = d.pill("data", 252, 30, 92, 60, "*x*_{real}", "real")
    fake = d.pill("generator", 252, 142, 92, 60, "*x*_{fake}", "generated")
    trunk = d.box("discriminator", 370, 24, 76, 210, "", "shared", "trunk")
    head = d.box("discriminator", 472, 30, 66, 60, "*D*", "head")
    q = d.box("label", 472, 142, 66, 60, "*Q*", "head")
    answer = d.pill("discriminator", 564, 30, 116, 60, "", "real or fake?", "for all images")
    guess = d.pill("label", 564, 142, 116, 60, "", "guess of", "*c*_{1}, *c*_{2}, *c*_{3}")
    d.link(z, g)
    d.link(c, g, fake, trunk)
    d.link(real, trunk)
    d.link(trunk, head, answer)
    d.link(trunk, q, guess)
    loss = d.box(
        "loss",
        20,
        272,
        660,
        58,
        "",
        "*L*_{*I*}, for *G* and *Q*: is the guess the code that *G* was given?",
        "For generated images only.",
    )
    d.arrow(c.bottom, (c.bottom[0], loss.y))
    d.arrow(guess.bottom, (guess.bottom[0], loss.y))
    return d


def sgan():
    """SGAN: one classifier learns from labelled, unlabelled and generated images.

    Labelled images, unlabelled images and images that G makes from z go into one classifier with K logits. The
    softmax of the logits says which class; their logsumexp is the logit for real or fake. Labelled images train the
    class. Unlabelled images train the answer real, generated ones the answer fake.
    """
    d = Diagram(350)
    labelled = d.pill("data", 178, 24, 110, 70, "*x*, *y*", "labelled")
    unlabelled = d.pill("data", 178, 112, 110, 70, "*x*", "unlabelled")
    fake = d.pill("generator", 178, 200, 110, 70, "*x*_{fake}", "generated")
    z = d.pill("plain", 20, 205, 48, 60, "*z*")
    g = d.box("generator", 94, 205, 58, 60, "*G*")
    network = d.box("discriminator", 314, 24, 98, 246, "*D*", "classifier")
    logits = d.pill("discriminator", 438, 107, 90, 80, "*l*_{1} … *l*_{*K*}", "*K* logits")
    label = d.pill("label", 556, 50, 124, 70, "softmax", "which class?")
    real = d.pill("discriminator", 556, 174, 124, 70, "logsumexp", "real or fake?")
    d.link(z, g, fake, network)
    d.link(labelled, network)
    d.link(unlabelled, network)
    d.link(network, logits)
    d.arrow((483, 107), (483, 85), label.left)
    d.arrow((483, 187), (483, 209), real.left)
    d.box("loss", 20, 290, 660, 42, "", "Targets:  labelled → class *y*;  unlabelled → “real”;  generated → “fake”")
    return d


def unet():
    """The U-Net: an encoder, a decoder, and skip connections between layers of the same size.

    The encoder halves the side of the input picture again and again: 256, 128, 64 and so on to 2 and 1. The decoder
    doubles it again to 256. At every size from 2 to 128 a skip connection concatenates the encoder's feature maps
    with the decoder's.
    """
    d = Diagram(396)
    sizes = ("128 × 128 × 64", "64 × 64 × 128", "…", "2 × 2 × 512")
    x = d.pill("data", 16, 20, 188, 44, "", "input 256 × 256 × 3")
    out = d.pill("generator", 496, 20, 188, 44, "", "output 256 × 256 × 3")
    down, up = [x], [out]
    for level, size in enumerate(sizes, start=1):
        y, indent = 20 + 62 * level, 22 * level
        down.append(d.box("generator", 16 + indent, y, 150, 44, "", size))
        up.append(d.box("generator", 534 - indent, y, 150, 44, "", size))
        d.link(down[-1], up[-1])
    bottom = d.box("generator", 275, 334, 150, 44, "", "1 × 1 × 512")
    for above, below in pairwise(down):
        d.arrow((below.top[0], above.y + above.h), below.top)
    for above, below in pairwise(up):
        d.arrow(below.top, (below.top[0], above.y + above.h))
    d.arrow(down[-1].bottom, (down[-1].bottom[0], bottom.left[1]), bottom.left)
    d.arrow(bottom.right, (up[-1].bottom[0], bottom.right[1]), up[-1].bottom)
    d.label(350, 94, "skip connections")
    d.label(30, 350, "encoder", "name")
    d.label(670, 350, "decoder", "name end")
    return d


def patchgan():
    """The PatchGAN: each of 30 × 30 logits judges one patch of 70 × 70 pixels.

    Two pictures of 256 by 256 pixels, input and output, go through the convolutions of D, which answer with a map
    of 30 by 30 logits. Two logits are marked, and
    the patches of 70 by 70 pixels that they see, at the same places of the picture.
    """
    d = Diagram(290)
    side, cells = 204, 30
    left, right, top = 26, 476, 32
    d.picture("data", left + 20, top - 16, side, side)
    d.picture("data", left, top, side, side)
    network = d.box("discriminator", 300, 94, 126, 80, "*D*", "convolutions")
    d.picture("plain", right, top, side, side)
    # All to scale. Neighbouring logits see patches that are 8 pixels apart, and the padding of 1 pixel in each of the
    # five convolutions puts the first patch 23 pixels outside the picture.
    pixel, step = side / 256, side / cells
    grid = "".join(f"M{right + step * i:g} {top}v{side}M{right} {top + step * i:g}h{side}" for i in range(1, cells))
    d.parts.append(f'<g class="grid"><path d="{grid}"/></g>')
    for kind, column, row in (("discriminator", 7, 8), ("label", 20, 19)):
        x, y = left + pixel * (8 * column - 23), top + pixel * (8 * row - 23)
        d.picture(f"marked {kind}", x, y, pixel * 70, pixel * 70)
        d.picture(f"marked {kind}", right + step * column, top + step * row, step, step)
        d.label(x + pixel * 35, y - 8, "70 × 70")
    d.arrow((250, 134), network.left)
    d.arrow(network.right, (right, 134))
    d.label(138, 264, "input and output, 256 × 256")
    d.label(right + side / 2, 264, "30 × 30 logits: real?")
    return d


def cycle():
    """CycleGAN: a picture translated there and back again must come out as it went in.

    Two panels. Above: G translates x to G(x), F translates that back to F(G(x)); the cycle loss is the distance of
    F(G(x)) from x. The discriminator D_Y gets G(x) or a real y and answers real or fake. Below, the same the other
    way round: F translates y to F(y), G translates that back, and the discriminator D_X gets F(y) or a real x.
    """
    d = Diagram(548)
    for number, (x, y, there, back) in enumerate((("x", "y", "G", "F"), ("y", "x", "F", "G"))):
        top = 14 + 266 * number
        d.panel(14, top, 672, 254, f"*{x.upper()}* → *{y.upper()}* → *{x.upper()}*")
        loss = d.box("loss", 200, top + 42, 300, 40, "", f"cycle loss ‖*{back}*(*{there}*(*{x}*)) − *{x}*‖_{{1}}")
        row = top + 108
        start = d.pill("data", 28, row, 90, 56, f"*{x}*", "real")
        first = d.box("generator", 152, row, 70, 56, f"*{there}*")
        middle = d.pill("generator", 256, row, 110, 56, f"*{there}*(*{x}*)", "generated")
        second = d.box("generator", 400, row, 70, 56, f"*{back}*")
        end = d.pill("generator", 504, row, 164, 56, f"*{back}*(*{there}*(*{x}*))", f"should be *{x}* again")
        d.link(start, first, middle, second, end)
        d.arrow(start.top, (start.top[0], loss.left[1]), loss.left)
        d.arrow(end.top, (end.top[0], loss.right[1]), loss.right)
        network = d.box("discriminator", 256, row + 84, 110, 46, f"*D*_{{*{y.upper()}*}}")
        other = d.pill("data", 118, row + 79, 104, 56, f"*{y}*", "real")
        answer = d.pill("discriminator", 400, row + 79, 130, 56, "", "real or fake?")
        d.arrow(middle.bottom, network.top)
        d.link(other, network, answer)
    return d


def mlp_cgan():
    """The networks of the first conditional GAN: dense layers, with maxout units in D.

    Generator: z, 100 numbers, to 200 ReLU units; y, 10 numbers, to 1000 ReLU units; both to 1200 ReLU units, then
    784 tanh units, the image. Discriminator: x, 784 pixels, to 240 maxout units of 5 pieces; y to 50 maxout units
    of 5 pieces; both to 240 maxout units of 4 pieces, then one logit.
    """
    d = Diagram(472)
    d.panel(14, 14, 672, 200, "Generator")
    z = d.pill("plain", 28, 56, 84, 60, "*z*", "100")
    y = d.pill("label", 28, 138, 84, 60, "*y*", "10")
    h_z = d.box("generator", 142, 56, 104, 60, "200", "ReLU")
    h_y = d.box("generator", 142, 138, 104, 60, "1000", "ReLU")
    h = d.box("generator", 282, 56, 104, 142, "1200", "ReLU")
    pixels = d.box("generator", 422, 97, 104, 60, "784", "tanh")
    image = d.pill("generator", 562, 97, 106, 60, "*G*(*z* | *y*)", "28 × 28")
    d.link(z, h_z, h, pixels, image)
    d.link(y, h_y, h)

    d.panel(14, 226, 672, 200, "Discriminator")
    x = d.pill("data", 28, 268, 84, 60, "*x*", "784")
    y = d.pill("label", 28, 350, 84, 60, "*y*", "10")
    h_x = d.box("discriminator", 142, 268, 104, 60, "240 × 5", "maxout")
    h_y = d.box("discriminator", 142, 350, 104, 60, "50 × 5", "maxout")
    h = d.box("discriminator", 282, 268, 104, 142, "240 × 4", "maxout")
    last = d.box("discriminator", 422, 309, 104, 60, "1", "dense")
    logit = d.pill("discriminator", 562, 309, 106, 60, "logit", "real?")
    d.link(x, h_x, h, last, logit)
    d.link(y, h_y, h)
    d.label(350, 452, "Maxout 240 × 5: 240 units, each the largest of 5 linear functions.")
    return d


def transposed():
    """A transposed convolution, in one dimension: each input adds its kernel to the output, two places further on.

    Three input numbers a, b and c, and a kernel of four weights k_1 to k_4. a times the kernel is written to the
    outputs 1 to 4, b times the kernel to the outputs 3 to 6, c times the kernel to the outputs 5 to 8. Each output is
    the sum of its column. The outputs in the middle have two parts, those at the edge one.
    """
    d = Diagram(322)
    cell, left = 60, 196
    for row, name in enumerate("abc"):
        y = 24 + 62 * row
        x = d.pill("plain", 24, y, 60, 44, f"*{name}*")
        first = left + 2 * cell * row
        for k in range(4):
            d.box("generator", first + cell * k, y, cell - 6, 44, "", f"*{name} k*_{{{k + 1}}}", round_by=4)
        d.arrow(x.right, (first, y + 22))
    for place in range(8):
        parts = 1 if place in (0, 1, 6, 7) else 2
        d.pill("data", left + cell * place, 222, cell - 6, 44, f"*y*_{{{place + 1}}}")
        d.label(left + cell * place + (cell - 6) / 2, 296, f"{parts}")
    d.label(24, 250, "output: sums", "name")
    d.label(24, 296, "how many parts", "name")
    return d


def biggan():
    """BigGAN's generator: the class and a part of the latent point go into every block.

    The latent point z is cut into three parts. The first one goes through a dense layer and becomes feature maps of 7
    by 7. Two residual blocks double them to 14 by 14 and 28 by 28, which is the image. Each block gets its own part of
    z and a vector of the class y, both as the condition of its batch normalizations. The vectors of the class come
    from one embedding.
    """
    d = Diagram(330)
    row, chunks = 128, []
    for number, x in enumerate((104, 258, 432), start=1):
        chunks.append(d.pill("plain", x, 24, 84, 52, f"*z*_{{{number}}}"))
    dense = d.box("generator", 96, row, 100, 84, "dense", "7 × 7")
    first = d.box("generator", 234, row, 132, 84, "block", "14 × 14")
    second = d.box("generator", 408, row, 132, 84, "block", "28 × 28")
    image = d.pill("generator", 578, row + 12, 102, 60, "*G*(*z* | *y*)", "image")
    y = d.pill("label", 20, 256, 60, 52, "*y*")
    embedding = d.box("label", 118, 256, 422, 52, "", "one embedding for all blocks")
    d.label(24, 56, "*z* =", "name")
    d.link(dense, first, second, image)
    d.link(y, embedding)
    for chunk, target in zip(chunks, (dense, first, second), strict=True):
        d.arrow(chunk.bottom, target.top)
    for block in (first, second):
        d.arrow((block.bottom[0], embedding.y), block.bottom)
    d.label(614, 258, "*z* and *y* set the", "note middle")
    d.label(614, 280, "gain and shift", "note middle")
    d.label(614, 302, "of each block", "note middle")
    return d


def growing():
    """Progressive growing: the generator at 8 × 8, and while its block for 16 × 16 is faded in.

    Above: z, a block of 4 by 4, a block of 8 by 8, the layer rgb 8, the image of 8 by 8. Below: the same blocks, and a
    new one of 16 by 16 with its own layer rgb 16. The image is a mixture: 1 minus alpha times the output of rgb 8 with
    each pixel repeated, and alpha times the output of rgb 16.
    """
    d = Diagram(396)
    d.panel(14, 14, 672, 112, "8 × 8")
    z = d.pill("plain", 30, 54, 52, 52, "*z*")
    first = d.box("generator", 116, 54, 84, 52, "4 × 4")
    second = d.box("generator", 234, 54, 84, 52, "8 × 8")
    rgb = d.box("generator", 352, 54, 84, 52, "rgb 8")
    image = d.pill("generator", 470, 54, 110, 52, "", "image 8 × 8")
    d.link(z, first, second, rgb, image)

    d.panel(14, 140, 672, 242, "8 × 8 to 16 × 16")
    z = d.pill("plain", 30, 186, 52, 52, "*z*")
    first = d.box("generator", 116, 186, 84, 52, "4 × 4")
    second = d.box("generator", 234, 186, 84, 52, "8 × 8")
    new = d.box("generator", 226, 302, 100, 52, "16 × 16", state="updated")
    old_rgb = d.box("generator", 352, 186, 84, 52, "rgb 8")
    new_rgb = d.box("generator", 352, 302, 84, 52, "rgb 16", state="updated")
    double = d.box("plain", 470, 186, 84, 52, "", "double")
    image = d.pill("generator", 572, 238, 100, 64, "", "image", "16 × 16")
    d.link(z, first, second, old_rgb, double)
    d.arrow(second.bottom, new.top)
    d.link(new, new_rgb)
    d.arrow(double.right, (image.top[0], double.right[1]), image.top)
    d.arrow(new_rgb.right, (image.bottom[0], new_rgb.right[1]), image.bottom)
    d.label(618, 200, "times 1 − *α*", "note middle")
    d.label(530, 350, "times *α*", "note middle")
    return d


def stylegan():
    """StyleGAN's generator: a mapping network turns z into a style w, and w controls every layer.

    On the left z, the mapping network, and the style w. On the right the synthesis network: a learned constant, then
    blocks of 4 by 4, 8 by 8 and 16 by 16. Each block gets the style w and noise. Each has a layer rgb; the images of
    the blocks are doubled and added up to the image.
    """
    d = Diagram(372)
    z = d.pill("plain", 54, 40, 60, 52, "*z*")
    mapping = d.box("generator", 24, 132, 120, 60, "mapping", "dense layers")
    w = d.pill("label", 24, 292, 120, 56, "*w*", "style")
    d.arrow(z.bottom, mapping.top)
    d.arrow(mapping.bottom, w.top)
    d.panel(184, 14, 502, 270, "synthesis")
    start = d.pill("generator", 200, 58, 104, 56, "", "a learned", "constant")
    first = d.box("generator", 330, 58, 96, 56, "4 × 4")
    second = d.box("generator", 452, 58, 96, 56, "8 × 8")
    third = d.box("generator", 574, 58, 96, 56, "16 × 16")
    d.link(start, first, second, third)
    previous = None
    for block in (first, second, third):
        rgb = d.box("generator", block.x + 16, 206, 64, 44, "", "rgb")
        d.arrow(block.bottom, rgb.top)
        if previous:
            d.link(previous, rgb)
        previous = rgb
    d.label(500, 272, "doubled and added: the image")
    d.arrow((w.x + w.w, 330), (660, 330), (660, 286))
    d.label(400, 322, "one style for each block")
    d.label(400, 352, "each block also gets noise")
    return d


DIAGRAMS = (
    autoencoder,
    vae,
    aae,
    gan,
    transposed,
    composite,
    label_inputs,
    three_gans,
    infogan,
    sgan,
    unet,
    patchgan,
    cycle,
    mlp_cgan,
    biggan,
    growing,
    stylegan,
)


def svg_of(function):
    """The file's text of one of `DIAGRAMS`. The docstring's first line is the title, the rest the description."""
    title, _, description = inspect.getdoc(function).partition("\n\n")
    return function().svg(title, " ".join(description.split()))


def main():
    """Writes all diagrams."""
    for function in DIAGRAMS:
        with atomic_write(FIGURES / f"{function.__name__}.svg", "w") as file:
            file.write(svg_of(function))


if __name__ == "__main__":
    main()
