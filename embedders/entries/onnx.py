"""Rows of models in ONNX form, and of emotion2vec, which comes in that form or through FunASR."""

from __future__ import annotations

from embedders.base import Entry, Weights

_EMOTION2VEC = (
    "Ma et al., emotion2vec: Self-Supervised Pre-Training for Speech Emotion Representation, Findings of ACL 2024"
)
_EMOTION2VEC_LICENCE = "FunASR model licence"
_EMOTION2VEC_SETS = ("LSSED", "MEAD", "CMU-MOSEI", "MELD", "IEMOCAP")
_LABELLED = (*_EMOTION2VEC_SETS, "EmoBox (with labels of emotion)")


def _emotion2vec(
    name: str, *, title: str, training_sets: tuple[str, ...], width: int = 768, parameters: int = 93_790_988
) -> Entry:
    """A row through FunASR; `parameters` of the base size are those of its config.yaml, the large one's rounded."""
    return Entry(
        title=f"{title}, mean of the last layer",
        factory="embedders.emotion2vec:Emotion2vec",
        kwargs={"width": width},
        dim=width,
        sample_rate=16000,
        parameters=parameters,
        libraries=("funasr", "torch"),
        citation=_EMOTION2VEC,
        licence=_EMOTION2VEC_LICENCE,
        training_sets=training_sets,
        weights=Weights(
            file=name,
            sha256="",
            url="",
            licence=_EMOTION2VEC_LICENCE,
            redistributable=False,
            way_out=(
                f"Copy the repository emotion2vec/{name} of the Hugging Face hub into a folder (hf download "
                f"emotion2vec/{name} --local-dir {name}) and name that folder as `weights:` of the entry in "
                "params.yaml; the sha256 of all that it holds is then part of the embedder. It needs the package: pip "
                "install funasr."
            ),
        ),
    )


ENTRIES: dict[str, Entry] = {
    "emotion2vec_base": _emotion2vec("emotion2vec_base", title="emotion2vec base", training_sets=_EMOTION2VEC_SETS),
    "emotion2vec_plus_seed": _emotion2vec(
        "emotion2vec_plus_seed",
        title="emotion2vec+ seed",
        training_sets=_LABELLED,
    ),
    **{
        f"emotion2vec_plus_{size}": _emotion2vec(
            f"emotion2vec_plus_{size}",
            title=f"emotion2vec+ {size}",
            width=width,
            parameters=parameters,
            training_sets=(*_LABELLED, f"not published ({hours} h of speech, labelled by a model)"),
        )
        for size, width, parameters, hours in (
            ("base", 768, 93_790_988, "4,788"),
            ("large", 1024, 300_000_000, "42,526"),
        )
    },
    "emotion2vec_onnx": Entry(
        title="emotion2vec base, an ONNX export of one's own",
        factory="embedders.onnx:OnnxModel",
        kwargs={"sample_rate": 16000, "width": 768, "pooling": "mean", "min_seconds": 0.025},
        dim=768,
        sample_rate=16000,
        parameters=93_790_988,
        libraries=("numpy", "onnxruntime"),
        extra="onnx",
        citation=_EMOTION2VEC,
        licence=_EMOTION2VEC_LICENCE,
        training_sets=_EMOTION2VEC_SETS,
        weights=Weights(
            file="emotion2vec_base.onnx",
            sha256="",
            url="",
            licence=_EMOTION2VEC_LICENCE,
            redistributable=False,
            way_out=(
                "None is published. Export emotion2vec_base by FunASR (see Embedders, emotion2vec) and name the .onnx "
                "file as `weights:` of the entry in params.yaml; its sha256 is then part of the embedder."
            ),
        ),
    ),
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
