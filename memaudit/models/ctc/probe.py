"""One second of faint noise through a CTC model as it is loaded: does it run, and does it say nothing?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memaudit.models.ctc.recognizer import CtcRecognizer


def probed(recognizer: CtcRecognizer) -> CtcRecognizer:
    """``recognizer`` with what the probe showed added to its info.

    On faint noise most frames of a model that is loaded right are blank, and two runs are equal.

    Raises:
        ModelError: if the model fails on the noise, so that it would fail on every utterance.
    """
    noise = np.random.default_rng(0).normal(0.0, 1e-3, recognizer.sample_rate).astype(np.float32)
    first, second = recognizer.log_scores(noise), recognizer.log_scores(noise)
    info = recognizer.info
    inferred, warnings = list(info.inferred), list(info.warnings)
    if first.shape[0]:
        inferred.append(f"a second of audio gives {first.shape[0]} output frames")
        blank = float((first.argmax(axis=1) == recognizer.blank).mean())
        inferred.append(f"{blank:.0%} of the frames of faint noise are blank")
        if blank < 0.5:
            warnings.append(
                f"only {blank:.0%} of the frames of faint noise are blank: "
                "front end, tokens or blank may be wrong"
            )
    else:
        warnings.append("a second of audio gives no output frame")
    if not np.array_equal(first, second):
        warnings.append("two runs on the same audio differ: losses are random, as if dropout were on")
    return replace(recognizer, info=replace(info, inferred=tuple(inferred), warnings=tuple(warnings)))
