from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from memaudit.errors import SpeechError
from memaudit.kit import worker_client
from memaudit.kit.espeak import binding, engine, variants
from memaudit.kit.job import Job
from memaudit.kit.pool import ATTEMPTS, tried
from memaudit.kit.speakers import Source
from memaudit.kit.speakers.espeak_ng import CHUNK
from memaudit.kit.speech import SAMPLE_RATE, SpeechRequest, speak
from memaudit.kit.worker_client import Worker

# Breath, roughness, whisper and the other synthesiser: what draws noise, and what keeps state.
VOICES = ("en-us+f2", "en-us+m3", "en-us+whisper", "en-us+klatt2", "en-gb+f4", "de", "es-mx")
WORDS = ("river", "lemon", "seven", "absent", "orange", "window", "purple")


def requests(count: int) -> list[SpeechRequest]:
    generator = np.random.default_rng(count)
    return [
        SpeechRequest(" ".join(generator.choice(WORDS, 3)), VOICES[number % len(VOICES)])
        for number in range(count)
    ]


def same(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> bool:
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_jobs_do_not_change_a_sample() -> None:
    wanted = requests(2 * CHUNK + 5)
    one = list(speak(wanted))
    assert same(one, list(speak(wanted, jobs=1)))
    assert same(one, list(speak(wanted, jobs=2)))
    assert same(one, list(speak(wanted, jobs=3)))
    assert all(samples.dtype == np.float32 and samples.ndim == 1 for samples in one)


def test_a_later_chunk_is_what_it_is_alone() -> None:
    wanted = requests(CHUNK + 9)
    assert same(list(speak(wanted))[CHUNK:], list(speak(wanted[CHUNK:])))


def test_a_process_for_each_chunk_gives_what_a_fork_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = requests(CHUNK + 9)
    forked = list(speak(wanted))

    def start_without_forking(source: Source) -> subprocess.Popen[bytes]:
        code = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            "from memaudit.kit.worker import main\n"
            "from memaudit.kit.speakers import Source\n"
            "main(Source(), False)"
        )
        return subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=-1
        )

    monkeypatch.setattr(worker_client, "CAN_FORK", False)
    monkeypatch.setattr(worker_client, "start", start_without_forking)
    assert same(forked, list(speak(wanted)))


def test_progress_counts_every_utterance() -> None:
    seen: list[tuple[int, int]] = []
    spoken = list(speak(requests(5), progress=lambda done, total: seen.append((done, total))))
    assert len(spoken) == 5
    assert seen == [(done, 5) for done in range(1, 6)]


def test_nothing_to_speak() -> None:
    assert list(speak([])) == []


def test_rate_makes_speech_faster() -> None:
    slow, usual, fast = speak(
        [SpeechRequest("river lemon orange window purple", "en-us", rate) for rate in (100, None, 300)]
    )
    assert slow.size > 1.3 * usual.size > 1.3 * 1.3 * fast.size


def test_speech_is_real() -> None:
    (samples,) = speak([SpeechRequest("seven purple windows over the river", "en-us+m3")])
    assert 1.0 < samples.size / SAMPLE_RATE < 4.0
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    below_4_khz = spectrum[: spectrum.size // 2].sum() / spectrum.sum()
    assert below_4_khz > 0.8


def test_a_dead_process_is_replaced_and_the_samples_stay() -> None:
    chunk = [Job(request) for request in requests(6)]
    worker = Worker(Source(), fresh=True)
    try:
        first = worker.ask(chunk)
        assert worker._process is not None
        worker._process.kill()
        worker._process.wait()
        with pytest.raises(SpeechError, match="ended"):
            worker.ask(chunk)
        worker.close()
        again = worker.ask(chunk)
        worker._process.kill()
        worker._process.wait()
        retried = tried(worker, chunk, ATTEMPTS)
    finally:
        worker.close()
    assert first == again == retried
    assert all(len(audio.data) == 4 * audio.frames > 0 for audio in first)
    assert len({audio.data for audio in first}) == len(chunk)


def test_a_text_without_sound_is_one_clear_error() -> None:
    with pytest.raises(SpeechError, match=r"for text '\.' in voice 'en-us'.*3 attempts"):
        list(speak([SpeechRequest("river", "en-us"), SpeechRequest(".", "en-us")]))


@pytest.mark.parametrize(
    ("voice", "what", "near"),
    [
        ("en-uss", "no voice 'en-uss'", "en-us"),
        ("en-us+f22", "no variant 'f22'", "en-us+f2"),
        ("en-us+", "no variant ''", "en-us+"),
        ("klingon", "no voice 'klingon'", "near names: "),
        ("", "no voice ''", "near names: "),
    ],
)
def test_unknown_voices_name_near_ones(voice: str, what: str, near: str) -> None:
    with pytest.raises(SpeechError) as caught:
        speak([SpeechRequest("river", voice)])
    assert what in str(caught.value)
    assert near in caught.value.how


def test_every_language_name_speaks() -> None:
    unknown_data = {"fo", "kaa", "xex"}  # the wheel lists these and lacks their dictionaries
    names = sorted(set(engine().voices) - unknown_data)
    silent = [name for name in names if not engine().say("papa mama", name)]
    assert len(names) > 100
    assert silent == []
    assert {"f2", "m3", "klatt2"} <= variants()


def test_speaking_prints_nothing() -> None:
    code = (
        "from memaudit.kit.speech import SpeechRequest, speak\n"
        "assert len(list(speak([SpeechRequest('river', 'en-us+f2')], jobs=2))) == 1\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout == b""
    assert done.stderr == b""


def test_the_binding_is_the_wheel_and_leaves_ctypes_alone() -> None:
    import ctypes

    import espeakng_loader

    assert binding().dll._name == espeakng_loader.get_library_path()
    assert "LoadLibrary" not in vars(ctypes.cdll)
