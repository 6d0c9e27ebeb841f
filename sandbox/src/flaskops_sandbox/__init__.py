"""The AWS and the Kubernetes of inventories/local: one machine, no account (docs/sandbox.md)."""
