"""The page of a trained network: what is written, and in a real browser what it does."""

import base64
import io
import json
import re
import shutil
import threading

import keras
import numpy as np
import pytest
from PIL import Image

from chapters.ch09_sgan.digits import like_mnist
from gan_book.commands import play
from gan_book.commands.export import export
from gan_book.errors import BookError
from gan_book.export import slim, web
from gan_book.networks import to_uint8
from gan_book.sampling import Code
from gan_book.training import runs
from tests import browsers
from tests.export import common

LARGEST = 15_000_000  # bytes of a page that ships with the book
SHOWN = 60_000  # milliseconds to wait for a page on a busy computer


# --- what is written


@pytest.fixture
def run(tmp_path):
    return common.make_run(tmp_path / "run", generator=common.generator())


@common.ONNX
def test_the_page_has_all_files_it_names(run, tmp_path):
    lines = web.write_page(tmp_path / "page", run)
    about = json.loads((tmp_path / "page" / "model.json").read_text(encoding="utf-8"))
    assert "page of" in lines[0] and "grey levels" in lines[1]
    assert about["view"] == "generate" and about["format"] == "web"
    listed = {each["name"]: each["bytes"] for each in about["files"]}
    for name in ("index.html", "main.js", "page.css", "ort/LICENSE.txt", web.RUNTIME, "generator.onnx.gz"):
        assert listed[name] == (tmp_path / "page" / name).stat().st_size
    (network,) = about["networks"]
    assert network["file"] == "generator.onnx.gz" and network["bytes"] == listed["generator.onnx.gz"]
    assert [each["kind"] for each in network["inputs"]] == ["noise", "label"]
    assert network["inputs"][1]["names"] == common.NAMES
    assert network["check"]["grey_levels"] < 1
    assert about["runtime"]["bytes"] == listed[web.RUNTIME] < 4_000_000


@common.ONNX
def test_export_writes_the_page_and_replaces_only_a_page(run, tmp_path):
    page = tmp_path / "page"
    export(run, "generator", "web", page)
    with pytest.raises(BookError, match="exists already"):
        export(run, "generator", "web", page)
    export(run, "generator", "web", page, overwrite=True)
    (page / "my-notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BookError, match="my-notes"):
        web.write_page(page, run, overwrite=True)
    assert (page / "my-notes.txt").exists()


@common.ONNX
def test_a_network_with_nothing_to_click_is_refused(tmp_path):
    run = common.make_run(tmp_path / "run", generator=common.generator(takes=(Code(),)))
    with pytest.raises(BookError, match="--format onnx"):
        web.write_page(tmp_path / "page", run)
    assert not (tmp_path / "page").exists()


def test_every_control_of_the_page_has_a_label():
    html = (web.PAGE / "index.html").read_text(encoding="utf-8")
    for line in html.splitlines():
        if "<canvas" in line:
            assert 'role="img"' in line and "aria-label=" in line, line
        if "<input" in line:
            name = line.split('id="')[1].split('"')[0]
            assert f'for="{name}"' in html, f"{name} has no label"
    assert html.count('aria-live="polite"') == 3 and 'role="alert"' in html
    assert html.count("<fieldset") == html.count("<legend")


def test_the_page_names_no_other_host():
    for file in web.PAGE.iterdir():
        if file.suffix in (".js", ".css", ".html"):
            text = file.read_text(encoding="utf-8").replace("http://localhost:8000", "")
            assert not re.search(r"""https?:|["']//""", text), file.name


@common.ONNX
@pytest.mark.parametrize("in_bytes", [False, True])
def test_rounded_weights_change_images_by_less_than_two_grey_levels(monkeypatch, in_bytes):
    from gan_book.export.onnx_file import onnx_bytes

    monkeypatch.setattr(slim, "LARGE", 200)
    monkeypatch.setattr(slim, "SMALL", 32)
    network = common.generator(shape=(12, 12, 3))
    model = onnx_bytes(network)
    rounded = slim.rounded(model, large_in_bytes=in_bytes)
    assert len(rounded) < (0.5 if in_bytes else 0.7) * len(model)
    arrays = {"in_0": np.random.default_rng(0).standard_normal((8, 4)).astype("float32"), "in_1": np.arange(8) % 3}
    arrays["in_1"] = arrays["in_1"].astype("int32")
    assert np.abs(answer(rounded, arrays) - answer(model, arrays)).max() * 127.5 < 2


def answer(model, arrays):
    import onnxruntime

    return onnxruntime.InferenceSession(model).run(None, arrays)[0]


def test_the_server_is_for_this_computer_only(tmp_path):
    with play.server(tmp_path) as serving:
        assert serving.server_address[0] == "127.0.0.1"
        with pytest.raises(BookError, match="--port"):
            play.server(tmp_path, serving.server_address[1])


@common.ONNX
def test_play_ends_with_ctrl_c_and_leaves_no_folder(run, monkeypatch, capsys, tmp_path):
    opened = []
    monkeypatch.setattr(play.webbrowser, "open", opened.append)
    monkeypatch.setattr(play.tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()

    def stop(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(play.http.server.ThreadingHTTPServer, "serve_forever", stop)
    play.play(run)
    assert "http://127.0.0.1:" in capsys.readouterr().out
    assert not list((tmp_path / "scratch").iterdir())


def test_play_says_that_packages_are_missing_before_anything_else(monkeypatch, capsys):
    monkeypatch.setattr("gan_book.export.web.PACKAGES", ("no_such_package",))
    with pytest.raises(BookError, match="no_such_package"):
        play.play(run=None)
    assert capsys.readouterr().out == ""


# --- what it does in a browser


@pytest.fixture(scope="module")
def browser():
    with browsers.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A function: name of a chapter to the folder with the page of its shipped run."""
    made = {}

    def page(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp("pages") / name
            web.write_page(made[name], runs.shipped(name))
        return made[name]

    return page


@pytest.fixture
def visit(browser):
    """A function: a folder to its page, opened; it has the addresses asked for, and what the console says of errors."""
    closing = []

    def opened(folder, width=1000, height=800, ready=True, path="", **options):
        server = play.server(folder)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        closing.extend([context.close, server.shutdown, server.server_close])
        tab = context.new_page()
        tab.errors, tab.asked = [], []
        tab.on("console", lambda message: message.type == "error" and tab.errors.append(message.text))
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.home = f"http://127.0.0.1:{server.server_address[1]}/"
        tab.goto(tab.home + path)
        tab.wait_for_selector("#loading", state="hidden", timeout=SHOWN)
        if ready:
            assert tab.locator("#problem").is_hidden(), tab.inner_text("#problem")
        return tab

    yield opened
    for close in closing:
        close()


def picture(tab, canvas):
    """The pixels of a canvas: uint8 ``[h, w, 3]``."""
    address = tab.evaluate(f"document.getElementById('{canvas}').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB"))


def last_inputs(tab):
    """What the network was given last: dict name -> list of numbers."""
    text = tab.evaluate("JSON.stringify(ganBook.lastInputs, (_, v) => ArrayBuffer.isView(v) ? Array.from(v) : v)")
    return json.loads(text)


def settled(tab, canvas="generated"):
    """Waits until a canvas has not changed for half a second; returns its pixels."""
    before, same = picture(tab, canvas), 0
    while same < 3:
        tab.wait_for_timeout(250)
        now = picture(tab, canvas)
        same, before = (same + 1 if np.array_equal(now, before) else 0), now
    return now


def in_keras(generator, inputs):
    """What Keras makes of `last_inputs`: uint8 ``[h, w, 3]``."""
    arrays = [
        np.asarray(inputs[tensor.name], tensor.dtype).reshape(1, *tensor.shape[1:]) for tensor in generator.inputs
    ]
    image = to_uint8(keras.ops.convert_to_numpy(generator(arrays)))[0]
    return np.broadcast_to(image, (*image.shape[:2], 3))


def levels_apart(tab, generator):
    return np.abs(settled(tab).astype(int) - in_keras(generator, last_inputs(tab))).max()


@common.ONNX
@pytest.mark.slow
def test_a_class_is_generated_as_in_keras(visit, pages):
    tab = visit(pages("cgan"))
    before = settled(tab)
    tab.get_by_role("button", name="Sneaker").click()
    generator = runs.shipped("cgan").load("generator")
    assert levels_apart(tab, generator) <= 2
    assert last_inputs(tab)["label"] == [7] and not np.array_equal(before, picture(tab, "generated"))
    assert "Sneaker" in tab.inner_text("#generate-status")
    tab.get_by_role("button", name="Another").click()
    assert levels_apart(tab, generator) <= 2
    tab.locator("#between").fill("0.5")
    assert levels_apart(tab, generator) <= 2 and "50 %" in tab.inner_text("#generate-status")
    tab.get_by_role("button", name="Walk").click()
    tab.wait_for_timeout(800)
    tab.get_by_role("button", name="Stop").click()
    assert levels_apart(tab, generator) <= 2 and float(tab.input_value("#between")) != 0.5
    assert not tab.errors and all(address.startswith((tab.home, "data:", "blob:")) for address in tab.asked)
    assert sum(file.stat().st_size for file in pages("cgan").rglob("*") if file.is_file()) < LARGEST


@common.ONNX
@pytest.mark.slow
def test_latent_points_of_the_page_are_gaussian(visit, pages):
    tab = visit(pages("cgan"))
    points = tab.evaluate(
        """async () => {
            const { latentPoint } = await import(location.href + "sampling.js");
            const input = { prior: "normal", shape: [null, 64] };
            return Array.from({ length: 500 }, (_, seed) => Array.from(latentPoint(input, seed)));
        }"""
    )
    points = np.array(points)
    assert abs(points.mean()) < 0.02 and abs(points.std() - 1) < 0.02
    assert len(np.unique(points[:, 0])) == 500 and abs(np.corrcoef(points[:-1, 0], points[1:, 0])[0, 1]) < 0.15
    assert abs((np.abs(points) < 1).mean() - 0.683) < 0.01


@common.ONNX
@pytest.mark.slow
def test_sliders_change_the_picture_with_the_keyboard_too(visit, pages):
    tab = visit(pages("infogan"))
    before = settled(tab)
    tab.get_by_label("Code c2").focus()
    for _ in range(20):
        tab.keyboard.press("ArrowRight")
    assert not np.array_equal(settled(tab), before)
    assert last_inputs(tab)["code"] == [1, 0] and not tab.errors
    tab.get_by_role("button", name="category 3").focus()
    tab.keyboard.press("Enter")
    settled(tab)
    assert last_inputs(tab)["category"] == [3]
    assert levels_apart(tab, runs.shipped("infogan").load("generator")) <= web.TOLERANCE * 127.5


SEVEN = [(0.28, 0.25), (0.5, 0.24), (0.72, 0.25), (0.6, 0.48), (0.5, 0.65), (0.44, 0.82)]
THREE = [(0.3, 0.2), (0.6, 0.2), (0.66, 0.33), (0.45, 0.47), (0.68, 0.6), (0.6, 0.8), (0.3, 0.78)]


def scribble(tab, points):
    """Draws a line through points, shares of the pad's width and height; returns the pad's pixels, uint8 ``[h, w]``."""
    tab.locator("#pad").scroll_into_view_if_needed()
    box = tab.locator("#pad").bounding_box()
    for number, (x, y) in enumerate(points):
        tab.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if number == 0:
            tab.mouse.down()
    tab.mouse.up()
    settled(tab, "seen")
    return picture(tab, "pad")[..., 0]


def as_seen(tab, drawn):
    """Whether the page prepared a drawing as Python does; versions of Pillow differ by as much (see canvas.js)."""
    return np.abs(picture(tab, "seen")[..., 0].astype(int) - like_mnist(drawn)).max() <= 3


@common.ONNX
@pytest.mark.slow
def test_a_drawn_seven_is_called_seven_and_prepared_as_in_python(visit, pages):
    tab = visit(pages("sgan"))
    assert tab.inner_text("#answer") == "Nothing drawn yet."
    drawn = scribble(tab, SEVEN)
    assert tab.inner_text("#answer").startswith("7,")
    assert as_seen(tab, drawn)
    classifier = runs.shipped("sgan").load("classifier")
    logits = keras.ops.convert_to_numpy(classifier(like_mnist(drawn)[None, ..., None] / np.float32(127.5) - 1))[0]
    assert abs(tab.evaluate("ganBook.lastAnswer.logZ") - np.log(np.exp(logits).sum())) < 0.05
    tab.get_by_role("button", name="Clear").click()
    tab.wait_for_timeout(500)
    assert tab.inner_text("#answer") == "Nothing drawn yet."
    for points in (THREE, SEVEN[:3], SEVEN[3:], [(0.1, 0.1), (0.11, 0.9)], [(0.9, 0.9), (0.93, 0.9)]):
        tab.get_by_role("button", name="Clear").click()
        drawn = scribble(tab, points)
        assert as_seen(tab, drawn), points
    tab.get_by_role("button", name="Example: 2").click()
    tab.wait_for_timeout(500)
    assert tab.inner_text("#answer").startswith("2,")
    tab.get_by_role("button", name="Generate one").click()
    tab.wait_for_timeout(500)
    assert "network" in tab.inner_text("#answer") and not tab.errors


@common.ONNX
@pytest.mark.slow
def test_painting_changes_the_translation(visit, pages, tmp_path):
    tab = visit(pages("pix2pix"))
    before = settled(tab, "target")
    assert tab.locator("#truth-figure").is_visible()
    tab.get_by_role("button", name="Fill").click()
    filled = settled(tab, "target")
    assert not np.array_equal(before, filled) and tab.locator("#truth-figure").is_hidden()
    box = tab.locator("#source").bounding_box()
    tab.get_by_role("button", name="Colour 4").click()
    tab.mouse.move(box["x"] + 40, box["y"] + 40)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 200, box["y"] + 200, steps=5)
    tab.mouse.up()
    assert not np.array_equal(filled, settled(tab, "target"))
    Image.fromarray(np.full((90, 160, 3), (20, 90, 200), "uint8")).save(tmp_path / "sea.png")
    tab.set_input_files("#picture", tmp_path / "sea.png")
    settled(tab, "target")
    assert (picture(tab, "source") == (20, 90, 200)).all()
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    tab.set_input_files("#picture", tmp_path / "text.png")
    tab.wait_for_timeout(500)
    assert "text.png is no picture" in tab.inner_text("#translate-status") and not tab.errors


@common.ONNX
@pytest.mark.slow
def test_a_missing_or_damaged_file_gives_one_sentence(visit, pages, tmp_path):
    for number, (name, damage, said) in enumerate(
        [
            ("generator.onnx.gz", lambda file: file.unlink(), "is missing"),
            ("generator.onnx.gz", lambda file: file.write_bytes(flipped(file.read_bytes())), "is damaged"),
            ("generator.onnx.gz", lambda file: file.write_bytes(file.read_bytes()[:-50_000]), "is damaged"),
            ("generator.onnx.gz", lambda file: file.write_bytes(b"no network at all"), "cannot be read"),
            ("model.json", lambda file: file.write_bytes(file.read_bytes()[:-100]), "is damaged"),
            (web.RUNTIME, lambda file: file.unlink(), "is missing"),
        ]
    ):
        folder = shutil.copytree(pages("cgan"), tmp_path / str(number))
        damage(folder / name)
        tab = visit(folder, ready=False)
        sentence = tab.inner_text("#problem")
        assert name in sentence and said in sentence and sentence.count(". ") == 0
        assert tab.locator("#generate").is_hidden() and tab.locator("#loading").is_hidden()


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@common.ONNX
@pytest.mark.slow
def test_a_page_opened_as_a_file_says_how_to_serve_it(browser, pages):
    tab = browser.new_page()
    tab.goto((pages("cgan") / "index.html").as_uri())
    assert "python -m http.server" in tab.inner_text("#problem")
    tab.close()


@common.ONNX
@pytest.mark.slow
def test_the_page_works_from_a_folder_of_a_host(visit, pages, tmp_path):
    shutil.copytree(pages("cgan"), tmp_path / "host" / "my page")
    tab = visit(tmp_path / "host", path="my%20page/")
    assert settled(tab).shape == (28, 28, 3) and not tab.errors


@common.ONNX
@pytest.mark.slow
@pytest.mark.parametrize("name", ["cgan", "infogan", "sgan", "pix2pix"])
def test_a_phone_has_no_sideways_scrolling_and_large_pictures(visit, pages, name):
    tab = visit(pages(name), width=360, has_touch=True, is_mobile=True, device_scale_factor=2)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    shown = {"sgan": "#pad", "pix2pix": "#target"}.get(name, "#generated")
    assert tab.locator(shown).bounding_box()["width"] >= 196
    small = tab.evaluate(
        "[...document.querySelectorAll('button')].filter(b => b.offsetHeight && b.offsetHeight < 40).map(b => b.id)"
    )
    assert small == []


@common.ONNX
@pytest.mark.slow
def test_dark_mode_is_dark_and_text_stands_out(visit, pages):
    for scheme in ("light", "dark"):
        tab = visit(pages("cgan"), color_scheme=scheme)
        ground = luminance(tab, "body", "backgroundColor")
        assert (ground < 0.1) == (scheme == "dark")
        for where in ("#lead", "h1", "footer", "#generate-status"):
            text = luminance(tab, where, "color")
            assert (max(text, ground) + 0.05) / (min(text, ground) + 0.05) >= 4.5, where  # WCAG 2, level AA


def luminance(tab, selector, style):
    """Relative luminance of a colour, from 0 to 1, as WCAG 2 defines it."""
    colour = tab.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{style}")
    parts = np.array([float(part) for part in colour[4:-1].split(",")]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@common.ONNX
@pytest.mark.slow
def test_reduced_motion_walks_step_by_step(visit, pages):
    tab = visit(pages("cgan"), reduced_motion="reduce")
    before = settled(tab)
    tab.get_by_role("button", name="One step").click()
    after = settled(tab)
    assert not np.array_equal(before, after) and tab.input_value("#between") != "0"
    tab.wait_for_timeout(500)
    assert np.array_equal(after, picture(tab, "generated"))
