"""The Flask service that the collection delivers: an API, its worker and its schema migrations in one package."""

__version__ = "1.0.0"
