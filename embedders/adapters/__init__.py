"""Other people's interfaces as embedders, and embedders as other people's interfaces. No framework loads here."""
