"""The audio of an export: copies, so that the export stands alone."""

from __future__ import annotations

import shutil

import soundfile

from memaudit.files import output_errors
from memaudit.kit.manifests.base import Copy, Job

FOLDER = "audio"


def file_name(copy: Copy, suffix: str = ".flac") -> str:
    """Where the audio of a canary lies in an export, with slashes."""
    return f"{FOLDER}/{copy.canary.id}{suffix}"


def rooted(job: Job, name: str) -> str:
    """The path of a file of an export as a manifest on the training machine has it."""
    root = job.root.rstrip("/")
    if job.root in ("", "."):
        return name
    return f"{root}/{name}"


def copy_audio(job: Job) -> None:
    """Copy the audio of each canary once, byte for byte."""
    for copy in one_each(job):
        target = job.folder / file_name(copy)
        with output_errors(target):
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(job.kit / copy.canary.audio, target)


def write_waves(job: Job) -> None:
    """Write each canary once as 16-bit WAV: the same samples, for readers that know no FLAC."""
    for copy in one_each(job):
        target = job.folder / file_name(copy, ".wav")
        with output_errors(target):
            target.parent.mkdir(exist_ok=True)
            samples, rate = soundfile.read(job.kit / copy.canary.audio, dtype="int16")
            soundfile.write(target, samples, rate, format="WAV", subtype="PCM_16")


def one_each(job: Job) -> list[Copy]:
    """The first copy of every canary, by id."""
    first: dict[str, Copy] = {}
    for copy in job.copies:
        first.setdefault(copy.canary.id, copy)
    return [first[name] for name in sorted(first)]
