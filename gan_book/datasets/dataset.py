"""What every loader returns."""

from dataclasses import dataclass

import numpy as np

from gan_book.errors import BookError


@dataclass(frozen=True)
class Dataset:
    """Labelled images in memory.

    images, test_images: uint8 ``[n, height, width, channels]``, values 0 to 255; scaling happens in the graph.
    labels, test_labels: int32 ``[n]``, from 0 to ``len(class_names) - 1``.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    @property
    def image_shape(self):
        """``(height, width, channels)``."""
        return tuple(self.images.shape[1:])

    @property
    def train_size(self):
        """Number of training images."""
        return len(self.images)

    @property
    def num_classes(self):
        return len(self.class_names)

    def label_index(self, label):
        """The number of a class given by number or name.

        Names are compared without regard to case; a part of a name will do if only one class has it ("boot").

        Raises:
            BookError: no class, or more than one, answers to ``label``.
        """
        return find_label(label, self.class_names)


def find_label(label, class_names):
    """See `Dataset.label_index`; works on the names alone, as a saved run has them."""
    wanted = str(label).strip().lower()
    names = [name.lower() for name in class_names]
    if wanted in names:  # before the number, for folders whose classes are called "10", "20", ...
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(class_names):
        return int(wanted)
    parts = [index for index, name in enumerate(names) if wanted and wanted in name]
    if len(parts) == 1:
        return parts[0]
    choices = ", ".join(f"{index} {name}" for index, name in enumerate(class_names))
    problem = "fits more than one class" if parts else "is not a class of this data set"
    raise BookError(f"label '{label}' {problem}; choose one of: {choices}")
