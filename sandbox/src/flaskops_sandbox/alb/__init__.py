"""The data plane of the Application Load Balancer of the sandbox.

The AWS Load Balancer Controller writes load balancers, listeners, rules and target groups to ELBv2 of the sandbox
(moto). This process reads them, proxies HTTP and HTTPS accordingly, checks the health of targets and reports it.
Readiness gates and deregistration delays behave as on AWS.

Run it with `python -m flaskops_sandbox.alb --instance NAME`. README.md lists supported and unsupported features.
"""
