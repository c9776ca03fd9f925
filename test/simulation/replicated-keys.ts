/** Keys in three Regions: replicated, promoted, rotated where the primary is, and used everywhere. */
import { expect } from "vitest";
import { DAY_MS, REGION } from "../operations/service.ts";
import type { Actor, SimulatedKey, World } from "./world.ts";

interface Replicated extends SimulatedKey {
  primary: string;
  readonly regions: string[];
  rotation?: { readonly periodDays: number; nextAtMs: number };
  readonly rotations: [atMs: number, type: "AUTOMATIC" | "ON_DEMAND"][];
}

const REGIONS = [REGION, "eu-west-1", "ap-south-1"];
const PERIODS = [90, 365];
const MAX_ON_DEMAND = 25;

export class ReplicatedKeys implements Actor {
  readonly #world: World;
  readonly #count: number;
  readonly #keys: Replicated[] = [];

  constructor(world: World, count: number) {
    this.#world = world;
    this.#count = count;
  }

  async act(): Promise<void> {
    const { choose } = this.#world;
    if (this.#keys.length < this.#count) await this.#create();
    for (let i = 0; i < 3; i++) {
      const key = choose.of(this.#keys);
      await choose.of([
        () => this.#use(key),
        () => this.#use(key),
        () => this.#replicate(key),
        () => this.#promote(key),
        () => this.#schedule(key),
        () => this.#rotate(key),
      ])();
    }
  }

  async settle(): Promise<void> {
    const { nowMs } = this.#world;
    for (const key of this.#keys) {
      for (const region of key.regions) await this.#world.call("DescribeKey", { KeyId: key.keyId }, region);
      const { rotation } = key;
      if (rotation === undefined || rotation.nextAtMs > nowMs) continue;
      key.rotations.push([nowMs, "AUTOMATIC"]);
      this.#world.count("rotated in all Regions");
      while (rotation.nextAtMs <= nowMs) rotation.nextAtMs += rotation.periodDays * DAY_MS;
    }
  }

  async check(): Promise<void> {
    for (const key of this.#keys) {
      for (const region of key.regions) {
        const { Rotations } = await this.#world.call("ListKeyRotations", { KeyId: key.keyId, Limit: 1000 }, region);
        const shown = Rotations.map((each: { RotationDate: Date; RotationType: string }) => [
          each.RotationDate.getTime(),
          each.RotationType,
        ]);
        expect(shown, `${key.keyId} in ${region}`).toEqual(key.rotations);
        await this.#world.unseal(key, true, region);
      }
    }
  }

  end(): Promise<void> {
    return this.check();
  }

  async #create(): Promise<void> {
    const primary = this.#world.choose.of(REGIONS);
    const { KeyMetadata } = await this.#world.call("CreateKey", { MultiRegion: true }, primary);
    const key: Replicated = { keyId: KeyMetadata.KeyId, sealed: [], primary, regions: [primary], rotations: [] };
    this.#keys.push(key);
    await this.#world.seal(key, primary);
  }

  async #use(key: Replicated): Promise<void> {
    const { choose } = this.#world;
    if (key.sealed.length < 60) await this.#world.seal(key, choose.of(key.regions));
    await this.#world.unseal(key, false, choose.of(key.regions));
  }

  async #replicate(key: Replicated): Promise<void> {
    const region = this.#world.choose.of(REGIONS);
    if (key.regions.includes(region)) return;
    await this.#world.call("ReplicateKey", { KeyId: key.keyId, ReplicaRegion: region }, key.primary);
    key.regions.push(region);
    this.#world.count("replicated");
  }

  async #promote(key: Replicated): Promise<void> {
    const region = this.#world.choose.of(key.regions);
    if (region === key.primary) return;
    await this.#world.call("UpdatePrimaryRegion", { KeyId: key.keyId, PrimaryRegion: region }, key.primary);
    key.primary = region;
    this.#world.count("promoted");
  }

  async #schedule(key: Replicated): Promise<void> {
    if (key.rotation !== undefined) return;
    const periodDays = this.#world.choose.of(PERIODS);
    const input = { KeyId: key.keyId, RotationPeriodInDays: periodDays };
    await this.#world.call("EnableKeyRotation", input, key.primary);
    key.rotation = { periodDays, nextAtMs: this.#world.nowMs + periodDays * DAY_MS };
  }

  async #rotate(key: Replicated): Promise<void> {
    const onDemand = key.rotations.filter(([, type]) => type === "ON_DEMAND");
    if (onDemand.length >= MAX_ON_DEMAND || !this.#world.choose.once(4)) return;
    await this.#world.call("RotateKeyOnDemand", { KeyId: key.keyId }, key.primary);
    key.rotations.push([this.#world.nowMs, "ON_DEMAND"]);
  }
}
