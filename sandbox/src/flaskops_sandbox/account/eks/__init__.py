"""EKS of the sandbox: the API of the EKS service over a real Kubernetes (kind).

What is real: the cluster, its endpoint and CA, the nodes that join and leave, tokens checked against access entries,
the EC2 instances, interfaces and security groups that a cluster owns. What is API state only: versions (the
Kubernetes that runs is the one that the sandbox builds), add-ons, pod identity associations, logging, encryption.
Durations are short: what takes EKS minutes takes kind's time, and what would only be a wait takes a second.
"""
