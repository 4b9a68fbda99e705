"""Stands in for LAION's package `laion_clap`: its names, its rounding and cropping, and a network of two matrices."""

from __future__ import annotations

import os

import numpy as np
import torch
from huggingface_hub import constants

WINDOW, TOKENS, WIDTH, FRAME = 480000, 77, 512, 480
SIZES = {"HTSAT-tiny": 1, "HTSAT-base": 2}  # layers, so that one checkpoint does not fit the other network


class CLAP_Module(torch.nn.Module):  # noqa: N801 - the package's name
    def __init__(self, enable_fusion=False, device=None, amodel="HTSAT-tiny", tmodel="roberta"):
        super().__init__()
        self.offline = constants.HF_HUB_OFFLINE
        if os.environ.get("LAION_CLAP_STAND_IN") == "unreachable":
            raise OSError("Can't load the tokenizer for 'roberta-base'. It is not in the cache.\nCheck it.")
        assert not enable_fusion
        assert device in ("cpu", "cuda")
        layers = [torch.nn.Linear(FRAME, WIDTH, bias=False)]
        layers += [torch.nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(SIZES[amodel] - 1)]
        self.model = torch.nn.Module()
        self.model.audio = torch.nn.Sequential(*layers)
        self.model.text = torch.nn.Embedding(300, WIDTH)
        self.model.to(device)

    def tokenize(self, text):
        return {"input_ids": [0, *(3 + letter for letter in text.encode()), 2]}

    def load_ckpt(self, ckpt=None, model_id=-1, verbose=True):
        assert ckpt is not None, "a download"
        print("Load Checkpoint...")
        state = torch.load(ckpt, map_location="cpu", weights_only=True)["state_dict"]
        self.model.load_state_dict({name.removeprefix("module."): tensor for name, tensor in state.items()})

    def get_audio_embedding_from_data(self, x, use_tensor=False):
        assert not use_tensor
        heard = []
        for wave in x:
            rounded = (np.clip(wave, -1.0, 1.0) * 32767.0).astype(np.int16)
            wave = (rounded / 32767.0).astype(np.float32)
            if len(wave) > WINDOW:
                start = np.random.randint(0, len(wave) - WINDOW + 1)  # noqa: NPY002 - as the package does
                wave = wave[start : start + WINDOW]
            wave = np.tile(wave, WINDOW // len(wave))
            heard.append(np.pad(wave, (0, WINDOW - len(wave))).reshape(-1, FRAME))
        size = torch.tensor(np.stack(heard)).abs().mean(dim=1) + 0.01
        return torch.nn.functional.normalize(self.model.audio(size), dim=-1).detach().cpu().numpy()

    def get_text_embedding(self, x, tokenizer=None, use_tensor=False):
        ids = [torch.tensor(self.tokenize(text)["input_ids"][:TOKENS]) for text in x]
        sums = torch.stack([self.model.text(each).sum(dim=0) for each in ids])
        return torch.nn.functional.normalize(sums, dim=-1).detach().cpu().numpy()
