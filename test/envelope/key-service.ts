/**
 * A small real key service for these tests: AES-256-GCM over node:crypto with the encryption context as additional
 * data, keys that can be disabled, and the three methods that the AWS Encryption SDK and this project's envelope call.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";

const REALM = "arn:aws:kms:eu-central-1:111122223333:";

type EncryptionContext = Record<string, string>;

/** An error that is told by its name, as those of `@aws-sdk/client-kms` are. */
export class ServiceError extends Error {
  constructor(override readonly name: string) {
    super(`The test key service refused: ${name}`);
  }
}

export class TestKeyService {
  readonly #keys = new Map<string, { bytes: Buffer; disabled: boolean }>();
  readonly #aliases = new Map<string, string>();
  /** The names of the calls so far. */
  readonly calls: string[] = [];
  /** Every plaintext data key handed out, as the very array that the caller was given. */
  readonly handedOut: Uint8Array[] = [];

  /** Makes a key and returns its ARN. */
  createKey(alias?: string): string {
    const arn = `${REALM}key/${randomUUID()}`;
    this.#keys.set(arn, { bytes: randomBytes(32), disabled: false });
    if (alias !== undefined) this.#aliases.set(alias, arn);
    return arn;
  }

  setDisabled(arn: string, disabled: boolean): void {
    this.#keys.get(arn)!.disabled = disabled;
  }

  async generateDataKey(input: { KeyId: string; NumberOfBytes?: number; EncryptionContext?: EncryptionContext }) {
    this.calls.push("GenerateDataKey");
    const plaintext = randomBytes(input.NumberOfBytes!);
    const { KeyId, CiphertextBlob } = this.#wrap(input.KeyId, plaintext, input.EncryptionContext);
    return { KeyId, CiphertextBlob, Plaintext: this.#handOut(plaintext) };
  }

  async encrypt(input: { KeyId: string; Plaintext: Uint8Array; EncryptionContext?: EncryptionContext }) {
    this.calls.push("Encrypt");
    return this.#wrap(input.KeyId, input.Plaintext, input.EncryptionContext);
  }

  async decrypt(input: { KeyId: string; CiphertextBlob: Uint8Array; EncryptionContext?: EncryptionContext }) {
    this.calls.push("Decrypt");
    const { arn, bytes } = this.#find(input.KeyId);
    const blob = Buffer.from(input.CiphertextBlob);
    try {
      const decipher = createDecipheriv("aes-256-gcm", bytes, blob.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(boundBytes(arn, input.EncryptionContext));
      decipher.setAuthTag(blob.subarray(12, 28));
      const plaintext = Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]);
      return { KeyId: arn, Plaintext: this.#handOut(plaintext) };
    } catch {
      throw new ServiceError("InvalidCiphertextException");
    }
  }

  #wrap(keyId: string, plaintext: Uint8Array, context: EncryptionContext | undefined) {
    const { arn, bytes } = this.#find(keyId);
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", bytes, nonce, { authTagLength: 16 });
    cipher.setAAD(boundBytes(arn, context));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return { KeyId: arn, CiphertextBlob: new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), sealed])) };
  }

  #find(keyId: string): { arn: string; bytes: Buffer } {
    if (!keyId.startsWith("alias/") && !keyId.startsWith("arn:")) throw new ServiceError("InvalidArnException");
    const arn = this.#aliases.get(keyId) ?? keyId;
    const key = this.#keys.get(arn);
    if (key === undefined) throw new ServiceError("NotFoundException");
    if (key.disabled) throw new ServiceError("DisabledException");
    return { arn, bytes: key.bytes };
  }

  #handOut(plaintext: Buffer): Uint8Array {
    const copy = new Uint8Array(plaintext);
    this.handedOut.push(copy);
    return copy;
  }
}

function boundBytes(arn: string, context: EncryptionContext = {}): Buffer {
  const pairs = Object.keys(context).map((key) => [key, context[key]]);
  return Buffer.from(JSON.stringify([arn, pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a!), Buffer.from(b!)))]));
}
