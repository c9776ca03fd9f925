/** Which key is meant: by id, ARN or alias, and the default key where none is named. */
import type { KMS } from "../client/client.ts";
import { KmsError } from "../errors.ts";
import { isKeyId } from "../model/arn.ts";
import { UsageError } from "./explain.ts";

export const DEFAULT_ALIAS = "alias/default";
/** The shortest window that KMS has. */
const SURPLUS_WINDOW_DAYS = 7;

/** A key as the commands take it: an id, an ARN, `alias/NAME`, or just NAME. */
export function keyReference(text: string): string {
  return text.startsWith("arn:") || text.startsWith("alias/") || isKeyId(text) ? text : `alias/${text}`;
}

/** An alias as the commands take it: `alias/NAME`, or just NAME. */
export function aliasReference(text: string): string {
  return text.startsWith("alias/") ? text : `alias/${text}`;
}

/** Whether the text can name a key: what CreateAlias accepts, with or without `alias/`. */
export function isAliasName(text: string): boolean {
  return /^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/.test(aliasReference(text));
}

export type KeyMetadata = NonNullable<Awaited<ReturnType<KMS["describeKey"]>>["KeyMetadata"]>;

/** The key's metadata, or `undefined` where there is no such key. */
export async function findKey(kms: KMS, text: string): Promise<KeyMetadata | undefined> {
  try {
    return (await kms.describeKey({ KeyId: keyReference(text) })).KeyMetadata;
  } catch (error) {
    if (error instanceof KmsError && error.code === "NotFoundException") return undefined;
    throw error;
  }
}

/** @throws {UsageError} where there is no such key */
export async function requireKey(kms: KMS, text: string): Promise<KeyMetadata> {
  const key = await findKey(kms, text);
  if (key !== undefined) return key;
  const reference = keyReference(text);
  const advice = reference.startsWith("alias/")
    ? `make it with: wasm-kms keys create --alias ${reference.slice("alias/".length)}`
    : "see which keys there are with: wasm-kms keys list";
  throw new UsageError(`There is no key ${text} in this keystore; ${advice}`);
}

const DEFAULT_KEY = { Description: "The default key of wasm-kms seal" };

/** The key that seals where none is named. Made on first use, together with its alias. */
export async function ensureDefaultKey(kms: KMS): Promise<{ readonly key: KeyMetadata; readonly isNew: boolean }> {
  const found = await findKey(kms, DEFAULT_ALIAS);
  if (found !== undefined) return { key: found, isNew: false };
  try {
    return { key: await createNamedKey(kms, DEFAULT_ALIAS, DEFAULT_KEY), isNew: true };
  } catch (error) {
    if (!(error instanceof KmsError && error.code === "AlreadyExistsException")) throw error;
    // Another process was faster; its key is the default.
    return { key: await requireKey(kms, DEFAULT_ALIAS), isNew: false };
  }
}

/**
 * Makes a key that has a name.
 * @throws {KmsError} where the name is not to be had; then the key, which nothing was sealed with, is to be deleted
 */
export async function createNamedKey(
  kms: KMS,
  alias: string,
  request: Parameters<KMS["createKey"]>[0],
): Promise<KeyMetadata> {
  const made = (await kms.createKey(request)).KeyMetadata!;
  try {
    await kms.createAlias({ AliasName: alias, TargetKeyId: made.KeyId! });
    return made;
  } catch (error) {
    await kms.scheduleKeyDeletion({ KeyId: made.KeyId!, PendingWindowInDays: SURPLUS_WINDOW_DAYS });
    throw error;
  }
}
