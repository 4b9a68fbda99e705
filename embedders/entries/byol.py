"""Rows of BYOL-A, BYOL-S and BYOL-S/CvT whose weights the user brings; `byol_s_512` is in the catalogue itself."""

from __future__ import annotations

from embedders.base import Entry, Weights

_BYOL_A = (
    "Niizumi et al., BYOL for Audio: Self-Supervised Learning for General-Purpose Audio Representation, IJCNN 2021"
)
_BYOL_S = (
    "Scheidwasser-Clow et al., SERAB: A Multi-Lingual Benchmark for Speech Emotion Recognition, ICASSP 2022; network "
    "of Niizumi et al., BYOL for Audio, IJCNN 2021"
)
_BYOL_CVT = (
    "Scheidwasser-Clow et al., SERAB: A Multi-Lingual Benchmark for Speech Emotion Recognition, ICASSP 2022; network "
    "of Wu et al., CvT: Introducing Convolutions to Vision Transformers, ICCV 2021"
)
_NTT = "NTT software licence agreement for evaluation (no redistribution)"


def _entry(name: str, title: str, factory: str, *, window: int, parameters: int, citation: str, source: str) -> Entry:
    d = int(name.rpartition("_")[2])
    speech = name.startswith("byol_s")
    licence = "MIT" if speech else _NTT
    return Entry(
        title=title,
        factory=factory,
        kwargs={"d": d, "win_length": window, "statistics": "train"},
        dim=d,
        sample_rate=16000,
        parameters=parameters,
        libraries=("torch", "torchaudio"),
        citation=citation,
        licence=licence,
        training_sets=("AudioSet (speech subset)" if speech else "AudioSet",),
        weights=Weights(
            file=f"{name}.pth",
            sha256="",
            url="",
            licence=licence,
            redistributable=speech,
            way_out=f"Get {source} and name its path as `weights:` of the entry in params.yaml.",
        ),
    )


def _byol(name: str, title: str, *, window: int, citation: str, source: str) -> Entry:
    parameters = {512: 600_192, 1024: 1_649_792, 2048: 5_321_856}[int(name.rpartition("_")[2])]
    return _entry(
        name,
        title,
        "embedders.byol:Byol",
        window=window,
        parameters=parameters,
        citation=citation,
        source=source,
    )


def _byol_a(d: int, file: str = "the encoder") -> Entry:
    source = f"{file} with d={d} of the GitHub repository nttcslab/byol-a"
    return _byol(f"byol_a_{d}", f"BYOL-A {d} (AudioNTT2020)", window=1024, citation=_BYOL_A, source=source)


def _byol_s(d: int) -> Entry:
    source = f"the state dict of SERAB's BYOL-S encoder with d={d}"
    return _byol(f"byol_s_{d}", f"BYOL-S {d} (AudioNTT2020)", window=400, citation=_BYOL_S, source=source)


def _cvt(d: int, parameters: int) -> Entry:
    return _entry(
        f"byol_s_cvt_{d}",
        f"BYOL-S/CvT {d}",
        "embedders.byol_cvt:ByolCvt",
        window=400,
        parameters=parameters,
        citation=_BYOL_CVT,
        source=f"the state dict of SERAB's BYOL-S/CvT encoder that was trained with {d} numbers",
    )


ENTRIES: dict[str, Entry] = {
    "byol_a_512": _byol_a(512, "AudioNTT2020-BYOLA-64x96d512.pth, the encoder"),
    "byol_a_1024": _byol_a(1024),
    "byol_a_2048": _byol_a(2048),
    "byol_s_1024": _byol_s(1024),
    "byol_s_2048": _byol_s(2048),
    "byol_s_cvt_256": _cvt(256, 1_583_488),
    "byol_s_cvt_512": _cvt(512, 5_012_992),
    "byol_s_cvt_2048": _cvt(2048, 5_012_992),
}
