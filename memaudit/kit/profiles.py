"""What the default settings of known training toolkits do to short and dense utterances.

Each figure was read in the toolkit's own source; `Source` says where. Teams change these settings: the fields
of a recipe's ``[feasibility]`` table win over them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

Misfit = Literal["dropped", "zeroed", "infinite", "partly"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a default is written: repository, commit that was read, file, and what stands there."""

    repository: str
    commit: str
    path: str
    setting: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The defaults of one toolkit.

    Attributes:
        name: as a recipe names it.
        what: whose defaults these are.
        frame_shift_ms: hop times subsampling of the encoder.
        frame_offset_ms: an utterance of ``m`` ms has floor((m + frame_offset_ms) / frame_shift_ms) frames.
        min_seconds, max_seconds: what is shorter or longer is dropped; 0 stands for no such filter.
        max_tokens_per_second: what has more is dropped; 0 stands for no such filter.
        misfit: what becomes of a text with too many tokens for its frames: ``dropped`` by a filter, where
            tokens outnumber frames; or, where tokens and adjacent repeats together outnumber frames, its
            CTC loss is ``zeroed`` in silence or ``infinite``, or lost to CTC but not to the attention
            decoder beside it (``partly``).
        tokenizer: ``char`` where that is the default, else None: the team's own.
        perturbation: the fastest default speed perturbation, which shortens copies by this factor; 1: none.
        sources: where all this is written.
    """

    name: str
    what: str
    frame_shift_ms: float
    frame_offset_ms: float
    min_seconds: float
    max_seconds: float
    misfit: Misfit
    max_tokens_per_second: float = 0.0
    tokenizer: str | None = None
    perturbation: float = 1.0
    sources: tuple[Source, ...] = ()


_NEMO = Profile(
    "nemo",
    "NeMo, FastConformer CTC",
    frame_shift_ms=80.0,
    frame_offset_ms=70.0,
    min_seconds=0.1,
    max_seconds=16.7,
    misfit="zeroed",
    sources=(
        Source(
            "NVIDIA/NeMo",
            "08955c7de3cc",
            "examples/asr/conf/fastconformer/fast-conformer_ctc_bpe.yaml",
            "train_ds.min_duration 0.1, max_duration 16.7; window_stride 0.01; dw_striding, factor 8",
        ),
        Source(
            "NVIDIA/NeMo",
            "018df0b05fe1",
            "nemo/collections/common/parts/preprocessing/collections.py",
            "AudioText: duration < min_duration or > max_duration is left out",
        ),
        Source(
            "NVIDIA/NeMo", "00b2c43974c3", "nemo/collections/asr/models/ctc_models.py", "zero_infinity=True"
        ),
    ),
)

_ICEFALL = Profile(
    "icefall",
    "icefall (Lhotse), zipformer transducer",
    frame_shift_ms=40.0,
    frame_offset_ms=-50.0,
    min_seconds=1.0,
    max_seconds=20.0,
    misfit="dropped",
    perturbation=1.1,
    sources=(
        Source(
            "k2-fsa/icefall",
            "00fefa2b2272",
            "egs/librispeech/ASR/zipformer/train.py",
            "remove_short_and_long_utt: 1 to 20 s; ((num_frames - 7) // 2 + 1) // 2 frames >= tokens",
        ),
        Source(
            "k2-fsa/icefall",
            "081d751a8e99",
            "egs/librispeech/ASR/local/compute_fbank_librispeech.py",
            "--perturb-speed: copies at 0.9 and 1.1",
        ),
    ),
)

_ESPNET = Profile(
    "espnet",
    "ESPnet2, asr.sh",
    frame_shift_ms=32.0,
    frame_offset_ms=-16.0,
    min_seconds=0.1,
    max_seconds=20.0,
    misfit="partly",
    sources=(
        Source(
            "espnet/espnet",
            "004c30cf4e5a",
            "egs2/TEMPLATE/asr1/asr.sh",
            "min_wav_duration=0.1, max_wav_duration=20 (stage 4)",
        ),
        Source(
            "espnet/espnet", "03988485c5d5", "espnet2/asr/frontend/default.py", "hop_length 128 at 16 kHz"
        ),
        Source(
            "espnet/espnet", "04b8398ce5d6", "espnet2/asr/encoder/conformer_encoder.py", "input_layer conv2d"
        ),
        Source("espnet/espnet", "0354389cc27e", "espnet2/asr/ctc.py", "zero_infinity: bool = True"),
    ),
)

_WENET = Profile(
    "wenet",
    "WeNet, default filter and conv2d",
    frame_shift_ms=40.0,
    frame_offset_ms=-45.0,
    min_seconds=0.1,
    max_seconds=102.4,
    misfit="partly",
    max_tokens_per_second=100.0,
    perturbation=1.1,
    sources=(
        Source(
            "wenet-e2e/wenet",
            "00a58c9e2937",
            "wenet/dataset/processor.py",
            "filter: min_length=10, max_length=10240 (10 ms), max_output_input_ratio=1; speed_perturb to 1.1",
        ),
        Source(
            "wenet-e2e/wenet",
            "3a2b71f7a45f",
            "examples/librispeech/s0/conf/train_u2++_conformer.yaml",
            "input_layer conv2d, frame_shift 10, speed_perturb true",
        ),
        Source(
            "wenet-e2e/wenet",
            "2894f7c08610",
            "wenet/transformer/ctc.py",
            "CTCLoss beside the attention decoder, zero_infinity in later versions",
        ),
    ),
)

_SPEECHBRAIN = Profile(
    "speechbrain",
    "SpeechBrain, CommonVoice CTC recipes",
    frame_shift_ms=20.0,
    frame_offset_ms=-5.0,
    min_seconds=0.0,
    max_seconds=10.0,
    misfit="zeroed",
    perturbation=1.05,
    sources=(
        Source(
            "speechbrain/speechbrain",
            "0502280d854c",
            "recipes/CommonVoice/ASR/CTC/hparams/train_en_with_wav2vec.yaml",
            "avoid_if_longer_than 10.0; speeds [95, 100, 105]; wav2vec2 encoder",
        ),
        Source("speechbrain/speechbrain", "0021c5fbeab9", "speechbrain/nnet/losses.py", "zero_infinity=True"),
    ),
)

_HUGGINGFACE = Profile(
    "huggingface",
    "transformers, run_speech_recognition_ctc.py",
    frame_shift_ms=20.0,
    frame_offset_ms=-5.0,
    min_seconds=0.0,
    max_seconds=20.0,
    misfit="infinite",
    tokenizer="char",
    sources=(
        Source(
            "huggingface/transformers",
            "0055f834470c",
            "examples/pytorch/speech-recognition/run_speech_recognition_ctc.py",
            "min_duration_in_seconds 0.0, max_duration_in_seconds 20.0; vocabulary of all characters",
        ),
        Source(
            "huggingface/transformers",
            "0148b0a10af7",
            "src/transformers/models/wav2vec2/configuration_wav2vec2.py",
            "conv_stride (5, 2, 2, 2, 2, 2, 2); ctc_zero_infinity=False",
        ),
    ),
)

PROFILES: dict[str, Profile] = {
    profile.name: profile for profile in (_NEMO, _ICEFALL, _ESPNET, _WENET, _SPEECHBRAIN, _HUGGINGFACE)
}


def unknown_profile(name: str) -> str:
    """What to say of a name that no profile has."""
    near = difflib.get_close_matches(name, PROFILES, n=2, cutoff=0.5)
    return f"there is no such profile{f', but {near[0]}' if near else ''}"
