/**
 * The core's SHA-2, HMAC and HKDF are constant time: no address, branch, select, length or division depends on a byte
 * that JavaScript wrote to its memory, be it key, salt, message or info.
 */
import { describe, expect, it } from "vitest";
import { createHashes, type HashExports, type Hashes, type HashName } from "../../src/core/hashes.ts";
import { LENGTHS, message, Proof } from "./core.ts";

const HASHES: HashName[] = ["SHA-256", "SHA-384", "SHA-512"];
const OKM_BYTES = 76;

const drive = (exports: WebAssembly.Exports): Hashes => {
  const { buffer } = exports.memory as WebAssembly.Memory;
  const window = { input: new Uint8Array(buffer, 180224, 65536), output: new Uint8Array(buffer, 246784, 65536) };
  return createHashes(exports as unknown as HashExports, window);
};

/** Everything the hashes do with data and key of one length. */
function results(hashes: Hashes, hash: HashName, length: number): Uint8Array[] {
  const key = message(length, 1);
  const salt = message(length, 2);
  const held = hashes.importDerivationKey(hash, key, salt);
  const expanded = held.expand(message(length, 3), OKM_BYTES);
  held.destroy();
  return [
    hashes.hash(hash, message(length, 4)),
    hashes.hmac(hash, key, message(length, 5)),
    hashes.hkdf(hash, key, salt, message(OKM_BYTES, 6), length),
    expanded,
  ];
}

describe.each(HASHES)("%s", (hash) => {
  it("is constant time in everything that is written, and right, at every length", () => {
    const proof = new Proof(drive);
    for (const length of LENGTHS) {
      const shadow = proof.watch.run("everything written", () => results(proof.shadow, hash, length));
      expect(shadow).toEqual(results(proof.real, hash, length));
    }
    expect(proof.findings([])).toEqual([]);
  });

  it("carries the marks of a secret into every byte of every result", () => {
    const { watch, shadow } = new Proof(drive);
    const secret = message(32, 7);
    const open = message(40, 8);
    const follow = (work: () => Uint8Array): void => {
      const result = watch.run([secret], work);
      expect(watch.countMarked(result)).toBe(result.length);
    };
    follow(() => shadow.hash(hash, secret));
    follow(() => shadow.hmac(hash, secret, open));
    follow(() => shadow.hmac(hash, open, secret));
    follow(() => shadow.hkdf(hash, secret, open, open, OKM_BYTES));
    follow(() => shadow.importDerivationKey(hash, secret, open).expand(open, OKM_BYTES));
  });

  it("marks nothing where nothing is secret", () => {
    const { watch, shadow } = new Proof(drive);
    const result = watch.run([], () => shadow.hmac(hash, message(32, 1), message(40, 2)));
    expect(watch.countMarked(result)).toBe(0);
  });
});
