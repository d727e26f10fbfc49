"""Whisper as sherpa-onnx exports it (scripts/whisper/export-onnx.py of k2-fsa/sherpa-onnx)."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.attention.loading import assembled, file_of, subwords
from memaudit.models.attention.recognizer import AttentionRecognizer
from memaudit.models.attention.sherpa import CROSS, bound_sherpa
from memaudit.models.attention.whisper import UNNAMED, WhisperDecoder, special
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import Graph, ModelFiles
from memaudit.models.validation import Table


class SherpaFiles(Table):
    """[files] of a Whisper export of sherpa-onnx."""

    encoder: str = Field(min_length=1)
    decoder: str = Field(min_length=1)


def detect(files: ModelFiles) -> Detected | None:
    """sherpa's Whisper by its encoder's outputs n_layer_cross_k and n_layer_cross_v, and its metadata.

    Raises:
        ModelError: if it is one, and the decoder, the tokens or metadata are missing or ambiguous.
    """
    encoders = files.find("*encoder*.onnx", "*encoder*.ort")
    if not encoders or not files.find("*tokens.txt") or not _crosses(files.graph(encoders[0])):
        return None
    encoder = files.one("encoder", *encoders)
    if encoder is None or not _crosses(graph := files.graph(encoder)):
        return None
    stem = encoder.rpartition("encoder")[0]
    decoder = _beside(
        files, "decoder", encoder.replace("encoder", "decoder"), "*decoder*.onnx", "*decoder*.ort"
    )
    tokens = _beside(files, "tokens", f"{stem}tokens.txt", "*tokens.txt")
    where = str(files.folder / encoder)
    names = _special(graph.metadata, where=where)
    multilingual = _number(graph.metadata, "is_multilingual", where=where) == 1
    mel = graph.inputs[0]
    fixed = mel.shape[2] if len(mel.shape) == 3 else None
    mels = mel.shape[1] if len(mel.shape) == 3 else None
    front_end = {
        "kind": "sherpa-whisper",
        "num_mels": mels or _number(graph.metadata, "n_mels", where=where),
        # An encoder that takes whole windows only gets its tail up to the window's end.
        **({} if fixed is None else {"tail_frames": fixed, "max_frames": fixed}),
    }
    language = "en" if multilingual else ""
    return Detected(
        {
            "files": {"encoder": encoder, "decoder": decoder},
            "front_end": front_end,
            "tokens": {"kind": "base64-bpe", "file": tokens, "special": names},
            "decoder": {
                "language": language,
                "positions": _number(graph.metadata, "n_text_ctx", where=where),
            },
        },
        (
            f"{encoder} and {decoder}: {graph.metadata.get('model_type', 'Whisper')} of sherpa-onnx",
            f"{front_end['num_mels']} mel bins, computed as sherpa-onnx does",
            "the language is 'en', as sherpa-onnx would guess it anew for each utterance ('decoder.language')"
            if multilingual
            else "the model is of English only: the prompt says no language",
            f"references are written by {tokens}, a byte-level BPE by rank",
        ),
    )


def load(description: Description, options: LoadOptions) -> AttentionRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        ModelError: if a file is missing or is not what it should be, or they do not fit together.
        MissingExtraError: if ``tiktoken`` is not installed.
    """
    where = str(description.path)
    decoder = description.section("decoder", WhisperDecoder)
    named = description.section("files", SherpaFiles)
    paths = (file_of(description, "encoder", named.encoder), file_of(description, "decoder", named.decoder))
    front_end, tokens = description.front_end(), subwords(description)
    model = bound_sherpa(
        options.open(paths[0]), options.open(paths[1]), front_end, where=(str(paths[0]), str(paths[1]))
    )
    prompt = decoder.prompt(tokens, where=where)
    end = special(tokens, "<|endoftext|>", where=where)
    return assembled(
        description,
        options,
        graphs=paths,
        front_end=front_end,
        tokens=tokens,
        search=decoder.search(prompt, end, tokens, where=where),
        model=model,
        unnamed=UNNAMED,
        decoder={"language": decoder.language, "task": decoder.task},
    )


def _crosses(graph: Graph) -> bool:
    return all(graph.output(name) is not None for name in CROSS)


def _beside(files: ModelFiles, role: str, name: str, *patterns: str) -> str:
    """The file of the encoder's own name, else the only one that matches."""
    if name in files.names:
        return name
    found = files.one(role, *patterns)
    if found is None:
        raise ModelError(
            f"there is no {name} beside its encoder",
            where=str(files.folder),
            how="put all files of the export into one folder",
        )
    return found


def _special(metadata: Mapping[str, str], *, where: str) -> dict[str, int]:
    """The special tokens that the metadata names."""
    named = {
        "<|startoftranscript|>": "sot",
        "<|endoftext|>": "eot",
        "<|translate|>": "translate",
        "<|transcribe|>": "transcribe",
        "<|startofprev|>": "sot_prev",
        "<|startoflm|>": "sot_lm",
        "<|nospeech|>": "no_speech",
        "<|notimestamps|>": "no_timestamps",
    }
    tokens = {name: _number(metadata, key, where=where) for name, key in named.items() if key in metadata}
    codes = [code for code in metadata.get("all_language_codes", "").split(",") if code]
    indices = [index for index in metadata.get("all_language_tokens", "").split(",") if index]
    if len(codes) != len(indices) or not all(index.isdigit() for index in indices):
        raise ModelError(
            f"its metadata has {len(codes)} languages and {len(indices)} tokens for them", where=where
        )
    return tokens | {f"<|{code}|>": int(index) for code, index in zip(codes, indices, strict=True)}


def _number(metadata: Mapping[str, str], key: str, *, where: str) -> int:
    text = metadata.get(key, "")
    if not text.isdigit():
        raise ModelError(
            f"its metadata has {text!r} for {key}, no number" if text else f"its metadata has no {key}",
            where=where,
            how="export it again with sherpa-onnx's script, or write a model.toml",
        )
    return int(text)


ADAPTER = Adapter(
    name="sherpa-whisper",
    summary="Whisper as sherpa-onnx exports it",
    looks_for="*encoder.onnx that gives n_layer_cross_k and n_layer_cross_v, *decoder.onnx and *tokens.txt",
    load=load,
    detect=detect,
)
