"""Embedders that are ONNX files; onnxruntime loads at the first `embed`, not here."""

from embedders.onnx.model import OnnxModel
from embedders.onnx.speech_embedding import SpeechEmbedding

__all__ = ["OnnxModel", "SpeechEmbedding"]
