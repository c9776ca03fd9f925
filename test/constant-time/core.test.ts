/**
 * The core is constant time: no address, branch, select, length or division depends on a byte that JavaScript wrote to
 * its memory, be it key, nonce, salt, additional data, plaintext or ciphertext. Only lengths and slot numbers, which
 * travel as arguments, are public. One thing becomes public, in one place: whether a tag is right.
 */
import { describe, expect, it } from "vitest";
import type { HashName } from "../../src/core/hashes.ts";
import type { Core } from "../../src/core/instance.ts";
import { type Declassified, LENGTHS, message, Proof, readCore } from "./core.ts";

const KEY_BYTES = [16, 24, 32];
const HASHES: HashName[] = ["SHA-224", "SHA-256", "SHA-384", "SHA-512"];
const NONCE = message(12, 1);
const OKM_BYTES = 76;
/** Longer than one call of the core takes, so that a second follows. */
const LONG_BYTES = 65536 + 200;

/** The one thing that becomes public, once for each message that is opened. */
function verdict(messages = 1): Declassified[] {
  return [
    {
      where: "assembly/ct/equalTags",
      kind: "branch condition",
      bits: messages,
      why: "the caller learns whether the message was refused; until it is known, nothing of it is decrypted",
    },
  ];
}

/** Lengths of a batch's records: alone, in fours and beside them, of one block and of several, ended and going on. */
const BATCHES = [[], [20], [0, 63], [32, 32, 32], [54, 55, 56, 0], [1, 200, 64, 31, 9], [...Array(9).keys(), 130]];

type Results = (Uint8Array | undefined)[];

/** Does the same with the interpreted core, everything written being secret, and with the real one. */
function prove({ watch, shadow, real }: Proof, work: (core: Core) => Results): void {
  const results = watch.run("everything written", () => work(shadow));
  expect(results).toEqual(work(real));
}

/** Expects all that `work` makes to carry marks if `secrets` are all that is secret. */
function follow({ watch }: Proof, secrets: Uint8Array[], work: () => Uint8Array): void {
  const result = watch.run(secrets, work);
  expect(watch.countMarked(result)).toBe(secrets.length > 0 ? result.length : 0);
}

/** Seals, opens, and opens with a changed ciphertext, a changed tag and another nonce. */
function sealAndOpen(core: Core, keyBytes: number, dataBytes: number, aadBytes: number): Results {
  const key = core.importKey(message(keyBytes, 2));
  const aad = message(aadBytes, 4);
  // Messages of equal lengths share what depends on these alone.
  const [sealed] = [1, 2, 3].map(() => key.seal(NONCE, message(dataBytes, 3), aad)) as [Uint8Array];
  const changed = (at: number): Uint8Array => sealed.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const opened = [
    key.open(NONCE, sealed, aad),
    key.open(NONCE, changed(0), aad),
    key.open(NONCE, changed(sealed.length - 1), aad),
    key.open(message(12, 5), sealed, aad),
  ];
  key.destroy();
  const again = core.importKey(message(keyBytes, 2));
  opened.push(again.open(NONCE, sealed, aad), again.open(NONCE, sealed, aad));
  again.destroy();
  expect(opened.map((bytes) => bytes !== undefined)).toEqual([true, false, false, false, true, true]);
  return [sealed, ...opened];
}

/** A message of several calls, opened once rightly and once refused. */
function sealAndOpenLong(core: Core): Results {
  const key = core.importKey(message(16, 2));
  const sealed = key.seal(NONCE, message(LONG_BYTES, 3), message(20, 4));
  return [sealed, key.open(NONCE, sealed, message(20, 4)), key.open(NONCE, sealed, message(20, 5))];
}

/** Lengths of keys that are wrapped: one semiblock and several, whole and padded. */
const WRAPPED = process.env.SOAK === undefined ? [5, 16] : [1, 8, 9, 24];
const LENGTH_OF_KEY: Declassified = {
  where: "assembly/keywrap/keyUnwrap",
  kind: "result",
  bits: 1,
  why: "the caller learns how long the key is that was unwrapped; of what was refused, nothing",
};

/** Wraps and unwraps, with a wrong tag, a wrong length, wrong padding and another KEK as well. */
function wrapAndUnwrap(core: Core, keyBytes: number, lengthBytes: number): Results {
  const kek = message(keyBytes, 2);
  const wrapped = core.wrapKey(kek, message(lengthBytes, 3));
  const changed = [0, 7, wrapped.length - 1].map((at) => wrapped.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  const refused = changed.map((bytes) => core.unwrapKey(kek, bytes));
  const opened = core.unwrapKey(kek, wrapped);
  expect(opened).toBeDefined();
  refused.push(core.unwrapKey(message(keyBytes, 4), wrapped));
  expect(refused).toEqual([undefined, undefined, undefined, undefined]);
  return [wrapped, opened];
}

/** What takes several calls: a key that is hashed first, and a secret and an info that are too long together. */
function hashAndDeriveLong(core: Core, hash: HashName): Results {
  return [
    core.hmac(hash, message(LONG_BYTES, 1), message(20, 2)),
    core.hkdf(hash, message(40_000, 3), message(20, 2), message(LONG_BYTES - 40_000, 4), 32),
  ];
}

/** Everything the hashes do with keys and messages of one length. */
function hashAndDerive(core: Core, hash: HashName, length: number): Results {
  const key = message(length, 1);
  const salt = message(length, 2);
  // What breaks off halfway is forgotten.
  expect(() => core.hmac(hash, key, undefined as unknown as Uint8Array)).toThrow(TypeError);
  const [other, held] = [core.importDerivationKey(hash, salt, key), core.importDerivationKey(hash, key, salt)];
  const given = core.importPseudorandomKey(hash, message(64 + length, 7));
  const expanded = [held, given].map((taken) => taken.expand(message(length, 3), OKM_BYTES));
  for (const taken of [other, held, given]) taken.destroy();
  return [
    core.hash(hash, message(length, 4)),
    core.hmac(hash, key, message(length, 5)),
    core.hkdf(hash, key, salt, message(20, 6), Math.min(length, 300)),
    ...expanded,
  ];
}

/** n records of all kinds of lengths, with and without additional data, sealed and opened; then two of them changed. */
function sealAndOpenMany(core: Core, keyBytes: number, dataBytes: readonly number[]): Results {
  const key = core.importKey(message(keyBytes, 2));
  const records = dataBytes.map((bytes, i) => ({
    nonce: message(12, 20 + i),
    plaintext: message(bytes, 40 + i),
    aad: message(dataBytes[dataBytes.length - 1 - i]!, 60 + i),
  }));
  const sealed = key.sealMany(records);
  const apart = records.map(({ nonce, aad }, i) => ({ nonce, aad, sealed: sealed[i]! }));
  const opened = key.openMany(apart);
  const changed = apart.map((record, i) =>
    i % 2 ? { ...record, sealed: record.sealed.map((byte) => byte ^ 1) } : record,
  );
  const refused = key.openMany(changed);
  key.destroy();
  expect(refused.map((bytes) => bytes === undefined)).toEqual(records.map((_, i) => i % 2 === 1));
  return [...sealed, ...opened, ...refused];
}

/** The same under a derived key for each record. */
function deriveAndSealMany(core: Core, hash: HashName, dataBytes: readonly number[]): Results {
  const master = core.importDerivationKey(hash, message(32, 2), message(16, 3));
  const lengths = Uint32Array.from(dataBytes);
  const aadLengths = lengths.toReversed();
  const infoLengths = Uint32Array.from(dataBytes, (bytes) => bytes % 140);
  const records = {
    lengths,
    aadLengths,
    infoLengths,
    nonces: message(12 * lengths.length, 4),
    aads: message(total(dataBytes), 5),
    infos: message(total([...infoLengths]), 6),
  };
  const sealed = core.deriveAndSealMany(master, { ...records, plaintexts: message(total(dataBytes), 7) });
  const opened = core.deriveAndOpenMany(master, { ...records, sealed });
  const changed = sealed.map((byte, i) => (i === sealed.length - 1 ? byte ^ 1 : byte));
  const refused = core.deriveAndOpenMany(master, { ...records, sealed: changed });
  master.destroy();
  expect([opened.failed, refused.failed]).toEqual([[], [lengths.length - 1]]);
  return [sealed, opened.plaintexts, refused.plaintexts];
}

/** Proofs that have run, for the question whether anything has not. */
const proofs: Proof[] = [];
const newProof = (): Proof => {
  const proof = new Proof();
  proofs.push(proof);
  return proof;
};

const total = (lengths: readonly number[]): number => lengths.reduce((sum, length) => sum + length, 0);

/** Many keys from one secret, and from a secret each. */
function deriveMany(core: Core, hash: HashName, lengths: number[], lengthBytes: number): Results {
  const salt = message(13, 2);
  const infos = { infos: message(total(lengths), 3), lengths: Uint32Array.from(lengths) };
  const others = lengths.toReversed();
  const secrets = {
    secrets: message(total(others), 4),
    lengths: Uint32Array.from(others),
    infos: infos.infos,
    infoLengths: infos.lengths,
  };
  const key = core.importDerivationKey(hash, message(32, 1), salt);
  const expanded = key.expandMany(infos, lengthBytes);
  // A call that is broken off wipes what it left.
  expect(() => key.expandMany({ ...infos, infos: message(1 + infos.infos.length, 5) }, lengthBytes)).toThrow(
    RangeError,
  );
  key.destroy();
  return [expanded, core.hkdfMany(hash, salt, secrets, lengthBytes)];
}

describe.each(KEY_BYTES)("AES-GCM with a key of %i bytes", (keyBytes) => {
  it("is constant time, and right, at every length", () => {
    const proof = newProof();
    for (const length of LENGTHS) prove(proof, (core) => sealAndOpen(core, keyBytes, length, 20));
    for (const length of LENGTHS) prove(proof, (core) => sealAndOpen(core, keyBytes, 33, length));
    expect(proof.findings(verdict())).toEqual([]);
  });

  it("is constant time, and right, in batches", () => {
    const proof = newProof();
    prove(proof, (core) => sealAndOpenMany(core, keyBytes, LENGTHS));
    prove(proof, (core) => sealAndOpenMany(core, keyBytes, [5]));
    expect(proof.findings(verdict(LENGTHS.length))).toEqual([]);
  });

  it("carries the marks of key and plaintext into every byte that leaves", () => {
    const proof = newProof();
    const key = message(keyBytes, 6);
    const text = message(300, 7);
    const seal = (): Uint8Array => proof.shadow.importKey(key).seal(NONCE, text);
    follow(proof, [], seal);
    follow(proof, [key], seal);
    follow(proof, [text], seal);
    const sealed = proof.real.importKey(key).seal(NONCE, text);
    follow(proof, [key], () => proof.shadow.importKey(key).open(NONCE, sealed)!);
  });
});

describe.each(HASHES)("%s, HMAC and HKDF", (hash) => {
  it("is constant time, and right, at every length", () => {
    const proof = newProof();
    for (const length of LENGTHS) prove(proof, (core) => hashAndDerive(core, hash, length));
    expect(proof.findings([])).toEqual([]);
  });

  it("is constant time, and right, in batches", () => {
    const proof = newProof();
    for (const lengths of BATCHES) prove(proof, (core) => deriveMany(core, hash, lengths, 32));
    prove(proof, (core) => deriveMany(core, hash, [40, 41, 40], OKM_BYTES));
    expect(proof.findings([])).toEqual([]);
  });

  it("carries the marks of a secret into every byte of every result", () => {
    const proof = newProof();
    const { shadow } = proof;
    const secret = message(32, 7);
    const open = message(40, 8);
    follow(proof, [], () => shadow.hmac(hash, open, secret));
    follow(proof, [secret], () => shadow.hash(hash, secret));
    follow(proof, [secret], () => shadow.hmac(hash, secret, open));
    follow(proof, [secret], () => shadow.hmac(hash, open, secret));
    follow(proof, [secret], () => shadow.hkdf(hash, secret, open, open, OKM_BYTES));
    follow(proof, [secret], () => shadow.importDerivationKey(hash, secret, open).expand(open, OKM_BYTES));
    const prk = message(64, 9);
    follow(proof, [prk], () => shadow.importPseudorandomKey(hash, prk).expand(open, OKM_BYTES));
    const infos = { infos: message(150, 10), lengths: Uint32Array.of(50, 50, 50) };
    follow(proof, [], () => shadow.importPseudorandomKey(hash, prk).expandMany(infos, OKM_BYTES));
    follow(proof, [prk], () => shadow.importPseudorandomKey(hash, prk).expandMany(infos, OKM_BYTES));
    const secrets = { secrets: infos.infos, lengths: infos.lengths };
    follow(proof, [infos.infos], () => shadow.hkdfMany(hash, open, secrets, OKM_BYTES));
  });
});

describe.each(HASHES)("messages under keys that %s derives", (hash) => {
  it("are constant time, and right, eight at a time and alone", () => {
    const proof = newProof();
    for (const lengths of [[64], LENGTHS, [5, 5, 5, 5, 5], [1100, 5, 5, 5]]) {
      prove(proof, (core) => deriveAndSealMany(core, hash, lengths));
    }
    expect(proof.findings(verdict(LENGTHS.length))).toEqual([]);
  });
});

describe.each(KEY_BYTES)("AES key wrap with a key of %i bytes", (keyBytes) => {
  it("is constant time, and right, whether or not it unwraps", () => {
    const proof = newProof();
    for (const length of WRAPPED) prove(proof, (core) => wrapAndUnwrap(core, keyBytes, length));
    expect(proof.findings([...verdict(), LENGTH_OF_KEY])).toEqual([]);
  });

  it("carries the marks of both keys into every byte that leaves", () => {
    const proof = newProof();
    const [kek, key] = [message(keyBytes, 6), message(40, 7)];
    follow(proof, [], () => proof.shadow.wrapKey(kek, key));
    follow(proof, [kek], () => proof.shadow.wrapKey(kek, key));
    follow(proof, [key], () => proof.shadow.wrapKey(kek, key));
    const wrapped = proof.real.wrapKey(kek, key);
    follow(proof, [kek], () => proof.shadow.unwrapKey(kek, wrapped)!);
  });
});

it("is constant time in messages that take several calls", () => {
  const proof = newProof();
  prove(proof, sealAndOpenLong);
  for (const hash of ["SHA-256", "SHA-512"] as const) prove(proof, (core) => hashAndDeriveLong(core, hash));
  expect(proof.findings(verdict())).toEqual([]);
});

it("has run every instruction that could leak", () => {
  expect(Proof.unproved(proofs)).toEqual([]);
});

it("is proved of the bytes that ship", () => {
  const { binary, inlined } = readCore();
  expect(inlined.equals(binary)).toBe(true);
});
