/**
 * The DER of keys and of ECDSA signatures, as far as runtimes do not write or read it themselves. Public keys have one
 * form each and are compared with it byte by byte: a named curve, an uncompressed point, no parameters elsewhere.
 *
 * Sources: RFC 5480, 5915 and 5958 for curves, RFC 8410 for Ed25519, RFC 9881 for ML-DSA, RFC 9935 for ML-KEM.
 */
import { compareBytes } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import type { PairSpec } from "./algorithms.ts";

/** The specs whose keys are plain bytes under a fixed header. */
export type RawSpec = Exclude<PairSpec, `RSA_${string}`>;

export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const SEQUENCE = 0x30;
const SEED = 0x80; // [0] IMPLICIT OCTET STRING
const EC_PARAMETERS = 0xa0; // [0] EXPLICIT
const EC_PUBLIC = 0xa1; // [1] EXPLICIT
/** Of id-ecPublicKey, after which the curve's own identifier comes. */
const EC_OID_BYTES = 9;
const NOTHING = new Uint8Array(0);
const UNCOMPRESSED = 0x04;

export const VERSION_0 = new Uint8Array([INTEGER, 1, 0]);
const VERSION_1 = new Uint8Array([INTEGER, 1, 1]);

interface RawForm {
  readonly kind: "curve" | "ed25519" | "seed";
  /** The object identifiers of the AlgorithmIdentifier, DER in hexadecimal. */
  readonly oids: string;
  readonly publicBytes: number;
  /** Of the scalar or the seed. */
  readonly privateBytes: number;
}

const curve = (oid: string, fieldBytes: number): RawForm => ({
  kind: "curve",
  oids: `06072a8648ce3d0201${oid}`,
  publicBytes: 1 + 2 * fieldBytes,
  privateBytes: fieldBytes,
});
const mlDsa = (oid: string, publicBytes: number): RawForm => ({
  kind: "seed",
  oids: `06096086480165030403${oid}`,
  publicBytes,
  privateBytes: 32,
});
const mlKem = (oid: string, publicBytes: number): RawForm => ({
  kind: "seed",
  oids: `06096086480165030404${oid}`,
  publicBytes,
  privateBytes: 64,
});

const FORMS: Readonly<Record<RawSpec, RawForm>> = {
  ECC_NIST_P256: curve("06082a8648ce3d030107", 32),
  ECC_NIST_P384: curve("06052b81040022", 48),
  ECC_NIST_P521: curve("06052b81040023", 66),
  ECC_SECG_P256K1: curve("06052b8104000a", 32),
  ECC_NIST_EDWARDS25519: { kind: "ed25519", oids: "06032b6570", publicBytes: 32, privateBytes: 32 },
  ML_DSA_44: mlDsa("11", 1312),
  ML_DSA_65: mlDsa("12", 1952),
  ML_DSA_87: mlDsa("13", 2592),
  ML_KEM_512: mlKem("01", 800),
  ML_KEM_768: mlKem("02", 1184),
  ML_KEM_1024: mlKem("03", 1568),
};

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/** An element of a tag, wiped by whoever gets it where it is secret. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...lengthOctets(length)];
  const out = secretBytes(head.length + length);
  out.set(head);
  let at = head.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const algorithmIdentifier = ({ oids }: RawForm): Uint8Array => der(SEQUENCE, fromHex(oids));

/** Bytes from hexadecimal digits of this source code. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** SubjectPublicKeyInfo of a raw public key; of a curve, its uncompressed point. */
export function wrapPublicKey(spec: RawSpec, raw: Uint8Array): Uint8Array {
  return der(SEQUENCE, algorithmIdentifier(FORMS[spec]), der(BIT_STRING, new Uint8Array(1), raw));
}

/** The raw key in a SubjectPublicKeyInfo; `undefined` unless it is one of this spec, in its one form. */
export function unwrapPublicKey(spec: RawSpec, spki: Uint8Array): Uint8Array | undefined {
  const { kind, publicBytes } = FORMS[spec];
  const raw = spki.subarray(-publicBytes);
  if (raw.length !== publicBytes || compareBytes(wrapPublicKey(spec, raw), spki) !== 0) return undefined;
  return kind === "curve" && raw[0] !== UNCOMPRESSED ? undefined : raw;
}

/** What the SEC 1 part of a curve's key tells besides its scalar; ours tells the public key alone. */
export interface CurveParts {
  readonly curve: boolean;
  readonly publicKey: boolean;
}

/** PKCS#8 of a scalar or a seed. */
export function wrapPrivateKey(
  spec: RawSpec,
  raw: Uint8Array,
  rawPublic: Uint8Array,
  parts: CurveParts = { curve: false, publicKey: true },
): Uint8Array {
  const form = FORMS[spec];
  // Assembled around zeros, so that the secret is written once, to its place in the result.
  const room = new Uint8Array(raw.length);
  const curvePart = parts.curve ? der(EC_PARAMETERS, fromHex(form.oids).subarray(EC_OID_BYTES)) : NOTHING;
  const publicPart = parts.publicKey ? der(EC_PUBLIC, der(BIT_STRING, new Uint8Array(1), rawPublic)) : NOTHING;
  const inner = {
    curve: () => der(SEQUENCE, VERSION_1, der(OCTET_STRING, room), curvePart, publicPart),
    ed25519: () => der(OCTET_STRING, room),
    seed: () => der(SEED, room),
  }[form.kind]();
  const out = der(SEQUENCE, VERSION_0, algorithmIdentifier(form), der(OCTET_STRING, inner));
  const after = form.kind === "curve" ? curvePart.length + publicPart.length : 0;
  out.set(raw, out.length - raw.length - after);
  return out;
}

export interface Element {
  readonly start: number;
  readonly end: number;
}

/** The contents of the element that starts at `at`. @throws {Error} unless it has this tag and lies within the bytes. */
export function readElement(bytes: Uint8Array, at: number, tag: number): Element {
  const first = bytes[at + 1] ?? 0x80;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + octets;
  let length = octets === 0 ? first : 0;
  for (let i = at + 2; i < start; i++) length = length * 256 + (bytes[i] ?? Number.NaN);
  if (bytes[at] !== tag || !(octets <= 2) || !(start + length <= bytes.length) || first === 0x80) {
    throw new Error(`A key is no DER as expected: no element ${tag.toString(16)} at byte ${at}.`);
  }
  return { start, end: start + length };
}

/** The scalar or the seed in a PKCS#8, a view. @throws {Error} unless it holds a private key of this spec. */
export function unwrapPrivateKey(spec: RawSpec, pkcs8: Uint8Array): Uint8Array {
  const form = FORMS[spec];
  const version = readElement(pkcs8, readElement(pkcs8, 0, SEQUENCE).start, INTEGER);
  const algorithm = readElement(pkcs8, version.end, SEQUENCE);
  const key = readElement(pkcs8, algorithm.end, OCTET_STRING);
  let at = key.start;
  if (form.kind === "curve") at = readElement(pkcs8, readElement(pkcs8, at, SEQUENCE).start, INTEGER).end;
  const { start, end } = readElement(pkcs8, at, form.kind === "seed" ? SEED : OCTET_STRING);
  const isOfSpec = compareBytes(pkcs8.subarray(algorithm.start, algorithm.end), fromHex(form.oids)) === 0;
  if (!isOfSpec || end - start !== form.privateBytes) throw new Error(`A key is no private key of ${spec}.`);
  return pkcs8.subarray(start, end);
}

/** ECDSA's signature as DER, from r and s of fixed length. */
export function wrapSignature(rs: Uint8Array): Uint8Array {
  const half = rs.length / 2;
  return der(SEQUENCE, derInteger(rs.subarray(0, half)), derInteger(rs.subarray(half)));
}

/** A whole number from its big-endian bytes. */
export function derInteger(unsigned: Uint8Array): Uint8Array {
  let skip = 0;
  while (skip < unsigned.length - 1 && unsigned[skip] === 0) skip++;
  const sign = unsigned[skip]! < 0x80 ? 0 : 1;
  return der(INTEGER, new Uint8Array(sign), unsigned.subarray(skip));
}

/** r and s, `half` bytes each; `undefined` unless `signature` is what `wrapSignature` would make of them. */
export function unwrapSignature(signature: Uint8Array, half: number): Uint8Array | undefined {
  const rs = new Uint8Array(2 * half);
  try {
    let at = readElement(signature, 0, SEQUENCE).start;
    for (const end of [half, 2 * half]) {
      const element = readElement(signature, at, INTEGER);
      const start = signature[element.start] === 0 ? element.start + 1 : element.start;
      if (element.end - start > half) return undefined;
      rs.set(signature.subarray(start, element.end), end - (element.end - start));
      at = element.end;
    }
  } catch {
    return undefined;
  }
  return compareBytes(wrapSignature(rs), signature) === 0 ? rs : undefined;
}
