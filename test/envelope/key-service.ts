/**
 * The project's own key management service, watched: which calls the envelope makes, and every plaintext data key that
 * it was handed.
 */
import { KMS, type KMSClient } from "../../src/client/client.ts";
import type { InputOf } from "../../src/operations/index.ts";
import { startService } from "../operations/service.ts";

/** An error that is told by its name, as those of `@aws-sdk/client-kms` are. */
export class ServiceError extends Error {
  constructor(override readonly name: string) {
    super(`The test key service refused: ${name}`);
  }
}

export class WatchedKeyService {
  readonly #client: KMSClient & KMS;
  /** The names of the calls so far. */
  readonly calls: string[] = [];
  /** Every plaintext data key handed out, as the very array that the caller was given. */
  readonly handedOut: Uint8Array[] = [];

  constructor(client: KMS) {
    this.#client = client;
  }

  /** Makes a key and returns its ARN. */
  async createKey(alias?: string): Promise<string> {
    const { KeyMetadata } = await this.#client.createKey({});
    const { KeyId, Arn } = KeyMetadata!;
    if (alias !== undefined) await this.#client.createAlias({ AliasName: alias, TargetKeyId: KeyId });
    return Arn!;
  }

  async disable(arn: string): Promise<void> {
    await this.#client.disableKey({ KeyId: arn });
  }

  async generateDataKey(input: InputOf<"GenerateDataKey">) {
    this.calls.push("GenerateDataKey");
    const answer = await this.#client.generateDataKey(input);
    this.handedOut.push(answer.Plaintext!);
    return answer;
  }

  async encrypt(input: InputOf<"Encrypt">) {
    this.calls.push("Encrypt");
    return this.#client.encrypt(input);
  }

  async decrypt(input: InputOf<"Decrypt">) {
    this.calls.push("Decrypt");
    const answer = await this.#client.decrypt(input);
    this.handedOut.push(answer.Plaintext!);
    return answer;
  }
}

const { kms } = await startService();

export function watchedKeyService(): WatchedKeyService {
  return new WatchedKeyService(new KMS({ kms }));
}
