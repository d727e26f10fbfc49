"""The same recordings by onnx-asr or sherpa-onnx, in a process of its own: transcripts only.

python -m tests.bench.others onnx-asr|sherpa-onnx FOLDER LIST
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import soundfile


def onnx_asr(folder: Path, audio: list[str]) -> int:
    """onnx-asr on icefall's three graphs, one recording at a time, one thread."""
    import numpy as np
    import onnx_asr
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # It looks for the graphs and the tokens one folder down.
    model = onnx_asr.load_model(
        "kaldi-rnnt", folder.parent, sess_options=options, providers=["CPUExecutionProvider"]
    )
    heard = 0
    for path in audio:
        samples, rate = soundfile.read(path, dtype="float32")
        heard += isinstance(model.recognize(np.ascontiguousarray(samples), sample_rate=rate), str)
    return heard


def sherpa_onnx(folder: Path, audio: list[str]) -> int:
    """sherpa-onnx on icefall's three graphs, one recording at a time, one thread."""
    import sherpa_onnx

    files = {name: str(folder / f"{name}.onnx") for name in ("encoder", "decoder", "joiner")}
    model = sherpa_onnx.OfflineRecognizer.from_transducer(
        **files, tokens=str(folder / "tokens.txt"), num_threads=1
    )
    heard = 0
    for path in audio:
        samples, rate = soundfile.read(path, dtype="float32")
        stream = model.create_stream()
        stream.accept_waveform(rate, samples)
        model.decode_stream(stream)
        heard += isinstance(stream.result.text, str)
    return heard


def main(program: str, folder: str, listed: str) -> None:
    """Hear everything."""
    audio = [json.loads(line)["audio"] for line in Path(listed).read_text().splitlines()]
    run = {"onnx-asr": onnx_asr, "sherpa-onnx": sherpa_onnx}[program]
    print(json.dumps({"heard": run(Path(folder), audio)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
