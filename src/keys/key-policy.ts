/**
 * The policy of a key: its own text, or the default one of its account. Compiled once for each version of the record.
 * Source: AWS KMS Developer Guide, "Default key policy".
 */
import type { Realm } from "../env.ts";
import { rootArn } from "../model/arn.ts";
import { type Policy, parsePolicy } from "../policy/policy.ts";
import type { Key } from "./key.ts";

/** By the key's record, which is another object when it has changed. */
const compiled = new WeakMap<Key, Policy>();

/** @param defaultPolicy of the key's account */
export function keyPolicyOf(key: Key, defaultPolicy: Policy): Policy {
  if (key.policy === undefined) return defaultPolicy;
  let policy = compiled.get(key);
  if (policy === undefined) {
    policy = parsedOrDenying(key.policy);
    compiled.set(key, policy);
  }
  return policy;
}

/** A policy that cannot be read any more denies everything: one of its denials could be what cannot be read. */
function parsedOrDenying(text: string): Policy {
  try {
    return parsePolicy(text, "key");
  } catch {
    return parsePolicy(DENY_ALL, "key");
  }
}

const DENY_ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}';

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
