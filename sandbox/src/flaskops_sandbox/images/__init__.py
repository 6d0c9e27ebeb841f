"""The container images that the sandbox needs: pulled where a registry is reached, else built from nothing."""
