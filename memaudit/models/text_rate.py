"""How many output frames a model has for each token of ordinary speech, by speed."""

from __future__ import annotations

from memaudit.errors import TokenError
from memaudit.models.inspection import Inspection
from memaudit.models.probe_audio import babble
from memaudit.models.recognizer import Recognizer

TEXT = "we walked along the quiet river until the sun went down behind the hills"
SECONDS = 5.0
"""How long `TEXT` takes: 15 characters a second, as the speakers of kits say it at speed 1."""

SPEEDS = (1.0, 1.5, 2.0, 3.0, 4.0)


def frames_per_token(recognizer: Recognizer, inspection: Inspection) -> dict[float, float] | None:
    """Speed -> output frames a token of ordinary English speech; under 1, CTC has no alignment.

    None where every audio has the same number of frames, or the model's tokens cannot write the text.
    """
    if inspection.frames_per_second is None:
        return None
    try:
        tokens = recognizer.recognize(babble(1.0, recognizer.sample_rate), TEXT).tokens
    except TokenError:
        return None
    if not tokens:
        return None
    return {speed: inspection.frames_per_second * SECONDS / speed / tokens for speed in SPEEDS}
