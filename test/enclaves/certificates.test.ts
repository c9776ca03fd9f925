/** Certificates and keys in attestation documents: one for each check that violates it alone. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { SubjectPublicKeyInfo } from "@peculiar/asn1-x509";
import { fromBER, Integer, type Sequence } from "asn1js";
import { describe, expect, it } from "vitest";
import { nitroEnclaves } from "../../src/nitro.ts";
import { AUTHORITY_USAGE, extension, issue, makeHolder, SIGNER_USAGE } from "./authority.ts";
import { bytes, joined, uint } from "./cbor.ts";
import {
  CHAIN,
  type Changes,
  chainWith,
  documentWith,
  ENCLAVE_KEY,
  HOLDERS,
  NOW_MS,
  ROOT,
  spkiOf,
  WISHES,
} from "./enclave.ts";
import { fill, refusalOf } from "./verifying.ts";

const unknown = (critical: boolean) => extension("1.2.3.4", critical, new Uint8Array([4, 0]).buffer);

const MINUTE_MS = 60_000;

describe("The certificates", () => {
  const wrong: readonly (readonly [string, Changes, string])[] = [
    ["a region that has expired", { region: { notAfterMs: NOW_MS - MINUTE_MS } }, "cabundle[1] has expired"],
    ["a region that is not valid yet", { region: { notBeforeMs: NOW_MS + MINUTE_MS } }, "cabundle[1] is not valid yet"],
    ["a signer that has expired", { enclave: { notAfterMs: NOW_MS - MINUTE_MS } }, "certificate has expired"],
    [
      "a signer that is not valid yet",
      { enclave: { notBeforeMs: NOW_MS + MINUTE_MS } },
      "certificate is not valid yet",
    ],
    [
      "an issuer that is no authority",
      { instance: { constraints: { ca: false } } },
      "cabundle[2] is not that of an authority",
    ],
    [
      "an issuer without basic constraints",
      { instance: { constraints: undefined } },
      "cabundle[2] is not that of an authority",
    ],
    [
      "basic constraints that are not critical",
      { instance: { constraints: { ca: true, critical: false } } },
      "cabundle[2] has basic constraints that are not critical",
    ],
    [
      "an issuer that may sign no certificates",
      { instance: { keyUsage: SIGNER_USAGE } },
      "cabundle[2] has not the key usage keyCertSign",
    ],
    [
      "an issuer without a key usage",
      { instance: { keyUsage: undefined } },
      "cabundle[2] has not the key usage keyCertSign",
    ],
    [
      "a path that is too long",
      { region: { constraints: { ca: true, pathLength: 0 } } },
      "cabundle[1] allows 0 authorities below it, and 1 follow",
    ],
    [
      "a signer that is an authority",
      { enclave: { constraints: { ca: true } } },
      "certificate is that of an authority, which signs no documents",
    ],
    [
      "a signer that may sign certificates",
      { enclave: { keyUsage: SIGNER_USAGE | AUTHORITY_USAGE } },
      "certificate is that of an authority, which signs no documents",
    ],
    [
      "a signer with a path length",
      { enclave: { constraints: { ca: false, pathLength: 0 } } },
      "certificate is that of an authority, which signs no documents",
    ],
    [
      "a signer that may sign nothing",
      { enclave: { keyUsage: undefined } },
      "certificate has not the key usage digitalSignature",
    ],
    [
      "another issuer's name",
      { enclave: { issuerName: "somebody" } },
      "certificate does not name the certificate before it as its issuer",
    ],
    ["an empty issuer's name", { enclave: { issuerName: "" } }, "certificate has an empty name"],
    [
      "another issuer's key",
      { enclave: { issuer: { ...makeHolder(HOLDERS.instance.name) } } },
      "certificate is not signed by the certificate before it",
    ],
    [
      "a region of another root",
      { region: { issuer: { ...makeHolder(HOLDERS.root.name) } } },
      "cabundle[1] is not signed by the certificate before it",
    ],
    [
      "SHA-256 in the place of SHA-384",
      { enclave: { hash: "sha256", algorithm: "1.2.840.10045.4.3.2" } },
      "certificate is not signed by ECDSA with SHA-384",
    ],
    [
      "SHA-256 that is called SHA-384",
      { enclave: { hash: "sha256" } },
      "certificate is not signed by the certificate before it",
    ],
    [
      "a key on P-256",
      { enclave: { subject: makeHolder("p256", "P-256") } },
      "certificate has no key on the curve P-384",
    ],
    [
      "an issuer's key on P-521",
      { instance: { subject: makeHolder("p521", "P-521") } },
      "cabundle[2] has no key on the curve P-384",
    ],
    ["version 1", { enclave: { version: 0 } }, "certificate is not of version 3"],
    [
      "an unknown critical extension",
      { region: { more: [unknown(true)] } },
      "cabundle[1] has the critical extension 1.2.3.4, which is not known",
    ],
    [
      "an extension twice",
      { region: { more: [unknown(false), unknown(false)] } },
      "cabundle[1] has the extension 1.2.3.4 twice",
    ],
    [
      "another root of the same name",
      { root: {} },
      "its cabundle does not begin with a root certificate of this service",
    ],
  ];
  it.each(wrong)("are refused with %s", async (_, changes, reason) => {
    expect(await refusalOf(documentWith({}, chainWith(changes)))).toBe(reason);
  });

  it.each([
    [
      "without the root",
      () => CHAIN.cabundle.slice(1),
      "its cabundle does not begin with a root certificate of this service",
    ],
    [
      "in the other order",
      () => CHAIN.cabundle.toReversed(),
      "its cabundle does not begin with a root certificate of this service",
    ],
    [
      "without one between",
      () => [CHAIN.cabundle[0]!, CHAIN.cabundle[2]!],
      "cabundle[1] does not name the certificate before it as its issuer",
    ],
    ["with the root twice", () => [ROOT, ...CHAIN.cabundle], "accepted"],
    ["with one that is no certificate", () => [ROOT, fill(40)], "cabundle[1] is no X.509 certificate in DER"],
    [
      "with bytes behind one",
      () => [ROOT, joined(CHAIN.cabundle[1]!, fill(1))],
      "cabundle[1] is no X.509 certificate in DER",
    ],
  ] as const)("are judged %s", async (_, cabundle, reason) => {
    const { certificate } = CHAIN;
    expect(await refusalOf(documentWith({}, { certificate, cabundle: cabundle() }))).toBe(reason);
  });

  it("are valid at the service's clock, the root too", async () => {
    const expires = WISHES.root.notAfterMs;
    const late = { notAfterMs: expires + 3_600_000 };
    const document = documentWith(
      { timestamp: uint(expires) },
      chainWith({ region: late, instance: late, enclave: late }),
    );
    expect(await refusalOf(document, expires)).toBe("accepted");
    expect(await refusalOf(document, expires + 1)).toBe("cabundle[0] has expired");
    expect(await refusalOf(documentWith(), WISHES.root.notBeforeMs - 1)).toBe("cabundle[0] is not valid yet");
    expect(await refusalOf(documentWith(), Number.NaN)).toBe("cabundle[0] is not valid yet");
  });

  it("count the authorities below the root as well", async () => {
    const tight = issue({ ...WISHES.root, constraints: { ca: true, pathLength: 1 } });
    const document = documentWith({}, { ...CHAIN, cabundle: [tight, ...CHAIN.cabundle.slice(1)] });
    const refusal = nitroEnclaves({ roots: [tight] }).verify(document, NOW_MS);
    await expect(refusal).rejects.toThrow("cabundle[0] allows 1 authorities below it, and 2 follow");
  });
});

function withThirdNumber(): Uint8Array {
  const info = AsnConvert.parse(spkiOf(ENCLAVE_KEY.publicKey), SubjectPublicKeyInfo);
  const numbers = fromBER(info.subjectPublicKey).result as Sequence;
  numbers.valueBlock.value.push(new Integer({ value: 3 }));
  info.subjectPublicKey = numbers.toBER();
  return new Uint8Array(AsnConvert.serialize(info));
}

describe("The key to seal for", () => {
  const NO_RSA = "public_key is no RSA key as SubjectPublicKeyInfo in DER";
  const EXPONENT = "public_key has a public exponent that is not odd and from 3 to 2^32";
  const rsa = spkiOf(ENCLAVE_KEY.publicKey);
  const withModulus = (modulus: Uint8Array, exponent: Uint8Array) =>
    spkiOf(
      createPublicKey({
        key: {
          kty: "RSA",
          n: Buffer.from(modulus).toString("base64url"),
          e: Buffer.from(exponent).toString("base64url"),
        },
        format: "jwk",
      }),
    );
  const modulus = fill(256).fill(0xc1);
  const wrong: readonly (readonly [string, () => Uint8Array, string])[] = [
    [
      "of 1024 bits",
      () => spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey),
      "public_key has 1024 bits; it has 2048 to 4096",
    ],
    [
      "of 2047 bits",
      () => withModulus(joined(Uint8Array.of(0x7f), modulus.subarray(1)), Uint8Array.of(1, 0, 1)),
      "public_key has 2047 bits; it has 2048 to 4096",
    ],
    [
      "of 4097 bits",
      () => withModulus(joined(Uint8Array.of(1), fill(512)), Uint8Array.of(1, 0, 1)),
      "public_key has 4097 bits; it has 2048 to 4096",
    ],
    ["on a curve", () => spkiOf(HOLDERS.enclave.publicKey), NO_RSA],
    ["for PSS alone", () => spkiOf(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey), NO_RSA],
    ["with bytes behind it", () => joined(rsa, fill(1)), NO_RSA],
    ["cut off", () => rsa.subarray(0, -1), NO_RSA],
    ["as PKCS#1", () => new Uint8Array(ENCLAVE_KEY.publicKey.export({ format: "der", type: "pkcs1" })), NO_RSA],
    [
      "in PEM",
      () => new Uint8Array(Buffer.from(ENCLAVE_KEY.publicKey.export({ format: "pem", type: "spki" }))),
      NO_RSA,
    ],
    ["with the exponent 1", () => withModulus(modulus, Uint8Array.of(1)), EXPONENT],
    ["with an even exponent", () => withModulus(modulus, Uint8Array.of(1, 0, 0)), EXPONENT],
    ["with a long exponent", () => withModulus(modulus, Uint8Array.of(1, 0, 0, 0, 1)), EXPONENT],
    ["with an exponent as long as the modulus", () => withModulus(modulus, modulus.with(0, 1)), EXPONENT],
    ["with an even modulus", () => withModulus(modulus.with(255, 0xc0), Uint8Array.of(1, 0, 1)), NO_RSA],
    ["with a third number in it", withThirdNumber, NO_RSA],
    ["of noise", () => fill(294), NO_RSA],
  ];
  it.each(wrong)("is refused %s", async (_, make, reason) => {
    expect(await refusalOf(documentWith({ public_key: bytes(make()) }))).toBe(reason);
  });
});
