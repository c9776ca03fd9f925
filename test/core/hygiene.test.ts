/**
 * After every kind of work, when its keys are destroyed, the whole linear memory holds nothing of them: no key, round key,
 * power or table of H, midstate, derived key, key stream or plaintext. What may be there is what is public: ciphertext,
 * additional data, infos, nonces and lengths, in the places where they came and went.
 */
import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Abi, HASH_LENGTH_COUNT, HASH_LENGTHS_AT, LENGTHS_AT, LENGTHS_BYTES } from "../../src/core/abi.ts";
import type { Core } from "../../src/core/core.ts";
import { assembleCore } from "../../src/core/instance.ts";
import { loadCore } from "../../src/core/load.ts";
import { sampleBytes } from "../crypto/sample-bytes.ts";

const SLOTS_AT = 313344;
const SLOT_BYTES = 6432;
const HASH_KEYS_AT = 49152;
const HASH_KEY_BYTES = 128;
const RUN_BYTES = 16;

const KEYS = [16, 24, 32].map((bytes) => sampleBytes(bytes, bytes));
const SECRET = sampleBytes(32, 50);
const SALT = sampleBytes(16, 51);
const AAD = sampleBytes(40, 52);
const NONCE = sampleBytes(12, 53);
const LENGTHS = [0, 1, 16, 64, 97, 300, 4000];
const plaintexts = [...LENGTHS, 70_000].map((bytes, i) => sampleBytes(bytes, 60 + i));
const infos = LENGTHS.map((_, i) => sampleBytes(40 + i, 80 + i));

/** Everything that the core makes of a key and keeps, taken from an instance of its own. */
function expanded(key: Uint8Array): Uint8Array {
  const abi = loadCore();
  const aead = assembleCore(abi).importKey(key);
  // A message that is worth all powers of H, and three of the same lengths.
  for (let i = 0; i < 3; i++) aead.seal(NONCE, new Uint8Array(2000), AAD);
  return abi.memory.slice(SLOTS_AT, SLOTS_AT + SLOT_BYTES);
}

function midstates(): Uint8Array {
  const abi = loadCore();
  assembleCore(abi).importDerivationKey("SHA-256", SECRET, SALT);
  return abi.memory.slice(HASH_KEYS_AT, HASH_KEYS_AT + HASH_KEY_BYTES);
}

function keyStream(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const name = `aes-${(key.length * 8) as 128 | 192 | 256}-gcm` as const;
  return createCipheriv(name, key, nonce).update(new Uint8Array(4200));
}

const reference = assembleCore(loadCore());
const derivedKeys = (["SHA-256", "SHA-384", "SHA-512"] as const).flatMap((hash) => {
  const master = reference.importDerivationKey(hash, SECRET, SALT);
  return infos.map((info) => master.expand(info, 32));
});
const nonces = LENGTHS.map((_, i) => sampleBytes(12, 100 + i));

/** Every secret of the suites below. */
const SECRETS: Uint8Array[] = [
  ...KEYS,
  ...KEYS.map(expanded),
  SECRET,
  reference.hmac("SHA-256", SALT, SECRET),
  midstates(),
  ...derivedKeys,
  ...derivedKeys.map(expanded),
  ...plaintexts,
  ...KEYS.flatMap((key) => [NONCE, ...nonces].map((nonce) => keyStream(key, nonce))),
  ...derivedKeys.map((key, i) => keyStream(key, nonces[i % nonces.length]!)),
];

/** The secrets' runs of 16 bytes, by their first four, which memory that is empty must not have. */
const RUNS = new Map<number, Buffer[]>();
for (const secret of SECRETS) {
  const bytes = Buffer.from(secret);
  for (let at = 0; at + RUN_BYTES <= bytes.length; at += RUN_BYTES) {
    const run = bytes.subarray(at, at + RUN_BYTES);
    const first = run.readInt32LE(0);
    if (first === 0 || first === -1) continue;
    RUNS.set(first, [...(RUNS.get(first) ?? []), run]);
  }
}

/** Where memory holds a run of a secret. */
function findSecrets(memory: Uint8Array): number[] {
  const bytes = Buffer.from(memory.buffer);
  const found: number[] = [];
  let window = bytes.readInt32LE(0);
  for (let at = 0; at + RUN_BYTES <= bytes.length; at++) {
    if (window !== 0) {
      const runs = RUNS.get(window);
      if (runs?.some((run) => run.equals(bytes.subarray(at, at + RUN_BYTES)))) found.push(at);
    }
    window = (window >>> 8) | (bytes[at + 4]! << 24);
  }
  return found;
}

/** Where memory differs from a fresh instance's, but for the places of what is public. */
function findChanges(abi: Abi, fresh: Uint8Array): number[] {
  const open = [
    [abi.input.byteOffset, SLOTS_AT],
    [abi.nonces.byteOffset, abi.infos.byteOffset - 128],
    [LENGTHS_AT, LENGTHS_AT + LENGTHS_BYTES],
    [HASH_LENGTHS_AT, HASH_LENGTHS_AT + 4 * HASH_LENGTH_COUNT],
  ] as const;
  const changed: number[] = [];
  for (let at = 0; at < fresh.length; at++) {
    if (abi.memory[at] !== fresh[at] && !open.some(([from, to]) => at >= from && at < to)) changed.push(at);
  }
  return changed;
}

const packed = {
  nonces: Buffer.concat(nonces),
  lengths: Uint32Array.from(LENGTHS),
  aads: Buffer.concat(LENGTHS.map(() => AAD)),
  aadLengths: Uint32Array.from(LENGTHS, () => AAD.length),
};
const together = Buffer.concat(plaintexts.slice(0, LENGTHS.length));
const spoil = (sealed: Uint8Array): Uint8Array => Uint8Array.from(sealed, (byte, i) => (i === 5 ? byte ^ 1 : byte));

const SUITES: [name: string, work: (core: Core, key: Uint8Array) => void][] = [
  [
    "messages",
    (core, keyBytes) => {
      const key = core.importKey(keyBytes);
      for (const plaintext of plaintexts) {
        for (let i = 0; i < 3; i++) {
          const sealed = key.seal(NONCE, plaintext, AAD);
          key.open(NONCE, sealed, AAD);
          key.open(NONCE, spoil(sealed), AAD);
          key.seal(NONCE, plaintext, AAD, new Uint8Array(sealed.length));
        }
      }
      key.destroy();
    },
  ],
  [
    "batches",
    (core, keyBytes) => {
      const key = core.importKey(keyBytes);
      const sealed = key.sealPacked({ ...packed, plaintexts: together });
      expect(key.openPacked({ ...packed, sealed }).failed).toEqual([]);
      expect(key.openPacked({ ...packed, sealed: spoil(sealed) }).failed.length).toBe(1);
      key.openMany([{ nonce: NONCE, sealed: key.sealMany([{ nonce: NONCE, plaintext: plaintexts[6]! }])[0]! }]);
      key.destroy();
    },
  ],
  [
    "derivations",
    (core) => {
      const key = core.importDerivationKey("SHA-256", SECRET, SALT);
      const lengths = Uint32Array.from(infos, (info) => info.length);
      for (const info of infos) key.expand(info, 32);
      key.expandMany({ infos: Buffer.concat(infos), lengths }, 32);
      for (const info of infos) core.hkdf("SHA-256", SECRET, SALT, info, 32);
      const secrets = { secrets: Buffer.concat(infos.map(() => SECRET)), lengths: lengths.map(() => SECRET.length) };
      core.hkdfMany("SHA-256", SALT, { ...secrets, infos: Buffer.concat(infos), infoLengths: lengths }, 32);
      core.hmac("SHA-256", SALT, SECRET);
      for (const plaintext of plaintexts) core.hash("SHA-256", plaintext);
      key.destroy();
    },
  ],
  [
    "messages under derived keys",
    (core) => {
      const all = infos.map((_, i) => i);
      // Four at a time, and those that are left over alone; the other hashes alone in any case.
      for (const hash of ["SHA-256", "SHA-384", "SHA-512"] as const) {
        for (const chosen of [[0], [3], all.slice(0, 5), all]) {
          const key = core.importDerivationKey(hash, SECRET, SALT);
          const take = <T>(of: readonly T[]): T[] => chosen.map((i) => of[i]!);
          const records = {
            nonces: Buffer.concat(take(nonces)),
            lengths: Uint32Array.from(take(LENGTHS)),
            infos: Buffer.concat(take(infos)),
            infoLengths: Uint32Array.from(take(infos), (info) => info.length),
          };
          const sealed = core.deriveAndSealMany(key, { ...records, plaintexts: Buffer.concat(take(plaintexts)) });
          expect(core.deriveAndOpenMany(key, { ...records, sealed }).failed).toEqual([]);
          expect(core.deriveAndOpenMany(key, { ...records, sealed: spoil(sealed) }).failed.length).toBe(1);
          key.destroy();
          expect(findSecrets((core as Core & { memory: Uint8Array }).memory)).toEqual([]);
        }
      }
    },
  ],
  [
    "every slot",
    (core, keyBytes) => {
      const keys = Array.from({ length: 256 }, () => core.importKey(keyBytes));
      expect(() => core.importKey(keyBytes)).toThrow(/All 256 AES keys of this core are in use: destroy/);
      const derivers = Array.from({ length: 1024 }, () => core.importDerivationKey("SHA-256", SECRET, SALT));
      expect(() => core.importDerivationKey("SHA-256", SECRET, SALT)).toThrow(/All 1,024 derivation keys/);
      for (const key of [...keys, ...derivers]) key.destroy();
      expect(() => keys[7]!.seal(NONCE, SALT)).toThrow(TypeError);
      expect(() => derivers[7]!.expand(SALT, 32)).toThrow(TypeError);
      const again = core.importKey(keyBytes);
      expect(again.seal(NONCE, SALT)).toEqual(reference.importKey(keyBytes).seal(NONCE, SALT));
      again.destroy();
    },
  ],
];

describe.each(SUITES)("after %s", (_name, work) => {
  it.each(KEYS)("nothing is left, whatever the key", (key) => {
    const abi = loadCore();
    const fresh = abi.memory.slice();
    work({ ...assembleCore(abi), memory: abi.memory } as Core, key);
    expect(findSecrets(abi.memory)).toEqual([]);
    expect(findChanges(abi, fresh)).toEqual([]);
    expect(abi.memory.buffer.byteLength).toBe(2 ** 21);
  });
});

it("the scan finds each kind of secret, wherever it lies", () => {
  const abi = loadCore();
  for (const [i, secret] of SECRETS.entries()) {
    if (secret.length < RUN_BYTES) continue;
    const at = 1_000_003 + i;
    abi.memory.set(secret.subarray(0, SLOT_BYTES), at);
    expect(findSecrets(abi.memory).length, `secret ${i}`).toBeGreaterThan(0);
    abi.memory.fill(0, at, at + SLOT_BYTES);
  }
});
