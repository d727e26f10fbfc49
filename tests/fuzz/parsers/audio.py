"""Sound files, and the list beside a folder of recordings."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from memaudit.kit.audio import read_audio
from memaudit.kit.speakers.base import Source, SpeechRequest
from memaudit.kit.speakers.recordings import LIST, RecordingSpeaker
from tests.fuzz.kits import tone
from tests.fuzz.parser import Parser, Target, file_target


def sound(format_: str, subtype: str, *, channels: int = 1, rate: int = 16000) -> bytes:
    """A twentieth of a second."""
    stream = io.BytesIO()
    samples = np.repeat(tone(0.05, 440, rate)[:, None], channels, axis=1)
    soundfile.write(stream, samples, rate, format=format_, subtype=subtype)
    return stream.getvalue()


def _audio(suffix: str, *kinds: tuple[str, str]) -> Parser:
    def prepare(folder: Path) -> Target:
        seeds = [sound(*kind, channels=channels) for kind in kinds for channels in (1, 2)]
        return file_target(folder / f"x{suffix}", seeds, read_audio)

    return Parser(f"audio {suffix}", ("memaudit.kit.audio",), prepare, (b"RIFF", b"fLaC", b"data"))


def _recordings(folder: Path) -> Target:
    (folder / "a.wav").write_bytes(sound("WAV", "PCM_16"))
    request = SpeechRequest("amber birch", "en", None)

    def read(_: Path) -> None:
        speaker = RecordingSpeaker(Source(folder=str(folder)))
        speaker.check([request])
        speaker.say(request)

    seed = b'{"audio": "a.wav", "text": "amber birch"}\n{"audio": "b/c.wav", "text": "x"}\n'
    return file_target(folder / LIST, [seed], read)


PARSERS = (
    _audio(".wav", ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAVEX", "PCM_24"), ("RF64", "PCM_16")),
    _audio(".flac", ("FLAC", "PCM_16")),
    _audio(".ogg", ("OGG", "VORBIS"), ("OGG", "OPUS")),
    _audio(".mp3", ("MP3", "MPEG_LAYER_III")),
    _audio(".raw", ("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16")),
    Parser("recordings.jsonl", ("memaudit.kit.speakers.recordings",), _recordings),
)
