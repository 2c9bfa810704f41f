"""Image files to pixels: one file of any format Pillow reads, or all files of a folder."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from PIL import Image, ImageOps

from gan_book.errors import BookError, counted

# These are read by running another program, or have no reader in Pillow itself.
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


def decode(path, size):
    """Reads an image file, crops the middle square and resizes it, antialiased (bicubic).

    Rotated as its EXIF data say; the first frame of an animation; transparent pixels over white; 16-bit values scaled
    to 8; palettes, CMYK and greyscale turned into RGB.

    Args:
        path: of the file.
        size: side of the square wanted.

    Returns:
        uint8 ``[size, size, 3]``.

    Raises:
        UnreadableImage: not an image, damaged, or with more pixels than Pillow's limit against decompression bombs.
    """
    return _read(path, lambda image: _square(image, size), size)


def decode_halves(path, size):
    """Reads a file with two square images side by side, each as `decode` does.

    Args:
        path: of the file.
        size: side of the squares wanted.

    Returns:
        uint8 ``[2, size, size, 3]``, the left and the right one.

    Raises:
        UnreadableImage: as `decode`, or the image is not about twice as wide as high.
    """
    return _read(path, lambda image: np.stack([_square(half, size) for half in _halves(image)]), size)


def decode_whole(path):
    """Reads an image file as it is, in its own size, otherwise as `decode` does.

    Returns:
        uint8 ``[h, w, 3]``, transparent pixels over white, and their opacity, uint8 ``[h, w]``, None if all is opaque.

    Raises:
        UnreadableImage: as `decode`.
    """
    return _read(path, lambda image: (np.asarray(_rgb(image)), _opacity(image)))


def resize(images, size):
    """Resizes square or oblong images to squares, middle cropped, antialiased.

    Args:
        images: uint8 ``[n, height, width, channels]``, 1 or 3 channels.

    Returns:
        uint8 ``[n, size, size, channels]``.
    """
    resized = np.empty((len(images), size, size, images.shape[-1]), np.uint8)
    for target, pixels in zip(resized, images, strict=True):
        image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        target[:] = np.asarray(_resize(_crop(image), size)).reshape(target.shape)
    return resized


def _read(path, use, size=None):
    """What ``use`` returns of the image in a file, turned as its EXIF data say; ``size``: of what is needed of it."""
    try:
        with Image.open(path, formats=formats()) as image:
            if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise UnreadableImage(_too_large())
            if size:  # A JPEG can be decoded at a fraction of its size; twice what is wanted keeps the quality.
                image.draft(None, (2 * size, 2 * size))
            return use(ImageOps.exif_transpose(image))
    except UnreadableImage:
        raise
    except Image.UnidentifiedImageError:
        raise UnreadableImage("is not an image") from None
    except Image.DecompressionBombError:
        raise UnreadableImage(_too_large()) from None
    except Exception as error:  # a damaged file can make a decoder fail in any way
        raise UnreadableImage(f"cannot be decoded ({error or type(error).__name__})") from error


def _too_large():
    return f"has more than {Image.MAX_IMAGE_PIXELS:,} pixels, Pillow's limit against decompression bombs"


def _square(image, size):
    return np.asarray(_resize(_rgb(_crop(image)), size))


def _halves(image):
    width, height = image.size
    if abs(width - 2 * height) > _UNEVEN * height:
        raise UnreadableImage("is not two squares side by side")
    return [image.crop((0, 0, width // 2, height)), image.crop((width - width // 2, 0, width, height))]


def _crop(image):
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _resize(image, size):
    if image.size == (size, size):
        return image
    return image.resize((size, size), Image.Resampling.BICUBIC)


def _rgb(image):
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(image)).convert("RGB")
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
    """Integers count as 16-bit, floats as 0 to 1 or, where one is larger, 0 to 255."""
    values = np.nan_to_num(np.asarray(image).astype("float64"))
    highest = 65535.0 if image.mode.startswith("I") else (255.0 if values.max() > 1 else 1.0)
    return np.rint(np.clip(values / highest, 0, 1) * 255).astype("uint8")


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
    """What lies directly in a folder, by name; hidden files and folders are passed over.

    Raises:
        BookError: it is no folder, or may not be read.
    """
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise BookError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return [child for child in found if not child.name.startswith((".", "__MACOSX"))]


def images_in(folder):
    """Files directly in a folder that are named like images."""
    return [child for child in children(folder) if child.is_file() and child.suffix.lower() in extensions()]


def pictures_in(folder):
    """`images_in`, of which there must be some.

    Raises:
        BookError: there is none.
    """
    files = images_in(folder)
    if not files:
        raise BookError(f"{folder} holds no pictures; put some in it, or name another folder")
    return files


def images_below(folder):
    """Files at any depth below a folder that are named like images; links to folders are not followed."""
    found = []
    for child in children(folder):
        if child.is_dir() and not child.is_symlink():
            found.extend(images_below(child))
        elif child.is_file() and child.suffix.lower() in extensions():
            found.append(child)
    return found


def decode_all(sources, read, shape):
    """Reads many images at once, a thread for each core.

    Args:
        sources: what to read, one a result.
        read: function of a source that returns uint8 of ``shape`` or raises `UnreadableImage`.
        shape: of one result.

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
        for index, result in enumerate(pool.map(attempt, sources)):
            if isinstance(result, str):
                unread.append((index, result))
            else:
                images[len(readable)] = result
                readable.append(index)
    return images[: len(readable)], np.array(readable, dtype=np.int64), unread
