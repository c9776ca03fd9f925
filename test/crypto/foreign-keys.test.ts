/** Private keys from elsewhere: what OpenSSL and Node write is taken, and whatever is unsound is not, on every runtime. */
import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, generatePrimeSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { PairSpec } from "../../src/crypto/algorithms.ts";
import { der, derInteger, fromHex, OCTET_STRING, SEQUENCE, VERSION_0 } from "../../src/crypto/key-encodings.ts";
import { onNode, onWebAlone } from "./key-pair-makers.ts";

const RUNTIMES = [
  ["Node", onNode],
  ["the web", onWebAlone],
] as const;
const CURVES = [
  ["ECC_NIST_P256", "prime256v1"],
  ["ECC_NIST_P384", "secp384r1"],
  ["ECC_NIST_P521", "secp521r1"],
  ["ECC_SECG_P256K1", "secp256k1"],
] as const;
const PKCS8 = { type: "pkcs8", format: "der" } as const;
const SPKI = { type: "spki", format: "der" } as const;

const openssl = (args: string, input?: Uint8Array): Uint8Array =>
  Uint8Array.from(execFileSync("openssl", args.split(" "), { input, stdio: ["pipe", "pipe", "ignore"] }));
const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

/** RSA_2048, whose parts a test may replace. */
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
type Parts = Record<"n" | "e" | "d" | "p" | "q" | "dp" | "dq" | "qi", bigint>;
const numberOf = (text: string): bigint => BigInt(`0x${Buffer.from(text, "base64url").toString("hex")}`);
const jwk = rsa.export({ format: "jwk" }) as Record<keyof Parts, string>;
const parts = Object.fromEntries(Object.entries(jwk).map(([k, v]) => [k, k === "kty" ? 0n : numberOf(v)])) as Parts;
const bytesOf = (number: bigint): Uint8Array => {
  const hex = number.toString(16);
  return fromHex(hex.length % 2 ? `0${hex}` : hex);
};
const pkcs8Of = ({ n, e, d, p, q, dp, dq, qi }: Parts, version = 0n): Uint8Array => {
  const integers = [version, n, e, d, p, q, dp, dq, qi].map((number) => derInteger(bytesOf(number)));
  const algorithm = fromHex("300d06092a864886f70d0101010500");
  return der(SEQUENCE, VERSION_0, algorithm, der(OCTET_STRING, der(SEQUENCE, ...integers)));
};
const inverse = (a: bigint, m: bigint): bigint => {
  let [r0, r1, s0, s1] = [m, ((a % m) + m) % m, 0n, 1n];
  while (r1 !== 0n) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1];
  return ((s0 % m) + m) % m;
};
/** A key from two numbers that are said to be its primes. */
const keyFrom = (p: bigint, q: bigint, e = 65537n): Parts => {
  const d = inverse(e, (p - 1n) * (q - 1n));
  return { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
};

describe.each(RUNTIMES)("a private key from elsewhere, on %s", (_, pairs) => {
  it.each(CURVES)("of %s is taken in every form in which it is written", async (spec, namedCurve) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    const whole = privateKey.export(PKCS8);
    const sec1 = privateKey.export({ type: "sec1", format: "der" });
    const forms = [
      Uint8Array.from(whole),
      openssl("pkcs8 -topk8 -nocrypt -inform DER -outform DER", sec1),
      openssl("ec -inform DER -outform DER -no_public", sec1),
    ];
    forms[2] = openssl("pkcs8 -topk8 -nocrypt -inform DER -outform DER", forms[2]);
    for (const form of forms) {
      const read = await pairs.read(spec, form);
      expect(read?.publicKey).toEqual(Uint8Array.from(publicKey.export(SPKI)));
      expect(createPrivateKey({ key: Buffer.from(read!.privateKey), ...PKCS8 }).equals(privateKey)).toBe(true);
    }
    for (const [other] of CURVES) if (other !== spec) expect(await pairs.read(other, forms[0]!)).toBeUndefined();
  });

  it("of Ed25519 is taken", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const read = await pairs.read("ECC_NIST_EDWARDS25519", Uint8Array.from(privateKey.export(PKCS8)));
    expect(read?.publicKey).toEqual(Uint8Array.from(publicKey.export(SPKI)));
    expect(await pairs.read("ECC_NIST_P256", Uint8Array.from(privateKey.export(PKCS8)))).toBeUndefined();
  });

  it("of a curve is refused with a scalar of zero, of the order or above, and with another public key", async () => {
    const form = Uint8Array.from(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export(PKCS8));
    const at = form.findIndex((_byte, i) => form[i] === 0x04 && form[i + 1] === 32) + 2;
    const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for (const scalar of ["0".repeat(64), order, "f".repeat(64), "1".padStart(64, "0")]) {
      const changed = form.slice();
      changed.set(fromHex(scalar), at);
      expect(await pairs.read("ECC_NIST_P256", changed)).toBeUndefined();
    }
  });

  it("of a curve is refused with any bit flipped, cut, or followed by anything", async () => {
    const form = Uint8Array.from(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export(PKCS8));
    for (let bit = 0; bit < form.length * 8; bit += 3) {
      expect(await pairs.read("ECC_NIST_P256", flipped(form, bit)), `bit ${bit}`).toBeUndefined();
    }
    for (let length = 0; length < form.length; length += 7) {
      expect(await pairs.read("ECC_NIST_P256", form.subarray(0, length))).toBeUndefined();
    }
    expect(await pairs.read("ECC_NIST_P256", Uint8Array.from([...form, 0]))).toBeUndefined();
  });

  it("of RSA_2048 is taken as Node and OpenSSL write it", async () => {
    const form = Uint8Array.from(rsa.export(PKCS8));
    expect(pkcs8Of(parts)).toEqual(form);
    const read = await pairs.read("RSA_2048", openssl("pkcs8 -topk8 -nocrypt -inform DER -outform DER", form));
    const publicKey = openssl("pkey -inform DER -pubout -outform DER", form);
    expect(read).toEqual({ publicKey, privateKey: form });
    for (const spec of ["RSA_3072", "RSA_4096", "ECC_NIST_P256"] as PairSpec[]) {
      expect(await pairs.read(spec, form)).toBeUndefined();
    }
  });

  it("of RSA is refused if any of its numbers is another", async () => {
    for (const name of Object.keys(parts).filter((part) => part !== "kty") as (keyof Parts)[]) {
      for (const by of [-2n, -1n, 1n, 2n]) {
        expect(await pairs.read("RSA_2048", pkcs8Of({ ...parts, [name]: parts[name] + by })), name).toBeUndefined();
      }
      expect(await pairs.read("RSA_2048", pkcs8Of({ ...parts, [name]: 0n }))).toBeUndefined();
    }
    expect(await pairs.read("RSA_2048", pkcs8Of(parts, 1n))).toBeUndefined();
    const swapped = { ...parts, p: parts.q, q: parts.p };
    expect(await pairs.read("RSA_2048", pkcs8Of(swapped))).toBeUndefined();
  });

  it("of RSA is refused with other exponents, one prime twice, near ones, an even or a composite factor", async () => {
    const { p, q } = parts;
    const prime = (bits: number) => generatePrimeSync(bits, { bigint: true });
    const next = (from: bigint): bigint => {
      for (let number = from + 2n; ; number += 2n)
        if (number % 3n && number % 5n && number % 65537n !== 1n) return number;
    };
    expect(await pairs.read("RSA_2048", pkcs8Of(keyFrom(p, q)))).toBeDefined();
    for (const e of [1n, 3n, 17n, 65539n]) {
      if (e > 1n && ((p - 1n) * (q - 1n)) % e === 0n) continue;
      expect(await pairs.read("RSA_2048", pkcs8Of(keyFrom(p, q, e)))).toBeUndefined();
    }
    const composite = prime(512) * prime(512);
    for (const [a, b] of [
      [p, p],
      [p, next(p)],
      [p, q + 1n],
      [composite, q],
      [p, composite],
      [prime(1100), prime(948)],
    ] as const) {
      expect(await pairs.read("RSA_2048", pkcs8Of(keyFrom(a, b)))).toBeUndefined();
    }
  });

  it.each(["ML_DSA_44", "ML_KEM_768"] as PairSpec[])("of %s is not taken", async (spec) => {
    const { privateKey } = await pairs.generate(spec);
    expect(await pairs.read(spec, privateKey)).toBeUndefined();
  });
});

it.each([3072, 4096])("RSA_%i is taken", async (modulusLength) => {
  const form = Uint8Array.from(generateKeyPairSync("rsa", { modulusLength }).privateKey.export(PKCS8));
  expect(await onNode.read(`RSA_${modulusLength}` as PairSpec, form)).toBeDefined();
});
