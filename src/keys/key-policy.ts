/**
 * The policy of a key: its own text, or the default one of its account. Compiled once for each version of the record.
 * Source: AWS KMS Developer Guide, "Default key policy".
 */
import type { Realm } from "../env.ts";
import { rootArn } from "../model/arn.ts";
import { type Policy, parsePolicy, storedPolicy } from "../policy/policy.ts";
import type { Key } from "./key.ts";

/** By the key's record, which is another object when it has changed. */
const compiled = new WeakMap<Key, Policy>();

/** @param defaultPolicy of the key's account */
export function keyPolicyOf(key: Key, defaultPolicy: Policy): Policy {
  if (key.policy === undefined) return defaultPolicy;
  let policy = compiled.get(key);
  if (policy === undefined) {
    policy = storedPolicy(key.policy, "key");
    compiled.set(key, policy);
  }
  return policy;
}

/** The policy that AWS KMS gives to a key made without one: the account decides through IAM. */
export function defaultKeyPolicy(realm: Realm): Policy {
  return parsePolicy(defaultKeyPolicyText(realm), "key");
}

function defaultKeyPolicyText(realm: Realm): string {
  const document = {
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: rootArn(realm) },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  };
  return JSON.stringify(document, undefined, 2);
}
