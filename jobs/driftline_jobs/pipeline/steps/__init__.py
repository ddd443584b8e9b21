"""The steps of the main path, each a part of a run or something that several parts need."""
