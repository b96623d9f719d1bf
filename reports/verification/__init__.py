"""Is this file the report that the portal issued? Digests, a short code on the last page, and a public page."""
