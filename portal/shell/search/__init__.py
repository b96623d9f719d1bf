"""One box over what a person may see: names first, then what texts and documents say (docs/search.md)."""
