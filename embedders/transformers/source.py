"""Where a checkpoint comes from: a file, a folder, or a commit of a repository on the Hugging Face hub."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedders.base import EmbedderError, MissingExtraError
from embedders.missing import OFFLINE, MissingWeightsError, is_offline
from embedders.torch_common import first_line

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
SAFE, PICKLED = "model.safetensors", "pytorch_model.bin"
INDEX = ".index.json"  # added to either name where the tensors are spread over several files
EXTRA = "pip install 'moodbench[transformers]'"


@dataclass(frozen=True)
class Source:
    """The ways to name a checkpoint; the constructor only looks at the words.

    `weights` is a folder as `save_pretrained` writes it, or a .safetensors or PyTorch file with config.json beside it;
    `model` a repository on the hub with `revision`, a whole commit. `weights` go before the hub.
    Raises `EmbedderError` for a model without a commit.
    """

    who: str
    weights: Path | None = None
    model: str | None = None
    revision: str | None = None

    @classmethod
    def of(
        cls,
        who: str,
        weights: str | Path | None,
        model: str | None,
        revision: str | None,
    ) -> Source:
        """The source that the arguments of an embedder name."""
        if model is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", model):
            raise EmbedderError(f"{who}: model is {model!r}, expected owner/name, as facebook/wav2vec2-base.")
        if model is not None and not re.fullmatch("[0-9a-f]{40}", revision or ""):
            raise EmbedderError(
                f"{who}: revision of {model} is {revision!r}, expected a commit of 40 digits. A branch could change "
                "unseen: give the commit that stands on the repository's page of files."
            )
        return cls(who, None if weights is None else Path(weights).expanduser(), model, revision)

    def known_config(self) -> dict[str, Any] | None:
        """config.json where it lies on this machine by the user's word, else None. Fetches nothing."""
        if self.weights is None or not self.weights.exists():
            return None
        return read_json(self.who, (self.weights if self.weights.is_dir() else self.weights.parent) / CONFIG)

    def look(self, *, fetch: bool) -> None:
        """Whether the checkpoint is here, or can be asked of the hub where `fetch` is true; imports no framework.

        Only its config.json is fetched. Raises as `fetch` does.
        """
        if self.model is not None and self.weights is None and fetch and not is_offline():
            self._config()
        else:
            self.fetch(local=True)

    def fetch(self, *, also: tuple[str, ...] = (), local: bool = False) -> tuple[Path, list[Path]]:
        """The folder that holds config.json, and the files that hold the tensors.

        `also` names further files that are taken along from the hub where it has them; `local` forbids to fetch. Raises
        `MissingWeightsError` where nothing is here and nothing can be fetched, `EmbedderError` for a path that holds
        no checkpoint.
        """
        if self.weights is not None:
            if self.weights.is_dir():
                return self.weights, self._tensor_files(self.weights)
            if not self.weights.is_file():
                raise MissingWeightsError(f"weights missing: nothing at {self.weights}. Correct the path.")
            return self.weights.parent, [self.weights]
        if self.model is None:
            raise MissingWeightsError(
                "weights missing: none named. Name in `weights:` a folder that save_pretrained wrote, or a "
                ".safetensors or PyTorch file with config.json beside it."
            )
        return self._from_the_hub(also, local=local or is_offline())

    def _tensor_files(self, folder: Path) -> list[Path]:
        for name in (SAFE, PICKLED):
            if (folder / name).is_file():
                return [folder / name]
            if (folder / (name + INDEX)).is_file():
                return [folder / shard for shard in _shards(self.who, folder / (name + INDEX))]
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
        raise EmbedderError(
            f"{self.who}: {folder} holds {names}, expected {SAFE} or {PICKLED}. Give the folder that save_pretrained "
            "wrote, or one that the hub's repository was copied to."
        )

    def _config(self, *, local: bool = False) -> Path:
        config = self._hub_file(CONFIG, local=local)
        if config is None:
            raise EmbedderError(
                f"{self.who}: {self.model} has no {CONFIG} at {self.revision}, expected a model of transformers. "
                "Correct `model` or `revision`."
            )
        return config

    def _from_the_hub(self, also: tuple[str, ...], *, local: bool) -> tuple[Path, list[Path]]:
        config = self._config(local=local)
        for name in (PREPROCESSOR, *also):
            self._hub_file(name, local=local)
        for name in (SAFE, PICKLED):
            whole = self._hub_file(name, local=local)
            if whole is not None:
                return config.parent, [whole]
            index = self._hub_file(name + INDEX, local=local)
            if index is not None:
                shards = [self._hub_file(shard, local=local) for shard in _shards(self.who, index)]
                if None not in shards:
                    return config.parent, [shard for shard in shards if shard is not None]
        raise self._missing(f"the copy in the Hugging Face cache has neither {SAFE} nor {PICKLED}")

    def _hub_file(self, name: str, *, local: bool) -> Path | None:
        """One file of the repository, None where the repository, or the cache where `local`, has none of the name."""
        try:
            import huggingface_hub
            from huggingface_hub import errors
        except ModuleNotFoundError as error:
            raise missing_extra(self.who, error) from None
        unreachable: type[Exception] = getattr(errors, "HTTPError", OSError)  # of its web library, which has changed
        try:
            found = huggingface_hub.hf_hub_download(
                str(self.model), name, revision=self.revision, local_files_only=local
            )
        except errors.GatedRepoError as error:
            raise MissingWeightsError(
                f"weights missing: {self.model} is gated, and its owner's terms were not accepted with this account. "
                f"Accept them on the page of {self.model} on the Hugging Face hub, then log in here with "
                "`hf auth login`."
            ) from error
        except errors.RevisionNotFoundError as error:
            raise EmbedderError(
                f"{self.who}: {self.model} has no commit {self.revision}, expected one of its history. Correct "
                "`revision`."
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise MissingWeightsError(
                f"weights missing: the Hugging Face hub shows no {self.model} to this account (none of the name, or a "
                "private one). Correct `model`, or log in here with `hf auth login`."
            ) from error
        except errors.LocalEntryNotFoundError as error:
            if name != CONFIG and local:
                return None  # the repository may have none of the name; a part that is needed is missed later
            forbidden = f"{OFFLINE}=1 forbids to fetch it, and " if is_offline() else ""
            why = f"{forbidden}the Hugging Face cache does not hold it" if local else first_line(error)
            raise self._missing(why) from error
        except errors.EntryNotFoundError:
            return None
        except (OSError, unreachable, errors.OfflineModeIsEnabled) as error:
            raise self._missing(first_line(error)) from error
        return Path(found)

    def _missing(self, why: str) -> MissingWeightsError:
        told = why.replace(". ", "; ")  # the first full stop ends what is missing, and begins the way out
        return MissingWeightsError(
            f"weights missing: {self.model} ({told}). Where there is a network: hf download {self.model} --revision "
            f"{self.revision}. Or name a folder with copies of its {SAFE}, {CONFIG} and {PREPROCESSOR} in `weights:`."
        )


def _shards(who: str, index: Path) -> list[str]:
    table = read_json(who, index).get("weight_map")
    if not isinstance(table, dict) or not all(isinstance(file, str) for file in table.values()):
        raise EmbedderError(f"{who}: {index} has no weight_map, expected tensor names to files. Fetch it again.")
    return sorted(set(table.values()))


def read_json(who: str, path: Path) -> dict[str, Any]:
    """A JSON object from a file; raises `EmbedderError` where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EmbedderError(
            f"{who}: no {path.name} in {path.parent}, expected it beside the weights. Copy it from where they come "
            "from."
        ) from None
    except (OSError, ValueError) as error:
        raise EmbedderError(
            f"{who}: {path} cannot be read ({first_line(error)}), expected JSON. Fetch it again."
        ) from error
    if not isinstance(found, dict):
        raise EmbedderError(f"{who}: {path} holds a {type(found).__name__}, expected a JSON object. Fetch it again.")
    return found


def missing_extra(who: str, error: ModuleNotFoundError) -> MissingExtraError:
    """What is said where the extra is not installed."""
    return MissingExtraError(
        f"{who}: {error.name} is not installed, expected the extra 'transformers'. Install it: {EXTRA}."
    )
