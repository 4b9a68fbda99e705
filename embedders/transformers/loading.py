"""From a checkpoint's files to a network of transformers, refused where the two do not fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedders.base import EmbedderError
from embedders.torch_common import first_line, read_state_dict
from embedders.transformers.source import CONFIG, PREPROCESSOR, Source, missing_extra, read_json

if TYPE_CHECKING:
    from torch import Tensor

# made by the network itself, or used in training only: checkpoints may have them or not
_UNSTORED = ("masked_spec_embed", "position_ids", "token_type_ids", "relative_position_index")


@dataclass(frozen=True)
class Kind:
    """How one `model_type` of config.json is loaded.

    `under` names prefixes, one of which the tensors of the network stand under where a checkpoint holds more than
    it. `mixed` tells that clips of several lengths may share a batch.
    """

    config: str
    network: str
    front: str  # waveform, whisper, ast, clap
    under: tuple[str, ...] = ()
    mixed: bool = True
    refused: tuple[str, ...] = ()  # switches of config.json that mean another network


KINDS = {
    "wav2vec2": Kind("Wav2Vec2Config", "Wav2Vec2Model", "waveform", refused=("add_adapter",)),
    "hubert": Kind("HubertConfig", "HubertModel", "waveform"),
    "wavlm": Kind("WavLMConfig", "WavLMModel", "waveform", refused=("add_adapter",)),
    "unispeech-sat": Kind("UniSpeechSatConfig", "UniSpeechSatModel", "waveform"),
    # its positions are five convolutions, after the first of which padding is no longer zero
    "data2vec-audio": Kind("Data2VecAudioConfig", "Data2VecAudioModel", "waveform", ("data2vec_audio.",), mixed=False),
    "mert_model": Kind("HubertConfig", "HubertModel", "waveform", refused=("feature_extractor_cqt", "deepnorm")),
    "whisper": Kind("WhisperConfig", "WhisperEncoder", "whisper", under=("model.encoder.", "encoder.")),
    "audio-spectrogram-transformer": Kind("ASTConfig", "ASTModel", "ast"),
    "clap": Kind("ClapConfig", "ClapModel", "clap"),
}


@dataclass(frozen=True)
class Checkpoint:
    """A network in evaluation mode, and the folder whose other files belong to it."""

    network: Any
    kind: Kind
    folder: Path


def kind_of(who: str, config: Mapping[str, Any], fronts: tuple[str, ...]) -> Kind:
    """The kind that config.json names; raises `EmbedderError` for one that is not among `fronts`."""
    known = {name: kind for name, kind in KINDS.items() if kind.front in fronts}
    name = config.get("model_type")
    if name not in known:
        raise EmbedderError(
            f"{who}: model_type in {CONFIG} is {name!r}, expected one of {', '.join(known)}. Code of a repository's "
            "own is never run."
        )
    kind = known[name]
    switched = [each for each in kind.refused if config.get(each)]
    if switched:
        raise EmbedderError(
            f"{who}: {CONFIG} sets {', '.join(switched)}, expected a plain {name}: that network is another one. Use a "
            "checkpoint without it."
        )
    return kind


def width_of(config: Mapping[str, Any]) -> int | None:
    """The length of a layer's vectors, or of the space that CLAP projects to, where config.json says it."""
    width = config.get("projection_dim", config.get("d_model", config.get("hidden_size")))
    return width if type(width) is int else None


def preprocessing(who: str, folder: Path, sample_rate: int) -> dict[str, Any]:
    """preprocessor_config.json; raises `EmbedderError` where it is absent or of another rate."""
    found = read_json(who, folder / PREPROCESSOR)
    if found.get("sampling_rate") != sample_rate:
        raise EmbedderError(
            f"{who}: {PREPROCESSOR} says {found.get('sampling_rate')!r} Hz, expected {sample_rate}. Set `sample_rate` "
            "to the checkpoint's."
        )
    return found


def load(source: Source, *, fronts: tuple[str, ...], width: int, also: tuple[str, ...] = ()) -> Checkpoint:
    """The network of a checkpoint, float32, on the CPU.

    Nothing in the files is executed. Raises `EmbedderError` for a checkpoint of another kind, width or layout,
    `MissingWeightsError` for one that is not here, `MissingExtraError` without transformers.
    """
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise missing_extra(source.who, error) from None
    folder, files = source.fetch(also=also)
    said = read_json(source.who, folder / CONFIG)
    kind = kind_of(source.who, said, fronts)
    config = _config(source.who, folder / CONFIG, getattr(transformers, kind.config), said)
    found = config.projection_dim if kind.front == "clap" else config.hidden_size
    if found != width:
        raise EmbedderError(
            f"{source.who}: {CONFIG} says vectors of {found}, expected {width}. Correct `width`, or name the "
            "checkpoint that was meant."
        )
    tensors = {name: tensor for file in files for name, tensor in _read(source.who, file).items()}
    return Checkpoint(_filled(source.who, files[0], kind, config, _of_the_network(kind, tensors)), kind, folder)


def _config(who: str, path: Path, factory: Any, said: Mapping[str, Any]) -> Any:
    """What config.json says, as an object of the library's class `factory`."""
    from huggingface_hub import errors

    own = {key: value for key, value in said.items() if key not in ("model_type", "auto_map", "architectures")}
    if type(own.get("vocab_size")) is not int:  # of a head that is not read; music2vec's names a file of its author's
        own.pop("vocab_size", None)
    invalid: type[Exception] = getattr(errors, "StrictDataclassError", ValueError)  # newer libraries check types
    try:
        return factory.from_dict(own)
    except (TypeError, ValueError, KeyError, AttributeError, invalid) as error:
        told = " ".join(str(error).split())[:200].rstrip(".")
        raise EmbedderError(f"{who}: {path} is no {factory.__name__} ({told}). Fetch it again.") from error


def _read(who: str, file: Path) -> dict[str, Tensor]:
    if file.suffix != ".safetensors":
        return read_state_dict(who, file)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise EmbedderError(
            f"{who}: {file} cannot be read ({first_line(error)}), expected safetensors. It may be cut short: fetch it "
            "again."
        ) from error


def _of_the_network(kind: Kind, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the first prefix that any stands under, without it; all where none does."""
    for prefix in kind.under:
        part = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        if part:
            return part
    return tensors


def _filled(who: str, file: Path, kind: Kind, config: Any, tensors: dict[str, Tensor]) -> Any:
    import torch
    import transformers

    home: Any = transformers.models.whisper.modeling_whisper if kind.front == "whisper" else transformers
    factory = getattr(home, kind.network)
    try:
        with _quiet(transformers.logging):  # what does not fit is raised below
            network, seen = factory.from_pretrained(
                None,
                config=config,
                state_dict=tensors,
                dtype=torch.float32,  # the default is the file's, which may be half
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except (RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise EmbedderError(
            f"{who}: {file} does not fit {kind.network} ({first_line(error)}). Give the checkpoint that {CONFIG} "
            "belongs to."
        ) from error
    problems = _differences(network, seen)
    if problems:
        shown = "; ".join(problems[:3]) + (f"; and {len(problems) - 3} more" if len(problems) > 3 else "")
        raise EmbedderError(
            f"{who}: {file}: {shown}. Expected the tensors of {kind.network} as {CONFIG} beside it describes them. "
            "Give the two files of one checkpoint."
        )
    return network.eval()


@contextmanager
def _quiet(logging: Any) -> Iterator[None]:
    """Neither the library's report of unused tensors nor its progress bar."""
    talk, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(talk)
        if bar:
            logging.enable_progress_bar()


def _differences(network: Any, seen: Mapping[str, Any]) -> list[str]:
    """What is missing, of another shape, or within the network but unknown to it. A head on top may be there."""
    missing = [name for name in seen["missing_keys"] if not name.endswith(_UNSTORED)]
    parts = {name for name, _ in network.named_children()}
    prefix = f"{network.base_model_prefix}."
    left = [
        name
        for name in seen["unexpected_keys"]
        if name.removeprefix(prefix).partition(".")[0] in parts and not name.endswith(_UNSTORED)
    ]
    sizes = [f"{name} is {tuple(found)} instead of {tuple(own)}" for name, found, own in seen["mismatched_keys"]]
    return [
        *(f"{name} is missing" for name in sorted(missing)),
        *(f"{name} is not part of the network" for name in sorted(left)),
        *sorted(sizes),
    ]
