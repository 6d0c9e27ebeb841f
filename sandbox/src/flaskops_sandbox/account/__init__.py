"""The sandbox's AWS account: one process that answers the AWS API on services_address:4566.

moto answers what it does well; middleware in front of it knows the callers and writes a log of every call.
Replaced or extended here: EKS (a real Kubernetes), ECR (a real registry), RDS (a real PostgreSQL),
ElastiCache (a real Redis), ACM (issued only when the validation record exists), and what EC2 must refuse.
"""
