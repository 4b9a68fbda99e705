"""Text and music in one space: does a caption find its clip."""

from tasks.base import Predefined, Task

TASKS = (
    Task(
        name="musiccaps_retrieval",
        title="MusicCaps, caption to clip",
        dataset="musiccaps",
        domain="text-music",
        target="caption",
        group="video_id",
        split=Predefined(),
        kind="retrieval",
        metric="map10",
        normalisation="train",
        citation="Agostinelli et al. 2023, arXiv:2301.11325",
        licence="captions CC BY-SA 4.0; the music belongs to its owners",
        access="restricted",
        language="English",
    ),
)
