"""The Kubernetes behind the sandbox's EKS: a kind cluster, one an instance."""
