"""
Operations of AWS KMS through an unmodified boto3, against the endpoint in argv[1], signed with the credentials of the
environment. Then requests that must not be let in. Prints how many were called.
"""
import datetime
import hashlib
import hmac
import os
import sys
import types

import boto3
import botocore.auth
from botocore.exceptions import ClientError


def client(**credentials):
    return boto3.client("kms", endpoint_url=sys.argv[1], region_name="eu-central-1", **credentials)


kms = client()
called = []


def call(name, **members):
    called.append(name)
    return getattr(kms, name)(**members)


def refused(code, name, **members):
    try:
        call(name, **members)
    except ClientError as error:
        seen = error.response["Error"]["Code"]
        assert seen == code, f"{name} answered {seen}, not {code}"
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    else:
        raise AssertionError(f"{name} was not refused")


def create(**members):
    return call("create_key", **members)["KeyMetadata"]["KeyId"]


key = create(Description="boto3", Tags=[{"TagKey": "a", "TagValue": "b"}])
described = call("describe_key", KeyId=key)["KeyMetadata"]
assert described["Arn"] == f"arn:aws:kms:eu-central-1:123456789012:key/{key}", described
assert described["KeyState"] == "Enabled" and described["Description"] == "boto3"
call("update_key_description", KeyId=key, Description="new")
call("create_alias", AliasName="alias/boto", TargetKeyId=key)
context = {"tenant": "7"}
sealed = call("encrypt", KeyId="alias/boto", Plaintext=b"hello", EncryptionContext=context)["CiphertextBlob"]
assert call("decrypt", CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"] == b"hello"
refused("InvalidCiphertextException", "decrypt", CiphertextBlob=sealed)
other = create()
moved = call(
    "re_encrypt", CiphertextBlob=sealed, SourceEncryptionContext=context, DestinationKeyId=other
)["CiphertextBlob"]
assert call("decrypt", CiphertextBlob=moved, KeyId=other)["Plaintext"] == b"hello"
refused("IncorrectKeyException", "decrypt", CiphertextBlob=moved, KeyId=key)
data_key = call("generate_data_key", KeyId=key, KeySpec="AES_256")
assert call("decrypt", CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
call("generate_data_key_without_plaintext", KeyId=key, NumberOfBytes=64)
pair = call("generate_data_key_pair", KeyId=key, KeyPairSpec="ECC_NIST_P256")
assert call("decrypt", CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"] == pair["PrivateKeyPlaintext"]
call("generate_data_key_pair_without_plaintext", KeyId=key, KeyPairSpec="RSA_2048")
assert len(call("generate_random", NumberOfBytes=32)["Plaintext"]) == 32
signer = create(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
message = {"KeyId": signer, "Message": b"text", "SigningAlgorithm": "ECDSA_SHA_256"}
signature = call("sign", **message)["Signature"]
assert call("verify", Signature=signature, **message)["SignatureValid"] is True
refused("KMSInvalidSignatureException", "verify", Signature=signature[:-1], **message)
assert call("get_public_key", KeyId=signer)["KeySpec"] == "ECC_NIST_P256"
mac_key = create(KeySpec="HMAC_224", KeyUsage="GENERATE_VERIFY_MAC")
mac = call("generate_mac", KeyId=mac_key, Message=b"text", MacAlgorithm="HMAC_SHA_224")["Mac"]
assert len(mac) == hmac.new(b"", b"", hashlib.sha224).digest_size
assert call("verify_mac", KeyId=mac_key, Message=b"text", MacAlgorithm="HMAC_SHA_224", Mac=mac)["MacValid"] is True
rsa = create(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
oaep = {"KeyId": rsa, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
assert call("decrypt", CiphertextBlob=call("encrypt", Plaintext=b"x", **oaep)["CiphertextBlob"], **oaep)["Plaintext"] == b"x"
call("tag_resource", KeyId=key, Tags=[{"TagKey": "c", "TagValue": "d"}])
call("untag_resource", KeyId=key, TagKeys=["a"])
assert call("list_resource_tags", KeyId=key)["Tags"] == [{"TagKey": "c", "TagValue": "d"}]
call("update_alias", AliasName="alias/boto", TargetKeyId=other)
assert [a["TargetKeyId"] for a in call("list_aliases", KeyId=other)["Aliases"]] == [other]
if hasattr(kms, "rotate_key_on_demand"):  # Older versions do not have it.
    call("rotate_key_on_demand", KeyId=key)
assert call("decrypt", CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"] == b"hello"
assert call("get_key_rotation_status", KeyId=key)["KeyRotationEnabled"] is False
assert "Statement" in call("get_key_policy", KeyId=key, PolicyName="default")["Policy"]
assert call("list_key_policies", KeyId=key)["PolicyNames"] == ["default"]
assert call("list_grants", KeyId=key)["Grants"] == []
call("disable_key", KeyId=key)
refused("DisabledException", "encrypt", KeyId=key, Plaintext=b"x")
call("enable_key", KeyId=key)
call("schedule_key_deletion", KeyId=key, PendingWindowInDays=7)
refused("KMSInvalidStateException", "encrypt", KeyId=key, Plaintext=b"x")
call("cancel_key_deletion", KeyId=key)
call("delete_alias", AliasName="alias/boto")
refused("NotFoundException", "describe_key", KeyId="alias/boto")
refused("ValidationException", "encrypt", KeyId=other, Plaintext=b"x" * 4097)
if "DryRun" in kms.meta.service_model.operation_model("Encrypt").input_shape.members:
    refused("DryRunOperationException", "encrypt", KeyId=other, Plaintext=b"x", DryRun=True)
pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
called.append("list_keys")
assert {k["KeyId"] for page in pages for k in page["Keys"]} == {key, other, signer, mac_key, rsa}


def turned_away(code, session):
    try:
        session.list_keys()
    except ClientError as error:
        seen = error.response["Error"]["Code"]
        assert seen == code, f"it answered {seen}, not {code}"
    else:
        raise AssertionError(f"a request that should end in {code} was let in")


known = os.environ["AWS_ACCESS_KEY_ID"]
turned_away("InvalidSignatureException", client(aws_access_key_id=known, aws_secret_access_key="x" * 40))
turned_away("UnrecognizedClientException", client(aws_access_key_id="A" * 20, aws_secret_access_key="x" * 40))


def tamper(request, **_):
    request.body = request.body.replace(b"{}", b"{ }")
    request.headers["Content-Length"] = str(len(request.body))


tampering = client()
tampering.meta.events.register("before-send.kms.ListKeys", tamper)
turned_away("InvalidSignatureException", tampering)

late = datetime.timedelta(minutes=16)
if hasattr(botocore.auth, "get_current_datetime"):
    real_now = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *args, **kwargs: real_now(*args, **kwargs) - late
else:

    class Skewed(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.utcnow() - late

    skewed = types.SimpleNamespace(datetime=Skewed, timezone=datetime.timezone)
    botocore.auth.datetime = skewed
    # Where the native signer is installed, that one signs.
    if "botocore.crt.auth" in sys.modules:
        sys.modules["botocore.crt.auth"].datetime = skewed
turned_away("InvalidSignatureException", client())

print(f"{len(called)} calls of {len(set(called))} operations")
