"""Recognisers: one model family a file behind one interface."""

import os

# From 1.32 on, onnxruntime records every session under the home folder and sends that away unless this is set
# before it is imported. An audit tells nobody; whoever wants it sets 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
