"""Image files to pixels: one file of any format Pillow reads, or all files of a folder."""

import os
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Condition, current_thread, main_thread

import numpy as np
from PIL import Image, ImageOps
from rich.console import Console
from rich.progress import track

from gan_book.errors import BookError, counted, free_memory, megabytes

LARGEST_SIZE = 2048
# Reading these takes another program, or a reader that Pillow itself does not have.
_FOREIGN = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
_UNEVEN = 0.02  # of the height: how far two squares side by side may be from twice as wide as high


class UnreadableImage(Exception):
    """Why a file gives no image; its text follows a file name."""


@cache
def formats():
    """Names of the formats that are read."""
    Image.init()
    return tuple(sorted(set(Image.OPEN) - _FOREIGN))


@cache
def extensions():
    """Lower-case file name endings of the formats that are read, each with its dot."""
    readable = set(formats())
    return frozenset(ending for ending, name in Image.registered_extensions().items() if name in readable)


def sides(image_size):
    """``(height, width)`` of an image size: a whole number (a square), a pair of them, or text such as "64x96".

    Raises:
        BookError: it is none of these, or a side is not from 1 to `LARGEST_SIZE`.
    """
    match = (
        re.fullmatch(r"\s*(\d{1,9})(?:\s*[xX×]\s*(\d{1,9}))?\s*", image_size) if isinstance(image_size, str) else None
    )
    if match:
        found = [int(match[1]), int(match[2] or match[1])]
    else:
        found = list(image_size) if isinstance(image_size, tuple | list) else [image_size] * 2
    if len(found) != 2 or not all(isinstance(side, int | np.integer) and not isinstance(side, bool) for side in found):
        raise BookError(f"the image size is {image_size!r}; give one side in pixels, or height x width such as 64x96")
    if not all(1 <= side <= LARGEST_SIZE for side in found):
        raise BookError(f"the image size is {image_size}; choose one from 1 to {LARGEST_SIZE}")
    return int(found[0]), int(found[1])


def parse_size(text):
    """The image size of a command's flag: "64" is 64, "64x96" (height x width) stays a text.

    Raises:
        BookError: see `sides`.
    """
    height, width = sides(text)
    return height if height == width else f"{height}x{width}"


def decode(path, size):
    """Reads an image file, crops the middle to the shape wanted and resizes it, antialiased (bicubic).

    Details: turned upright by its EXIF data; the first frame of an animation; transparent pixels over white; 16-bit
    values scaled to 8; palettes, CMYK and greyscale converted to RGB.

    Args:
        path: of the file.
        size: see `sides`.

    Returns:
        uint8 ``[height, width, 3]``.

    Raises:
        UnreadableImage: not an image, damaged, with more pixels than Pillow's limit against decompression bombs, more
            than the memory takes, or with values that cannot be made 8-bit without guessing (see `_eight_bits`).
    """
    return _read(path, lambda image: _cut(image, sides(size)), size)


def decode_halves(path, size):
    """Reads a file with two images of one size side by side, each as `decode` does.

    Args:
        path: of the file.
        size: see `sides`.

    Returns:
        uint8 ``[2, height, width, 3]``, the left and the right one.

    Raises:
        UnreadableImage: as `decode`, or the halves have not about the shape of ``size`` (two squares, if it is one).
    """
    shape = sides(size)
    return _read(path, lambda image: np.stack([_cut(half, shape) for half in _halves(image, shape)]), size)


def decode_whole(path):
    """Reads an image file as it is, in its own size, otherwise as `decode` does.

    Returns:
        uint8 ``[h, w, 3]``, transparent pixels over white, and their opacity, uint8 ``[h, w]``, None if all is opaque.

    Raises:
        UnreadableImage: as `decode`.
    """
    return _read(path, lambda image: (np.asarray(_rgb(_eight_bits(image))), _opacity(image)))


def resize(images, size):
    """Resizes images, the middle cropped to the shape wanted, antialiased.

    Args:
        images: uint8 ``[n, h, w, channels]``, 1 or 3 channels.
        size: see `sides`.

    Returns:
        uint8 ``[n, height, width, channels]``.
    """
    shape = sides(size)
    resized = np.empty((len(images), *shape, images.shape[-1]), np.uint8)
    for target, pixels in zip(resized, images, strict=True):
        image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        target[:] = np.asarray(_resize(_crop(image, shape), shape)).reshape(target.shape)
    return resized


def _read(path, use, size=None):
    """What ``use`` returns for the image in a file, turned upright. ``size``: see `sides`; None for the whole image."""
    try:
        with _quiet(), Image.open(path, formats=formats()) as image:
            if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise UnreadableImage(_too_large())
            if size:  # A JPEG can be decoded at a fraction of its size; twice what is wanted keeps the quality.
                longest = max(sides(size))
                image.draft(None, (2 * longest, 2 * longest))
            with _room.taken(image.width * image.height * _BYTES.get(image.mode, 16)):
                return use(ImageOps.exif_transpose(image))
    except UnreadableImage:
        raise
    except Image.UnidentifiedImageError:
        raise UnreadableImage("is not an image") from None
    except Image.DecompressionBombError:
        raise UnreadableImage(_too_large()) from None
    except Exception as error:  # a damaged file can make a decoder fail in any way
        raise UnreadableImage(f"cannot be decoded ({error or type(error).__name__})") from error


@contextmanager
def _quiet():
    """Without Pillow's warnings, which are errors here or of no use."""
    # Python's warning filters belong to the whole process. If every thread saved and restored them, one would restore
    # what another has set; so only the main thread touches them.
    if current_thread() is not main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# Bytes a pixel takes while it is read: as decoded, turned by its EXIF data, cropped, and as RGB; 16 for other modes.
_BYTES = {"1": 7, "L": 7, "P": 7, "RGB": 12, "CMYK": 16, "YCbCr": 16, "I;16": 11}


class _Room:
    """Lets as many threads decode at a time as there is memory for; one is always allowed, if its image fits at all."""

    # Many threads read a folder. One image of 80 megapixels takes a gigabyte while it is decoded, and eight at a time
    # more than many laptops have. So a large one waits until there is room; small ones never wait.
    def __init__(self):
        self._condition, self._taken = Condition(), 0

    @contextmanager
    def taken(self, needed):
        """Waits until so many bytes are free, and counts them as taken within the block.

        Raises:
            UnreadableImage: there are not so many even if nothing else is decoded.
        """
        with self._condition:
            # Memory that other threads have asked for may not be allocated yet, so the free memory does not show it. It
            # is subtracted in full, even where it is allocated already: too careful rather than too bold.
            while self._taken and needed > _SMALL and needed + self._taken > free_memory():
                self._condition.wait()
            if needed > _SMALL and needed > free_memory():
                raise UnreadableImage(
                    f"would take {megabytes(needed)} of memory, and {megabytes(free_memory())} are free"
                )
            self._taken += needed
        try:
            yield
        finally:
            with self._condition:
                self._taken -= needed
                self._condition.notify_all()


_SMALL = 100_000_000  # bytes; a photograph of 8 megapixels takes about that, and needs no check
_room = _Room()


def _too_large():
    return f"has more than {Image.MAX_IMAGE_PIXELS:,} pixels, Pillow's limit against decompression bombs"


def _cut(image, shape):
    return np.asarray(_resize(_rgb(_eight_bits(_crop(image, shape))), shape))


def _halves(image, shape):
    width, height = image.size
    wide = 2 * height * shape[1] / shape[0]
    # Sides that were enlarged to crop from are rounded, which changes the proportions a little.
    rounding = 0 if shape[0] == shape[1] else (1 + shape[1] / shape[0]) / shape[0]
    if abs(width - wide) > (_UNEVEN + rounding) * height:
        each = "squares" if shape[0] == shape[1] else f"pictures, each {shape[1] / shape[0]:.2f} times as wide as high,"
        raise UnreadableImage(f"is not two {each} side by side")
    return [image.crop((0, 0, width // 2, height)), image.crop((width - width // 2, 0, width, height))]


def _crop(image, shape):
    """The largest part in the middle with the proportions of ``(height, width)``."""
    height, width = shape
    unit = min(image.height / height, image.width / width)
    high, wide = min(image.height, round(height * unit)), min(image.width, round(width * unit))
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    return image.crop((left, top, left + max(1, wide), top + max(1, high)))


def _resize(image, shape):
    height, width = shape
    if image.size == (width, height):
        return image
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _rgb(image):
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _opacity(image):
    if not image.has_transparency_data:
        return None
    opacity = np.asarray(image.convert("RGBA").getchannel("A"))
    return None if opacity.min() == 255 else opacity


def _eight_bits(image):
    """An image of 16-bit integers, or of floats from 0 to 1 or 0 to 255, as one of 8 bits; others as they are.

    Raises:
        UnreadableImage: its values fill only a small part of that range (masks, 12 bits), or lie outside of it. Any
            scaling would be a guess, and a wrong one makes black images without a message.
    """
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    values = np.asarray(image)
    least, most = values.min(), values.max()
    if not np.isfinite([least, most]).all():
        raise UnreadableImage("holds values that are no numbers")
    if image.mode == "F":
        highest = 1.0 if most <= 1 else 255.0
        fits = least >= 0 and most <= 255
    else:
        highest = 65535.0
        fits = least >= 0 and (most == 0 or _LEAST_OF_16_BITS <= most <= 65535)
    if not fits:
        usual = "0 to 1 or 0 to 255" if image.mode == "F" else "0 to 65,535"
        raise UnreadableImage(
            f"holds values from {least:,.6g} to {most:,.6g} where a picture has {usual}; save it with 8 bits a channel"
        )
    if image.mode == "F":
        return Image.fromarray(np.rint(values * (255 / highest)).astype("uint8"))
    return Image.fromarray(np.rint(np.arange(65536) / highest * 255).astype("uint8")[values])


_LEAST_OF_16_BITS = 4096  # the brightest pixel of a photograph is above; below, it has 12 bits, or is a mask


class SkippedImages(UserWarning):
    """Some files of a folder were left out.

    Attributes:
        skipped: list of ``(path, reason)``.
    """

    def __init__(self, folder, skipped):
        shown = "; ".join(f"{path} {reason}" for path, reason in skipped[:3])
        more = f"; and {len(skipped) - 3:,} more" if len(skipped) > 3 else ""
        super().__init__(f"{counted(len(skipped), 'file')} of {folder} left out: {shown}{more}")
        self.skipped = skipped


def children(folder):
    """Files and folders directly in a folder, sorted by name; hidden ones are left out.

    Raises:
        BookError: it is no folder, or cannot be read.
    """
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise BookError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return [child for child in found if not child.name.startswith((".", "__MACOSX"))]


def is_picture(path):
    """Whether a path leads to a file that is named like an image; not if it cannot even be looked at."""
    return os.path.isfile(path) and path.suffix.lower() in extensions()  # noqa: PTH113 - that of Path may raise


def images_in(folder):
    """Files directly in a folder that are named like images."""
    return [child for child in children(folder) if is_picture(child)]


def pictures_in(folder):
    """`images_in`, at least one.

    Raises:
        BookError: there are none.
    """
    files = images_in(folder)
    if not files:
        raise BookError(f"{folder} holds no pictures; put some in it, or name another folder")
    return files


def decode_all(sources, read, shape):
    """Reads many images, a thread for each core; for very many, a terminal shows the progress.

    Args:
        sources: list of what to read.
        read: function of one source that returns uint8 of ``shape`` or raises `UnreadableImage`.
        shape: of one result, such as ``(64, 64, 3)``.

    Returns:
        uint8 ``[n, *shape]`` of the readable sources, int64 ``[n]`` of their indices, and a list of
        ``(index, reason)`` for the others.
    """

    def attempt(source):
        try:
            return read(source)
        except UnreadableImage as error:
            return str(error)

    images = np.empty((len(sources), *shape), np.uint8)
    readable, unread = [], []
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # what Pillow has to say of odd files; those it cannot read are reported
        for index, result in enumerate(_shown(pool.map(attempt, sources), len(sources))):
            if isinstance(result, str):
                unread.append((index, result))
            else:
                images[len(readable)] = result
                readable.append(index)
    return images[: len(readable)], np.array(readable, dtype=np.int64), unread


_MANY = 2000  # images; from this number on a bar shows the progress


def _shown(results, count):
    console = Console(stderr=True)
    if count < _MANY or not console.is_terminal:
        return results
    return track(results, "Reading pictures", total=count, console=console, transient=True)
