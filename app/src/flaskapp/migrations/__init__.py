"""Schema migrations. They are part of the package, so that each image can create the schema that it needs.

Rules: revisions are numbered (0001, 0002, ...), so that a version can tell an older schema from a newer one. They only
expand: add tables, nullable columns, indexes. Remove what the previous version uses one release later at the earliest.
"""
