"""查询: what a supervising body looks for among institutions, assignments, requirements, evidence, rectifications."""
