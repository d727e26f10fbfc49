"""The model families by name, and the one way to load a model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType

from memaudit.errors import ModelError, UsageError
from memaudit.models import families
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.description import Description, detected_description
from memaudit.models.detection import Detected
from memaudit.models.locate import locate
from memaudit.models.model_files import ModelFiles, model_files
from memaudit.models.ort.pool import SessionPool
from memaudit.models.plug_ins import PlugInError, plug_in, plug_in_names, plug_ins, warn_of
from memaudit.models.recognizer import Recognizer

# Families that a description without a family may be of: they differ by suffix.
_GENERIC = ("onnx-ctc", "torchscript-ctc", "exported-program")


@cache
def built_in() -> Mapping[str, Adapter]:
    """Our own families by name: the ``ADAPTER`` of each module of `memaudit.models.families`."""
    found = [
        import_module(f"{families.__name__}.{module.name}").ADAPTER
        for module in iter_modules(families.__path__)
    ]
    return MappingProxyType({adapter.name: adapter for adapter in sorted(found, key=lambda one: one.name)})


def adapters() -> Mapping[str, Adapter]:
    """Every family by name: our own, then the plug-ins' (see `memaudit.models.plug_ins`)."""
    return MappingProxyType({**built_in(), **plug_ins(built_in())})


def adapter_names() -> tuple[str, ...]:
    """The names of `adapters`, also of plug-ins that cannot be imported."""
    return (*built_in(), *(name for name in plug_in_names() if name not in built_in()))


def adapter_named(name: str) -> Adapter:
    """One of `adapter_names`.

    Raises:
        ModelError: if it is of a plug-in that cannot be used.
    """
    return built_in()[name] if name in built_in() else plug_in(name, built_in())


def load_recognizer(
    path: Path, *, adapter: str | None = None, trust_model: bool = False, provider: str = "cpu"
) -> Recognizer:
    """Load a recogniser.

    Args:
        path: a model file, a model.toml, or a folder with one model.
        adapter: a family's name; it wins over the model.toml's own.
        trust_model: the user's word that code in the model may run.
        provider: where it runs; never anywhere else in its place.

    Raises:
        UsageError: if there is no such adapter, or it does not run on that provider.
        ModelError: if the model or its description is missing or wrong.
        UntrustedModelError: if the model is code and ``trust_model`` is False.
        MissingExtraError: if the family's optional packages are not installed.
    """
    sessions = SessionPool(provider)
    chosen, description = describe(Path(path), adapter=adapter, sessions=sessions)
    if chosen.runtime == "torch" and provider != "cpu":
        raise UsageError(
            f"the adapter {chosen.name} does not run on '{provider}'",
            where="--provider",
            how="it runs on: cpu",
        )
    options = LoadOptions(chosen.name, chosen.suffixes, trust_model=trust_model, sessions=sessions)
    return chosen.load(description, options)


def describe(
    path: Path, *, adapter: str | None = None, sessions: SessionPool | None = None
) -> tuple[Adapter, Description]:
    """The family of a model and its description: its model.toml, else what the families detect.

    Raises:
        UsageError: if there is no such adapter.
        ModelError: if no family knows the model, or several do.
    """
    if adapter is not None and adapter not in adapter_names():
        raise UsageError(
            f"no adapter '{adapter}'", where="--adapter", how=f"there are: {', '.join(adapter_names())}"
        )
    description = locate(path)
    if description is not None:
        return adapter_named(adapter or _family(description)), description
    files = model_files(path, sessions or SessionPool())
    asked = list(adapters().values()) if adapter is None else [adapter_named(adapter)]
    found = [
        (one, detected)
        for one in asked
        if (detected := _detected(one, files, asked=adapter is not None)) is not None
    ]
    if len(found) > 1:
        raise ModelError(
            f"several families know it: {', '.join(one.name for one, _ in found)}",
            where=str(path),
            how="choose one with --adapter, or give the model file itself",
        )
    if not found:
        raise _unknown(path, files, asked)
    chosen, detected = found[0]
    return chosen, detected_description(path, files.folder, detected.table, chosen.name, detected.reasons)


def _detected(adapter: Adapter, files: ModelFiles, *, asked: bool) -> Detected | None:
    try:
        detected = None if adapter.detect is None else adapter.detect(files)
    except PlugInError as error:
        if asked:
            raise
        warn_of(error)
        return None
    if detected is None or files.chosen is None or files.chosen in detected.table["files"].values():
        return detected
    return None  # a model beside the one that the user named


def _unknown(path: Path, files: ModelFiles, asked: list[Adapter]) -> ModelError:
    graphs = files.find("*.onnx", "*.ort", "*.pt", "*.pt2", "*.zip", "*.pth", "*.ts", "*.jit")
    what = f"no family knows it ({', '.join(graphs)})" if graphs else "there is no model file"
    if len(asked) == 1:
        how = f"{asked[0].name} looks for {asked[0].looks_for}"
    else:
        how = "write a model.toml beside it, or see in the README what each family looks for"
    return ModelError(what, where=str(path), how=how)


def _family(description: Description) -> str:
    named = description.table.family
    if named is not None:
        if named not in adapter_names():
            raise ModelError(
                f"'family' is {named!r}",
                where=str(description.path),
                how=f"allowed: {', '.join(adapter_names())}",
            )
        return named
    if description.model_file is not None:
        files = [description.model_file]
    else:
        files = [Path(name) for name in description.table.files.values()] or list(
            description.folder.iterdir()
        )
    suffixes = {file.suffix.lower() for file in files}
    fitting = [name for name in _GENERIC if suffixes & set(built_in()[name].suffixes)]
    if len(fitting) == 1:
        return fitting[0]
    raise ModelError(
        "no 'family', and the suffixes of the model files do not decide",
        where=str(description.path),
        how=f"set it to one of: {', '.join(adapter_names())}",
    )
