"""What the ONNX families share: opening a graph with onnxruntime and finding out what it takes."""
