"""Every embedder that moodbench knows by name, as data. Listing it imports no framework."""

from __future__ import annotations

from embedders.base import Entry, Weights
from embedders.entries import (
    baselines,
    byol,
    congruformer,
    hub,
    musicnn,
    onnx,
    resemblyzer,
    torchaudio,
    transformers,
)

_OPENSMILE_LICENCE = "audEERING research licence (openSMILE; not for commercial use)"

CATALOG: dict[str, Entry] = {
    "opensmile_compare": Entry(
        title="openSMILE ComParE 2016 functionals",
        factory="embedders.opensmile:OpenSmile",
        kwargs={"feature_set": "ComParE_2016"},
        dim=6373,
        sample_rate=16000,
        parameters=0,
        libraries=("opensmile",),
        citation=(
            "Schuller et al., The INTERSPEECH 2016 Computational Paralinguistics Challenge: Deception, Sincerity & "
            "Native Language, Interspeech 2016"
        ),
        licence=_OPENSMILE_LICENCE,
    ),
    "opensmile_egemaps": Entry(
        title="openSMILE eGeMAPS v02 functionals",
        factory="embedders.opensmile:OpenSmile",
        kwargs={"feature_set": "eGeMAPSv02"},
        dim=88,
        sample_rate=16000,
        parameters=0,
        libraries=("opensmile",),
        citation=(
            "Eyben et al., The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research and Affective "
            "Computing, IEEE Transactions on Affective Computing 7(2), 2016"
        ),
        licence=_OPENSMILE_LICENCE,
    ),
    "byol_s_512": Entry(
        title="BYOL-S 512 (AudioNTT2020)",
        factory="embedders.byol:Byol",
        kwargs={"d": 512, "win_length": 400, "statistics": "train"},
        dim=512,
        sample_rate=16000,
        parameters=600_192,
        libraries=("torch", "torchaudio"),
        citation=(
            "Scheidwasser-Clow et al., SERAB: A Multi-Lingual Benchmark for Speech Emotion Recognition, ICASSP 2022; "
            "network of Niizumi et al., BYOL for Audio, IJCNN 2021"
        ),
        licence="MIT",
        training_sets=("AudioSet (speech subset)",),
        weights=Weights(
            file="byol_s_512.pth",
            sha256="449f5d0dc6b6fa8433d5e43769097520d3bc0fdae88977a7ac29e2e72ca51b52",
            url=(
                "https://raw.githubusercontent.com/Neclow/SERAB/cc0ebd74014c19ce4fad752afe5dfd374fc7fdb2/SERAB/"
                "checkpoints/default512_BYOLAs64x96-2107281850-e100-bs256-lr0003-rs42.pth"
            ),
            licence="MIT",
            redistributable=True,
            way_out=(
                "Take SERAB/checkpoints/default512_BYOLAs64x96-2107281850-e100-bs256-lr0003-rs42.pth from the GitHub "
                "repository Neclow/SERAB and put it into weights/ as byol_s_512.pth."
            ),
        ),
    ),
    "logmel_stats": Entry(
        title="Log-mel mean and deviation",
        factory="embedders.logmel:LogMelStats",
        dim=128,
        sample_rate=16000,
        parameters=0,
        libraries=("numpy", "scipy"),
        citation="moodbench's own baseline",
        licence="MIT",
    ),
    "chance": Entry(
        title="Chance (random vectors)",
        factory="embedders.chance:Chance",
        dim=16,
        sample_rate=16000,
        parameters=0,
        citation="moodbench's own floor",
        licence="MIT",
    ),
    **baselines.ENTRIES,
    **byol.ENTRIES,
    **congruformer.ENTRIES,
    **hub.ENTRIES,
    **musicnn.ENTRIES,
    **onnx.ENTRIES,
    **resemblyzer.ENTRIES,
    **torchaudio.ENTRIES,
    **transformers.ENTRIES,
}
