"""One second of faint noise through a transducer as it is loaded: does it run, and does it say nothing?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memaudit.models.transducer.recognizer import TransducerRecognizer


def probed(recognizer: TransducerRecognizer) -> TransducerRecognizer:
    """``recognizer`` with what the probe showed added to its info.

    On faint noise most frames of a model that is loaded right are blank, and two runs are equal.

    Raises:
        ModelError: if the model fails on the noise, so that it would fail on every utterance.
    """
    noise = np.random.default_rng(0).normal(0.0, 1e-3, recognizer.sample_rate).astype(np.float32)
    first, second = recognizer.trace(noise), recognizer.trace(noise)
    info = recognizer.info
    inferred, warnings = list(info.inferred), list(info.warnings)
    if first.blank is None:
        warnings.append("a second of audio gives no encoder frame")
    else:
        inferred.append(f"a second of audio gives {first.frames} encoder frames")
        inferred.append(f"{first.blank:.0%} of the frames of faint noise begin with the blank")
        if first.blank < 0.5:
            warnings.append(
                f"only {first.blank:.0%} of the frames of faint noise begin with the blank: "
                "front end, tokens or blank may be wrong"
            )
    if not np.array_equal(first.values, second.values):
        warnings.append("two runs on the same audio differ: losses are random, as if dropout were on")
    return replace(recognizer, info=replace(info, inferred=tuple(inferred), warnings=tuple(warnings)))
