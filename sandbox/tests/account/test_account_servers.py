"""The real servers behind RDS, ElastiCache and ECR. A missing Debian package is a failure."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from account_fakes import Network, Running, code_of, eventually
from redis.backoff import NoBackoff
from redis.retry import Retry

from flaskops_sandbox.account import postgres, redis_server, registry

PASSWORD = "correct-horse-battery"
TOKEN = "correct-horse-battery-staple"
NO_RETRY = Retry(NoBackoff(), 0)


def need(present: bool, package: str) -> None:
    """These tests are the proof that the account's databases are real, so they never pass without them."""
    assert present, f"the Debian package {package} is missing: apt-get install {package}"


# ---- RDS


def available(running: Running, name: str = "db") -> dict[str, Any]:
    client = running.client("rds")

    def check() -> Any:
        found = client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        assert found["DBInstanceStatus"] != "failed"
        return found if found["DBInstanceStatus"] == "available" else None

    return dict(eventually(check, 60))


def connect(running: Running, endpoint: dict[str, Any], password: str, **more: Any) -> psycopg.Connection[Any]:
    wanted: dict[str, Any] = {
        "host": endpoint["Address"], "port": endpoint["Port"], "user": "flask", "password": password, "dbname": "tasks",
        "sslmode": "verify-full", "sslrootcert": str(running.account.instance.ca_file), "connect_timeout": 5,
    }  # fmt: skip
    return psycopg.connect(**(wanted | more), autocommit=True)


def test_a_database_is_a_real_postgresql(running: Running, network: Network) -> None:
    need(postgres.is_installed(), "postgresql-15")
    rds = running.client("rds")
    wanted = {
        "DBInstanceIdentifier": "db", "Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20,
        "MasterUsername": "flask", "MasterUserPassword": PASSWORD, "DBName": "tasks",
    }  # fmt: skip
    created = rds.create_db_instance(**wanted)["DBInstance"]
    assert created["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in created
    database = available(running)
    endpoint = database["Endpoint"]
    assert database["EngineVersion"].split(".")[0] == "15"
    with connect(running, endpoint, PASSWORD) as connection:
        connection.execute("CREATE TABLE t (id int)")
        row = connection.execute(
            "SELECT current_setting('server_version'), rolsuper FROM pg_roles WHERE rolname = 'flask'"
        )
        version, superuser = row.fetchone() or ("", True)
        assert version.startswith("15.")
        assert superuser is False
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(running, endpoint, PASSWORD, sslmode="disable")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(running, endpoint, "wrong-password")
    with pytest.raises(psycopg.OperationalError, match="rejects"):
        connect(running, endpoint, PASSWORD, user="rdsadmin")

    rds.modify_db_instance(DBInstanceIdentifier="db", MasterUserPassword="another-password", ApplyImmediately=True)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(running, endpoint, PASSWORD)
    rds.reboot_db_instance(DBInstanceIdentifier="db")
    with connect(running, endpoint, "another-password") as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    _no_secret_is_readable(running, PASSWORD, "another-password")

    pid = running.account.processes.pid("rds-db")
    assert pid
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert not _exists(pid)
    assert not (running.account.instance.state_dir / "rds/db").exists()


def _exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _no_secret_is_readable(running: Running, *secrets: str) -> None:
    """Neither arguments of processes nor files that others can read hold any of the secrets."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                arguments = (process / "cmdline").read_bytes()
            except OSError:
                continue
            assert not any(secret.encode() in arguments for secret in secrets)
    for folder, _, names in os.walk(running.account.instance.state_dir):
        for path in (Path(folder) / name for name in names):
            if path.is_file() and path.stat().st_mode & 0o077:
                assert not any(secret.encode() in path.read_bytes() for secret in secrets), path


def test_rds_manages_a_password_in_secrets_manager(running: Running) -> None:
    need(postgres.is_installed(), "postgresql-15")
    running.client("rds").create_db_instance(
        DBInstanceIdentifier="db", Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
        MasterUsername="flask", ManageMasterUserPassword=True, DBName="tasks",
    )  # fmt: skip
    database = available(running)
    arn = database["MasterUserSecret"]["SecretArn"]
    secret = json.loads(running.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    with connect(running, database["Endpoint"], secret["password"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_rds_rejections(running: Running) -> None:
    create = running.client("rds").create_db_instance
    wanted = {
        "DBInstanceIdentifier": "db", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20,
        "MasterUsername": "flask", "MasterUserPassword": PASSWORD,
    }  # fmt: skip
    assert code_of(create, **wanted, Engine="mysql") == "InvalidParameterValue"
    assert code_of(create, **wanted, Engine="postgres", EngineVersion="13.4") == "InvalidParameterValue"
    short = wanted | {"MasterUserPassword": "short"}
    assert code_of(create, **short, Engine="postgres") == "InvalidParameterValue"


# ---- ElastiCache


def cache(running: Running, **wanted: Any) -> dict[str, Any]:
    client = running.client("elasticache")
    client.create_replication_group(
        ReplicationGroupId="cache", ReplicationGroupDescription="d", CacheNodeType="cache.t4g.micro", Engine="redis",
        **wanted,
    )  # fmt: skip

    def check() -> Any:
        found = client.describe_replication_groups(ReplicationGroupId="cache")["ReplicationGroups"][0]
        assert found["Status"] != "create-failed"
        return found if found["Status"] == "available" else None

    return dict(eventually(check, 30))


def redis_client(running: Running, group: dict[str, Any], token: str | None) -> redis.Redis:
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    return redis.Redis(
        host=endpoint["Address"], port=endpoint["Port"], password=token, ssl=True, socket_timeout=5, retry=NO_RETRY,
        ssl_ca_certs=str(running.account.instance.ca_file), ssl_check_hostname=True,
    )  # fmt: skip


def test_a_replication_group_is_a_real_redis(running: Running, network: Network) -> None:
    need(redis_server.is_installed(), "redis-server")
    client = running.client("elasticache")
    client.create_cache_subnet_group(
        CacheSubnetGroupName="cache", CacheSubnetGroupDescription="d", SubnetIds=network.subnet_ids[:1]
    )
    changed = client.modify_cache_subnet_group(CacheSubnetGroupName="cache", SubnetIds=network.subnet_ids)
    assert len(changed["CacheSubnetGroup"]["Subnets"]) == 2
    group = cache(
        running, NumCacheClusters=2, AutomaticFailoverEnabled=True, MultiAZEnabled=True, TransitEncryptionEnabled=True,
        AuthToken=TOKEN, AtRestEncryptionEnabled=True, CacheSubnetGroupName="cache", SecurityGroupIds=["sg-1"],
        Tags=[{"Key": "a", "Value": "b"}],
    )  # fmt: skip
    assert group["MemberClusters"] == ["cache-001", "cache-002"]
    assert (group["AutomaticFailover"], group["MultiAZ"]) == ("enabled", "enabled")
    assert group["TransitEncryptionEnabled"] is group["AuthTokenEnabled"] is group["AtRestEncryptionEnabled"] is True
    shard = group["NodeGroups"][0]
    assert shard["PrimaryEndpoint"] == shard["ReaderEndpoint"]
    zones = [member["PreferredAvailabilityZone"] for member in shard["NodeGroupMembers"]]
    assert zones == ["eu-west-1a", "eu-west-1b"]
    member = client.describe_cache_clusters(CacheClusterId="cache-001")["CacheClusters"][0]
    assert member["SecurityGroups"] == [{"SecurityGroupId": "sg-1", "Status": "active"}]
    assert (member["EngineVersion"], member["CacheSubnetGroupName"]) == ("7.0", "cache")

    assert redis_client(running, group, TOKEN).ping()
    for wrong in (None, "wrong-token-of-some-length"):
        with pytest.raises(redis.AuthenticationError):
            redis_client(running, group, wrong).ping()
    endpoint = shard["PrimaryEndpoint"]
    with pytest.raises(redis.RedisError):
        redis.Redis(
            host=endpoint["Address"], port=endpoint["Port"], password=TOKEN, socket_timeout=3, retry=NO_RETRY
        ).ping()

    def modify(token: str, strategy: str) -> None:
        client.modify_replication_group(
            ReplicationGroupId="cache", AuthToken=token, AuthTokenUpdateStrategy=strategy, ApplyImmediately=True
        )

    second = "second-correct-horse-battery"
    modify(second, "ROTATE")
    assert redis_client(running, group, TOKEN).ping()
    assert redis_client(running, group, second).ping()
    modify(second, "SET")
    assert redis_client(running, group, second).ping()
    with pytest.raises(redis.AuthenticationError):
        redis_client(running, group, TOKEN).ping()
    _no_secret_is_readable(running, TOKEN, second)

    client.modify_replication_group(ReplicationGroupId="cache", ReplicationGroupDescription="other")
    arn = group["ARN"]
    client.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "c", "Value": "d"}])
    client.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
    assert client.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "c", "Value": "d"}]
    assert code_of(client.delete_cache_subnet_group, CacheSubnetGroupName="cache") == "CacheSubnetGroupInUse"

    pid = running.account.processes.pid("elasticache-cache")
    assert pid
    assert client.delete_replication_group(ReplicationGroupId="cache")["ReplicationGroup"]["Status"] == "deleting"
    eventually(lambda: not client.describe_replication_groups()["ReplicationGroups"])
    assert not _exists(pid)
    assert not client.describe_cache_clusters()["CacheClusters"]
    client.delete_cache_subnet_group(CacheSubnetGroupName="cache")


def test_elasticache_rejections(running: Running) -> None:
    create = running.client("elasticache").create_replication_group
    wanted = {"ReplicationGroupId": "cache", "ReplicationGroupDescription": "d"}
    assert code_of(create, **wanted, AuthToken=TOKEN) == "InvalidParameterCombination"
    secure = wanted | {"TransitEncryptionEnabled": True}
    assert code_of(create, **secure, AuthToken="short") == "InvalidParameterValue"
    assert code_of(create, **secure, AuthToken="with a space in it, and long") == "InvalidParameterValue"
    assert code_of(create, **wanted, Engine="memcached") == "InvalidParameterValue"
    assert code_of(create, **wanted, AutomaticFailoverEnabled=True) == "InvalidParameterCombination"
    missing = wanted | {"CacheSubnetGroupName": "none"}
    assert code_of(create, **missing) == "CacheSubnetGroupNotFoundFault"


# ---- ECR


class Push:
    """Pushes a small image as a client of the registry's HTTP API, with what ECR gave for it."""

    def __init__(self, running: Running) -> None:
        data = running.client("ecr").get_authorization_token()["authorizationData"][0]
        self.base = data["proxyEndpoint"]
        self.token = data["authorizationToken"]
        self.context = ssl.create_default_context(cafile=str(running.account.instance.ca_file))

    def ask(self, method: str, path: str, body: bytes = b"", content_type: str = "application/octet-stream") -> Any:
        url = path if path.startswith("https:") else self.base + path
        headers = {"Authorization": f"Basic {self.token}", "Content-Type": content_type}
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        return urllib.request.urlopen(request, context=self.context)

    def blob(self, repository: str, content: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        place = self.ask("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        self.ask("PUT", f"{place}&digest={digest}", content)
        return {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": len(content)}

    def image(self, repository: str, tag: str, content: bytes) -> str:
        kind = "application/vnd.oci.image.manifest.v1+json"
        config = self.blob(repository, b"{}") | {"mediaType": "application/vnd.oci.image.config.v1+json"}
        layers = [self.blob(repository, content)]
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers}
        answer = self.ask("PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), kind)
        return str(answer.headers["Docker-Content-Digest"])


def test_pushed_images_are_listed_by_ecr(running: Running) -> None:
    need(Path(registry.PROGRAM).exists(), "docker-registry")
    running.account.registry.start()
    ecr = running.client("ecr")
    repository = ecr.create_repository(repositoryName="team/flask")["repository"]
    assert repository["repositoryUri"] == f"{running.account.registry.address}/team/flask"
    assert ecr.list_images(repositoryName="team/flask")["imageIds"] == []

    push = Push(running)
    assert base64.b64decode(push.token).decode() == f"AWS:{running.account.instance.registry_password()}"
    digest = push.image("team/flask", "1.0", b"first")
    other = push.image("team/flask", "2.0", b"second, longer")
    manifest = ecr.batch_get_image(repositoryName="team/flask", imageIds=[{"imageTag": "1.0"}])["images"][0]
    ecr.put_image(repositoryName="team/flask", imageManifest=manifest["imageManifest"], imageTag="stable")

    details = {item["imageDigest"]: item for item in ecr.describe_images(repositoryName="team/flask")["imageDetails"]}
    assert set(details) == {digest, other}
    assert details[digest]["imageTags"] == ["1.0", "stable"]
    assert details[digest]["imageSizeInBytes"] == len(b"first") + len(b"{}")
    assert details[digest]["imagePushedAt"].year >= 2025
    one = ecr.describe_images(repositoryName="team/flask", imageIds=[{"imageTag": "2.0"}])["imageDetails"]
    assert [item["imageDigest"] for item in one] == [other]
    absent = {"repositoryName": "team/flask", "imageIds": [{"imageTag": "3.0"}]}
    assert code_of(ecr.describe_images, **absent) == "ImageNotFoundException"
    assert ecr.batch_get_image(**absent)["failures"][0]["failureCode"] == "ImageNotFound"

    ecr.batch_delete_image(repositoryName="team/flask", imageIds=[{"imageTag": "stable"}])
    left = ecr.list_images(repositoryName="team/flask")["imageIds"]
    assert sorted(item["imageTag"] for item in left) == ["1.0", "2.0"]
    ecr.batch_delete_image(repositoryName="team/flask", imageIds=[{"imageDigest": digest}])
    assert ecr.list_images(repositoryName="team/flask")["imageIds"] == [{"imageDigest": other, "imageTag": "2.0"}]
    with pytest.raises(urllib.error.HTTPError):
        push.ask("GET", f"/v2/team/flask/manifests/{digest}")

    assert code_of(ecr.delete_repository, repositoryName="team/flask") == "RepositoryNotEmptyException"
    ecr.delete_repository(repositoryName="team/flask", force=True)
    with pytest.raises(urllib.error.HTTPError):
        push.ask("GET", f"/v2/team/flask/manifests/{other}")


def test_registry_requires_the_password(running: Running) -> None:
    need(Path(registry.PROGRAM).exists(), "docker-registry")
    running.account.registry.start()
    push = Push(running)
    push.token = base64.b64encode(b"AWS:wrong").decode()
    with pytest.raises(urllib.error.HTTPError) as caught:
        push.ask("GET", "/v2/")
    assert caught.value.code == 401
