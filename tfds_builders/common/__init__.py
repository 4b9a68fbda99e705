"""What the builders share: the base class, archives, decoding, group-disjoint parts, variants."""
