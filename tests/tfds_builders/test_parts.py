"""The parts against the memberships that serab_splits.md lists, computed there from the corpora's metadata."""

from __future__ import annotations

import pytest

from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import speaker_parts

# dataset -> (train, validation, test), in the order of the shuffle
SERAB = {
    "aesdd": ("6 3 2", "4", "1 5"),
    "cafe": ("07 12 05 11 03 09 02", "08 10", "04 01 06"),
    "emodb": ("09 15 11 16 08 13", "14 10", "03 12"),
    "emovo": ("m3 f3 f2", "m1", "f1 m2"),
    "iem4": ("02F 05F 03F 05M 01M 04F", "04M 02M", "01F 03M"),
    "ravdess": ("12 11 23 15 21 02 14 24 17 09 07 18 05 03", "06 19 10 08 20", "04 01 22 16 13"),
    "savee": ("JK KL", "JE", "DC"),
    "subesco": (
        "SWARNALI BIBHAS TITHI MONIKA NIPUN SMITA ILIAS SHUKANTO EVAN CHAITY FAHMEE SHUMANTA",
        "MOUNI JOYEETA SIMI OISHI",
        "DURANTO BASHIR SIBLY PRASUN",
    ),
    "shemo": (
        "03 14 54 42 67 31 46 44 77 87 08 27 34 64 09 17 25 57 76 43 23 07 62 49 70 55 72 78 81 04 63 74 28 19 51 52 "
        "73 60 56 05 16 18 41 39 06 80 69 01 35 29 12 36",
        "24 53 11 32 61 58 79 02 33 75 15 83 20 30 50 85 86",
        "21 82 26 38 47 40 66 59 13 71 37 22 10 84 68 65 48 45",
    ),
    "crema_d": (
        "1003 1014 1054 1042 1087 1031 1046 1044 1060 1091 1008 1027 1034 1069 1009 1017 1025 1080 1067 1043 1023 1007 "
        "1063 1049 1072 1056 1075 1081 1085 1004 1064 1077 1028 1019 1052 1055 1076 1061 1057 1005 1016 1018 1041 1039 "
        "1006 1083 1082 1001 1035 1029 1051 1012 1036 1024 1053 1011 1032 1062 1058 1074 1002 1033 1078",
        "1015 1079 1020 1030 1050 1089 1090 1070 1021",
        "1086 1073 1026 1038 1047 1040 1066 1059 1013 1071 1037 1022 1084 1010 1088 1068 1065 1048 1045",
    ),
}
FRACTIONS = {"crema_d": (0.7, 0.1, 0.2)}


@pytest.mark.parametrize("name", SERAB)
def test_members_and_order_are_serabs(name: str) -> None:
    expected = [part.split() for part in SERAB[name]]
    clips = [group for part in reversed(expected) for group in part for _ in range(2)]  # other order, repetitions
    parts = speaker_parts(clips, FRACTIONS.get(name, (0.6, 0.2, 0.2)))
    assert list(parts) == ["train", "validation", "test"]
    assert list(parts.values()) == expected


@pytest.mark.parametrize(
    ("groups", "sizes"),
    [(4, (2, 1, 1)), (6, (3, 1, 2)), (10, (6, 2, 2)), (12, (7, 2, 3)), (24, (14, 5, 5)), (87, (52, 17, 18))],
)
def test_sizes(groups: int, sizes: tuple[int, ...]) -> None:
    parts = speaker_parts(f"{group:03}" for group in range(groups))
    assert tuple(map(len, parts.values())) == sizes
    assert len(set().union(*parts.values())) == groups


def test_ids_are_sorted_as_text() -> None:
    """ "10" comes before "9": sorting as numbers would give another shuffle."""
    ids = [str(number) for number in range(1, 12)]
    zero_padded = [f"{number:02}" for number in range(1, 12)]
    assert [int(g) for g in speaker_parts(ids)["train"]] != [int(g) for g in speaker_parts(zero_padded)["train"]]


@pytest.mark.parametrize("fractions", [(0.6, 0.2), (0.6, 0.2, 0.1), (0.8, 0.2, 0.0)])
def test_bad_fractions(fractions: tuple[float, ...]) -> None:
    with pytest.raises(SourceError, match="three positive shares that sum to 1"):
        speaker_parts(["a", "b", "c"], fractions)
