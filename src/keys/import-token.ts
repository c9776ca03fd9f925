/**
 * Import tokens: what GetParametersForImport hands out and ImportKeyMaterial takes back. A token holds the private key
 * that unwraps, so nothing is kept of an import that never comes; it is sealed as a ciphertext blob (blob.ts) of the
 * key that it is for, under a material that the system owns, with the key's ARN as its encryption context.
 *
 *   owned/import-tokens   Material, which belongs to no key, so no Decrypt opens a token
 *
 *   plaintext: u8 version 1 | u64 valid to, ms | text wrapping algorithm | text key spec | u16 n | SPKI, n bytes | PKCS#8
 */
import type { PairSpec } from "../crypto/algorithms.ts";
import type { Engine } from "../crypto/engine.ts";
import type { PairBytes } from "../crypto/key-pairs.ts";
import type { Random } from "../env.ts";
import { ByteReader, concatSecretBytes, textBytes, uintBytes } from "../records/encoding.ts";
import type { ReadTransaction, RecordType, Transaction } from "../records/record-store.ts";
import { namesMaterial, openBlob, readBlobKeyId, sealBlob } from "./blob.ts";
import { encodeContext } from "./context.ts";
import { generateMaterial, type Material, materialIdOf } from "./material.ts";

const PATH = "owned/import-tokens";
const VERSION = 1;
const PURPOSE = "wasm-kms import token";

/** What a token says. */
export interface ImportParameters {
  readonly validToMs: number;
  readonly algorithm: string;
  readonly spec: PairSpec;
  /** The pair that wraps: its private key is secret, and the holder's to wipe. */
  readonly pair: PairBytes;
}

export class ImportTokens {
  readonly #type: RecordType<Material>;
  readonly #crypto: Engine;
  readonly #random: Random;

  /** @param type the store's one record type of symmetric material */
  constructor(type: RecordType<Material>, crypto: Engine, random: Random) {
    this.#type = type;
    this.#crypto = crypto;
    this.#random = random;
  }

  async seal(tx: Transaction, keyId: string, arn: string, parameters: ImportParameters): Promise<Uint8Array> {
    const material = (await tx.get(this.#type, PATH)) ?? (await this.#make(tx));
    const plaintext = encode(parameters);
    try {
      return sealBlob(this.#crypto, this.#random, keyId, material, plaintext, contextOf(arn));
    } finally {
      plaintext.fill(0);
    }
  }

  /** `undefined` for whatever is no token for this key, by this store. */
  async open(
    tx: ReadTransaction,
    keyId: string,
    arn: string,
    token: Uint8Array,
  ): Promise<ImportParameters | undefined> {
    const material = await tx.get(this.#type, PATH);
    if (material === undefined || readBlobKeyId(token) !== keyId) return undefined;
    if (!namesMaterial(token, materialIdOf(material))) return undefined;
    const plaintext = openBlob(this.#crypto, material, token, contextOf(arn));
    if (plaintext === undefined) return undefined;
    try {
      return decode(plaintext);
    } finally {
      plaintext.fill(0);
    }
  }

  async #make(tx: Transaction): Promise<Material> {
    const made = generateMaterial(this.#crypto, this.#random);
    try {
      tx.put(this.#type, PATH, made);
    } finally {
      this.#type.dispose?.(made);
    }
    return (await tx.get(this.#type, PATH))!;
  }
}

function contextOf(arn: string): Uint8Array {
  return encodeContext({ purpose: PURPOSE, key: arn });
}

function encode({ validToMs, algorithm, spec, pair }: ImportParameters): Uint8Array {
  const { publicKey, privateKey } = pair;
  return concatSecretBytes(
    uintBytes(VERSION, 1),
    uintBytes(validToMs, 8),
    textBytes(algorithm),
    textBytes(spec),
    uintBytes(publicKey.length, 2),
    publicKey,
    privateKey,
  );
}

function decode(bytes: Uint8Array): ImportParameters {
  const reader = new ByteReader(bytes);
  if (reader.uint(1) !== VERSION) throw new TypeError("An import token of another version.");
  const [validToMs, algorithm, spec] = [reader.uint(8), reader.text(), reader.text() as PairSpec];
  const publicKey = reader.take(reader.uint(2)).slice();
  const privateKey = concatSecretBytes(reader.take(bytes.length - reader.offset));
  return { validToMs, algorithm, spec, pair: { publicKey, privateKey } };
}
