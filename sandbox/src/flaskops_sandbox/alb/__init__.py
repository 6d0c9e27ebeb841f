"""The data plane of the sandbox's Application Load Balancer.

The AWS Load Balancer Controller writes load balancers, listeners, rules and target groups into the sandbox's ELBv2
(moto). The process in this package reads them there and carries real HTTP and HTTPS accordingly, checks the targets'
health and reports it back, so that readiness gates and deregistration delays behave as they do on AWS.

`python -m flaskops_sandbox.alb --instance NAME` runs it. README.md lists what is carried out and what is not.
"""
