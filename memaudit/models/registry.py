"""The model families by name, and the one way to load a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType

from memaudit.errors import ModelError, UsageError
from memaudit.models.description import Description
from memaudit.models.families.base import LoadOptions
from memaudit.models.locate import locate
from memaudit.models.recognizer import Recognizer


@dataclass(frozen=True)
class Adapter:
    """A model family.

    Attributes:
        summary: what it takes, in a few words.
        suffixes: of its model files.
        loader: "module:function" of ``load(description, options) -> Recognizer``, imported when it is used.
        providers: where it can run.
    """

    summary: str
    suffixes: tuple[str, ...]
    loader: str
    providers: tuple[str, ...] = ("cpu",)


# A new family is one new file and one entry here.
ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        "onnx-ctc": Adapter(
            "one ONNX graph with CTC scores", (".onnx", ".ort"), "memaudit.models.families.onnx_ctc:load"
        ),
        "torchscript-ctc": Adapter(
            "a TorchScript file with CTC scores (code: needs --trust-model)",
            (".pt", ".pth", ".ts", ".jit"),
            "memaudit.models.families.torchscript_ctc:load",
        ),
    }
)


def load_recognizer(
    path: Path, *, adapter: str | None = None, trust_model: bool = False, provider: str = "cpu"
) -> Recognizer:
    """Load a recogniser.

    Args:
        path: a model file, a model.toml, or a folder with one model.toml; see `locate`.
        adapter: a family's name; it wins over the model.toml's own.
        trust_model: the user's word that code in the model may run.
        provider: where it runs; never anywhere else in its place.

    Raises:
        UsageError: if there is no such adapter, or it does not run on that provider.
        ModelError: if the model or its description is missing or wrong.
        UntrustedModelError: if the model is code and ``trust_model`` is False.
        MissingExtraError: if the family's optional packages are not installed.
    """
    if adapter is not None and adapter not in ADAPTERS:
        raise UsageError(
            f"no adapter '{adapter}'", where="--adapter", how=f"there are: {', '.join(ADAPTERS)}"
        )
    description = locate(Path(path))
    name = adapter or _family(description)
    chosen = ADAPTERS[name]
    if provider not in chosen.providers:
        raise UsageError(
            f"the adapter {name} does not run on '{provider}'",
            where="--provider",
            how=f"it runs on: {', '.join(chosen.providers)}",
        )
    options = LoadOptions(name, chosen.suffixes, trust_model=trust_model, provider=provider)
    recognizer: Recognizer = resolve_name(chosen.loader)(description, options)
    return recognizer


def _family(description: Description) -> str:
    named = description.table.family
    if named is not None:
        if named not in ADAPTERS:
            raise ModelError(
                f"'family' is {named!r}", where=str(description.path), how=f"allowed: {', '.join(ADAPTERS)}"
            )
        return named
    if description.model_file is not None:
        files = [description.model_file]
    else:
        files = [Path(name) for name in description.table.files.values()] or list(
            description.folder.iterdir()
        )
    suffixes = {file.suffix.lower() for file in files}
    fitting = [name for name, adapter in ADAPTERS.items() if suffixes & set(adapter.suffixes)]
    if len(fitting) == 1:
        return fitting[0]
    raise ModelError(
        "no 'family', and the suffixes of the model files do not decide",
        where=str(description.path),
        how=f"set it to one of: {', '.join(ADAPTERS)}",
    )
