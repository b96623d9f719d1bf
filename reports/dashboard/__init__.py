"""态势: how far, how late, better or worse than before, where it is worst, and which task is failing."""
