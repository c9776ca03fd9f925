/** What a key's owner does to import material: OpenSSL's command line wraps it, as its documentation says. */
import { execFileSync } from "node:child_process";
import { type KeyObject, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { ARN_PREFIX, type Call, type Output, type Service } from "./service.ts";

const folder = mkdtempSync(join(tmpdir(), "wasm-kms-import-"));
afterAll(() => rmSync(folder, { recursive: true }));

export type Bytes = Uint8Array;
export const path = (name: string): string => join(folder, name);
export const openssl = (...args: string[]): void =>
  void execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });

/** Encrypts to a public key (SubjectPublicKeyInfo, DER) with OAEP, hash and MGF1 alike. */
export function oaep(publicKey: Bytes, bytes: Bytes, hash: string): Bytes {
  writeFileSync(path("public.der"), publicKey);
  writeFileSync(path("in"), bytes);
  const options = ["rsa_padding_mode:oaep", `rsa_oaep_md:${hash}`, `rsa_mgf1_md:${hash}`];
  const pkeyopts = options.flatMap((option) => ["-pkeyopt", option]);
  const files = ["-in", path("in"), "-out", path("out"), "-inkey", path("public.der")];
  openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", ...files, ...pkeyopts);
  return Uint8Array.from(readFileSync(path("out")));
}

/** Wraps with a fresh AES-256 key (RFC 5649), and that with OAEP before it. */
function aesWrap(publicKey: Bytes, bytes: Bytes, hash: string): Bytes {
  const key = randomBytes(32);
  writeFileSync(path("in"), bytes);
  const files = ["-in", path("in"), "-out", path("wrapped")];
  openssl("enc", "-id-aes256-wrap-pad", "-iv", "A65959A6", "-K", key.toString("hex"), ...files);
  return Uint8Array.from([...oaep(publicKey, key, hash), ...readFileSync(path("wrapped"))]);
}

export const WRAPS: Readonly<Record<string, (publicKey: Bytes, bytes: Bytes) => Bytes>> = {
  RSAES_OAEP_SHA_1: (publicKey, bytes) => oaep(publicKey, bytes, "sha1"),
  RSAES_OAEP_SHA_256: (publicKey, bytes) => oaep(publicKey, bytes, "sha256"),
  RSA_AES_KEY_WRAP_SHA_1: (publicKey, bytes) => aesWrap(publicKey, bytes, "sha1"),
  RSA_AES_KEY_WRAP_SHA_256: (publicKey, bytes) => aesWrap(publicKey, bytes, "sha256"),
};
export const FOREVER = { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" };
export const text = (value: string): Bytes => new TextEncoder().encode(value);
export const pkcs8Of = (key: KeyObject): Bytes => Uint8Array.from(key.export({ type: "pkcs8", format: "der" }));

/** One owner of keys, at one service. */
export class Owner {
  readonly call: Call;

  constructor(readonly service: Service) {
    this.call = service.kms.execute as unknown as Call;
  }

  async newKey(input: object = {}): Promise<string> {
    return (await this.call("CreateKey", { Origin: "EXTERNAL", ...input })).KeyMetadata.KeyId;
  }

  parametersFor(KeyId: string, algorithm = "RSAES_OAEP_SHA_256", spec = "RSA_2048"): Promise<Output> {
    return this.call("GetParametersForImport", { KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec: spec });
  }

  /** Imports the bytes, wrapped by OpenSSL. */
  async importInto(
    KeyId: string,
    bytes: Bytes,
    members: object = FOREVER,
    algorithm = "RSAES_OAEP_SHA_256",
  ): Promise<Output> {
    const { PublicKey, ImportToken } = await this.parametersFor(KeyId, algorithm);
    const EncryptedKeyMaterial = WRAPS[algorithm]!(PublicKey, bytes);
    return this.call("ImportKeyMaterial", { KeyId, ImportToken, EncryptedKeyMaterial, ...members });
  }

  async metadata(KeyId: string): Promise<Output> {
    return (await this.call("DescribeKey", { KeyId })).KeyMetadata;
  }

  async stateOf(KeyId: string): Promise<string> {
    return (await this.metadata(KeyId)).KeyState;
  }

  async seal(KeyId: string, plaintext = "x"): Promise<Bytes> {
    return (await this.call("Encrypt", { KeyId, Plaintext: text(plaintext) })).CiphertextBlob;
  }

  async unseal(CiphertextBlob: Bytes): Promise<string> {
    return new TextDecoder().decode((await this.call("Decrypt", { CiphertextBlob })).Plaintext);
  }
}

export const arnOf = (keyId: string): string => `${ARN_PREFIX}:key/${keyId}`;
