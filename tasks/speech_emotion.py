"""Speech emotion: each corpus once in the headline view and once with SERAB's parts.

The headline view predicts every clip once, out of group-disjoint folds, and ranks by UAR because
classes are uneven. The `_serab` view keeps SERAB's predefined parts and its accuracy.
"""

from dataclasses import replace

from tasks.base import GroupKFold, LeaveOneGroupOut, Predefined, Task


def _with_serab_view(task: Task) -> tuple[Task, Task]:
    serab = replace(
        task, name=f"{task.name}_serab", title=f"{task.title} (SERAB parts)", split=Predefined(), metric="accuracy"
    )
    return task, serab


TASKS = (
    *_with_serab_view(
        Task(
            name="ravdess",
            title="RAVDESS",
            dataset="ravdess",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=GroupKFold(5),
            metric="uar",
            normalisation="group",
            citation="Livingstone & Russo 2018, doi:10.1371/journal.pone.0196391",
            licence="CC BY-NC-SA 4.0",
            access="open",
            language="English",
        )
    ),
    *_with_serab_view(
        Task(
            name="emodb",
            title="EmoDB",
            dataset="emodb",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=GroupKFold(5),
            metric="uar",
            normalisation="group",
            citation="Burkhardt et al. 2005, doi:10.21437/Interspeech.2005-446",
            licence="not stated; freely distributed",
            access="open",
            language="German",
        )
    ),
    *_with_serab_view(
        Task(
            name="emovo",
            title="EMOVO",
            dataset="emovo",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=LeaveOneGroupOut(),
            metric="uar",
            normalisation="group",
            citation="Costantini et al. 2014, LREC",
            licence="free for research",
            access="open",
            language="Italian",
        )
    ),
)
