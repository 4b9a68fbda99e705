"""Rows of models in ONNX form."""

from __future__ import annotations

from embedders.base import Entry, Weights

ENTRIES: dict[str, Entry] = {
    "speech_embedding": Entry(
        title="Google speech_embedding (openWakeWord)",
        factory="embedders.onnx:SpeechEmbedding",
        dim=96,
        sample_rate=16000,
        parameters=328_152,
        libraries=("numpy", "onnxruntime"),
        extra="onnx",
        citation="Lin et al., Training Keyword Spotters with Limited and Synthesized Speech Data, ICASSP 2020",
        licence="Apache-2.0",
        weights=Weights(
            file="speech_embedding_google.onnx",
            sha256="ba754db3cd768a524c655ea90655ee5e6055a43b8dfd29366a11e93716ae9e51",
            url="",
            licence="Apache-2.0",
            redistributable=True,
            way_out=(
                "Take openwakeword/resources/models/embedding_model.onnx out of the wheel of openwakeword 0.4.0 (pip "
                "download --no-deps openwakeword==0.4.0) and put it into weights/ as speech_embedding_google.onnx."
            ),
        ),
    ),
}
