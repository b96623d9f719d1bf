"""The subjects, in the order of their tabs."""

from reports.explorer.assignments import ASSIGNMENTS
from reports.explorer.evidence import EVIDENCE
from reports.explorer.institutions import INSTITUTIONS
from reports.explorer.rectifications import RECTIFICATIONS
from reports.explorer.requirements import REQUIREMENTS

ALL_LISTED = (ASSIGNMENTS, INSTITUTIONS, REQUIREMENTS, EVIDENCE, RECTIFICATIONS)
LISTED = {listed.key: listed for listed in ALL_LISTED}
