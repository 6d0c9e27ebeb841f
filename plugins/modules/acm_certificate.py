#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate of ACM, validated by DNS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acm_certificate
version_added: 1.0.0
short_description: Request a public certificate from AWS Certificate Manager and validate it by DNS
description:
  - Finds the certificate by its names and by the tags V(flaskops:project), V(flaskops:environment),
    V(flaskops:component) and V(flaskops:managed-by) among those that are issued or being validated, an issued one
    first; requests one if there is none.
  - Writes the validation records that are missing into a hosted zone of Route 53 and waits until it is issued.
    They stay, because ACM renews the certificate by them; every run looks whether they are still there.
  - Removing deletes every certificate for the domain that carries those tags, and with O(zone_id) the validation
    records, except those that another certificate of the same region needs too. Certificates of other regions are not
    looked at, though ACM renews those for the same names by the same records; where there may be any, leave
    O(zone_id) out.
author:
  - flaskops.eks contributors
options:
  domain_name:
    description: The first name of the certificate, for example V(app.example.com) or V(*.example.com).
    type: str
    required: true
  subject_alternative_names:
    description: Its further names. Other names than those of the existing certificate make a new one.
    type: list
    elements: str
  zone_id:
    description:
      - The hosted zone that takes the validation records. All names must lie in it. When not given, no record is
        written or removed.
    type: str
  key_algorithm:
    description: The key of the certificate. A new one without it has V(RSA_2048). Another one makes a new certificate.
    type: str
    choices: [RSA_2048, RSA_3072, RSA_4096, EC_prime256v1, EC_secp384r1, EC_secp521r1]
  wait_timeout:
    description:
      - How long to wait until it is issued, in seconds. boto3's own waiter gives up after five minutes, nine have
        been seen.
    type: int
    default: 1200
notes:
  - A certificate in use cannot be deleted. The error names its users; with O(wait) those that are just going away are
    waited for, for at most two minutes.
extends_documentation_fragment: [flaskops.eks.wait, flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Have a certificate for the applications
  flaskops.eks.acm_certificate:
    domain_name: example.com
    subject_alternative_names: ["*.example.com"]
    zone_id: Z0123456789ABCDEFGHIJ
    tags:
      flaskops:project: flask
      flaskops:environment: prod
      flaskops:component: dns_tls
      flaskops:managed-by: flaskops.eks
  register: tls

- name: Remove it and its validation records
  flaskops.eks.acm_certificate:
    domain_name: example.com
    zone_id: Z0123456789ABCDEFGHIJ
    tags:
      flaskops:project: flask
      flaskops:environment: prod
      flaskops:component: dns_tls
      flaskops:managed-by: flaskops.eks
    state: absent
"""

RETURN = r"""
---
certificate:
  description: The certificate as ACM describes it; empty when it does not exist.
  returned: always
  type: dict
  contains:
    certificate_arn: {description: The certificate's ARN., type: str,
      sample: arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012}
    domain_name: {description: The first name., type: str, sample: example.com}
    subject_alternative_names: {description: "All names, the first one too.", type: list, elements: str,
      sample: [example.com, "*.example.com"]}
    status: {description: "PENDING_VALIDATION, ISSUED or one of the failures.", type: str, sample: ISSUED}
    key_algorithm: {description: The key., type: str, sample: RSA-2048}
    not_after: {description: Until when it is valid., returned: once issued, type: str,
      sample: "2027-12-20T23:59:59+00:00"}
    in_use_by: {description: The ARNs of what uses it., type: list, elements: str, sample: []}
    domain_validation_options:
      description: How far the validation is, name by name.
      type: list
      elements: dict
      contains:
        domain_name: {description: The name., type: str, sample: example.com}
        validation_status: {description: "PENDING_VALIDATION, SUCCESS or FAILED.", type: str, sample: SUCCESS}
    validation_records:
      description: The DNS records that ACM wants to see.
      type: list
      elements: dict
      contains:
        name: {description: The record's name., type: str, sample: _a1b2c3.example.com.}
        type: {description: The record's type., type: str, sample: CNAME}
        value: {description: The record's value., type: str, sample: _d4e5f6.acm-validations.aws.}
        present: {description: Whether O(zone_id) has it., type: bool, sample: true}
    superseded: {description: "ARNs of other certificates for the domain with the same tags, of an earlier request.",
      type: list, elements: str, sample: []}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: [request a certificate for example.com]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.acm.api import CertificateApi
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.plan import ALGORITHMS, WantedCertificate
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.resource import Certificate
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "domain_name": {"type": "str", "required": True},
        "subject_alternative_names": {"type": "list", "elements": "str"},
        "zone_id": {"type": "str"},
        "key_algorithm": {"type": "str", "choices": ALGORITHMS, "no_log": False},
        **resource_options(wait_timeout=1200),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    wanted, timeout = WantedCertificate.from_params(module.params), module.params["wait_timeout"]
    run(module, Certificate(CertificateApi.connect(module), wanted, timeout, module.params["wait"]))


if __name__ == "__main__":
    main()
