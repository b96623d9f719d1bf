"""Thin views: rows through `visible_to`, input through forms, writes through actions."""
