"""Tags of music: instruments, genres, moods and voices in one vocabulary."""

from tasks.base import Predefined, Task

TASKS = (
    Task(
        name="magnatagatune",
        title="MagnaTagATune, 50 tags (standard parts)",
        dataset="magnatagatune",
        domain="music tags",
        target="tags",
        group="track_id",  # artists cross the standard parts, see the builder's page
        split=Predefined(),
        kind="multilabel",
        metric="roc_auc",
        normalisation="train",
        citation="Law, West, Mandel, Bay & Downie 2009, ISMIR",
        licence="CC BY-NC-SA 3.0",
        access="open",
        language="various",
    ),
)
