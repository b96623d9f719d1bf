"""Reports that a lead supervisor composes: sections, scope, period and text, approved and numbered."""
