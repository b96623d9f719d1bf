"""Large numbers in groups of three, as in the industry's reports; Django's Chinese formats group none.

And 1月5日, where Django writes 01月5日.
"""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
MONTH_DAY_FORMAT = "n月j日"
