/** Keys that rotate by themselves and on demand, are disabled, enabled, deleted and rescued; with a model of each. */
import { expect } from "vitest";
import { DAY_MS } from "../operations/service.ts";
import type { Actor, SimulatedKey, World } from "./world.ts";

interface Modelled extends SimulatedKey {
  state: "Enabled" | "Disabled" | "PendingDeletion";
  deletionAtMs?: number;
  rotation?: { isEnabled: boolean; periodDays: number; nextAtMs: number };
  /** When which rotation took place. */
  readonly rotations: [atMs: number, type: "AUTOMATIC" | "ON_DEMAND"][];
}

const PERIODS = [90, 180, 365, 700];
const MAX_ON_DEMAND = 25;
const ACTS = 20;

export class RotatingKeys implements Actor {
  readonly #world: World;
  readonly #count: number;
  readonly #keys: Modelled[] = [];

  constructor(world: World, count: number) {
    this.#world = world;
    this.#count = count;
  }

  async act(): Promise<void> {
    const { choose } = this.#world;
    for (let i = 0; i < 3 && this.#keys.length < this.#count; i++) await this.#create();
    for (let i = 0; i < ACTS && this.#keys.length > 0; i++) {
      const key = choose.of(this.#keys);
      await choose.of([
        () => this.#use(key),
        () => this.#use(key),
        () => this.#schedule(key),
        () => this.#rotate(key),
        () => this.#switch(key),
        () => this.#doom(key),
        () => this.#rescue(key),
      ])();
    }
  }

  /** What the schedule says happens now; every key is looked at, so it happens whether or not anybody did upkeep. */
  async settle(): Promise<void> {
    const { nowMs } = this.#world;
    for (const key of [...this.#keys]) {
      if (key.deletionAtMs !== undefined && key.deletionAtMs <= nowMs) {
        this.#keys.splice(this.#keys.indexOf(key), 1);
        const [gone] = key.sealed;
        await expect(this.#world.call("DescribeKey", { KeyId: key.keyId })).rejects.toThrow("does not exist");
        await expect(this.#world.call("Decrypt", { CiphertextBlob: gone!.blob })).rejects.toThrow();
        this.#world.count("deleted");
        continue;
      }
      await this.#world.call("DescribeKey", { KeyId: key.keyId });
      this.#rotateIfDue(key);
    }
  }

  async check(): Promise<void> {
    for (const key of this.#keys) {
      const { Rotations } = await this.#world.call("ListKeyRotations", { KeyId: key.keyId, Limit: 1000 });
      const shown = Rotations.map((each: { RotationDate: Date; RotationType: string }) => [
        each.RotationDate.getTime(),
        each.RotationType,
      ]);
      expect(shown, key.keyId).toEqual(key.rotations);
      if (key.state === "Enabled") await this.#world.unseal(key, true);
    }
  }

  /** Opens everything once more, of keys that are out of use as well. */
  async end(): Promise<void> {
    for (const key of this.#keys) {
      if (key.state === "PendingDeletion") await this.#world.call("CancelKeyDeletion", { KeyId: key.keyId });
      await this.#world.call("EnableKey", { KeyId: key.keyId });
      await this.#world.unseal(key, true);
    }
  }

  async #create(): Promise<void> {
    const { KeyMetadata } = await this.#world.call("CreateKey", {});
    const key: Modelled = { keyId: KeyMetadata.KeyId, state: "Enabled", sealed: [], rotations: [] };
    this.#keys.push(key);
    await this.#world.seal(key);
    this.#world.count("keys");
  }

  async #use(key: Modelled): Promise<void> {
    if (key.state !== "Enabled") return;
    if (key.sealed.length < 100) await this.#world.seal(key);
    await this.#world.unseal(key, false);
  }

  async #schedule(key: Modelled): Promise<void> {
    if (key.state !== "Enabled") return;
    const { choose, nowMs } = this.#world;
    if (key.rotation?.isEnabled && choose.once(4)) {
      await this.#world.call("DisableKeyRotation", { KeyId: key.keyId });
      key.rotation.isEnabled = false;
      return;
    }
    const periodDays = choose.of(PERIODS);
    await this.#world.call("EnableKeyRotation", { KeyId: key.keyId, RotationPeriodInDays: periodDays });
    if (key.rotation?.isEnabled && key.rotation.periodDays === periodDays) return;
    key.rotation = { isEnabled: true, periodDays, nextAtMs: nowMs + periodDays * DAY_MS };
  }

  async #rotate(key: Modelled): Promise<void> {
    const onDemand = key.rotations.filter(([, type]) => type === "ON_DEMAND");
    if (key.state !== "Enabled" || onDemand.length >= MAX_ON_DEMAND || !this.#world.choose.once(5)) return;
    await this.#world.call("RotateKeyOnDemand", { KeyId: key.keyId });
    key.rotations.push([this.#world.nowMs, "ON_DEMAND"]);
    this.#world.count("rotated on demand");
  }

  async #switch(key: Modelled): Promise<void> {
    if (key.state === "PendingDeletion") return;
    const enables = key.state === "Disabled";
    if (!enables && !this.#world.choose.once(3)) return;
    await this.#world.call(enables ? "EnableKey" : "DisableKey", { KeyId: key.keyId });
    key.state = enables ? "Enabled" : "Disabled";
    if (enables) this.#rotateIfDue(key, true);
  }

  async #doom(key: Modelled): Promise<void> {
    if (key.state === "PendingDeletion" || !this.#world.choose.once(12)) return;
    const days = 7 + this.#world.choose.below(24);
    await this.#world.call("ScheduleKeyDeletion", { KeyId: key.keyId, PendingWindowInDays: days });
    key.state = "PendingDeletion";
    key.deletionAtMs = this.#world.nowMs + days * DAY_MS;
  }

  async #rescue(key: Modelled): Promise<void> {
    if (key.state !== "PendingDeletion" || this.#world.choose.once(3)) return;
    await this.#world.call("CancelKeyDeletion", { KeyId: key.keyId });
    key.state = "Disabled";
    delete key.deletionAtMs;
    this.#world.count("rescued");
  }

  #rotateIfDue(key: Modelled, late = false): void {
    const { rotation, state } = key;
    const { nowMs } = this.#world;
    if (!rotation?.isEnabled || state !== "Enabled" || rotation.nextAtMs > nowMs) return;
    key.rotations.push([nowMs, "AUTOMATIC"]);
    this.#world.count("rotated by themselves");
    const periodMs = rotation.periodDays * DAY_MS;
    if (late) rotation.nextAtMs = nowMs + periodMs;
    else while (rotation.nextAtMs <= nowMs) rotation.nextAtMs += periodMs;
  }
}
