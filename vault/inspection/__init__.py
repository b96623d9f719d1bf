"""What a document is inside: untrusted bytes in the hands of parsers, so all of it runs in a process of its own.

`vault/sandbox.py` starts `python -m vault.inspection` and reads its answer. Nothing in here knows Django's models,
the database or a secret.
"""
