"""Hand-made descriptions of music by librosa: for mood (127 numbers) and genre (518 and 197 numbers)."""

from embedders.handcrafted.genre import FmaFeatures, GenreFeatures
from embedders.handcrafted.mood import MoodFeatures

__all__ = ["FmaFeatures", "GenreFeatures", "MoodFeatures"]
