"""Schema migrations, in the package so that the image which needs a schema is the one that can make it.

Rules: revisions are numbered (0001, 0002, ...), so that a version can tell an older schema from a newer one. They only
expand: add tables, nullable columns, indexes. What the version before uses goes at the earliest one release later.
"""
