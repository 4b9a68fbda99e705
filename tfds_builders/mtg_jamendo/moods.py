"""What is asked of the mood/theme tags: basic moods a config, themes that are no mood, the tags of the splits."""

from __future__ import annotations

from collections.abc import Mapping

# The published order decides: a track tagged happy and energetic is happy.
MOOD4 = ("happy", "sad", "relaxing", "energetic")
HS = ("happy", "sad")
RE = ("relaxing", "energetic")

# Ours: no list of eight is published. The most frequent tags that are not banned below, most frequent first.
MOOD8 = ("happy", "energetic", "relaxing", "emotional", "dark", "epic", "dream", "love")

# Ours: the original's list of banned tags is not published, and its sizes fit many lists. Why each is no mood:
BANNED: Mapping[str, tuple[str, ...]] = {
    "what the music is made for": (
        *("advertising", "background", "commercial", "corporate", "documentary", "drama", "film", "game", "horror"),
        *("movie", "sport", "trailer"),
    ),
    "an occasion": ("christmas", "holiday", "party", "summer", "travel"),
    "a scene or a subject": ("action", "adventure", "children", "nature", "soundscape", "space"),
    "a form or a style": ("ambiental", "ballad", "melodic", "retro"),
}

# The 56 tags of the official splits. The table has three more, which the splits drop: ambiental, horror, mellow.
SPLIT_TAGS = (
    *("action", "adventure", "advertising", "background", "ballad", "calm", "children", "christmas", "commercial"),
    *("cool", "corporate", "dark", "deep", "documentary", "drama", "dramatic", "dream", "emotional", "energetic"),
    *("epic", "fast", "film", "fun", "funny", "game", "groovy", "happy", "heavy", "holiday", "hopeful", "inspiring"),
    *("love", "meditative", "melancholic", "melodic", "motivational", "movie", "nature", "party", "positive"),
    *("powerful", "relaxing", "retro", "romantic", "sad", "sexy", "slow", "soft", "soundscape", "space", "sport"),
    *("summer", "trailer", "travel", "upbeat", "uplifting"),
)


def banned_tags() -> frozenset[str]:
    """Every tag that stands for no mood."""
    return frozenset(tag for tags in BANNED.values() for tag in tags)
