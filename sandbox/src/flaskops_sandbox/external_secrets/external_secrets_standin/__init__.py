"""A stand-in for the External Secrets operator: AWS Secrets Manager into Kubernetes Secrets, and nothing else.

`python -m external_secrets_standin` runs it in a cluster. ../README.md says what it does and what it leaves out.
"""

GROUP = "external-secrets.io"
VERSION = "v1"
