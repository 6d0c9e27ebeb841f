"""The Flask service that the collection deploys: API, worker and schema migrations in one package."""

__version__ = "1.0.0"
