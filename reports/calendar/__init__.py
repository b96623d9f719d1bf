"""Which deadlines fall on which day, as a page and as a feed for calendar programs."""
