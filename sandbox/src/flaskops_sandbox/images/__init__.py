"""The container images of the sandbox: pulled if a registry is reachable, else built from source."""
