"""EKS of the sandbox: the EKS API on top of a real Kubernetes (kind).

Real: the cluster, its endpoint and CA, nodes that join and leave, tokens verified against access entries, and the EC2
instances, interfaces and security groups of a cluster. API state only: versions (the running Kubernetes is always the
one that the sandbox builds), add-ons, pod identity associations, logging, encryption. Durations are short: cluster
operations take as long as kind, changes of API state take a second.
"""
