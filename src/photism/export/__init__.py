"""A trained system as one ONNX graph: written, checked against torch, run, put on a page."""
