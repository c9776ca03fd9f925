/** The commands for keys and aliases. */
import type { KMS } from "../client/client.ts";
import { UsageError } from "./explain.ts";
import { aliasReference, createNamedKey, findKey, type KeyMetadata, requireKey } from "./key-choice.ts";
import { formatTable, printable } from "./text.ts";

const SYMMETRIC = "SYMMETRIC_DEFAULT";

/** A key with what belongs to it. */
export interface KeyEntry {
  readonly keyId: string;
  readonly arn: string;
  readonly aliases: readonly string[];
  readonly spec: string;
  readonly usage: string;
  readonly state: string;
  readonly description: string;
  readonly createdAt: string;
  readonly deletionAt: string | null;
  readonly rotations: number;
}

/** Every key of the keystore, oldest first. */
export async function listKeys(kms: KMS): Promise<KeyEntry[]> {
  const aliases = await aliasesByKey(kms);
  const entries: KeyEntry[] = [];
  for await (const keyId of keyIds(kms)) {
    const key = await findKey(kms, keyId);
    if (key !== undefined) entries.push(await entryOf(kms, key, aliases.get(key.KeyId!) ?? []));
  }
  return entries.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
}

/** One key, named in any way. @throws {UsageError} where there is none */
export async function describeKey(kms: KMS, text: string): Promise<KeyEntry> {
  const key = await requireKey(kms, text);
  return entryOf(kms, key, (await aliasesByKey(kms)).get(key.KeyId!) ?? []);
}

export interface KeyAttributes {
  readonly alias?: string;
  readonly description?: string;
  /** As "RSA_2048"; by default a symmetric key. */
  readonly spec?: KeyMetadata["KeySpec"];
  /** As "SIGN_VERIFY"; needed for all but symmetric keys. */
  readonly usage?: KeyMetadata["KeyUsage"];
}

/** Makes a key, and an alias for it. @throws {UsageError} where the alias is taken */
export async function createKey(kms: KMS, { alias, description = "", spec, usage }: KeyAttributes): Promise<KeyEntry> {
  const request = { Description: description, KeySpec: spec, KeyUsage: usage };
  if (alias === undefined) return entryOf(kms, (await kms.createKey(request)).KeyMetadata!, []);
  const name = aliasReference(alias);
  if ((await findKey(kms, name)) !== undefined) {
    throw new UsageError(`${name} is taken; remove it first with: wasm-kms keys alias remove ${alias}`);
  }
  return entryOf(kms, await createNamedKey(kms, name, request), [name]);
}

async function entryOf(kms: KMS, key: KeyMetadata, aliases: readonly string[]): Promise<KeyEntry> {
  return {
    keyId: key.KeyId!,
    arn: key.Arn!,
    aliases,
    spec: key.KeySpec!,
    usage: key.KeyUsage!,
    state: key.KeyState!,
    description: key.Description!,
    createdAt: key.CreationDate!.toISOString(),
    deletionAt: key.DeletionDate?.toISOString() ?? null,
    rotations: key.KeySpec === SYMMETRIC ? await countRotations(kms, key.KeyId!) : 0,
  };
}

async function* keyIds(kms: KMS): AsyncGenerator<string> {
  for (let marker: string | undefined; ; ) {
    const page = await kms.listKeys(marker === undefined ? {} : { Marker: marker });
    for (const { KeyId } of page.Keys!) yield KeyId!;
    marker = page.NextMarker;
    if (marker === undefined) return;
  }
}

async function aliasesByKey(kms: KMS): Promise<Map<string, string[]>> {
  const aliases = new Map<string, string[]>();
  for (let marker: string | undefined; ; ) {
    const page = await kms.listAliases(marker === undefined ? {} : { Marker: marker });
    for (const { AliasName, TargetKeyId } of page.Aliases!) {
      aliases.set(TargetKeyId!, [...(aliases.get(TargetKeyId!) ?? []), AliasName!]);
    }
    marker = page.NextMarker;
    if (marker === undefined) return aliases;
  }
}

async function countRotations(kms: KMS, keyId: string): Promise<number> {
  let count = 0;
  for (let marker: string | undefined; ; ) {
    const page = await kms.listKeyRotations({ KeyId: keyId, ...(marker !== undefined && { Marker: marker }) });
    count += page.Rotations!.length;
    marker = page.NextMarker;
    if (marker === undefined) return count;
  }
}

/** A table with a heading. */
export function keyTable(entries: readonly KeyEntry[]): string[] {
  const rows = entries.map(({ aliases, keyId, spec, state, deletionAt, createdAt, rotations }) => [
    aliases.map(printable).join(", ") || "-",
    keyId,
    spec,
    deletionAt === null ? state : `${state} until ${deletionAt.slice(0, 10)}`,
    minuteOf(createdAt),
    String(rotations),
  ]);
  return formatTable([["ALIAS", "KEY ID", "SPEC", "STATE", "CREATED (UTC)", "ROTATIONS"], ...rows]);
}

/** Label and value pairs. */
export function keyLines(entry: KeyEntry): [string, string][] {
  return [
    ["key id", entry.keyId],
    ["arn", entry.arn],
    ["aliases", entry.aliases.map(printable).join(", ") || "none"],
    ["spec", entry.spec],
    ["usage", entry.usage],
    ["state", entry.deletionAt === null ? entry.state : `${entry.state}, deleted on ${minuteOf(entry.deletionAt)} UTC`],
    ["description", printable(entry.description) || "none"],
    ["created", `${minuteOf(entry.createdAt)} UTC`],
    ["rotations", String(entry.rotations)],
  ];
}

function minuteOf(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}
