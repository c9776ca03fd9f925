/**
 * CiphertextForRecipient: CMS EnvelopedData (RFC 5652 section 6) in the very form that AWS KMS sends. One recipient,
 * named by an identifier of its key; the content key under RSAES-OAEP with SHA-256 (RFC 4055), the content under
 * AES-256-CBC (RFC 3565). Sequences that hold the content are of indefinite length and the content is an OCTET STRING
 * within [0]: BER, not DER, and AWS's own parser for enclaves reads nothing else.
 */
import {
  type BaseBlock,
  Constructed,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as SetOf,
} from "asn1js";

export interface Enveloped {
  /** Names the recipient's key. */
  readonly keyIdentifier: Uint8Array;
  /** The content key under the recipient's. */
  readonly encryptedKey: Uint8Array;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const VERSION = 2;
const CONTEXT = 3;
const ENVELOPED_DATA = "1.2.840.113549.1.7.3";
const DATA = "1.2.840.113549.1.7.1";
const RSAES_OAEP = "1.2.840.113549.1.1.7";
const MGF1 = "1.2.840.113549.1.1.8";
const SHA256 = "2.16.840.1.101.3.4.2.1";
const AES256_CBC = "2.16.840.1.101.3.4.1.42";

const oid = (value: string) => new ObjectIdentifier({ value });
const sequence = (...value: BaseBlock[]) => new Sequence({ value });
const octets = (bytes: Uint8Array) => new OctetString({ valueHex: bytes });
const tagged = (tagNumber: number, value: BaseBlock) =>
  new Constructed({ idBlock: { tagClass: CONTEXT, tagNumber }, value: [value] });

function indefinite<T extends Sequence | Constructed>(block: T): T {
  block.lenBlock.isIndefiniteForm = true;
  return block;
}

export function encodeEnvelopedData({ keyIdentifier, encryptedKey, iv, ciphertext }: Enveloped): Uint8Array {
  const sha256 = () => sequence(oid(SHA256), new Null());
  const oaep = sequence(oid(RSAES_OAEP), sequence(tagged(0, sha256()), tagged(1, sequence(oid(MGF1), sha256()))));
  const recipient = sequence(
    new Integer({ value: VERSION }),
    new Primitive({ idBlock: { tagClass: CONTEXT, tagNumber: 0 }, valueHex: keyIdentifier }),
    oaep,
    octets(encryptedKey),
  );
  const content = indefinite(
    sequence(oid(DATA), sequence(oid(AES256_CBC), octets(iv)), indefinite(tagged(0, octets(ciphertext)))),
  );
  const data = indefinite(sequence(new Integer({ value: VERSION }), new SetOf({ value: [recipient] }), content));
  return new Uint8Array(indefinite(sequence(oid(ENVELOPED_DATA), indefinite(tagged(0, data)))).toBER());
}
