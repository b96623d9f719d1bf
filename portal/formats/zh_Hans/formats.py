"""Large numbers in groups of three, as in the industry's reports; Django's Chinese formats group none."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
