/** Keys whose owner imports their material, again and new, lets it expire, deletes it and rotates; with a model of each. */
import { constants, publicEncrypt } from "node:crypto";
import { expect } from "vitest";
import { DAY_MS, failureOf } from "../operations/service.ts";
import type { Actor, SimulatedKey, World } from "./world.ts";

interface Held {
  readonly id: string;
  readonly bytes: Uint8Array;
  isDeleted: boolean;
  /** Absent, it does not expire. */
  validToMs: number | undefined;
}

interface Modelled extends SimulatedKey {
  /** Oldest first. */
  readonly materials: Held[];
  pending: Held | undefined;
  deletionAtMs?: number;
  isDisabled: boolean;
}

const WRAPPING = { WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" };
/** Each import costs a wrapping key. */
const ACTS = 2;
const MAX_MATERIALS = 8;

export class ImportedKeys implements Actor {
  readonly #world: World;
  readonly #count: number;
  readonly #keys: Modelled[] = [];

  constructor(world: World, count: number) {
    this.#world = world;
    this.#count = count;
  }

  async act(): Promise<void> {
    const { choose } = this.#world;
    if (this.#keys.length < this.#count && choose.once(4)) await this.#create();
    for (let i = 0; i < ACTS && this.#keys.length > 0; i++) {
      const key = choose.of(this.#keys);
      await this.#use(key);
      await choose.of([
        () => this.#restore(key),
        () => this.#restore(key),
        () => this.#renew(key),
        () => this.#rotate(key),
        () => this.#lose(key),
        () => this.#extend(key),
        () => this.#doomOrRescue(key),
      ])();
    }
  }

  async settle(): Promise<void> {
    const { nowMs } = this.#world;
    for (const key of [...this.#keys]) {
      if (key.deletionAtMs !== undefined && key.deletionAtMs <= nowMs) {
        this.#keys.splice(this.#keys.indexOf(key), 1);
        await expect(this.#world.call("DescribeKey", { KeyId: key.keyId })).rejects.toThrow("does not exist");
        continue;
      }
      if (key.pending !== undefined && this.#isMissing(key.pending)) key.pending = undefined;
      // Somebody looks at the key: a loss makes it forget that it was disabled.
      if (key.deletionAtMs === undefined && key.materials.some((each) => this.#isMissing(each))) key.isDisabled = false;
      await this.#checkState(key);
    }
  }

  async check(): Promise<void> {
    for (const key of this.#keys) {
      const all = { KeyId: key.keyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL", Limit: 1000 };
      const { Rotations } = await this.#world.call("ListKeyRotations", all);
      const shown = Rotations.map((each: { KeyMaterialId: string; ImportState: string; KeyMaterialState: string }) => [
        each.KeyMaterialId,
        each.ImportState,
        each.KeyMaterialState,
      ]);
      const expected = key.materials.map((each, i) => [
        each.id,
        this.#isMissing(each) ? "PENDING_IMPORT" : "IMPORTED",
        i === key.materials.length - 1 ? "CURRENT" : "NON_CURRENT",
      ]);
      if (key.pending !== undefined) expected.push([key.pending.id, "IMPORTED", "PENDING_ROTATION"]);
      expect(shown, key.keyId).toEqual(expected);
      if (this.#stateOf(key) === "Enabled") await this.#world.unseal(key, true);
    }
  }

  /** Brings all material back, and opens everything once more. */
  async end(): Promise<void> {
    for (const key of this.#keys) {
      if (key.deletionAtMs !== undefined) await this.#rescue(key);
      for (const each of key.materials) if (this.#isMissing(each)) await this.#import(key, each.bytes, undefined);
      await this.#world.call("EnableKey", { KeyId: key.keyId });
      await this.#world.unseal(key, true);
    }
  }

  async #create(): Promise<void> {
    const { KeyMetadata } = await this.#world.call("CreateKey", { Origin: "EXTERNAL" });
    const key: Modelled = {
      keyId: KeyMetadata.KeyId,
      sealed: [],
      materials: [],
      pending: undefined,
      isDisabled: false,
    };
    this.#keys.push(key);
    await this.#checkState(key, "PendingImport");
    key.materials.push(await this.#held(key, this.#world.choose.bytes(32), this.#someExpiry()));
    await this.#world.seal(key);
    this.#world.count("imported keys");
  }

  async #use(key: Modelled): Promise<void> {
    await this.#checkState(key);
    if (this.#stateOf(key) !== "Enabled") {
      const opening = this.#world.call("Decrypt", { CiphertextBlob: key.sealed[0]!.blob });
      expect(["KMSInvalidStateException", "DisabledException"]).toContain((await failureOf(opening)).name);
      return;
    }
    if (key.sealed.length < 60) await this.#world.seal(key);
    await this.#world.unseal(key, false);
  }

  /** Imports what is missing, after something else has been refused. */
  async #restore(key: Modelled): Promise<void> {
    if (key.deletionAtMs !== undefined) return;
    for (const each of key.materials.filter((candidate) => this.#isMissing(candidate))) {
      if (this.#world.choose.once(4)) {
        const other = this.#import(key, this.#world.choose.bytes(32), undefined);
        expect((await failureOf(other)).name).toBe("IncorrectKeyMaterialException");
      }
      await this.#again(key, each);
      key.isDisabled = false;
      this.#world.count("imported again");
    }
  }

  async #renew(key: Modelled): Promise<void> {
    if (key.deletionAtMs !== undefined || key.materials.length >= MAX_MATERIALS) return;
    const bytes = this.#world.choose.bytes(32);
    const renewing = this.#held(key, bytes, this.#someExpiry(), { ImportType: "NEW_KEY_MATERIAL" });
    if (key.pending !== undefined) expect((await failureOf(renewing)).name).toBe("KMSInvalidStateException");
    else key.pending = await renewing;
  }

  async #rotate(key: Modelled): Promise<void> {
    const rotating = this.#world.call("RotateKeyOnDemand", { KeyId: key.keyId });
    const { pending } = key;
    if (this.#stateOf(key) !== "Enabled" || pending === undefined) {
      expect(["KMSInvalidStateException", "DisabledException"]).toContain((await failureOf(rotating)).name);
      return;
    }
    await rotating;
    key.materials.push(pending);
    key.pending = undefined;
    this.#world.count("rotated to imported material");
  }

  async #lose(key: Modelled): Promise<void> {
    if (!this.#world.choose.once(3)) return;
    const lost = this.#world.choose.of(key.pending === undefined ? key.materials : [...key.materials, key.pending]);
    await this.#world.call("DeleteImportedKeyMaterial", { KeyId: key.keyId, KeyMaterialId: lost.id });
    if (lost === key.pending) key.pending = undefined;
    else lost.isDeleted = true;
    if (key.deletionAtMs === undefined && lost.isDeleted) key.isDisabled = false;
  }

  /** Imports what is there once more, for another time. */
  async #extend(key: Modelled): Promise<void> {
    const kept = key.materials.filter((each) => !this.#isMissing(each));
    if (key.deletionAtMs === undefined && kept.length > 0) await this.#again(key, this.#world.choose.of(kept));
  }

  async #doomOrRescue(key: Modelled): Promise<void> {
    const { choose, nowMs } = this.#world;
    if (key.deletionAtMs !== undefined) return this.#rescue(key);
    if (!choose.once(4)) return;
    const days = 7 + choose.below(24);
    await this.#world.call("ScheduleKeyDeletion", { KeyId: key.keyId, PendingWindowInDays: days });
    key.deletionAtMs = nowMs + days * DAY_MS;
  }

  async #rescue(key: Modelled): Promise<void> {
    await this.#world.call("CancelKeyDeletion", { KeyId: key.keyId });
    delete key.deletionAtMs;
    key.isDisabled = key.materials.every((each) => !this.#isMissing(each));
    // The model has no other way out of it.
    if (key.isDisabled && this.#world.choose.once(2)) {
      await this.#world.call("EnableKey", { KeyId: key.keyId });
      key.isDisabled = false;
    }
  }

  async #again(key: Modelled, material: Held): Promise<void> {
    const validToMs = this.#someExpiry();
    expect(await this.#import(key, material.bytes, validToMs)).toBe(material.id);
    material.isDeleted = false;
    material.validToMs = validToMs;
  }

  async #held(key: Modelled, bytes: Uint8Array, validToMs: number | undefined, members: object = {}): Promise<Held> {
    return { id: await this.#import(key, bytes, validToMs, members), bytes, isDeleted: false, validToMs };
  }

  async #import(key: Modelled, bytes: Uint8Array, validToMs: number | undefined, members: object = {}) {
    const KeyId = key.keyId;
    const { PublicKey, ImportToken } = await this.#world.call("GetParametersForImport", { KeyId, ...WRAPPING });
    const wrappingKey = { key: Buffer.from(PublicKey), format: "der", type: "spki" } as const;
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const EncryptedKeyMaterial = Uint8Array.from(publicEncrypt({ ...wrappingKey, padding, oaepHash: "sha256" }, bytes));
    const expiry =
      validToMs === undefined ? { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" } : { ValidTo: new Date(validToMs) };
    const input = { KeyId, ImportToken, EncryptedKeyMaterial, ...expiry, ...members };
    const { KeyMaterialId } = await this.#world.call("ImportKeyMaterial", input);
    this.#world.count("imports");
    return KeyMaterialId as string;
  }

  #someExpiry(): number | undefined {
    const { choose, nowMs } = this.#world;
    return choose.once(3) ? undefined : nowMs + (1 + choose.below(364)) * DAY_MS;
  }

  #isMissing({ isDeleted, validToMs }: Held): boolean {
    return isDeleted || (validToMs !== undefined && validToMs <= this.#world.nowMs);
  }

  #stateOf(key: Modelled): string {
    if (key.deletionAtMs !== undefined) return "PendingDeletion";
    if (key.materials.length === 0 || key.materials.some((each) => this.#isMissing(each))) return "PendingImport";
    return key.isDisabled ? "Disabled" : "Enabled";
  }

  async #checkState(key: Modelled, state = this.#stateOf(key)): Promise<void> {
    const { KeyMetadata } = await this.#world.call("DescribeKey", { KeyId: key.keyId });
    expect(KeyMetadata.KeyState, key.keyId).toBe(state);
    if (state === "PendingImport" && key.materials.length > 0) this.#world.count("looked at without material");
  }
}
