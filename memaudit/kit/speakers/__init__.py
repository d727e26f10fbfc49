"""Where speech comes from: one source a file, behind one interface and one registry."""

from memaudit.kit.speakers.base import Samples, Source, Speaker, SpeechRequest
from memaudit.kit.speakers.registry import BUILT_IN, GROUP, make_speaker, speaker_names

__all__ = [
    "BUILT_IN",
    "GROUP",
    "Samples",
    "Source",
    "Speaker",
    "SpeechRequest",
    "make_speaker",
    "speaker_names",
]
