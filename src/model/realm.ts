/** Accounts, Regions and partitions. Source: AWS General Reference, "AWS service endpoints" and its partitions. */
import type { Realm } from "../env.ts";

const ACCOUNT_ID = /^\d{12}$/;
const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d+$/;
const MAX_REGION_LENGTH = 32;
/** The partition of a Region by its prefix; all others are in `aws`. */
const PARTITIONS: readonly (readonly [prefix: string, partition: string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"],
  ["eusc-", "aws-eusc"],
];

export function isAccountId(text: string): boolean {
  return ACCOUNT_ID.test(text);
}

export function isRegion(text: string): boolean {
  return text.length <= MAX_REGION_LENGTH && REGION.test(text);
}

/** @throws {TypeError} for an account or Region of a wrong form */
export function realmOf({ region, accountId }: Pick<Realm, "region" | "accountId">): Realm {
  if (typeof accountId !== "string" || !isAccountId(accountId)) {
    throw new TypeError(`accountId must be a string of twelve digits, as "000000000000"; it is ${String(accountId)}.`);
  }
  if (typeof region !== "string" || !isRegion(region)) {
    throw new TypeError(`region must look like "us-east-1"; it is ${String(region)}.`);
  }
  const partition = PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
  return { partition, region, accountId };
}
