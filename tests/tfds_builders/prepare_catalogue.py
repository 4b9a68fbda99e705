"""Lets TFDS's own builder prepare a stand-in of `crema_d` or `savee`; a script, because it imports TensorFlow.

    python prepare_catalogue.py SOURCE DATA_DIR NAME:FILE_FORMAT ...

SOURCE holds AudioData.zip for savee, and summaryTable.csv with its wavs for crema_d. Only two things are not TFDS's:
wavs are decoded by soundfile (pydub is no dependency), and crema_d's downloads come from SOURCE.
"""

import sys
from pathlib import Path
from types import ModuleType

import soundfile


class AudioSegment:
    """What `features.Audio` uses of pydub."""

    def __init__(self, samples):
        self.samples, self.channels = samples, samples.shape[1]

    @classmethod
    def from_file(cls, file, format=None):  # noqa: A002 - pydub's name
        assert format == "wav"
        return cls(soundfile.read(file, dtype="int16", always_2d=True)[0])

    def get_array_of_samples(self):
        return self.samples.reshape(-1)


def main(source, data_dir, *wanted):
    sys.modules["pydub"] = ModuleType("pydub")
    sys.modules["pydub"].AudioSegment = AudioSegment
    import tensorflow_datasets as tfds

    def download(manager, urls):
        (key,) = urls
        if key == "summary_table":
            return {key: source / "summaryTable.csv"}
        return {key: [source / url.rsplit("/", 1)[1] for url in urls[key]]}

    tfds.download.DownloadManager.download = download
    tfds.download.DownloadManager.download_checksums = lambda *_: None
    config = tfds.download.DownloadConfig(manual_dir=source)
    for name, _, file_format in (one.partition(":") for one in wanted):
        builder = tfds.builder(name, data_dir=data_dir, file_format=file_format, try_gcs=False)
        assert builder.__module__.startswith("tensorflow_datasets."), "not TFDS's own"
        builder.download_and_prepare(download_config=config)
    assert "tensorflow" in sys.modules


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
