/**
 * Verifies that an attestation document comes from an AWS Nitro enclave that runs now, and seals for its key. In this
 * order: form, root, chain, signature, age, key. The policies judge what the enclave is.
 */
import { AsnConvert, AsnParser } from "@peculiar/asn1-schema";
import { SubjectPublicKeyInfo } from "@peculiar/asn1-x509";
import { fromBER, Integer, Sequence } from "asn1js";
import { compareBytes, copyView, lengthOf } from "../byte-views.ts";
import { wrapSignature } from "../crypto/key-encodings.ts";
import type { KeyPairs } from "../crypto/key-pairs.ts";
import type { Random } from "../env.ts";
import { secretBytes } from "../secret-bytes.ts";
import { type Certificate, isSigned, readCertificate, verifyChain } from "./certificates.ts";
import { invalidDocument, readDocument } from "./document.ts";
import { encodeEnvelopedData } from "./enveloped-data.ts";
import { readPem } from "./pem.ts";
import type { RecipientVerifier } from "./recipient.ts";

export interface NitroOptions {
  /**
   * The root certificates that documents may go back to, each in PEM or DER: AWS's is at
   * https://aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip.
   */
  readonly roots: readonly (string | Uint8Array)[];
  /** How old a document may be, in milliseconds: five minutes by default. */
  readonly maxAgeMs?: number;
}

/** What a runtime brings along. */
export interface NitroPlatform {
  readonly keyPairs: KeyPairs;
  readonly subtle: SubtleCrypto | undefined;
}

type Bytes = Uint8Array<ArrayBuffer>;

const MAX_AGE_MS = 5 * 60_000;
/** How far the hypervisor's clock may be ahead of ours. */
const AHEAD_MS = 60_000;
const CONTENT_KEY_BYTES = 32;
const IV_BYTES = 16;
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const RSA_MIN_BITS = 2048;
const RSA_MAX_BITS = 4096;
const EXPONENT_MAX = 2n ** 32n;
const NO_BYTES = new Uint8Array(0);

/** @throws {TypeError} for options of a wrong form */
export function nitroVerifier(
  platform: NitroPlatform,
  { roots, maxAgeMs = MAX_AGE_MS }: NitroOptions,
): RecipientVerifier {
  const trusted = readRoots(roots);
  if (!(maxAgeMs > 0)) throw new TypeError("maxAgeMs must be a number of milliseconds above 0.");
  return {
    async verify(bytes, nowMs) {
      const { document, signed, signature } = readDocument(bytes);
      const { keyPairs } = platform;
      const signer = await verifyChain(keyPairs, trusted, document.cabundle, document.certificate, nowMs);
      if (!(await isSigned(keyPairs, signer.publicKey, signed, wrapSignature(signature)))) {
        throw invalidDocument("its signature does not verify");
      }
      const { timestampMs, publicKey } = document;
      if (timestampMs < nowMs - maxAgeMs) throw invalidDocument(`it is older than ${maxAgeMs / 1000} seconds`);
      if (timestampMs > nowMs + AHEAD_MS) throw invalidDocument("its timestamp lies in the future");
      if (publicKey === undefined) throw invalidDocument("it has no public_key to seal for");
      checkRsaKey(publicKey);
      const { moduleId, pcrs } = document;
      return { moduleId, pcrs, seal: (plaintext, random) => sealFor(platform, publicKey, plaintext, random) };
    },
  };
}

function readRoots(roots: NitroOptions["roots"]): Certificate[] {
  if (!Array.isArray(roots) || roots.length === 0) {
    throw new TypeError("roots must be a list of root certificates, each as PEM text or DER bytes.");
  }
  return (roots as NitroOptions["roots"]).map((root) => {
    const der = typeof root === "string" ? readPem(root) : copyOf(root);
    let certificate: Certificate;
    try {
      certificate = readCertificate(der);
    } catch (error) {
      throw new TypeError(`A root certificate ${(error as Error).message}.`);
    }
    if (!certificate.isCa) throw new TypeError("A root certificate is not that of an authority.");
    return certificate;
  });
}

function copyOf(der: Uint8Array): Uint8Array {
  lengthOf("A root certificate", der);
  return copyView(der);
}

/** @throws {KmsError} ValidationException unless this is an RSA key of 2048 to 4096 bits, in its one encoding */
function checkRsaKey(spki: Uint8Array): void {
  const key = readRsaKey(spki);
  if (key === undefined) throw invalidDocument("public_key is no RSA key as SubjectPublicKeyInfo in DER");
  const { bits, exponent } = key;
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS) {
    throw invalidDocument(`public_key has ${bits} bits; it has ${RSA_MIN_BITS} to ${RSA_MAX_BITS}`);
  }
  // Under 1 nothing would be sealed, no even number has an inverse, and runtimes refuse what is longer.
  if (exponent < 3n || exponent % 2n === 0n || exponent > EXPONENT_MAX) {
    throw invalidDocument("public_key has a public exponent that is not odd and from 3 to 2^32");
  }
}

/** The length of the modulus and the exponent, or `undefined` for what is no RSA key. */
function readRsaKey(spki: Uint8Array): { readonly bits: number; readonly exponent: bigint } | undefined {
  try {
    const info = AsnParser.parse(spki, SubjectPublicKeyInfo);
    const { result } = fromBER(info.subjectPublicKey);
    if (!(result instanceof Sequence) || info.algorithm.algorithm !== RSA_ENCRYPTION) return undefined;
    const [modulus, exponent, ...more] = result.valueBlock.value;
    if (!(modulus instanceof Integer && exponent instanceof Integer) || more.length > 0) return undefined;
    // One form: what is read, written again, is what was given.
    info.subjectPublicKey = result.toBER();
    if (compareBytes(new Uint8Array(AsnConvert.serialize(info)), spki) !== 0) return undefined;
    const n = modulus.toBigInt();
    return n > 0n && n % 2n === 1n ? { bits: n.toString(2).length, exponent: exponent.toBigInt() } : undefined;
  } catch {
    return undefined;
  }
}

async function sealFor(
  { keyPairs, subtle }: NitroPlatform,
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  random: Random,
): Promise<Uint8Array> {
  if (subtle === undefined)
    throw new Error("This page has no WebCrypto, which seals for enclaves: serve it over https.");
  const contentKey = secretBytes(CONTENT_KEY_BYTES) as Bytes;
  const iv = new Uint8Array(IV_BYTES);
  // Of whatever length the modulus is: the runtime reads it from the key.
  const pair = keyPairs.open("RSA_2048", { publicKey, privateKey: NO_BYTES });
  try {
    random.fill(contentKey);
    random.fill(iv);
    const key = await subtle.importKey("raw", contentKey, "AES-CBC", false, ["encrypt"]);
    const ciphertext = new Uint8Array(await subtle.encrypt({ name: "AES-CBC", iv }, key, plaintext as Bytes));
    const encryptedKey = await pair.encrypt("RSAES_OAEP_SHA_256", contentKey);
    const keyIdentifier = new Uint8Array(await subtle.digest("SHA-256", publicKey as Bytes));
    return encodeEnvelopedData({ keyIdentifier, encryptedKey, iv, ciphertext });
  } finally {
    contentKey.fill(0);
    pair.destroy();
  }
}
