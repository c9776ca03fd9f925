/** An enclave in a test: a chain of certificates as AWS's, an RSA key, and documents, right or wrong in one point. */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AUTHORITY_USAGE, issue, makeHolder, SIGNER_USAGE, type Wish } from "./authority.ts";
import { array, bytes, type Cbor, map, NULL, text, uint } from "./cbor.ts";

export const NOW_MS = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

const root = makeHolder("test.nitro-enclaves");
const region = makeHolder("eu-central-1.test.nitro-enclaves");
const instance = makeHolder("i-0123456789abcdef0.eu-central-1.test.nitro-enclaves");
const enclave = makeHolder("i-0123456789abcdef0-enc0123456789abcdef.eu-central-1.test");
export const HOLDERS = { root, region, instance, enclave };

const years = { notBeforeMs: NOW_MS - YEAR_MS, notAfterMs: NOW_MS + YEAR_MS };
const hours = { notBeforeMs: NOW_MS - HOUR_MS, notAfterMs: NOW_MS + 2 * HOUR_MS };
const authority = { keyUsage: AUTHORITY_USAGE };

/** What the certificates say, from the root to the signer's. */
export const WISHES: { readonly [Name in keyof typeof HOLDERS]: Wish } = {
  root: { subject: root, issuer: root, ...years, ...authority, constraints: { ca: true } },
  region: { subject: region, issuer: root, ...years, ...authority, constraints: { ca: true, pathLength: 1 } },
  instance: { subject: instance, issuer: region, ...years, ...authority, constraints: { ca: true, pathLength: 0 } },
  enclave: { subject: enclave, issuer: instance, ...hours, keyUsage: SIGNER_USAGE, constraints: { ca: false } },
};

export interface Chain {
  readonly cabundle: readonly Uint8Array[];
  readonly certificate: Uint8Array;
}

export type Changes = Partial<Record<keyof typeof HOLDERS, Partial<Wish>>>;

/** Certificates from the root on, changed in some points. */
export function chainWith(changes: Changes = {}): Chain {
  const made = (name: keyof typeof HOLDERS) =>
    name === "root" && changes.root === undefined ? ROOT : issue({ ...WISHES[name], ...changes[name] });
  return { cabundle: [made("root"), made("region"), made("instance")], certificate: made("enclave") };
}

export const ROOT = issue(WISHES.root);
export const CHAIN = chainWith();

export const ENCLAVE_KEY = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: "der", type: "spki" }));

export const PCR_0 = new Uint8Array(48).fill(0xab);
export const pcrs = (): (readonly [Cbor, Cbor])[] =>
  Array.from({ length: 16 }, (_, i) => [uint(i), bytes(i === 0 ? PCR_0 : new Uint8Array(48).fill(i))] as const);

/** The fields of a document in the hypervisor's order, each as CBOR. */
export type Fields = Record<string, Cbor>;

export function fieldsWith(changes: Record<string, Cbor | undefined> = {}, { cabundle, certificate }: Chain = CHAIN) {
  const fields: Record<string, Cbor | undefined> = {
    module_id: text("i-0123456789abcdef0-enc0123456789abcdef"),
    digest: text("SHA384"),
    timestamp: uint(NOW_MS - 1000),
    pcrs: map(...pcrs()),
    certificate: bytes(certificate),
    cabundle: array(...cabundle.map(bytes)),
    public_key: bytes(spkiOf(ENCLAVE_KEY.publicKey)),
    user_data: NULL,
    nonce: NULL,
    ...changes,
  };
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined) as [string, Cbor][];
  return kept.map(([name, value]) => [text(name), value] as const);
}

export const HEADER: Uint8Array = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);

/** r and s over COSE's Sig_structure. */
export function signatureOf(payload: Uint8Array, key = enclave.privateKey, header: Uint8Array = HEADER): Uint8Array {
  const signed = array(text("Signature1"), bytes(header), bytes(new Uint8Array()), bytes(payload));
  return new Uint8Array(sign("sha384", signed, { key, dsaEncoding: "ieee-p1363" }));
}

export const sealedIn = (payload: Uint8Array, signature = signatureOf(payload)): Uint8Array =>
  array(bytes(HEADER), map(), bytes(payload), bytes(signature));

/** A signed document with changed fields; `undefined` leaves one out. */
export function documentWith(changes?: Record<string, Cbor | undefined>, chain?: Chain): Uint8Array {
  return sealedIn(map(...fieldsWith(changes, chain)));
}

/** A document of another time than that of these tests, for what reads the real clock, and its root. */
export function documentAt(nowMs: number): { readonly document: Uint8Array; readonly root: Uint8Array } {
  const times = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + HOUR_MS };
  const chain = chainWith({ root: times, region: times, instance: times, enclave: times });
  return { document: documentWith({ timestamp: uint(nowMs) }, chain), root: chain.cabundle[0]! };
}

/** The same for an enclave that holds another RSA key. */
export const documentFor = (publicKey: KeyObject): Uint8Array => documentWith({ public_key: bytes(spkiOf(publicKey)) });

/** What OpenSSL's command line makes of a CiphertextForRecipient with the enclave's key. */
export function openWithOpenssl(ciphertext: Uint8Array, privateKey: KeyObject = ENCLAVE_KEY.privateKey): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "wasm-kms-enclave-"));
  try {
    writeFileSync(join(folder, "key.pem"), privateKey.export({ format: "pem", type: "pkcs8" }));
    const arguments_ = ["cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", join(folder, "key.pem")];
    return new Uint8Array(execFileSync("openssl", arguments_, { input: ciphertext, stdio: ["pipe", "pipe", "pipe"] }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const toPem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
