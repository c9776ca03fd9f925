/**
 * The header of a store and its data keys. The header is the one value that is not a sealed record:
 *
 *   offset  length  field
 *   0       8       magic "WKMSHEAD"
 *   8       1       format, 1
 *   9       16      store id, random
 *   25      2 + i   id of the root key (u16 length, UTF-8)
 *           2       count of data keys c, from 1
 *           c times, in the order of their terms, which count from 1:
 *             8       time of creation, milliseconds since 1970
 *             2 + w   the data key, wrapped by the root key (u16 length); AAD = "kms-dk/v1\0" | store id | term (u32) |
 *                     time of creation (u64)
 *           32      seal = HKDF-Expand(PRK of the newest data key, "kms-header/v1\0" | all bytes before)
 *
 *   PRK of a data key = HKDF-Extract(SHA-256, salt = "kms-dk/v1\0" | store id, data key of 32 bytes)
 *
 * New records are sealed with the newest data key; the seal keeps an old one from being made the newest. A data key's
 * bytes are wiped as soon as its PRK has been extracted; only the engine holds that.
 */
import { type Engine, equalBytes } from "../crypto/engine.ts";
import type { Clock, Random } from "../env.ts";
import { KeystoreError } from "../errors.ts";
import type { KeyStoreDriver } from "../keystore/driver.ts";
import { secretBytes } from "../secret-bytes.ts";
import { ByteReader, concatBytes, textBytes, uintBytes } from "./encoding.ts";
import type { RootKey } from "./root-key.ts";
import type { DataKey } from "./sealed-record.ts";

/** Where the header lies. Records have paths of their own (record-store.ts), so none can take its place. */
export const HEADER_PATH = "header";

const MAGIC = new TextEncoder().encode("WKMSHEAD");
const FORMAT = 1;
const STORE_ID_BYTES = 16;
const DATA_KEY_BYTES = 32;
const SEAL_BYTES = 32;
const KEY_LABEL = new TextEncoder().encode("kms-dk/v1\0");
const SEAL_LABEL = new TextEncoder().encode("kms-header/v1\0");

const OPEN_TRIES = 8;

/** What opening a store needs. */
export interface StoreAccess {
  readonly driver: KeyStoreDriver;
  readonly rootKey: RootKey;
  readonly crypto: Engine;
  readonly random: Random;
  /** Dates new data keys; without it they are dated 1970. */
  readonly clock?: Clock;
}

interface WrappedDataKey {
  readonly createdAtMs: number;
  readonly wrapped: Uint8Array;
}

interface Header {
  readonly storeId: Uint8Array;
  readonly rootKeyId: string;
  readonly dataKeys: readonly WrappedDataKey[];
  /** All bytes before the seal. */
  readonly body: Uint8Array;
  readonly seal: Uint8Array;
}

/** The data keys of one store, ready for use. */
export class Keyring {
  constructor(
    readonly storeId: Uint8Array,
    private readonly keys: readonly DataKey[],
  ) {}

  /** The key that new records are sealed with. */
  get newest(): DataKey {
    return this.keys.at(-1)!;
  }

  get(term: number): DataKey | undefined {
    return this.keys[term - 1];
  }

  destroy(): void {
    for (const key of this.keys) key.deriver.destroy();
  }
}

/**
 * Opens the keyring of a store; an empty store gets its header first. Of several processes that do so at once, one
 * makes the header and the others read it.
 * @throws {KeystoreError} if the root key is another one, or the header is missing, damaged or of a newer format
 */
export async function openKeyring(access: StoreAccess): Promise<Keyring> {
  for (let tries = 0; tries < OPEN_TRIES; tries++) {
    const stored = await access.driver.get(HEADER_PATH);
    if (stored !== undefined) return unlock(access, parseHeader(stored.value));
    const [path] = await access.driver.list("", undefined, 1);
    if (path === undefined) {
      await createHeader(access);
    } else if ((await access.driver.get(HEADER_PATH)) === undefined) {
      throw new KeystoreError(
        "This keystore holds records but no header, so its data keys are lost: it was damaged, or it is no keystore. " +
          "Restore it from a backup.",
      );
    }
  }
  throw new KeystoreError("The header of this keystore keeps disappearing; make sure that nothing else writes to it.");
}

/**
 * Wraps the data keys of a store under another root key, in one commit: until it has landed the store opens with the
 * old root key, from then on with the new one. Nothing else changes, and services that have the store open go on.
 * Neither root key is destroyed.
 * @throws {KeystoreError} if the old root key is not the store's, or another process changed the header meanwhile
 */
export async function changeRootKey(access: StoreAccess, next: RootKey): Promise<void> {
  const stored = await access.driver.get(HEADER_PATH);
  if (stored === undefined) throw new KeystoreError("This keystore is empty; it gets its root key when it is opened.");
  const header = parseHeader(stored.value);
  const keyring = await unlock(access, header);
  try {
    const dataKeys: WrappedDataKey[] = [];
    for (const [index, { createdAtMs, wrapped }] of header.dataKeys.entries()) {
      const context = wrapContext(header.storeId, index + 1, createdAtMs);
      const dataKey = await unwrapped(access.rootKey, wrapped, context);
      try {
        dataKeys.push({ createdAtMs, wrapped: await next.wrap(dataKey, context) });
      } finally {
        dataKey.fill(0);
      }
    }
    const body = encodeBody(header.storeId, next.id, dataKeys);
    const value = concatBytes(body, sealOf(keyring.newest, body));
    const checks = [{ path: HEADER_PATH, version: stored.version }];
    const outcome = await access.driver.commit({ checks, writes: new Map([[HEADER_PATH, value]]) });
    if (outcome === "conflict")
      throw new KeystoreError("Another process changed the header of this keystore; try again.");
  } finally {
    keyring.destroy();
  }
}

async function createHeader(access: StoreAccess): Promise<void> {
  const storeId = new Uint8Array(STORE_ID_BYTES);
  access.random.fill(storeId);
  const dataKey = secretBytes(DATA_KEY_BYTES);
  try {
    access.random.fill(dataKey);
    const createdAtMs = access.clock?.nowMs() ?? 0;
    const wrapped = await access.rootKey.wrap(dataKey, wrapContext(storeId, 1, createdAtMs));
    const body = encodeBody(storeId, access.rootKey.id, [{ createdAtMs, wrapped }]);
    const key = readyKey(access.crypto, storeId, 1, dataKey);
    try {
      const value = concatBytes(body, sealOf(key, body));
      // A conflict means that another process was first; its header is read next.
      await access.driver.commit({
        checks: [{ path: HEADER_PATH, version: undefined }],
        writes: new Map([[HEADER_PATH, value]]),
      });
    } finally {
      key.deriver.destroy();
    }
  } finally {
    dataKey.fill(0);
  }
}

async function unlock({ rootKey, crypto }: StoreAccess, header: Header): Promise<Keyring> {
  if (header.rootKeyId !== rootKey.id) {
    throw new KeystoreError(
      `This root key does not open this keystore: it was made with the root key ${header.rootKeyId}, and this one is ` +
        `${rootKey.id}. Configure the root key that the keystore was made with.`,
    );
  }
  const keys: DataKey[] = [];
  try {
    for (const [index, { createdAtMs, wrapped }] of header.dataKeys.entries()) {
      const term = index + 1;
      const dataKey = await unwrapped(rootKey, wrapped, wrapContext(header.storeId, term, createdAtMs));
      try {
        keys.push(readyKey(crypto, header.storeId, term, dataKey));
      } finally {
        dataKey.fill(0);
      }
    }
    if (!equalBytes(sealOf(keys.at(-1)!, header.body), header.seal)) throw damagedHeader();
    return new Keyring(header.storeId, keys);
  } catch (error) {
    for (const key of keys) key.deriver.destroy();
    throw error;
  }
}

/** One data key, which the caller wipes. */
async function unwrapped(rootKey: RootKey, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
  const dataKey = await rootKey.unwrap(wrapped, context);
  if (dataKey?.length === DATA_KEY_BYTES) return dataKey;
  dataKey?.fill(0);
  throw damagedHeader();
}

function readyKey(crypto: Engine, storeId: Uint8Array, term: number, dataKey: Uint8Array): DataKey {
  return { term, crypto, deriver: crypto.deriver("SHA-256", dataKey, concatBytes(KEY_LABEL, storeId)) };
}

function wrapContext(storeId: Uint8Array, term: number, createdAtMs: number): Uint8Array {
  return concatBytes(KEY_LABEL, storeId, uintBytes(term, 4), uintBytes(createdAtMs, 8));
}

function sealOf(newest: DataKey, body: Uint8Array): Uint8Array {
  return newest.deriver.expand(concatBytes(SEAL_LABEL, body), SEAL_BYTES);
}

function encodeBody(storeId: Uint8Array, rootKeyId: string, dataKeys: readonly WrappedDataKey[]): Uint8Array {
  return concatBytes(
    MAGIC,
    Uint8Array.of(FORMAT),
    storeId,
    textBytes(rootKeyId),
    uintBytes(dataKeys.length, 2),
    ...dataKeys.flatMap(({ createdAtMs, wrapped }) => [
      uintBytes(createdAtMs, 8),
      uintBytes(wrapped.length, 2),
      wrapped,
    ]),
  );
}

function parseHeader(bytes: Uint8Array): Header {
  try {
    const reader = new ByteReader(bytes);
    if (!equalBytes(reader.take(MAGIC.length), MAGIC)) throw damagedHeader();
    const format = reader.uint(1);
    if (format !== FORMAT) {
      throw new KeystoreError(
        `The header of this keystore has format ${format}, and this version of wasm-kms reads format ${FORMAT}; ` +
          "open it with the version that wrote it, or restore it from a backup.",
      );
    }
    const storeId = reader.take(STORE_ID_BYTES).slice();
    const rootKeyId = reader.text();
    const count = reader.uint(2);
    if (count === 0) throw damagedHeader();
    const dataKeys = Array.from({ length: count }, () => ({
      createdAtMs: reader.uint(8),
      wrapped: reader.take(reader.uint(2)),
    }));
    const body = bytes.subarray(0, reader.offset);
    const seal = reader.take(SEAL_BYTES);
    reader.end();
    return { storeId, rootKeyId, dataKeys, body, seal };
  } catch (error) {
    if (error instanceof KeystoreError) throw error;
    throw damagedHeader(error);
  }
}

function damagedHeader(cause?: unknown): KeystoreError {
  const message = "The header of this keystore was changed or damaged, so its data keys cannot be unwrapped.";
  return new KeystoreError(`${message} Restore the keystore from a backup.`, { cause });
}
