"""The training sets of a study: exported with the canaries, checked, and read as a trainer reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from memaudit.files import write_json, write_jsonl, write_text
from memaudit.kit.audio import read_audio
from memaudit.lab.perturb import Speeds
from memaudit.lab.study import TrainingSet
from memaudit.lab.study_commands import Place
from memaudit.lab.study_speech import FEATURES, first_lines, load_features
from memaudit.lab.utterances import FrontEnd, Utterances, Vocabulary, featurise

INJECTION = "injection.json"
COMMANDS = "commands.json"
TRAINED = "trained.txt"


def make_set(place: Place, kit: Path, speech: Path, plan: TrainingSet, *, seed: int) -> None:
    """Merge a kit's canaries into ordinary lines with `memaudit export`, and check what is trained on.

    A set that the trainer deduplicates is not as designed any more: `check-injection` says so with exit
    code 1.
    """
    # Both manifests lie equally deep below the speech, so their relative paths lead to the same files.
    ordinary = place.building / "ordinary" / "manifest.json"
    write_jsonl(ordinary, first_lines(speech, plan.ordinary, "../../../speech"))
    merged = place.building / "merged"
    ran = [
        place.command(
            *("export", kit, "--format", "nemo", "--out", merged, "--append-to", ordinary),
            *("--root", ".", "--seed", str(seed)),
        )
    ]
    manifest = merged / "manifest.json"
    if plan.deduplicated:
        lines = dict.fromkeys(manifest.read_text(encoding="utf-8").splitlines())
        manifest = merged / "deduplicated.json"
        write_text(manifest, "".join(f"{line}\n" for line in lines))
    ran.append(
        place.command(
            *("check-injection", kit, "--format", "nemo", "--manifest", manifest),
            *("--out", place.building / INJECTION),
            accepted=(0, 1) if plan.deduplicated else (0,),
        )
    )
    write_text(place.building / TRAINED, manifest.relative_to(place.building).as_posix() + "\n")
    write_json(place.building / COMMANDS, [item.as_dict() for item in ran])


def read_set(
    folder: Path, speech: Path, vocabulary: Vocabulary, front_end: FrontEnd, speeds: Speeds | None = None
) -> Utterances:
    """What is trained on: a line of the manifest an utterance, in its order.

    Features of ordinary lines were computed when they were spoken; those of canaries are from the files that
    the manifest names. With ``speeds`` every line's audio is read and perturbed, each copy by itself.
    """
    manifest = folder / (folder / TRAINED).read_text(encoding="utf-8").strip()
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()
    ]
    paths = [(manifest.parent / row["audio_filepath"]).resolve() for row in rows]
    if speeds is not None:
        texts = [row["text"] for row in rows]
        targets = [vocabulary.encode(text) for text in texts]
        perturbed = speeds.perturbed((read_audio(path)[0] for path in paths), targets, folder.name)
        return featurise(perturbed, texts, vocabulary, front_end)
    ordinary = load_features(speech / f"fine_tuning-{FEATURES}", vocabulary)
    home = (speech / "audio").resolve()
    others = {path: row["text"] for path, row in zip(paths, rows, strict=True) if path.parent != home}
    audio = (read_audio(path)[0] for path in others)
    canaries = featurise(audio, list(others.values()), vocabulary, front_end)
    places = {path: len(ordinary) + number for number, path in enumerate(others)}
    both = ordinary + canaries
    return both.select(places[path] if path in places else int(path.stem) for path in paths)
