"""One second of faint noise through a transducer as it is loaded: does it run, and do its scores fit?

What the numbers say of the model is asked by `memaudit.models.inspection`.
"""

from __future__ import annotations

from memaudit.models.probe_audio import faint_noise
from memaudit.models.transducer.recognizer import TransducerRecognizer


def probed(recognizer: TransducerRecognizer) -> TransducerRecognizer:
    """``recognizer`` after one run, so that what is wrong with every utterance is told at once.

    Raises:
        ModelError: if the model fails on the noise, or its scores do not fit its vocabulary.
    """
    recognizer.trace(faint_noise(1.0, recognizer.sample_rate))
    return recognizer
