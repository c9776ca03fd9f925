/** What the tests of the records share: a store over any driver, and a type of record that shows its disposal. */
import { randomFillSync } from "node:crypto";
import { nodeEngine } from "../../src/crypto/node.ts";
import type { Random } from "../../src/env.ts";
import type { KeyStoreDriver } from "../../src/keystore/driver.ts";
import { openRecords, type Records, type RecordType } from "../../src/records/record-store.ts";
import { rootKeyFromBytes } from "../../src/records/root-key.ts";

/** One core for all stores of a test file, as in a service. */
export const crypto = nodeEngine();

export const random: Random = { fill: (out) => void randomFillSync(out) };

export const ROOT_KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

export async function openStore(driver: KeyStoreDriver, rootKey: Uint8Array = ROOT_KEY): Promise<Records> {
  return openRecords({
    driver,
    rootKey: await rootKeyFromBytes(rootKey).open({ crypto, random }),
    crypto,
    random,
    clock: { nowMs: () => 1_700_000_000_000 },
  });
}

/** A value whose bytes are overwritten when the store disposes of it. */
export interface Note {
  readonly text: Uint8Array;
}

export const note = (text: string): Note => ({ text: new TextEncoder().encode(text) });

/** The text of a note; one that was disposed of is "(disposed)". */
export function read(value: Note | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value.text.every((byte) => byte === 0) ? "(disposed)" : new TextDecoder().decode(value.text);
}

/** A new type of its own, which counts how often it decoded and disposed. */
export function noteType(cacheLimit?: number) {
  const counts = { decoded: 0, disposed: 0 };
  const type: RecordType<Note> = {
    name: "note",
    encode: ({ text }) => text.slice(),
    decode(bytes) {
      counts.decoded++;
      return { text: bytes.slice() };
    },
    dispose({ text }) {
      counts.disposed++;
      text.fill(0);
    },
    ...(cacheLimit === undefined ? {} : { cacheLimit }),
  };
  return { type, counts };
}

export async function textOf(records: Records, type: RecordType<Note>, path: string): Promise<string | undefined> {
  return records.read(async (tx) => read(await tx.get(type, path)));
}
