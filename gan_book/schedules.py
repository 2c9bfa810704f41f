"""A learning rate that changes during a training, for chapters 9 to 11."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("gan_book")
class ConstantThenLinear(keras.optimizers.schedules.LearningRateSchedule):
    """`rate` for the first half of `steps`, then linearly down to 0 (as in Zhu et al. 2017, CycleGAN, section 7.1)."""

    def __init__(self, rate, steps):
        self.rate, self.steps = rate, steps

    def __call__(self, step):
        left = 1 - ops.cast(step, "float32") / self.steps
        return self.rate * ops.clip(2 * left, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps}
