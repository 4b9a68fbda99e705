"""Rows of openSMILE: every feature set of the package, at every level that it has."""

from __future__ import annotations

from embedders.base import Entry

_LICENCE = "audEERING research licence (openSMILE; not for commercial use)"
_COMPARE_2016 = (
    "Schuller et al., The INTERSPEECH 2016 Computational Paralinguistics Challenge: Deception, Sincerity & "
    "Native Language, Interspeech 2016"
)
_GEMAPS = (
    "Eyben et al., The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research and Affective "
    "Computing, IEEE Transactions on Affective Computing 7(2), 2016"
)
_EMOBASE = (
    "Eyben et al., openSMILE: The Munich Versatile and Fast Open-Source Audio Feature Extractor, ACM Multimedia 2010"
)


def _entry(feature_set: str, *, title: str, dim: int, citation: str, level: str = "", factory: str = "") -> Entry:
    kwargs = {"feature_set": feature_set} | ({"level": level} if level else {})
    return Entry(
        title=f"openSMILE {title}",
        factory=factory or "embedders.opensmile_levels:OpenSmileLevel",
        kwargs=kwargs,
        dim=dim,
        sample_rate=16000,
        parameters=0,
        libraries=("opensmile",),
        citation=citation,
        licence=_LICENCE,
    )


def _set(
    row: str,
    feature_set: str,
    title: str,
    citation: str,
    *,
    functionals: int,
    descriptors: int,
    deltas: bool = True,
    factory: str = "",  # of the functionals
) -> dict[str, Entry]:
    """The rows of one set: `row`, `row`_lld and, where the set has slopes, `row`_lld_de."""
    rows = {
        row: _entry(
            feature_set,
            title=f"{title} functionals",
            dim=functionals,
            citation=citation,
            level="" if factory else "functionals",
            factory=factory,
        ),
        f"{row}_lld": _entry(
            feature_set,
            title=f"{title} descriptors, mean and deviation",
            dim=2 * descriptors,
            citation=citation,
            level="lld",
        ),
    }
    if deltas:
        rows[f"{row}_lld_de"] = _entry(
            feature_set,
            title=f"{title} slopes of descriptors, mean and deviation",
            dim=2 * descriptors,
            citation=citation,
            level="lld_de",
        )
    return rows


def _gemaps(row: str, feature_set: str, title: str, functionals: int, descriptors: int) -> dict[str, Entry]:
    return _set(row, feature_set, title, _GEMAPS, functionals=functionals, descriptors=descriptors, deltas=False)


_FIRST = "embedders.opensmile:OpenSmile"  # the factory of the two rows that came first

ENTRIES: dict[str, Entry] = {
    **_set(
        "opensmile_compare",
        "ComParE_2016",
        "ComParE 2016",
        _COMPARE_2016,
        functionals=6373,
        descriptors=65,
        factory=_FIRST,
    ),
    **_set(
        "opensmile_egemaps",
        "eGeMAPSv02",
        "eGeMAPS v02",
        _GEMAPS,
        functionals=88,
        descriptors=25,
        deltas=False,
        factory=_FIRST,
    ),
    **_gemaps("opensmile_egemaps_v01a", "eGeMAPSv01a", "eGeMAPS v01a", 88, 23),
    **_gemaps("opensmile_egemaps_v01b", "eGeMAPSv01b", "eGeMAPS v01b", 88, 23),
    **_gemaps("opensmile_gemaps_v01a", "GeMAPSv01a", "GeMAPS v01a", 62, 18),
    **_gemaps("opensmile_gemaps_v01b", "GeMAPSv01b", "GeMAPS v01b", 62, 18),
    **_set("opensmile_emobase", "emobase", "emobase", _EMOBASE, functionals=988, descriptors=26),
    **_set(
        "opensmile_is09",
        "IS09",
        "Interspeech 2009 emotion",
        "Schuller et al., The INTERSPEECH 2009 Emotion Challenge, Interspeech 2009",
        functionals=384,
        descriptors=16,
    ),
    **_set(
        "opensmile_is10",
        "IS10",
        "Interspeech 2010 paralinguistics",
        "Schuller et al., The INTERSPEECH 2010 Paralinguistic Challenge, Interspeech 2010",
        functionals=1582,
        descriptors=38,
    ),
    **_set(
        "opensmile_is11",
        "IS11",
        "Interspeech 2011 speaker state",
        "Schuller et al., The INTERSPEECH 2011 Speaker State Challenge, Interspeech 2011",
        functionals=4368,
        descriptors=59,
    ),
    **_set(
        "opensmile_is12",
        "IS12",
        "Interspeech 2012 speaker trait",
        "Schuller et al., The INTERSPEECH 2012 Speaker Trait Challenge, Interspeech 2012",
        functionals=6125,
        descriptors=64,
    ),
    **_set(
        "opensmile_is13",
        "IS13",
        "Interspeech 2013 ComParE",
        "Schuller et al., The INTERSPEECH 2013 Computational Paralinguistics Challenge: Social Signals, Conflict, "
        "Emotion, Autism, Interspeech 2013",
        functionals=6373,
        descriptors=65,
    ),
}
