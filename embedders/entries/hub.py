"""Rows of TensorFlow Hub modules: VGGish, YAMNet, TRILL, TRILLsson. Handles carry their version."""

from __future__ import annotations

from embedders.base import Entry

_HOST = "https://tfhub.dev/google"
_LIBRARIES = ("tensorflow", "tensorflow-hub")
_TRILLSSON = {1: 5_000_000, 2: 8_100_000, 3: 21_500_000, 4: 63_400_000, 5: 88_600_000}  # rounded, not counted here


def _entry(
    module: str, handle: str, *, title: str, dim: int, parameters: int, citation: str, training_sets: tuple[str, ...]
) -> Entry:
    return Entry(
        title=title,
        factory="embedders.hub:TfHub",
        kwargs={"module": module, "handle": f"{_HOST}/{handle}"},
        dim=dim,
        sample_rate=16000,
        parameters=parameters,
        libraries=_LIBRARIES,
        extra="hub",
        citation=citation,
        licence="Apache-2.0",
        training_sets=training_sets,
    )


ENTRIES: dict[str, Entry] = {
    "vggish": _entry(
        "vggish",
        "vggish/1",
        title="VGGish",
        dim=128,
        parameters=72_141_184,
        citation="Hershey et al., CNN Architectures for Large-Scale Audio Classification, ICASSP 2017",
        training_sets=("YouTube-8M (preliminary version)",),
    ),
    "yamnet": _entry(
        "yamnet",
        "yamnet/1",
        title="YAMNet",
        dim=1024,
        parameters=3_729_481,
        citation="Plakal and Ellis, YAMNet, TensorFlow Model Garden, research/audioset/yamnet, 2020",
        training_sets=("AudioSet",),
    ),
    "trill": _entry(
        "trill",
        "nonsemantic-speech-benchmark/trill/3",
        title="TRILL, layer 19",
        dim=12288,
        parameters=24_500_000,  # rounded, not counted here
        citation="Shor et al., Towards Learning a Universal Non-Semantic Representation of Speech, Interspeech 2020",
        training_sets=("AudioSet",),
    ),
    **{
        f"trillsson{size}": _entry(
            f"trillsson{size}",
            f"nonsemantic-speech-benchmark/trillsson{size}/1",
            title=f"TRILLsson {size}",
            dim=1024,
            parameters=parameters,
            citation=(
                "Shor and Venugopalan, TRILLsson: Distilled Universal Paralinguistic Speech Representations, "
                "Interspeech 2022"
            ),
            training_sets=("AudioSet", "Libri-Light", "not published (YouTube speech that its teacher heard)"),
        )
        for size, parameters in _TRILLSSON.items()
    },
}
