"""What each kind of report says: its sections, each with its pages, its data and its sheets."""
