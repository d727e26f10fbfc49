"""Whisper as optimum exports it (Radford et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.attention.hf_files import ENCODER, hf_files, hf_tokens, load_graphs
from memaudit.models.attention.loading import assembled, subwords
from memaudit.models.attention.recognizer import AttentionRecognizer
from memaudit.models.attention.whisper import UNNAMED, WhisperDecoder, special, wanted
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import ModelFiles
from memaudit.models.tokens.registry import load_tokens
from memaudit.models.tokens.subwords import SubwordVocabulary


def detect(files: ModelFiles) -> Detected | None:
    """Whisper by its config.json, or by its encoder's input_features beside a decoder.

    Raises:
        ModelError: if it is Whisper and a file is missing or ambiguous.
    """
    if not files.find(*ENCODER):
        return None
    config = _config(files, "config.json")
    if config.get("model_type", "whisper") != "whisper":
        return None
    encoder = files.one("encoder", *ENCODER)
    node = None if encoder is None else files.graph(encoder).input("input_features")
    if encoder is None or node is None or len(node.shape) != 3:
        return None
    graphs = hf_files(files, encoder)
    tokens = hf_tokens(files)
    generation = _config(files, "generation_config.json")
    prompt = wanted(generation, config, _specials(load_tokens(tokens, files.folder, where=str(files.folder))))
    decoder = {
        "language": prompt.language,
        "task": prompt.task,
        "positions": config.get("max_target_positions", 448),
        "suppressed": _listed(generation, config, "suppress_tokens"),
        "suppressed_first": _listed(generation, config, "begin_suppress_tokens"),
    }
    front_end = _front_end(_config(files, "preprocessor_config.json"), config, node.shape[1])
    by = "config.json says so" if config else "the encoder takes input_features"
    barred = len({*decoder["suppressed"], *decoder["suppressed_first"]})
    held = f"the search passes over {barred} suppressed tokens; losses are of the unmodified softmax"
    return Detected(
        {"files": graphs, "front_end": front_end, "tokens": tokens, "decoder": decoder},
        (
            f"{' and '.join(graphs.values())}: Whisper ({by})",
            f"{front_end['num_mels']} mel bins",
            prompt.reason,
            f"references are written by {tokens.get('file', 'vocab.json and merges.txt')}",
            *([held] if barred else []),
        ),
    )


def load(description: Description, options: LoadOptions) -> AttentionRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        ModelError: if a file is missing or is not what it should be, or they do not fit together.
        MissingExtraError: if ``tokenizers`` is not installed.
    """
    where = str(description.path)
    decoder = description.section("decoder", WhisperDecoder)
    front_end, tokens = description.front_end(), subwords(description)
    prompt = decoder.prompt(tokens, where=where)
    end = special(tokens, "<|endoftext|>", where=where)
    model, graphs = load_graphs(description, options, front_end)
    return assembled(
        description,
        options,
        graphs=graphs,
        front_end=front_end,
        tokens=tokens,
        search=decoder.search(prompt, end, tokens, where=where),
        model=model,
        unnamed=UNNAMED,
        decoder={"language": decoder.language, "task": decoder.task},
    )


def _config(files: ModelFiles, name: str) -> Mapping[str, Any]:
    return files.json(name) if name in files.names else {}


def _specials(tokens: object) -> dict[int, str]:
    """The special tokens of a vocabulary by index, those without a name left out."""
    if not isinstance(tokens, SubwordVocabulary):
        return {}
    return {index: name for index in tokens.silent if (name := tokens.codec.name(index)) is not None}


def _listed(generation: Mapping[str, Any], config: Mapping[str, Any], key: str) -> list[int]:
    """A list of tokens by generation_config.json, else by config.json, where older exports have it."""
    listed = (generation if generation else config).get(key) or []
    if not isinstance(listed, list) or not all(type(token) is int for token in listed):
        raise ModelError(
            f"{key} is no list of whole numbers in generation_config.json or config.json",
            how="take all files of one export",
        )
    return [token for token in listed if token >= 0]  # -1 asks for a default list, which no export has


def _front_end(
    preprocessor: Mapping[str, Any], config: Mapping[str, Any], mels: int | None
) -> dict[str, Any]:
    """[front_end]: bins by the encoder itself, then by preprocessor_config.json and config.json."""
    table = {
        "kind": "whisper",
        "num_mels": mels or preprocessor.get("feature_size") or config.get("num_mel_bins") or 80,
    }
    for key, option, kind in (
        ("sampling_rate", "sample_rate", int),
        ("n_fft", "n_fft", int),
        ("hop_length", "hop", int),
        ("chunk_length", "window_seconds", float),
    ):
        if key in preprocessor:
            table[option] = kind(preprocessor[key])
    return table


ADAPTER = Adapter(
    name="hf-whisper",
    summary="Whisper as optimum exports it",
    looks_for="encoder_model, decoder_model(_merged).onnx with tokenizer.json or vocab.json and merges.txt",
    load=load,
    detect=detect,
)
