"""The Kubernetes behind the EKS of the sandbox: one kind cluster per instance."""
