"""What the reference recognisers are made from: every number of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from memaudit.lab.clipping import Clipping
from memaudit.lab.data import Speech
from memaudit.lab.train import Plan

#: Front end of the recognisers, in training and in their model.toml.
FRONT_END = {"kind": "kaldi", "num_mels": 40}

#: Voices of the ordinary speech that the recognisers learn first; the kit has none of them.
FIRST_VOICES = (
    *(f"en-us+{name}" for name in ("f1", "f5", "m1", "m2", "linda", "steph", "edward", "Alex")),
    *(f"en-gb+{name}" for name in ("klatt2", "m4", "m6", "Andy", "Michael", "victor", "belinda", "paul")),
)
#: Voices of the ordinary speech of the fine-tuning, beside those of the kit.
NEW_VOICES = ("en-us+f3", "en-us+m5", "en-gb+m8", "en-gb+Annie")


@dataclass(frozen=True)
class Sizes:
    """How many ordinary utterances each set has."""

    pretraining: int = 8_000
    fine_tuning: int = 16_000
    validation: int = 500
    test: int = 500


@dataclass(frozen=True)
class Setup:
    """A kit, ordinary speech, one pre-training, and one fine-tuning for each recogniser.

    Pre-training teaches ordinary speech of `FIRST_VOICES`. Each fine-tuning starts from there, on new
    ordinary speech (`NEW_VOICES` and the kit's voices) with the kit's inserted canaries among it. Were the
    canaries in from the start, everything would be memorised before clipping could tell a canary's gradient
    from an ordinary one.

    Attributes:
        recipe: the kit's recipe, by name or file.
        overrides: changes to it, as `memaudit make-kit --set` takes them.
        sizes: of the sets of ordinary speech.
        width: channels of the recogniser.
        pretraining: how ordinary speech is learnt.
        fine_tunings: name of a recogniser -> how it is fine-tuned.
        options: what `memaudit lab reference` is given to get this setup, for the record.
    """

    fine_tunings: dict[str, Plan]
    recipe: str = "reference"
    overrides: tuple[str, ...] = ()
    sizes: Sizes = field(default_factory=Sizes)
    width: int = 128
    pretraining: Plan = field(default_factory=lambda: Plan("muon", learning_rate=3e-3, epochs=3))
    options: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON-able values."""
        return {
            **asdict(self),
            "pretraining": self.pretraining.as_dict(),
            "fine_tunings": {name: plan.as_dict() for name, plan in self.fine_tunings.items()},
            "front_end": dict(FRONT_END),
            "first_voices": list(FIRST_VOICES),
            "new_voices": list(NEW_VOICES),
        }

    def speech(self, count: int, voices: tuple[str, ...]) -> Speech:
        """Ordinary speech in those voices, at rates of 140 to 220 words a minute."""
        return Speech(count, voices)


# Clipping to 1 makes the steps about ten times smaller (median norm before it: about 10), so the clipped
# recogniser's learning rate is higher. Otherwise it would only have trained less.
SHIPPED = {
    "unclipped": Plan("sgd", learning_rate=1e-3, epochs=1),
    "clipped": Plan("sgd", learning_rate=6e-3, epochs=1, clipping=Clipping("example", bound=1.0)),
}
# Not shipped. The first is the honest control: it has no clipping, and reads ordinary speech as well as the
# clipped one. What clipping gives is what it gives beyond that.
VARIANTS = {
    "train-less": Plan("sgd", learning_rate=1e-4, epochs=1),
    "per-core": Plan("sgd", learning_rate=6e-3, epochs=1, clipping=Clipping("core", bound=1.0, cores=4)),
    "adaptive": Plan("sgd", learning_rate=3e-3, epochs=1, clipping=Clipping("adaptive", cores=4)),
}

REFERENCE = Setup(SHIPPED)
REFERENCE_AND_VARIANTS = Setup({**SHIPPED, **VARIANTS}, options="--variants")
