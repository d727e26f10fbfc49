"""Front ends: what turns a waveform into a model's input, one a file."""
