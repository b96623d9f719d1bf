"""批量延期: a lead supervisor moves many deadlines at once, to one day or each by so many days.

What moves is chosen as for 催办 (a filter, or rows ticked: `choice`), shown and confirmed (`asking`), and moved by a
worker if it is still what was shown (`carrying_out`). Every step is one statement, however many rows there are. The
audit trail has each step of a decision in the common ledger: a chain is written under a lock, and 25,000 ledgers in
one transaction would hold up everybody's work. Which deadline moved from which day to which stands in
`ExtendedAssignment`, and the event holds the digest of those rows.
"""
