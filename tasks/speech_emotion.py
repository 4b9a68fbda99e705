"""Speech emotion: each corpus once in the headline view and once with SERAB's parts.

The headline view predicts every clip once, out of group-disjoint folds, and ranks by UAR because
classes are uneven. The `_serab` view keeps SERAB's predefined parts and its accuracy. Corpora without
SERAB's parts stand here once.
"""

from dataclasses import replace

from tasks.base import Folds, GroupKFold, LeaveOneGroupOut, Predefined, Task


def _with_serab_view(task: Task) -> tuple[Task, Task]:
    serab = replace(
        task, name=f"{task.name}_serab", title=f"{task.title} (SERAB parts)", split=Predefined(), metric="accuracy"
    )
    return task, serab


def _with_serab_views(task: Task, leaks: str) -> tuple[Task, Task, Task]:
    """As `_with_serab_view`, where SERAB's own parts leak: `_serab` mends its rule, `_serab_original` keeps it."""
    headline, mended = _with_serab_view(task)
    original = replace(
        mended,
        name=f"{mended.name}_original",
        title=f"{task.title} (SERAB original parts, LEAKING)",
        split=Predefined(feature="original_part", leaks=leaks),
    )
    return headline, mended, original


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
    *_with_serab_view(
        Task(
            name="aesdd",
            title="AESDD",
            dataset="aesdd",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=LeaveOneGroupOut(),
            metric="uar",
            normalisation="group",
            citation="Vryzas et al. 2018, doi:10.17743/jaes.2018.0036",
            licence="not stated; public for research",
            access="open",
            language="Greek",
        )
    ),
    *_with_serab_view(
        Task(
            name="cafe",
            title="CaFE",
            dataset="cafe",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=GroupKFold(5),
            metric="uar",
            normalisation="group",
            citation="Gournay, Lahaie & Lefebvre 2018, doi:10.1145/3204949.3208121",
            licence="CC BY-NC-SA 4.0",
            access="open",
            language="French (Canada)",
        )
    ),
    *_with_serab_view(
        Task(
            name="subesco",
            title="SUBESCO",
            dataset="subesco",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=GroupKFold(5),
            metric="uar",
            normalisation="group",
            citation="Sultana et al. 2021, doi:10.1371/journal.pone.0250173",
            licence="CC BY 4.0",
            access="open",
            language="Bangla",
        )
    ),
    Task(
        name="tess",
        title="TESS (unseen words, seen speakers)",  # two speakers, both in every part: for no average with others
        dataset="tess",
        domain="speech emotion",
        target="label",
        group="word",
        split=GroupKFold(5),
        metric="uar",
        normalisation="train",
        citation="Pichora-Fuller & Dupuis 2020, doi:10.5683/SP2/E8H2MF",
        licence="CC BY-NC-ND 4.0",
        access="open",
        language="English",
    ),
    Task(
        name="urdu",
        title="URDU",
        dataset="urdu",
        domain="speech emotion",
        target="label",
        group="speaker_id",
        split=GroupKFold(5),
        metric="uar",
        normalisation="train",  # most speakers are heard in one emotion: their own statistics would take it away
        citation="Latif et al. 2018, arXiv:1812.10411",
        licence="for research only",
        access="open",
        language="Urdu",
    ),
    *_with_serab_views(
        Task(
            name="iemocap",
            title="IEMOCAP (4 classes)",
            dataset="iemocap",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=Folds("session"),  # leave one session out: speakers, partners and dialogues are all unseen
            metric="uar",
            normalisation="group",
            citation="Busso et al. 2008, doi:10.1007/s10579-008-9076-6",
            licence="release form, for research only",
            access="restricted",
            language="English",
        ),
        leaks="every speaker of the test part is in training too, because parts follow who wears the markers",
    ),
    *_with_serab_views(
        Task(
            name="shemo",
            title="ShEMO",
            dataset="shemo",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=GroupKFold(5),
            metric="uar",
            normalisation="train",  # from a few clips a speaker to over a hundred: too few for statistics of their own
            citation="Mohamad Nezami, Jamshid Lou & Karami 2019, doi:10.1007/s10579-018-9427-x",
            licence="free for academic purposes",
            access="open",
            language="Persian",
        ),
        leaks="speakers of the test part are in training too, because parts follow the number of the utterance",
    ),
    *_with_serab_view(
        Task(
            name="crema_d",
            title="CREMA-D",
            dataset="tfds_crema_d",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=GroupKFold(5),
            metric="uar",
            normalisation="group",
            citation="Cao et al. 2014, doi:10.1109/TAFFC.2014.2336244",
            licence="Open Database License 1.0",
            access="open",
            language="English",
        )
    ),
    *_with_serab_view(
        Task(
            name="savee",
            title="SAVEE",
            dataset="tfds_savee",
            domain="speech emotion",
            target="label",
            group="speaker_id",
            split=LeaveOneGroupOut(),
            metric="uar",
            normalisation="group",
            citation="Haq & Jackson 2010, Machine Audition, pp. 398-423",
            licence="for research, by registration",
            access="registration",
            language="English (British)",
        )
    ),
)
