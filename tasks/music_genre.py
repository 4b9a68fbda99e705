"""Music genre, predicted for artists never heard in training."""

from tasks.base import GroupKFold, Predefined, Task

TASKS = (
    Task(
        name="emotify_genre",
        title="Emotify genre",
        dataset="emotify",
        domain="music genre",
        target="genre",
        group="artist_id",
        split=GroupKFold(5),
        normalisation="train",
        citation="Aljanaki, Wiering & Veltkamp 2016, doi:10.1016/j.ipm.2015.03.004",
        licence="music CC BY-NC-SA (Magnatune)",
        access="open",
        language="various",
    ),
    Task(
        name="gtzan",
        title="GTZAN (fault-filtered, artist-disjoint)",
        dataset="gtzan_artist",
        domain="music genre",
        target="genre",
        group="artist_id",
        split=Predefined(),
        normalisation="train",
        citation="Tzanetakis & Cook 2002, doi:10.1109/TSA.2002.800560; parts: Kereliuk, Sturm & Larsen 2015",
        licence="not stated; excerpts of commercial recordings",
        access="open",
        language="various",
    ),
    Task(
        name="fma_small",
        title="FMA-small",
        dataset="fma_small",
        domain="music genre",
        target="genre",
        group="artist_id",
        split=Predefined(),
        metric="macro_f1",  # what print reports
        normalisation="train",
        citation="Defferrard et al. 2017, arXiv:1612.01840",
        licence="Creative Commons, by track",
        access="open",
        language="various",
    ),
)
