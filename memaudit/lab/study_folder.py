"""study.json: what a study's folder was begun with, and at the end everything that was found."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import memaudit
from memaudit.errors import OutputError, UsageError
from memaudit.files import output_errors, write_json
from memaudit.lab.study import Profile, profile_from

SCHEMA = "memaudit/lab-study/1"
FILE_NAME = "study.json"
_PACKAGES = ("torch", "numpy", "onnxscript", "kaldi-native-fbank", "espeakng-loader", "python-stretch")


@dataclass(frozen=True)
class Study:
    """A study's folder and what it is made from: ``versions`` and the machine are those of its beginning."""

    folder: Path
    profile: Profile
    versions: dict[str, str]
    machine: dict[str, Any]

    def head(self) -> dict[str, Any]:
        """The part of study.json that stands from the beginning."""
        return {
            "schema": SCHEMA,
            "versions": self.versions,
            "machine": self.machine,
            "profile": self.profile.as_dict(),
        }


def begin(folder: Path, profile: Profile) -> Study:
    """Begin a study in ``folder``, or go on with one that was begun there with the same profile.

    Raises:
        UsageError: if another study, or one of another version, was begun there.
        OutputError: if the folder holds something else, or cannot be written.
    """
    versions = {"memaudit": memaudit.__version__, **{name: version(name) for name in _PACKAGES}}
    if (folder / FILE_NAME).is_file():
        study = read_study(folder)
        _check_same(study, profile, versions)
        return study
    with output_errors(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(
                "holds no study", where=str(folder), how="give a folder that does not exist yet"
            )
    machine = {
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    study = Study(folder, profile, versions, machine)
    write_json(folder / FILE_NAME, {**study.head(), "finished": False})
    return study


def read_study(folder: Path) -> Study:
    """What a folder's study.json begins with.

    Raises:
        UsageError: if it cannot be read.
    """
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        profile, versions, machine = document["profile"], document["versions"], document["machine"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(
            f"no study can be read here ({error})", where=str(path), how="use a new folder"
        ) from error
    return Study(folder, profile_from(profile, str(path)), versions, machine)


def _check_same(study: Study, profile: Profile, versions: dict[str, str]) -> None:
    how = "give the same options to go on with it, or another --out"
    if study.profile.seeds != profile.seeds:
        raise UsageError(
            f"holds a study with seeds {_listed(study.profile.seeds)}, not {_listed(profile.seeds)}",
            where=str(study.folder),
            how=how,
        )
    if set(study.profile.conditions) != set(profile.conditions):
        raise UsageError(
            f"holds a study of {', '.join(study.profile.conditions)}", where=str(study.folder), how=how
        )
    if study.profile != profile:
        raise UsageError(
            f"holds a study of another profile {study.profile.name!r}", where=str(study.folder), how=how
        )
    for name, release in versions.items():
        if study.versions.get(name) != release:
            raise UsageError(
                f"holds a study made with {name} {study.versions.get(name)}, here is {release}",
                where=str(study.folder),
                how="use another --out",
            )


def _listed(seeds: tuple[int, ...]) -> str:
    return ", ".join(str(seed) for seed in seeds)
