/** Identities over a real store: who manages them, the directory that reads them, and a clock to turn. */
import type { Caller, Principal } from "../../src/env.ts";
import { Administration } from "../../src/identities/administration.ts";
import { StoredDirectory } from "../../src/identities/stored-directory.ts";
import type { KeyStoreDriver } from "../../src/keystore/driver.ts";
import { memoryKeystore } from "../../src/keystore/memory.ts";
import type { Identity } from "../../src/policy/identity.ts";
import { evaluate } from "../../src/policy/policy.ts";
import { openStore, random } from "../records/store.ts";

export const ACCOUNT = "111122223333";
export const OTHER_ACCOUNT = "444455556666";
export const START_MS = 1_700_000_000_000;

/** The text of a policy about one action. */
export function policyOf(action: string, effect = "Allow"): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: { Effect: effect, Action: action, Resource: "*" } });
}

export const userArn = (name: string, path = "/", account = ACCOUNT) => `arn:aws:iam::${account}:user${path}${name}`;
export const roleArn = (name: string, path = "/", account = ACCOUNT) => `arn:aws:iam::${account}:role${path}${name}`;

/** A caller who has signed with an access key, or one who has none. */
export function callerOf(principal: Principal, accessKeyId?: string): Caller {
  return { principal, requestId: "r", ...(accessKeyId !== undefined && { accessKeyId }) };
}

/** Whether the policies of an identity allow an action in its own account, which leaves the decision to them. */
export function allows(identity: Identity | undefined, principal: Principal, action: string): boolean {
  if (identity === undefined) return false;
  const resource = `arn:aws:kms:us-east-1:${principal.account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
  const root = `arn:aws:iam::${principal.account}:root`;
  const keyPolicy = {
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Principal: { AWS: root }, Action: "kms:*", Resource: "*" },
  };
  return evaluate({ ...identity, principal, action, resource, keyPolicy }).decision === "Allow";
}

export async function openBench(driver: KeyStoreDriver = memoryKeystore()) {
  const records = await openStore(driver);
  const clock = { ms: START_MS, nowMs: () => clock.ms };
  const admin = new Administration({ records, partition: "aws", random, clock });
  const directory = new StoredDirectory("aws");
  /** What the endpoint would see of an access key, with a copy of its secret. */
  const accessKey = async (id: string) =>
    records.read(async (tx) => {
      const found = await directory.accessKey(id, tx);
      return found && { ...found, secret: found.secret.expose((bytes) => Buffer.from(bytes).toString()) };
    });
  const identify = async (principal: Principal, accessKeyId?: string) =>
    records.read(async (tx) => directory.identify(callerOf(principal, accessKeyId), tx));
  return {
    records,
    clock,
    admin,
    directory,
    accessKey,
    identify,
    /** Whether whoever signs with this access key may do something. */
    async may(accessKeyId: string, action: string): Promise<boolean> {
      const found = await accessKey(accessKeyId);
      if (found === undefined) return false;
      return allows(await identify(found.principal, accessKeyId), found.principal, action);
    },
    pathsOf: async (prefix: string) => records.read((tx) => tx.list(prefix, undefined, 10_000)),
  };
}

export type Bench = Awaited<ReturnType<typeof openBench>>;

/** The message of what a refusal throws. */
export function refusalOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "nothing was refused",
    (error: Error) => `${error.name}: ${error.message}`,
  );
}
