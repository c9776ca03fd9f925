/** A certification authority in a test: P-384 certificates, as they should be or wrong in one point. */
import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from "@peculiar/asn1-x509";

export interface Holder {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What a certificate says; each point may be made wrong. */
export interface Wish {
  readonly subject: Holder;
  readonly issuer: Holder;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Basic constraints; none at all where it is `undefined`. */
  readonly constraints: { readonly ca: boolean; readonly pathLength?: number; readonly critical?: boolean } | undefined;
  readonly keyUsage: number | undefined;
  readonly more?: readonly Extension[];
  readonly version?: number;
  readonly algorithm?: string;
  readonly hash?: "sha256" | "sha384";
  /** Written as the issuer's name, in the place of it. */
  readonly issuerName?: string;
}

export const AUTHORITY_USAGE = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
export const SIGNER_USAGE = KeyUsageFlags.digitalSignature;
const ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3";
const COMMON_NAME = "2.5.4.3";
let serial = 0;

export function makeHolder(name: string, namedCurve = "P-384"): Holder {
  return { name, ...generateKeyPairSync("ec", { namedCurve }) };
}

const nameOf = (name: string): Name =>
  new Name(
    name === ""
      ? []
      : [
          new RelativeDistinguishedName([
            new AttributeTypeAndValue({ type: COMMON_NAME, value: new AttributeValue({ utf8String: name }) }),
          ]),
        ],
  );

export const extension = (extnID: string, critical: boolean, value: ArrayBuffer): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(value) });

export function issue(wish: Wish): Uint8Array {
  const { subject, issuer, constraints, keyUsage, algorithm = ECDSA_WITH_SHA384 } = wish;
  const extensions: Extension[] = [...(wish.more ?? [])];
  if (constraints !== undefined) {
    const { ca, pathLength, critical = true } = constraints;
    const value = new BasicConstraints({ cA: ca, ...(pathLength !== undefined && { pathLenConstraint: pathLength }) });
    extensions.push(extension(id_ce_basicConstraints, critical, AsnConvert.serialize(value)));
  }
  if (keyUsage !== undefined) {
    extensions.push(extension(id_ce_keyUsage, true, AsnConvert.serialize(new KeyUsage(keyUsage))));
  }
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm });
  const tbsCertificate = new TBSCertificate({
    version: wish.version ?? 2,
    serialNumber: Uint8Array.of(1, ++serial).buffer,
    signature: signatureAlgorithm,
    issuer: nameOf(wish.issuerName ?? issuer.name),
    validity: new Validity({
      notBefore: new Date(wish.notBeforeMs),
      notAfter: new Date(wish.notAfterMs),
    }),
    subject: nameOf(subject.name),
    subjectPublicKeyInfo: AsnConvert.parse(
      subject.publicKey.export({ format: "der", type: "spki" }),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions(extensions),
  });
  const signed = Buffer.from(AsnConvert.serialize(tbsCertificate));
  const signature = createSign(wish.hash ?? "sha384")
    .update(signed)
    .sign(issuer.privateKey);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm,
    signatureValue: new Uint8Array(signature).buffer,
  });
  return new Uint8Array(AsnConvert.serialize(certificate));
}
