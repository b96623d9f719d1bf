"""An invented industry at work on a real plan: what `manage.py load_demo` puts into an empty database.

Everything follows from a seed and the day: `names`, `bodies` and `deadlines` make the world, `stories` decides how
far each institution came with each task, `doing` and `judging` write that down, `trail` leaves the audit records,
and `table` carries the rows into the database. `load.load` is the whole of it.
"""
