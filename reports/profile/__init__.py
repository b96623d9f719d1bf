"""机构概况: what to know of an institution before a visit, on one page."""
