/**
 * The chain of certificates from a configured root down to the key that has signed an attestation document, after
 * RFC 5280 section 6 and the rules of AWS's attestation process: ECDSA on P-384 with SHA-384 throughout, each
 * certificate valid now, each made by the one before it, and allowed to. Revocation lists are not used there.
 */
import { AsnConvert, AsnParser } from "@peculiar/asn1-schema";
import {
  BasicConstraints,
  Certificate as CertificateAsn,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  KeyUsageFlags,
  type Name,
} from "@peculiar/asn1-x509";
import { fromBER } from "asn1js";
import { compareBytes } from "../byte-views.ts";
import { unwrapPublicKey } from "../crypto/key-encodings.ts";
import type { KeyPairs } from "../crypto/key-pairs.ts";
import { invalidDocument } from "./document.ts";

/** A certificate's parts, as far as they are judged. */
export interface Certificate {
  readonly der: Uint8Array;
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly isCa: boolean;
  /** How many certificates of authorities may follow; `undefined` for any number. */
  readonly pathLength: number | undefined;
  /** Bits of `KeyUsageFlags`. */
  readonly keyUsage: number;
  /** What the signature is over. */
  readonly signed: Uint8Array;
  /** DER. */
  readonly signature: Uint8Array;
}

const ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3";
const V3 = 2;
const EMPTY_NAME_BYTES = 2;
const CURVE = "ECC_NIST_P384";
const ALGORITHM = "ECDSA_SHA_384";
const NO_BYTES = new Uint8Array(0);

/**
 * @param name what to call it in a message
 * @throws {Error} with a message that goes on after "The certificate …"
 */
export function readCertificate(der: Uint8Array): Certificate {
  const asn = parseWhole(der);
  const { tbsCertificate: tbs, signatureAlgorithm, signatureValue } = asn;
  if (tbs.version !== V3) throw new Error("is not of version 3");
  for (const { algorithm, parameters } of [tbs.signature, signatureAlgorithm]) {
    if (algorithm !== ECDSA_WITH_SHA384 || parameters) throw new Error("is not signed by ECDSA with SHA-384");
  }
  const publicKey = new Uint8Array(AsnConvert.serialize(tbs.subjectPublicKeyInfo));
  if (unwrapPublicKey(CURVE, publicKey) === undefined) throw new Error("has no key on the curve P-384");
  const { constraints, keyUsage } = readExtensions(asn);
  return {
    der,
    subject: encodeName(tbs.subject),
    issuer: encodeName(tbs.issuer),
    notBeforeMs: tbs.validity.notBefore.getTime().getTime(),
    notAfterMs: tbs.validity.notAfter.getTime().getTime(),
    publicKey,
    isCa: constraints?.cA === true,
    pathLength: constraints?.pathLenConstraint,
    keyUsage,
    signed: new Uint8Array(asn.tbsCertificateRaw!),
    signature: new Uint8Array(signatureValue),
  };
}

function parseWhole(der: Uint8Array): CertificateAsn {
  try {
    const { result, offset } = fromBER(der);
    if (offset !== der.length) throw new Error("bytes follow it");
    return AsnParser.fromASN(result, CertificateAsn) as CertificateAsn;
  } catch {
    throw new Error("is no X.509 certificate in DER");
  }
}

function encodeName(name: Name): Uint8Array {
  const encoded = new Uint8Array(AsnConvert.serialize(name));
  if (encoded.length <= EMPTY_NAME_BYTES) throw new Error("has an empty name");
  return encoded;
}

/** The two extensions that are judged. Another one that is critical is refused, as is the same one twice. */
function readExtensions({ tbsCertificate }: CertificateAsn) {
  let constraints: BasicConstraints | undefined;
  let keyUsage = 0;
  const seen = new Set<string>();
  for (const { extnID, critical, extnValue } of tbsCertificate.extensions ?? []) {
    if (seen.has(extnID)) throw new Error(`has the extension ${extnID} twice`);
    seen.add(extnID);
    if (extnID === id_ce_basicConstraints) {
      constraints = AsnConvert.parse(extnValue.buffer, BasicConstraints);
      if (constraints.cA && !critical) throw new Error("has basic constraints that are not critical");
    } else if (extnID === id_ce_keyUsage) {
      keyUsage = AsnConvert.parse(extnValue.buffer, KeyUsage).toNumber();
    } else if (critical) {
      throw new Error(`has the critical extension ${extnID}, which is not known`);
    }
  }
  return { constraints, keyUsage };
}

/**
 * Verifies the chain and returns the certificate of the signer.
 * @param roots the configured ones
 * @param cabundle from the root on, as the document has it
 * @throws {KmsError} ValidationException
 */
export async function verifyChain(
  keyPairs: KeyPairs,
  roots: readonly Certificate[],
  cabundle: readonly Uint8Array[],
  certificate: Uint8Array,
  nowMs: number,
): Promise<Certificate> {
  // Theirs is only compared: what is trusted is the one that was configured.
  const root = roots.find(({ der }) => compareBytes(der, cabundle[0]!) === 0);
  if (root === undefined) throw invalidDocument("its cabundle does not begin with a root certificate of this service");
  let issuer = root;
  checkTimes(root, "cabundle[0]", nowMs);
  checkAuthority(root, "cabundle[0]", cabundle.length - 1);
  for (let i = 1; i < cabundle.length; i++) {
    const name = `cabundle[${i}]`;
    const authority = readAs(name, cabundle[i]!);
    checkAuthority(authority, name, cabundle.length - 1 - i);
    await checkIssued(keyPairs, authority, issuer, name, nowMs);
    issuer = authority;
  }
  const signer = readAs("certificate", certificate);
  if (signer.isCa || signer.pathLength !== undefined || (signer.keyUsage & KeyUsageFlags.keyCertSign) !== 0) {
    throw invalidDocument("certificate is that of an authority, which signs no documents");
  }
  if ((signer.keyUsage & KeyUsageFlags.digitalSignature) === 0) {
    throw invalidDocument("certificate has not the key usage digitalSignature");
  }
  await checkIssued(keyPairs, signer, issuer, "certificate", nowMs);
  return signer;
}

/** Whether a P-384 key made the signature. @param signature DER */
export async function isSigned(
  keyPairs: KeyPairs,
  publicKey: Uint8Array,
  signed: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const pair = keyPairs.open(CURVE, { publicKey, privateKey: NO_BYTES });
  try {
    return await pair.verify(ALGORITHM, signed, "RAW", signature);
  } catch {
    // A key that is no point of the curve.
    return false;
  } finally {
    pair.destroy();
  }
}

function readAs(name: string, der: Uint8Array): Certificate {
  try {
    return readCertificate(der);
  } catch (error) {
    throw invalidDocument(`${name} ${(error as Error).message}`);
  }
}

function checkTimes({ notBeforeMs, notAfterMs }: Certificate, name: string, nowMs: number): void {
  if (!(nowMs >= notBeforeMs)) throw invalidDocument(`${name} is not valid yet`);
  if (!(nowMs <= notAfterMs)) throw invalidDocument(`${name} has expired`);
}

/** @param below how many certificates of authorities follow */
function checkAuthority({ isCa, pathLength, keyUsage }: Certificate, name: string, below: number): void {
  if (!isCa) throw invalidDocument(`${name} is not that of an authority`);
  if ((keyUsage & KeyUsageFlags.keyCertSign) === 0) throw invalidDocument(`${name} has not the key usage keyCertSign`);
  if (pathLength !== undefined && pathLength < below) {
    throw invalidDocument(`${name} allows ${pathLength} authorities below it, and ${below} follow`);
  }
}

async function checkIssued(
  keyPairs: KeyPairs,
  certificate: Certificate,
  issuer: Certificate,
  name: string,
  nowMs: number,
): Promise<void> {
  checkTimes(certificate, name, nowMs);
  if (compareBytes(certificate.issuer, issuer.subject) !== 0) {
    throw invalidDocument(`${name} does not name the certificate before it as its issuer`);
  }
  if (!(await isSigned(keyPairs, issuer.publicKey, certificate.signed, certificate.signature))) {
    throw invalidDocument(`${name} is not signed by the certificate before it`);
  }
}
