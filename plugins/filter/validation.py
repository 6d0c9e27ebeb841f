# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that validate the variables of an environment before anything is changed.

Each `*_problems` filter returns one message per problem: the variable, what is wrong, what to do. Argument specs check
single values (type, choices, required); these filters check patterns and rules between values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import IDENTITY_TAGS
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN
from ansible_collections.flaskops.eks.plugins.plugin_utils.cidr_blocks import documentation_problems, is_cidr
from ansible_collections.flaskops.eks.plugins.plugin_utils.entries import in_state

# Each role sets its own component.
SHARED_IDENTITY = tuple(key for key in IDENTITY_TAGS if key != "flaskops:component")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]*")
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+")

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
IAM_ROLE_NAME_LENGTH = 64
# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
REPLICATION_GROUP_ID_LENGTH = 40
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
DB_INSTANCE_ID_LENGTH = 63
DB_IDENTIFIER = re.compile(r"[a-z](-?[a-z0-9])*")
BACKUP_DAYS_MAXIMUM = 35
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
FIRST_VALKEY = (7, 2)
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html: 7 to 30 days, 0 is immediately
RECOVERY_DAYS = (0, *range(7, 31))


def refusal(problems: Sequence[str]) -> str:
    """Join problems to one error message, one line per problem.

    Args:
        problems: Messages of a `*_problems` filter.

    Returns:
        The error message; empty without problems.
    """
    if not problems:
        return ""
    return "Invalid variables, nothing was changed:\n" + "\n".join(f"- {problem}" for problem in problems)


def environment_problems(values: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    """Check the variables shared by all roles.

    Args:
        values: environment, project, name, tags, aws (region etc.) and account_id, which may be empty.
        known: Names of the existing environments.

    Returns:
        One message per problem.
    """
    environment = str(values["environment"] or "")
    if not environment:
        return [
            "flaskops_environment: not set; choose an environment by its inventory, "
            "for example: ansible-playbook site.yml -i inventories/dev."
        ]
    problems = []
    if environment not in known:
        problems.append(
            f"flaskops_environment: {environment!r} is unknown; use one of {', '.join(known)}, "
            "or add yours to flaskops_environments in its inventory."
        )
    for variable in ("environment", "project", "name"):
        text = str(values[variable] or "")
        if not ENVIRONMENT.fullmatch(text):
            problems.append(
                f"flaskops_{variable}: {text!r} cannot be used in AWS names; "
                "use lower case letters, digits and hyphens, beginning with a letter."
            )
    tags = values["tags"] if isinstance(values["tags"], Mapping) else {}
    missing = [key for key in SHARED_IDENTITY if not tags.get(key)]
    if missing:
        problems.append(
            f"flaskops_tags: {', '.join(missing)} missing or empty, but these tags identify the "
            "resources of this environment; set them as in inventories/dev and add your tags to them."
        )
    region = str((values["aws"] or {}).get("region", ""))
    if not REGION.fullmatch(region):
        problems.append(f"flaskops_aws.region: {region!r} is not a region; name one like eu-west-1.")
    account = str(values["account_id"] or "")
    if account and not re.fullmatch(r"[0-9]{12}", account):
        problems.append(f"flaskops_account_id: {account!r} is not an account id; write its twelve digits in quotes.")
    return problems


def eks_problems(values: Mapping[str, Any]) -> list[str]:
    """Check the cluster variables.

    Args:
        values: name, role_names, version, public_access, private_access, public_access_cidrs, node_groups,
            access_entries, admin_principal_arn, caller_is_admin, pod_identity_associations.

    Returns:
        One message per problem.
    """
    problems = []
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
    if not re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", values["name"]):
        problems.append(
            f"eks_name: {values['name']!r} is not a cluster name; "
            "use up to 100 letters, digits, hyphens and underscores, beginning with a letter or digit."
        )
    for role_name in values["role_names"]:
        if len(role_name) > IAM_ROLE_NAME_LENGTH:
            problems.append(
                f"eks_name: too long, the IAM role would be {role_name!r} ({len(role_name)} characters, "
                f"{IAM_ROLE_NAME_LENGTH} allowed); shorten eks_name by {len(role_name) - IAM_ROLE_NAME_LENGTH}."
            )
    if not re.fullmatch(r"1\.[0-9]{2}", str(values["version"])):
        problems.append(f"eks_version: {values['version']!r} is not a minor version; write it quoted, like '1.34'.")
    if not values["public_access"] and not values["private_access"]:
        problems.append(
            "eks_endpoint_public_access: false together with eks_endpoint_private_access false leaves the API "
            "unreachable; set one of them to true."
        )
    if values["public_access"] and not values["public_access_cidrs"]:
        problems.append(
            "eks_public_access_cidrs: empty although eks_endpoint_public_access is true; list the CIDR blocks of the "
            "users and runners that deploy, or set eks_endpoint_public_access to false."
        )
    for cidr in values["public_access_cidrs"]:
        if not is_cidr(cidr):
            problems.append(f"eks_public_access_cidrs: {cidr!r} is not a CIDR block; write it like 10.0.0.0/16.")
    problems += documentation_problems("eks_public_access_cidrs", values["public_access_cidrs"])
    problems += _node_group_problems(values["node_groups"])
    if not values["admin_principal_arn"] and not values["caller_is_admin"]:
        problems.append(
            "eks_admin_principal_arn: empty, so the cluster would have no administrator; set it to the IAM role that "
            "deploys, like arn:aws:iam::123456789012:role/deployer, or set eks_caller_is_admin to true if every caller "
            "of this playbook may become a permanent administrator."
        )
    principals = [entry["principal_arn"] for entry in values["access_entries"]]
    for principal in [*principals, *filter(None, [values["admin_principal_arn"]])]:
        if not PRINCIPAL.fullmatch(principal):
            variable = "eks_access_entries" if principal in principals else "eks_admin_principal_arn"
            problems.append(
                f"{variable}: {principal!r} is not the ARN of an IAM role or user; "
                "write it like arn:aws:iam::123456789012:role/deployer."
            )
    for principal in sorted({name for name in principals if principals.count(name) > 1}):
        problems.append(
            f"eks_access_entries: {principal!r} appears twice, but a principal has one access entry; list it once."
        )
    if values["admin_principal_arn"] in principals:
        problems.append(
            f"eks_access_entries: {values['admin_principal_arn']!r} is eks_admin_principal_arn, and a second entry "
            "would replace its policy; remove it from the list."
        )
    for association in in_state(values["pod_identity_associations"], "present"):
        if bool(association.get("role_arn")) == bool(association.get("role_name")):
            problems.append(
                f"eks_pod_identity_associations: {association['namespace']}/{association['service_account']} needs "
                "either role_arn (an existing role) or role_name (a role to create); set exactly one."
            )
    return problems + _shared_role_problems(values["pod_identity_associations"], values["role_names"])


def _shared_role_problems(associations: Sequence[Mapping[str, Any]], taken: Sequence[str]) -> list[str]:
    """Check that each created role has one ServiceAccount, and each ServiceAccount one role."""
    problems = []
    staying = in_state(associations, "present")
    accounts = [f"{association['namespace']}/{association['service_account']}" for association in staying]
    for account in sorted({name for name in accounts if accounts.count(name) > 1}):
        problems.append(
            f"eks_pod_identity_associations: {account} appears twice, but a ServiceAccount has one role; list it once."
        )
    names = [association["role_name"] for association in staying if association.get("role_name")]
    for name in sorted({name for name in names if names.count(name) > 1}):
        users = [account for account, entry in zip(accounts, staying, strict=True) if entry.get("role_name") == name]
        problems.append(
            f"eks_pod_identity_associations: {' and '.join(users)} have the same role_name {name!r}, but a created "
            "role trusts the pods of one ServiceAccount only; set another role_name for each, or a role_arn."
        )
    for name in sorted({association.get("role_name") or "" for association in associations} & set(taken)):
        problems.append(
            f"eks_pod_identity_associations: the role_name {name!r} is used by the cluster; choose another."
        )
    return problems


def _node_group_problems(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    problems = []
    staying = in_state(groups, "present")
    if not staying:
        problems.append("eks_node_groups: none is present, so no pods could run; define at least one node group.")
    names = [str(group["name"]) for group in groups]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"eks_node_groups: the name {name!r} appears twice; use unique names.")
    for group in staying:
        least, wanted, most = group["min_size"], group["desired_size"], group["max_size"]
        if not least <= wanted <= most:
            problems.append(
                f"eks_node_groups: {group['name']} has desired_size {wanted}, min_size {least} and max_size {most}; "
                "choose min_size <= desired_size <= max_size."
            )
        if most < 1:
            problems.append(f"eks_node_groups: {group['name']} has max_size {most}; allow at least one node.")
    for group in groups:
        # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html
        if not re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}", str(group["name"])):
            problems.append(
                f"eks_node_groups: {group['name']!r} is not a node group name; "
                "use up to 63 letters, digits, hyphens and underscores."
            )
    return problems


def dns_tls_problems(values: Mapping[str, Any]) -> list[str]:
    """Check zone and certificate names: zone_name, domain, alternative_names."""
    zone = values["zone_name"].rstrip(".")
    if not DOMAIN.fullmatch(zone):
        return [f"dns_tls_zone_name: {zone!r} is not a domain name; set it to your zone, like example.com."]
    problems = []
    names = [("dns_tls_domain", values["domain"])]
    names += [("dns_tls_alternative_names", name) for name in values["alternative_names"]]
    for variable, name in names:
        plain = name.removeprefix("*.")
        if not DOMAIN.fullmatch(plain):
            problems.append(f"{variable}: {name!r} is not a domain name; write it like app.{zone}.")
        elif plain != zone and not plain.endswith(f".{zone}"):
            problems.append(
                f"{variable}: {name} is not inside dns_tls_zone_name {zone}, where ACM validates it; "
                f"use a name that ends in .{zone}, or change the zone."
            )
    return problems


def secrets_problems(values: Mapping[str, Any]) -> list[str]:
    """Check the secrets variables: prefix, recovery_window_days, database_username."""
    problems = []
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,400}", values["prefix"]) or values["prefix"].endswith("/"):
        problems.append(
            f"secrets_prefix: {values['prefix']!r} is not a prefix of secret names; "
            "use letters, digits and /_+=.@- without a slash at the end."
        )
    if values["recovery_window_days"] not in RECOVERY_DAYS:
        problems.append(
            f"secrets_recovery_window_days: {values['recovery_window_days']} is not allowed by Secrets Manager; "
            "use 0 (delete immediately) or 7 to 30."
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,15}", values["database_username"]):
        problems.append(
            f"secrets_database_username: {values['database_username']!r} is not a user name that every engine accepts; "
            "use up to 16 lower case letters, digits and underscores, beginning with a letter."
        )
    return problems


def data_stores_problems(values: Mapping[str, Any]) -> list[str]:
    """Check the variables of database and cache.

    Args:
        values: database and cache (mappings of the role variables without their prefix).

    Returns:
        One message per problem.
    """
    problems = []
    for variable, kind, limit in (
        ("data_stores_database_identifier", "database", DB_INSTANCE_ID_LENGTH),
        ("data_stores_cache_identifier", "cache", REPLICATION_GROUP_ID_LENGTH),
    ):
        identifier = values[kind]["identifier"]
        if len(identifier) > limit or not DB_IDENTIFIER.fullmatch(identifier):
            problems.append(
                f"{variable}: {identifier!r} is not allowed; use up to {limit} lower case letters, digits and single "
                f"hyphens, beginning with a letter ({len(identifier)} characters now)."
            )
    return problems + _database_problems(values["database"]) + _cache_problems(values["cache"])


def _database_problems(database: Mapping[str, Any]) -> list[str]:
    problems = []
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,62}", database["name"]):
        problems.append(
            f"data_stores_database_name: {database['name']!r} is not a database name; "
            "use letters, digits and underscores, beginning with a letter."
        )
    if not 0 <= database["backup_retention_days"] <= BACKUP_DAYS_MAXIMUM:
        problems.append(
            f"data_stores_database_backup_retention_days: {database['backup_retention_days']} is not allowed by RDS; "
            f"use 0 to {BACKUP_DAYS_MAXIMUM}."
        )
    most = database["max_allocated_storage"]
    if most and most <= database["allocated_storage"]:
        problems.append(
            f"data_stores_database_max_allocated_storage: {most} GiB is not above "
            f"data_stores_database_allocated_storage {database['allocated_storage']} GiB; raise it, or set 0."
        )
    if database["deletion_protection"] and not database["final_snapshot"]:
        problems.append(
            "data_stores_database_final_snapshot: false although data_stores_database_deletion_protection is true; "
            "set it to true, because a protected database needs a final snapshot."
        )
    return problems


def _cache_problems(cache: Mapping[str, Any]) -> list[str]:
    problems = []
    nodes = cache["nodes"]
    if nodes < 1:
        problems.append(f"data_stores_cache_nodes: {nodes} is too low; set it to at least 1.")
    if nodes == 1 and (cache["automatic_failover"] or cache["multi_az"]):
        problems.append(
            "data_stores_cache_nodes: 1 leaves no replica for failover; set it to 2 or more, "
            "or data_stores_cache_automatic_failover and data_stores_cache_multi_az to false."
        )
    if cache["multi_az"] and not cache["automatic_failover"]:
        problems.append(
            "data_stores_cache_multi_az: true needs data_stores_cache_automatic_failover; set that to true as well."
        )
    version = re.match(r"([0-9]+)\.([0-9]+)", str(cache["engine_version"]))
    if not version:
        problems.append(
            f"data_stores_cache_engine_version: {cache['engine_version']!r} is not a version; "
            "write it quoted, like '7.1'."
        )
    elif cache["engine"] == "valkey" and (int(version[1]), int(version[2])) < FIRST_VALKEY:
        problems.append(
            "data_stores_cache_engine_version: the first version of valkey is 7.2; raise it, or use engine redis."
        )
    return problems


def secret_value(document: Any, key: str, placeholder: str = UNKNOWN) -> str:
    """Read one value of the JSON document of a secret.

    Args:
        document: The text of the secret as returned by a lookup; empty if the secret does not exist yet.
        key: The key to read.
        placeholder: The result if the secret does not exist yet.

    Returns:
        The value or the placeholder.

    Raises:
        AnsibleFilterError: The document has no such key. The message never contains the document.
    """
    if isinstance(document, list):
        document = document[0] if document else ""
    if not document:
        return placeholder
    try:
        value = json.loads(str(document))[key]
    except (ValueError, KeyError, TypeError):
        # Do not chain the exception: the message of the parser may quote the secret.
        raise AnsibleFilterError(f"the secret has no JSON key {key!r}; write it as a JSON document") from None
    return str(value)


class FilterModule:
    """Filters for the validation of values."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {
            "refusal": refusal,
            "environment_problems": environment_problems,
            "eks_problems": eks_problems,
            "dns_tls_problems": dns_tls_problems,
            "secrets_problems": secrets_problems,
            "data_stores_problems": data_stores_problems,
            "secret_value": secret_value,
        }
