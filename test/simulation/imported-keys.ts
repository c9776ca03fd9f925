/** Keys with material that expires and comes back: while it is missing the key is of no use, afterwards everything opens. */
import { constants, createPublicKey, publicEncrypt } from "node:crypto";
import { expect } from "vitest";
import { DAY_MS } from "../operations/service.ts";
import type { Actor, SimulatedKey, World } from "./world.ts";

interface Imported extends SimulatedKey {
  readonly bytes: Uint8Array;
  /** Absent while the material is missing. */
  validToMs?: number;
}

const MAX_DAYS = 365;

export class ImportedKeys implements Actor {
  readonly #world: World;
  readonly #count: number;
  readonly #keys: Imported[] = [];

  constructor(world: World, count: number) {
    this.#world = world;
    this.#count = count;
  }

  async act(): Promise<void> {
    const { choose } = this.#world;
    if (this.#keys.length < this.#count) await this.#create();
    const key = choose.of(this.#keys);
    if (key.validToMs === undefined) {
      // It takes a pair of RSA keys to import, so they do not come back at once.
      if (choose.once(8)) await this.#import(key);
      return;
    }
    if (key.sealed.length < 100) await this.#world.seal(key);
    await this.#world.unseal(key, false);
    if (!choose.once(30)) return;
    await this.#world.call("DeleteImportedKeyMaterial", { KeyId: key.keyId });
    delete key.validToMs;
  }

  async settle(): Promise<void> {
    for (const key of this.#keys) {
      if (key.validToMs !== undefined && key.validToMs <= this.#world.nowMs) {
        delete key.validToMs;
        this.#world.count("expired");
      }
      const { KeyMetadata } = await this.#world.call("DescribeKey", { KeyId: key.keyId });
      expect(KeyMetadata.KeyState, key.keyId).toBe(key.validToMs === undefined ? "PendingImport" : "Enabled");
    }
  }

  async check(): Promise<void> {
    for (const key of this.#keys) {
      if (key.validToMs !== undefined) await this.#world.unseal(key, true);
      else await expect(this.#world.unseal(key, false)).rejects.toThrow("is pending import.");
    }
  }

  async end(): Promise<void> {
    for (const key of this.#keys) {
      if (key.validToMs === undefined) await this.#import(key);
      await this.#world.unseal(key, true);
    }
  }

  async #create(): Promise<void> {
    const { KeyMetadata } = await this.#world.call("CreateKey", { Origin: "EXTERNAL" });
    const key: Imported = { keyId: KeyMetadata.KeyId, sealed: [], bytes: this.#world.choose.bytes(32) };
    this.#keys.push(key);
    await this.#import(key);
    await this.#world.seal(key);
  }

  async #import(key: Imported): Promise<void> {
    const { choose, nowMs } = this.#world;
    const wrapping = { WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" };
    const KeyId = key.keyId;
    const { PublicKey, ImportToken } = await this.#world.call("GetParametersForImport", { KeyId, ...wrapping });
    const publicKey = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
    const options = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
    const EncryptedKeyMaterial = publicEncrypt(options, key.bytes);
    key.validToMs = nowMs + (1 + choose.below(MAX_DAYS)) * DAY_MS;
    const ValidTo = new Date(key.validToMs);
    await this.#world.call("ImportKeyMaterial", { KeyId, ImportToken, EncryptedKeyMaterial, ValidTo });
    this.#world.count("imported");
  }
}
