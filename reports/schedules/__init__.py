"""Reports that are made by themselves when a month or a quarter has ended."""
