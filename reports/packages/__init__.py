"""Packages of evidence: what an institution signed, as a zip that is checked without the portal.

`contents` says what is in one, `archive` writes it, `names` names its files. The format: docs/evidence-package.md.
"""
