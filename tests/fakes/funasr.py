"""Stands in for FunASR: how `AutoModel` finds, fills and asks an emotion2vec, with a network of one convolution."""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch


class AutoModel:
    def __init__(self, **kwargs):
        folder = Path(kwargs["model"])
        assert folder.is_dir(), "a download"
        assert kwargs["disable_update"], "a server is asked for the newest version"
        assert kwargs["trust_remote_code"] is False
        said = dict(line.split(": ") for line in (folder / "config.yaml").read_text().splitlines())
        if said["model"] != "Emotion2vec":
            raise RuntimeError(f"model '{said['model']}' is not registered.\nRegistered model keys: Emotion2vec")
        torch.set_num_threads(kwargs.get("ncpu", 4))
        torch.random.manual_seed(0)
        named = json.loads((folder / "configuration.json").read_text())["file_path_metas"]["init_param"]
        self.model = torch.nn.Conv1d(1, int(said["width"]), 400, stride=320)
        self._fill(kwargs.get("init_param", str(folder / named)))
        self.model.to(kwargs["device"]).eval()
        self.kwargs = kwargs

    def _fill(self, path):
        found = torch.load(path, map_location="cpu", weights_only=True)
        for key in ("state_dict", "model_state_dict", "model"):
            found = found.get(key, found)
        own = self.model.state_dict()
        for name, tensor in own.items():
            if name in found and found[name].shape == tensor.shape:
                own[name] = found[name]
            else:
                print(f"Warning, miss key in ckpt: {name}, {path}")
        self.model.load_state_dict(own)

    def generate(self, input, input_len=None, progress_callback=None, *, key=None, **cfg):  # noqa: A002 - as theirs
        key = key or "rand_key_" + "".join(random.choice("abc") for _ in range(13))
        wave = torch.nn.functional.layer_norm(torch.from_numpy(input), input.shape)
        device = next(self.model.parameters()).device
        with torch.no_grad():
            feats = torch.tanh(self.model(wave[None, None].to(device)))[0].T.cpu().numpy()
        if cfg["granularity"] == "utterance":
            feats = feats.mean(axis=0)
        answer = {"key": key, "labels": [], "scores": []}
        return [{**answer, "feats": feats} if cfg["extract_embedding"] else answer]
