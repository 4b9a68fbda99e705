"""Rows of PANNs. No sha256 of the files is published: they are named by the user, never fetched.

`parameters` counts what is used: the network up to `fc1`. The paper (Table XII) counts the classifier of 527 classes
with it, 1,079,823 parameters on 2048 numbers and 270,351 on 512: 80,753,615 for Cnn14, 5,219,279 for Cnn10, 4,837,455
for Cnn6.
"""

from __future__ import annotations

from embedders.base import Entry, Weights

_RECORD = "https://zenodo.org/records/3987831"
_LICENCE = "CC-BY-4.0"


def _entry(variant: str, file: str, *, what: str, dim: int, parameters: int, sample_rate: int = 32000) -> Entry:
    return Entry(
        title=f"PANNs {what}, before the classifier",
        factory="embedders.panns:Panns",
        kwargs={"variant": variant},
        dim=dim,
        sample_rate=sample_rate,
        parameters=parameters,
        libraries=("torch", "torchaudio"),
        citation=(
            "Kong et al., PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition, IEEE/ACM "
            "Transactions on Audio, Speech, and Language Processing 28, 2020"
        ),
        licence=_LICENCE,
        training_sets=("AudioSet (with labels)",),
        weights=Weights(
            file=file,
            sha256="",
            url="",
            licence=_LICENCE,
            redistributable=True,
            way_out=(
                f"Download {file} of the Zenodo record {_RECORD} and name its path as `weights:` of the entry in "
                "params.yaml; its sha256 is then part of the embedder. None is published, so moodbench neither fetches "
                "it nor looks for it."
            ),
        ),
    )


ENTRIES: dict[str, Entry] = {
    "panns_cnn14": _entry("cnn14", "Cnn14_mAP=0.431.pth", what="Cnn14", dim=2048, parameters=79_673_792),
    "panns_cnn14_16k": _entry(
        "cnn14_16k",
        "Cnn14_16k_mAP=0.438.pth",
        what="Cnn14 at 16 kHz",
        dim=2048,
        parameters=79_673_792,
        sample_rate=16000,
    ),
    "panns_cnn10": _entry("cnn10", "Cnn10_mAP=0.380.pth", what="Cnn10", dim=512, parameters=4_948_928),
    "panns_cnn6": _entry("cnn6", "Cnn6_mAP=0.343.pth", what="Cnn6", dim=512, parameters=4_567_104),
}
