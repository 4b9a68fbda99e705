"""Music mood: what listeners feel, predicted for artists never heard in training."""

from tasks.base import GroupKFold, Task

TASKS = (
    Task(
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
    ),
)
