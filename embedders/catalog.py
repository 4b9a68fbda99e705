"""Every embedder that moodbench knows by name, as data. Listing it imports no framework."""

from __future__ import annotations

from embedders.base import Entry, Weights
from embedders.entries import (
    baselines,
    byol,
    congruformer,
    handcrafted,
    hub,
    musicnn,
    onnx,
    opensmile,
    panns,
    resemblyzer,
    torchaudio,
    transformers,
)

CATALOG: dict[str, Entry] = {
    **opensmile.ENTRIES,
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
    **handcrafted.ENTRIES,
    **hub.ENTRIES,
    **musicnn.ENTRIES,
    **onnx.ENTRIES,
    **panns.ENTRIES,
    **resemblyzer.ENTRIES,
    **torchaudio.ENTRIES,
    **transformers.ENTRIES,
}
