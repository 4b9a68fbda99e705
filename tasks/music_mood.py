"""Music mood: what listeners feel, predicted for artists never heard in training (DEAM: for songs)."""

from dataclasses import replace

from tasks.base import GroupKFold, Predefined, Task

_EMOTIFY = Task(
    name="emotify_mood3",
    title="Emotify mood (3 GEMS factors)",
    dataset="emotify",
    domain="music mood",
    target="mood3",
    group="artist_id",
    split=GroupKFold(5),
    metric="uar",
    normalisation="train",
    citation="Aljanaki, Wiering & Veltkamp 2016, doi:10.1016/j.ipm.2015.03.004",
    licence="music CC BY-NC-SA (Magnatune)",
    access="open",
    language="various",
)

_VALENCE = Task(
    name="emomusic_valence",
    title="emoMusic valence",
    dataset="emomusic",
    domain="music mood",
    target="valence",
    group="artist_id",
    split=GroupKFold(5),
    kind="regression",
    metric="r2",
    normalisation="train",
    citation="Soleymani et al. 2013, doi:10.1145/2506364.2506365",
    licence="music Creative Commons (various)",
    access="open",
    language="various",
)

_DEAM = replace(  # its artists are not known: see the builder's page
    _VALENCE,
    name="deam_valence",
    title="DEAM valence",
    dataset="deam",
    group="song_id",
    citation="Aljanaki, Yang & Soleymani 2017, doi:10.1371/journal.pone.0173392",
)

_JAMENDO = Task(
    name="jamendo_mood4",
    title="MTG-Jamendo, 4 moods",
    dataset="mtg_jamendo/mood4",
    domain="music mood",
    target="mood",
    group="artist_id",
    split=Predefined(),  # enough artists for one test part, too many clips for five rounds
    metric="macro_f1",  # what print reports
    normalisation="train",
    citation="Bogdanov et al. 2019, hdl:10230/42015",
    licence="tags CC BY-NC-SA 4.0; music Creative Commons, by track",
    access="open",
    language="various",
)

TASKS = (
    _EMOTIFY,
    replace(
        _EMOTIFY,
        name="emotify_gems",
        title="Emotify, shares of 9 GEMS emotions",
        target="gems",
        kind="regression",
        metric="r2",
    ),
    replace(
        _EMOTIFY,
        name="emotify_gems_labels",
        title="Emotify, GEMS emotions felt by a third",
        target="gems_labels",
        kind="multilabel",
        metric="roc_auc",
    ),
    _VALENCE,
    replace(_VALENCE, name="emomusic_arousal", title="emoMusic arousal", target="arousal"),
    _DEAM,
    replace(_DEAM, name="deam_arousal", title="DEAM arousal", target="arousal"),
    _JAMENDO,
    replace(_JAMENDO, name="jamendo_hs", title="MTG-Jamendo, happy or sad", dataset="mtg_jamendo/hs"),
    replace(_JAMENDO, name="jamendo_re", title="MTG-Jamendo, relaxing or energetic", dataset="mtg_jamendo/re"),
    replace(_JAMENDO, name="jamendo_mood8", title="MTG-Jamendo, 8 moods", dataset="mtg_jamendo/mood8"),
    *(
        replace(
            _JAMENDO,
            name=f"jamendo_moodtheme_split{number}",
            title=f"MTG-Jamendo mood/theme, 56 tags, split {number}",
            dataset="mtg_jamendo/moodtheme",
            target="tags",
            split=Predefined(f"split_{number}"),
            kind="multilabel",
            metric="roc_auc",
        )
        for number in range(5)
    ),
)
