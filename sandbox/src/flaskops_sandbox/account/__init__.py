"""The AWS account of the sandbox: one process that serves the AWS API on services_address:4566.

moto serves most of the API. A middleware in front of it identifies the callers and logs every call.
Replaced or extended here: EKS (a real Kubernetes), ECR (a real registry), RDS (a real PostgreSQL),
ElastiCache (a real Redis), ACM (issued only if the validation record exists), and deletions that EC2 must reject.
"""
