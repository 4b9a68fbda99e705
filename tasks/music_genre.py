"""Music genre, predicted for artists never heard in training."""

from tasks.base import GroupKFold, Task

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
)
