"""Reminders of deadlines: when each stage is due and to whom, planned for all rows of a kind by one statement."""
