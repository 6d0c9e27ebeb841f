#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe the certificate that acm_certificate manages."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acm_certificate_info
version_added: 1.0.0
short_description: Find the certificate of AWS Certificate Manager that acm_certificate manages
description:
  - Chooses the certificate as M(flaskops.eks.acm_certificate) does with the same options, and requests none.
    Changes nothing.
  - M(community.aws.acm_certificate_info) lists certificates by domain or ARN. It does not choose by names and key,
    and lists RSA keys of up to 2048 bits only.
author:
  - flaskops.eks contributors
options:
  domain_name:
    description: The certificate's first name.
    type: str
    required: true
  subject_alternative_names:
    description: The further names. Only a certificate of exactly these names is returned.
    type: list
    elements: str
    default: []
  key_algorithm:
    description: The key's algorithm. When omitted, a certificate with any key is returned.
    type: str
    choices: [RSA_2048, RSA_3072, RSA_4096, EC_prime256v1, EC_secp384r1, EC_secp521r1]
  tags:
    description: Only a certificate with the same identity tags (see M(flaskops.eks.acm_certificate)) is returned.
    type: dict
seealso:
  - module: flaskops.eks.acm_certificate
  - module: community.aws.acm_certificate_info
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Find the certificate of the applications
  flaskops.eks.acm_certificate_info:
    domain_name: example.com
    subject_alternative_names: ["*.example.com"]
    tags: {"flaskops:environment": prod}
  register: found

- name: Fail without an issued certificate
  ansible.builtin.assert:
    that: found.certificates | selectattr('status', 'equalto', 'ISSUED') | length == 1
"""

RETURN = r"""
---
certificates:
  description: The certificate. An issued one is preferred to one that waits for its validation, then a newer one to an
    older one. Empty without a certificate.
  returned: always
  type: list
  elements: dict
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
    superseded: {description: "ARNs of other certificates for the domain with the same tags, of an earlier request.",
      type: list, elements: str, sample: []}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.acm.api import CertificateApi
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.plan import ALGORITHMS, WantedCertificate
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.resource import Certificate
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import report


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "domain_name": {"type": "str", "required": True},
        "subject_alternative_names": {"type": "list", "elements": "str", "default": []},
        "key_algorithm": {"type": "str", "choices": ALGORITHMS, "no_log": False},
        "tags": {"type": "dict"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = CertificateApi.connect(module)
    wanted = WantedCertificate.from_params(module.params)

    def read() -> list[dict[str, Any]]:
        found = Certificate(api, wanted, timeout=0.0, wait=False).describe()
        if found is None:
            return []
        # Without a zone, the records are not checked.
        records = [{key: record[key] for key in ("name", "type", "value")} for record in found["validation_records"]]
        return [{**found, "validation_records": records}]

    report(module, "certificates", f"the certificate for {wanted.domain_name}", read)


if __name__ == "__main__":
    main()
