/**
 * The grants of a key by their grantees, so that a request reads those of its caller alone, from cached records.
 *
 *   <key>/shard/<n>             grantees whose hash is n: how many grants there are in each of their chunks
 *   <key>/of/<chunk>/<grantee>  a chunk: up to 64 grants of one grantee, whole
 *
 * An absent record is never cached, so the key says which shards there are (`KeyGrants.shards`), and a shard which
 * grantees: that a caller has no grant is answered from cached records too.
 */
import { jsonRecord } from "../records/json-record.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import { type Grant, granteeOf } from "./grant.ts";
import { saltedHash } from "./salted-hash.ts";

/** A key with 50,000 grantees has about 200 in each. */
const SHARD_COUNT = 256;
const CHUNK_GRANTS = 64;
const NONE: readonly Grant[] = Object.freeze([]);

/** The shards of a key without grants, a character for each: "1" where there is one. */
export const NO_SHARDS = "0".repeat(SHARD_COUNT);

/** Where the index of one key lies, and which of its shards there are. */
export interface IndexedKey {
  /** The folder of the key's grants. */
  readonly path: string;
  /** What nobody outside knows, so that nobody can make grantees for one shard alone. */
  readonly salt: string;
  readonly shards: string;
}

interface Shard {
  /** By grantee, the number of grants in each chunk. */
  readonly grantees: Readonly<Record<string, readonly number[]>>;
}

interface Chunk {
  readonly grants: readonly Grant[];
}

const shardRecord = jsonRecord<Shard>("grant-shard");
const chunkRecord = jsonRecord<Chunk>("grant-chunk");

/** The grants of one grantee, in no order; at once where they are cached. */
export function grantsOf(tx: ReadTransaction, key: IndexedKey, grantee: string): Ready<readonly Grant[]> {
  const shard = shardOf(key, grantee);
  if (key.shards[shard] !== "1") return NONE;
  return whenReady(tx.get(shardRecord, shardPath(key, shard)), (found) => {
    const counts = found?.grantees[grantee];
    if (counts === undefined) return NONE;
    if (counts.length === 1) return whenReady(tx.get(chunkRecord, chunkPath(key, grantee, 0)), grantsIn);
    const chunks: Ready<readonly Grant[]>[] = [];
    for (let chunk = 0; chunk < counts.length; chunk++) {
      if (counts[chunk]! > 0) chunks.push(whenReady(tx.get(chunkRecord, chunkPath(key, grantee, chunk)), grantsIn));
    }
    return joined(chunks);
  });
}

/** All of several lists in one, at once if all of them are there. */
export function joined(lists: readonly Ready<readonly Grant[]>[]): Ready<readonly Grant[]> {
  if (lists.some((list) => list instanceof Promise)) return Promise.all(lists).then((ready) => ready.flat());
  const [first = NONE, ...others] = (lists as readonly (readonly Grant[])[]).filter(({ length }) => length > 0);
  return others.length === 0 ? first : first.concat(...others);
}

/** Puts a grant among those of its grantee; returns it with its chunk, and the key's shards. */
export async function addToIndex(
  tx: Transaction,
  key: IndexedKey,
  grant: Omit<Grant, "chunk">,
): Promise<{ readonly grant: Grant; readonly shards: string }> {
  const grantee = granteeOf(grant);
  const shard = shardOf(key, grantee);
  // What lies where the key says that there is nothing was left by somebody else: it is overwritten, not read.
  const old = key.shards[shard] === "1" ? await tx.get(shardRecord, shardPath(key, shard)) : undefined;
  const counts = [...(old?.grantees[grantee] ?? [])];
  const roomy = counts.findIndex((count) => count < CHUNK_GRANTS);
  const chunk = roomy < 0 ? counts.length : roomy;
  const count = counts[chunk] ?? 0;
  const path = chunkPath(key, grantee, chunk);
  const grants = count > 0 ? grantsIn(await tx.get(chunkRecord, path)) : NONE;
  const added = { ...grant, chunk };
  tx.put(chunkRecord, path, { grants: [...grants, added] });
  counts[chunk] = count + 1;
  tx.put(shardRecord, shardPath(key, shard), { grantees: { ...old?.grantees, [grantee]: counts } });
  return { grant: added, shards: withShard(key.shards, shard, "1") };
}

/** Takes a grant out; returns the key's shards. */
export async function removeFromIndex(tx: Transaction, key: IndexedKey, grant: Grant): Promise<string> {
  const grantee = granteeOf(grant);
  const path = chunkPath(key, grantee, grant.chunk);
  const grants = grantsIn(await tx.get(chunkRecord, path)).filter(({ GrantId }) => GrantId !== grant.GrantId);
  if (grants.length > 0) tx.put(chunkRecord, path, { grants });
  else tx.remove(path);
  const shard = shardOf(key, grantee);
  const old = await tx.get(shardRecord, shardPath(key, shard));
  const counts = [...(old?.grantees[grantee] ?? [])];
  counts[grant.chunk] = grants.length;
  while (counts.at(-1) === 0) counts.pop();
  const { [grantee]: _, ...others } = old?.grantees ?? {};
  const grantees = counts.length > 0 ? { ...others, [grantee]: counts } : others;
  if (Object.keys(grantees).length > 0) {
    tx.put(shardRecord, shardPath(key, shard), { grantees });
    return key.shards;
  }
  tx.remove(shardPath(key, shard));
  return withShard(key.shards, shard, "0");
}

function grantsIn(chunk: Chunk | undefined): readonly Grant[] {
  return chunk?.grants ?? NONE;
}

function shardOf({ salt }: IndexedKey, grantee: string): number {
  return saltedHash(salt, grantee) % SHARD_COUNT;
}

function withShard(shards: string, shard: number, mark: "0" | "1"): string {
  return shards.slice(0, shard) + mark + shards.slice(shard + 1);
}

function shardPath({ path }: IndexedKey, shard: number): string {
  return `${path}/shard/${shard}`;
}

function chunkPath({ path }: IndexedKey, grantee: string, chunk: number): string {
  return `${path}/of/${chunk}/${grantee}`;
}
