"""How many steps a second of audio gives, of which a row's vector is the summary. Data, and how to look it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedders.base import Entry

# by factory, and by the one argument of it on which the rate hangs: samples between two steps
_HOPS: dict[str, tuple[str, dict[Any, float]]] = {
    "embedders.byol:Byol": ("", {None: 8 * 160}),  # three poolings by two over frames every 10 ms
    "embedders.byol_cvt:ByolCvt": ("", {None: 16 * 160}),
    "embedders.congruformer:Congruformer": (
        "variant",
        {"spectrogram": 32 * 256, "spectrogram_small": 32 * 256, "audio": 7 * 3 * 2**4, "transformer": 256},
    ),
    "embedders.emotion2vec:Emotion2vec": ("", {None: 320}),
    "embedders.hub:TfHub": ("module", {"vggish": 15360, "yamnet": 7680, "trill": 2720}),  # TRILLsson averages inside
    "embedders.logmel:LogMelStats": ("", {None: 160}),
    "embedders.mfcc:MfccStats": ("", {None: 160}),
    "embedders.musicnn:Musicnn": ("", {None: 48000}),
    "embedders.onnx:SpeechEmbedding": ("", {None: 8 * 160}),
    "embedders.opensmile_levels:OpenSmileLevel": ("level", {"lld": 160, "lld_de": 160}),  # functionals have no steps
    # steps before the pooling over time: five poolings by two over frames every 10 ms, or four
    "embedders.panns:Panns": (
        "variant",
        {"cnn14": 32 * 320, "cnn14_16k": 32 * 160, "cnn10": 16 * 320, "cnn6": 16 * 320},
    ),
    "embedders.random_cnn:RandomCnn": ("", {None: 8 * 160}),
    "embedders.resemblyzer:Resemblyzer": ("", {None: 77 * 160}),
    "embedders.torchaudio_pipelines:TorchaudioPipeline": ("", {None: 320}),
    "embedders.transformers:AudioEncoder": ("", {None: 320}),
}
# AST: a patch begins every ten frames of 10 ms
_BY_MODEL = {"MIT/ast-finetuned-audioset-10-10-0.4593": 1600}


def frame_rate(entry: Entry) -> float | None:
    """Steps a second of a row; None where the vector is made of the whole clip (or a window of it) at once."""
    kwargs: Mapping[str, Any] = entry.kwargs
    argument, hops = _HOPS.get(entry.factory, ("", {}))
    hop = _BY_MODEL.get(kwargs.get("model", ""), hops.get(kwargs.get(argument)))
    return None if hop is None else entry.sample_rate / hop
