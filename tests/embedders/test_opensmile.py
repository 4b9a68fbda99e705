"""openSMILE in a process of its own, because other tests import TensorFlow into this one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from embedders import opensmile
from embedders.base import EmbedderError
from embedders.opensmile import OpenSmile

PROGRAM = """
import sys, warnings
import numpy as np, opensmile
from embedders.opensmile import FEATURE_SETS, OpenSmile

warnings.simplefilter("error")
time = np.arange(24000) / 16000
tone = (0.9 * np.sin(2 * np.pi * 180 * time) * np.linspace(0.2, 1.0, 24000)).astype(np.float32)
clipped, held = tone.copy(), tone.copy()
clipped[500], held[500] = 1.0, 32767 / 32768
shortest = tone[:960]
silence = np.zeros(16000, np.float32)
found = {}
for name in FEATURE_SETS:
    package = opensmile.Smile(opensmile.FeatureSet[name], opensmile.FeatureLevel.Functionals)
    ours = OpenSmile(name)
    for signal, samples in {"tone": tone, "held": held, "shortest": shortest, "silence": silence}.items():
        found[f"{name} package {signal}"] = package.process_signal(samples, 16000).to_numpy()[0]
    batch = ours.embed([shortest, tone, silence, clipped])
    for signal, row in zip(("shortest", "tone", "silence", "clipped"), batch):
        found[f"{name} ours {signal}"] = row
    found[f"{name} wrapped"] = package.process_signal(clipped, 16000).to_numpy()[0]
np.savez(sys.argv[1], **found)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("opensmile") / "found.npz"
    subprocess.run([sys.executable, "-c", PROGRAM, str(path)], check=True)
    with np.load(path) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", ["ComParE_2016", "eGeMAPSv02"])
def test_functionals_are_the_packages_own_and_finite(found, name):
    for signal in ("tone", "shortest", "silence"):
        ours = found[f"{name} ours {signal}"]
        assert np.isfinite(ours).all()
        np.testing.assert_array_equal(ours, found[f"{name} package {signal}"])


@pytest.mark.parametrize("name", ["ComParE_2016", "eGeMAPSv02"])
def test_full_scale_does_not_wrap_around(found, name):
    np.testing.assert_array_equal(found[f"{name} ours clipped"], found[f"{name} package held"])
    assert not np.allclose(found[f"{name} wrapped"], found[f"{name} package held"])


def test_what_it_cannot_do_is_refused(monkeypatch):
    with pytest.raises(EmbedderError, match="feature set 'emobase' is unknown, expected one of ComParE_2016"):
        OpenSmile("emobase")
    with pytest.raises(EmbedderError, match="clip 1 has 959 samples, expected at least 960"):
        OpenSmile().embed([np.zeros(960, np.float32), np.zeros(959, np.float32)])
    with pytest.raises(EmbedderError, match="clip 0 is int16, expected float32"):
        OpenSmile().embed([np.zeros(960, np.int16)])
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    opensmile._smile.cache_clear()
    with pytest.raises(EmbedderError, match="this process has imported TensorFlow"):
        OpenSmile().embed([np.zeros(960, np.float32)])
