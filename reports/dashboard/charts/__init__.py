"""Geometry of the dashboard's pictures, drawn by `templates/reports/charts/`; see `reports.charts`."""
