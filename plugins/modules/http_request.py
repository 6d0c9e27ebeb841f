#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP request by name, to an address."""

from __future__ import annotations

DOCUMENTATION = r"""
module: http_request
short_description: Send one HTTP request by name to a given address, and check the answer
version_added: 1.0.0
description:
  - Like M(ansible.builtin.uri), with the two things that checking a load balancer from outside needs and that it lacks.
  - O(connect_address) says where to connect, while the TLS server name, the check of the certificate's name and the
    Host header keep the name of O(url), as curl's C(--resolve) does.
  - The certificate that was presented is in the result. There is no way to switch its verification off.
  - Sends nothing in check mode, because what would answer may not exist yet.
options:
  url:
    description: The URL, with the name that the certificate must carry.
    type: str
    required: true
  method:
    description: HTTP method.
    type: str
    default: GET
    choices: [GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS]
  connect_address:
    description: Address or host name to connect to instead of resolving the name of O(url).
    type: str
    default: ""
  ca_path:
    description: CA file to use instead of the system CAs.
    type: path
  headers:
    description: Headers to send.
    type: dict
    default: {}
  body:
    description: Sent as JSON.
    type: raw
  status_code:
    description: Accepted status codes; others fail the task.
    type: list
    elements: int
    default: [200]
  follow_redirects:
    description: Whether a redirect to the same host name is followed. One to another name never is.
    type: bool
    default: false
  timeout:
    description: Seconds for connecting, and for each read.
    type: float
    default: 10.0
attributes:
  check_mode:
    description: Sends nothing.
    support: full
author:
  - flaskops.eks contributors
"""

EXAMPLES = r"""
- name: See that the API answers over HTTPS before its name resolves
  flaskops.eks.http_request:
    url: https://api.example.com/status
    connect_address: 192.0.2.10
    ca_path: /etc/ssl/private-ca.crt

- name: See that HTTP leads to HTTPS
  flaskops.eks.http_request:
    url: http://api.example.com/status
    status_code: [301]
"""

RETURN = r"""
status:
  description: Status code of the answer.
  returned: when an answer came
  type: int
  sample: 200
headers:
  description: Headers of the answer, names in lower case.
  returned: when an answer came
  type: dict
body:
  description: Body of the answer, at most one MiB.
  returned: when an answer came
  type: str
json:
  description: Body as JSON.
  returned: when the body is JSON
  type: raw
certificate:
  description: The certificate that was presented and verified.
  returned: when the answer came over HTTPS
  type: dict
  contains:
    subject:
      description: Distinguished name of the holder.
      type: str
      sample: commonName=api.example.com
    issuer:
      description: Distinguished name of the issuer.
      type: str
      sample: organizationName=Amazon
    names:
      description: DNS names it is good for.
      type: list
      elements: str
    not_before:
      description: Beginning of its validity.
      type: str
    not_after:
      description: End of its validity.
      type: str
    serial_number:
      description: Serial number, hexadecimal.
      type: str
elapsed:
  description: Seconds from connecting to the last byte.
  returned: when an answer came
  type: float
  sample: 0.041
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.flaskops.eks.plugins.module_utils.http_client import (
    RequestFailed,
    Target,
    explain_mismatch,
    request,
)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def argument_spec() -> dict[str, Any]:
    return {
        "url": {"type": "str", "required": True},
        "method": {"type": "str", "default": "GET", "choices": METHODS},
        "connect_address": {"type": "str", "default": ""},
        "ca_path": {"type": "path"},
        "headers": {"type": "dict", "default": {}},
        "body": {"type": "raw"},
        "status_code": {"type": "list", "elements": "int", "default": [200]},
        "follow_redirects": {"type": "bool", "default": False},
        "timeout": {"type": "float", "default": 10.0},
    }


def run(params: dict[str, Any]) -> dict[str, Any]:
    """Send the request. The result holds `msg` only when no answer came or it is not a wanted one."""
    target = Target(params["connect_address"], params["ca_path"] or "", params["timeout"])
    headers = {str(name): str(value) for name, value in params["headers"].items()}
    try:
        answer = request(params["url"], target, params["method"], headers, params["body"], params["follow_redirects"])
    except (RequestFailed, ValueError) as error:
        return {"changed": False, "msg": str(error)}
    result: dict[str, Any] = {
        # A POST may well have changed the application; the managed state is what Ansible counts, and that it did not.
        "changed": False,
        "url": answer.url,
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "elapsed": answer.elapsed,
    }
    if answer.json is not None:
        result["json"] = answer.json
    if answer.certificate:
        result["certificate"] = dict(answer.certificate)
    if answer.status not in params["status_code"]:
        result["msg"] = explain_mismatch(answer, params["status_code"])
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if module.check_mode:
        module.exit_json(changed=False, skipped=True, msg="nothing is sent in check mode")
    result = run(module.params)
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
