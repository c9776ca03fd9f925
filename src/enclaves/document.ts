/**
 * The form of an attestation document: COSE_Sign1 around a map, as the Nitro hypervisor writes it. It is read by its
 * grammar, token by token, and so no deeper than that: there is nothing that nests, and nothing is kept that is not
 * expected. What it says is worth nothing before its signature has been verified (nitro-verifier.ts).
 *
 * Sources: AWS Nitro Enclaves User Guide, "Verifying the root of trust"; the attestation process of the NSM API;
 * RFC 9052 section 4.2 (COSE_Sign1), RFC 8949 (CBOR).
 */
import { encode, type Token, Tokenizer, Type } from "cborg";
import { compareBytes } from "../byte-views.ts";
import { KmsError } from "../errors.ts";

/** A document that has the right form, and nothing more than that. */
export interface AttestationDocument {
  readonly moduleId: string;
  readonly timestampMs: number;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** DER of the certificate whose key has signed. */
  readonly certificate: Uint8Array;
  /** DER of the certificates above it, the root first. */
  readonly cabundle: readonly Uint8Array[];
  /** DER of the key that answers are sealed for. */
  readonly publicKey: Uint8Array | undefined;
}

export interface SignedDocument {
  readonly document: AttestationDocument;
  /** COSE's Sig_structure: what the signature is over. */
  readonly signed: Uint8Array;
  /** r and s, 48 bytes each. */
  readonly signature: Uint8Array;
}

const COSE_SIGN1 = 18;
const SIGNATURE_BYTES = 96;
const PAYLOAD_MAX_BYTES = 16_384;
const CERTIFICATE_MAX_BYTES = 1024;
const PUBLIC_KEY_MAX_BYTES = 1024;
const USER_DATA_MAX_BYTES = 512;
const PCR_COUNT = 32;
const PCR_BYTES: readonly number[] = [32, 48, 64];
/** The protected header, { 1: -35 }: ES384. */
const ES384 = new Uint8Array([0xa1, 0x01, 0x38, 0x22]);
const NO_BYTES = new Uint8Array(0);

/** Shortest forms only, no half-read texts, and numbers that are exact. */
const STRICT = { strict: true, allowUndefined: false, allowNaN: false, allowInfinity: false, allowBigInt: false };

/** @param reason what is wrong and what was expected, from the second half of a sentence on */
export function invalidDocument(reason: string): KmsError {
  return new KmsError("ValidationException", `The attestation document is not valid: ${reason}.`);
}

/** @throws {KmsError} ValidationException */
export function readDocument(bytes: Uint8Array): SignedDocument {
  const reader = new Reader(bytes, "the document");
  let start = reader.next();
  if (Type.equals(start.type, Type.tag) && start.value === COSE_SIGN1) start = reader.next();
  if (!Type.equals(start.type, Type.array) || start.value !== 4)
    throw invalidDocument("it is no COSE_Sign1 array of 4");
  const header = reader.bytes("the protected header", ES384.length, ES384.length);
  if (compareBytes(header, ES384) !== 0) throw invalidDocument("its protected header is not { 1: -35 } (ES384)");
  const unprotected = reader.next();
  if (!Type.equals(unprotected.type, Type.map) || unprotected.value !== 0) {
    throw invalidDocument("its unprotected header is not an empty map");
  }
  const payload = reader.bytes("the payload", 1, PAYLOAD_MAX_BYTES);
  const signature = reader.bytes("the signature", SIGNATURE_BYTES, SIGNATURE_BYTES);
  reader.end();
  return { document: readPayload(payload), signed: encode(["Signature1", header, NO_BYTES, payload]), signature };
}

/** What has been read of a document so far; members come in any order. */
type Fields = { -readonly [Name in keyof AttestationDocument]?: AttestationDocument[Name] } & { digest?: string };

const READ_FIELD: Readonly<Record<string, (fields: Fields, reader: Reader) => void>> = {
  module_id(fields, reader) {
    fields.moduleId = reader.text("module_id");
    if (fields.moduleId === "") throw invalidDocument("module_id is empty");
  },
  digest(fields, reader) {
    fields.digest = reader.text("digest");
    if (fields.digest !== "SHA384") throw invalidDocument("digest is not SHA384");
  },
  timestamp(fields, reader) {
    fields.timestampMs = reader.integer("timestamp");
    if (fields.timestampMs === 0) throw invalidDocument("timestamp is 0");
  },
  pcrs(fields, reader) {
    fields.pcrs = readPcrs(reader);
  },
  certificate(fields, reader) {
    fields.certificate = reader.bytes("certificate", 1, CERTIFICATE_MAX_BYTES);
  },
  cabundle(fields, reader) {
    const count = reader.count(Type.array, "cabundle");
    if (count === 0) throw invalidDocument("cabundle is empty");
    const certificates: Uint8Array[] = [];
    while (certificates.length < count) {
      certificates.push(reader.bytes(`cabundle[${certificates.length}]`, 1, CERTIFICATE_MAX_BYTES));
    }
    fields.cabundle = certificates;
  },
  // The hypervisor writes null where the enclave gave none.
  public_key(fields, reader) {
    fields.publicKey = reader.bytesOrNull("public_key", 1, PUBLIC_KEY_MAX_BYTES);
  },
  user_data(_fields, reader) {
    reader.bytesOrNull("user_data", 0, USER_DATA_MAX_BYTES);
  },
  nonce(_fields, reader) {
    reader.bytesOrNull("nonce", 0, USER_DATA_MAX_BYTES);
  },
};

function readPayload(payload: Uint8Array): AttestationDocument {
  const reader = new Reader(payload, "the payload");
  const start = reader.next();
  if (!Type.equals(start.type, Type.map)) throw invalidDocument("its payload is not a map");
  // The hypervisor writes this one map of either length, counted or up to a break; nothing else of unknown length.
  const count = start.value as number;
  const fields: Fields = {};
  const seen = new Set<string>();
  while (seen.size < count) {
    const token = reader.next();
    if (count === Number.POSITIVE_INFINITY && Type.equals(token.type, Type.break)) break;
    const name = Type.equals(token.type, Type.string) ? (token.value as string) : undefined;
    if (name === undefined || !Object.hasOwn(READ_FIELD, name)) throw invalidDocument("it has a field of another name");
    if (seen.has(name)) throw invalidDocument(`it has the field ${name} twice`);
    seen.add(name);
    READ_FIELD[name]!(fields, reader);
  }
  reader.end();
  const { moduleId, digest, timestampMs, pcrs, certificate, cabundle, publicKey } = fields;
  const isWhole = digest && moduleId && timestampMs && pcrs && certificate && cabundle;
  if (!isWhole) {
    throw invalidDocument("it lacks one of module_id, digest, timestamp, pcrs, certificate and cabundle");
  }
  return { moduleId, timestampMs, pcrs, certificate, cabundle, publicKey };
}

function readPcrs(reader: Reader): ReadonlyMap<number, Uint8Array> {
  const count = reader.count(Type.map, "pcrs");
  if (count < 1 || count > PCR_COUNT) throw invalidDocument(`pcrs has ${count} entries; it has 1 to ${PCR_COUNT}`);
  const pcrs = new Map<number, Uint8Array>();
  while (pcrs.size < count) {
    const index = reader.integer("an index of pcrs");
    if (index >= PCR_COUNT) throw invalidDocument(`pcrs has the index ${index}; the last one is ${PCR_COUNT - 1}`);
    if (pcrs.has(index)) throw invalidDocument(`pcrs has the index ${index} twice`);
    const value = reader.bytes(`pcrs[${index}]`, 0, PAYLOAD_MAX_BYTES);
    if (!PCR_BYTES.includes(value.length)) throw invalidDocument(`pcrs[${index}] has not 32, 48 or 64 bytes`);
    pcrs.set(index, value);
  }
  return pcrs;
}

/** Reads one token after the other, each of the expected type. Whatever the library refuses is a refusal of ours. */
class Reader {
  readonly #tokens: Tokenizer;
  readonly #name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.#tokens = new Tokenizer(bytes, STRICT);
    this.#name = name;
  }

  next(): Token {
    if (this.#tokens.done()) throw invalidDocument(`${this.#name} ends too early`);
    try {
      return this.#tokens.next();
    } catch {
      throw invalidDocument(`${this.#name} is not CBOR in its shortest form`);
    }
  }

  end(): void {
    if (!this.#tokens.done()) throw invalidDocument(`bytes follow ${this.#name}`);
  }

  bytes(name: string, minBytes: number, maxBytes: number): Uint8Array {
    return this.#bytesOf(this.next(), name, minBytes, maxBytes);
  }

  bytesOrNull(name: string, minBytes: number, maxBytes: number): Uint8Array | undefined {
    const token = this.next();
    return Type.equals(token.type, Type.null) ? undefined : this.#bytesOf(token, name, minBytes, maxBytes);
  }

  text(name: string): string {
    return this.#valueOf(this.next(), Type.string, name) as string;
  }

  /** An integer that is not negative. */
  integer(name: string): number {
    return this.#valueOf(this.next(), Type.uint, name) as number;
  }

  /** How many entries a list or a map has. */
  count(type: Type, name: string): number {
    const count = this.#valueOf(this.next(), type, name) as number;
    if (!Number.isSafeInteger(count)) throw invalidDocument(`${name} does not say how many entries it has`);
    return count;
  }

  #bytesOf(token: Token, name: string, minBytes: number, maxBytes: number): Uint8Array {
    const bytes = this.#valueOf(token, Type.bytes, name) as Uint8Array;
    if (bytes.length < minBytes || bytes.length > maxBytes) {
      const expected = minBytes === maxBytes ? `${minBytes}` : `${minBytes} to ${maxBytes}`;
      throw invalidDocument(`${name} has ${bytes.length} bytes; it has ${expected}`);
    }
    return bytes;
  }

  #valueOf(token: Token, type: Type, name: string): unknown {
    if (!Type.equals(token.type, type))
      throw invalidDocument(`${name} has the type ${token.type.name}, not ${type.name}`);
    return token.value;
  }
}
