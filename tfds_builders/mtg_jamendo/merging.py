"""From several tags a track to one mood: tags that are no mood themselves follow the mood they are found with.

A pure function over lists of tags, written from the description of the heterogeneous-data music mood system (its
own code was not used): the pairs are counted on tracks that name a mood, and decide what the other tags stand for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence


def merge(tracks: Sequence[Sequence[str]], moods: Sequence[str], banned: Collection[str] = ()) -> list[str | None]:
    """The mood of each track, None where its tags lead to none.

    1. A track that has some of `moods` gets the first of them, in the order of `moods`.
    2. Any other tag stands for a mood, see `mood_of_tags`.
    3. A track without a mood of its own takes the mood that most of its tags stand for; on a tie the one that the
       earlier tag stands for.

    Args:
      tracks: the tags of each track, in the order of the table.
      moods: the basic moods; the order matters.
      banned: tags that stand for no mood. They take part in nothing.
    """
    stands_for = mood_of_tags(tracks, moods, banned)
    labels = []
    for tags in tracks:
        own = _own_mood(tags, moods)
        votes = Counter(stands_for[tag] for tag in tags if tag in stands_for)  # keeps the order of first sight
        labels.append(own or (votes.most_common(1)[0][0] if votes else None))
    return labels


def mood_of_tags(tracks: Sequence[Sequence[str]], moods: Sequence[str], banned: Collection[str] = ()) -> dict[str, str]:
    """The mood that each other tag stands for: the one it is most often found with, the earlier of `moods` on a tie.

    A tag that is banned, or never found beside a mood, stands for none and is absent.
    """
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    for tags in tracks:
        own = _own_mood(tags, moods)
        if own is not None:
            for tag in tags:
                if tag not in moods and tag not in banned:
                    pairs[tag][own] += 1
    return {tag: max(moods, key=lambda mood, counts=counts: counts[mood]) for tag, counts in pairs.items()}


def _own_mood(tags: Sequence[str], moods: Sequence[str]) -> str | None:
    return next((mood for mood in moods if mood in tags), None)
