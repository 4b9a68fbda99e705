"""Environmental sound by official folds, and spoken digits as a control of what a voice says, not how."""

from tasks.base import Folds, LeaveOneGroupOut, Task

TASKS = (
    Task(
        name="esc50",
        title="ESC-50",
        dataset="esc50",
        domain="sound events",
        target="label",
        group="recording_id",
        split=Folds("fold"),
        normalisation="train",
        citation="Piczak 2015, doi:10.1145/2733373.2806390",
        licence="CC BY-NC 3.0",
        access="open",
        language="none (environmental sound)",
    ),
    Task(
        name="esc10",
        title="ESC-10",
        dataset="esc10",
        domain="sound events",
        target="label",
        group="recording_id",
        split=Folds("fold"),
        normalisation="train",
        citation="Piczak 2015, doi:10.1145/2733373.2806390",
        licence="CC BY 3.0",
        access="open",
        language="none (environmental sound)",
    ),
    Task(
        name="spoken_digits",
        title="Spoken digits (FSDD)",
        dataset="spoken_digits",
        domain="spoken content",
        target="digit",
        group="speaker_id",
        split=LeaveOneGroupOut(),
        normalisation="train",
        citation="Jackson 2016, github.com/Jakobovski/free-spoken-digit-dataset",
        licence="CC BY-SA 4.0",
        access="open",
        language="English",
    ),
)
