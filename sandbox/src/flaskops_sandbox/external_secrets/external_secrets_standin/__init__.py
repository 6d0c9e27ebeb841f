"""A stand-in for the External Secrets operator that copies AWS Secrets Manager to Kubernetes Secrets only.

Run it in a cluster with `python -m external_secrets_standin`. ../README.md lists supported and unsupported features.
"""

GROUP = "external-secrets.io"
VERSION = "v1"
