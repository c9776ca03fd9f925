/**
 * Random programs over three Regions: keys are made, replicated, promoted, rotated and deleted, stores fail and the
 * process is restarted, and no ciphertext of a living key ever fails to open in any Region that has the key. A run that
 * fails prints its seed: REGIONS_SEED=… repeats it.
 */
import { describe, expect, it } from "vitest";
import type { Random } from "../../src/index.ts";
import { DAY_MS, START_MS } from "../operations/service.ts";
import { Choices } from "../property/random.ts";
import { type SharedMemory, sharedMemory } from "../records/shared-memory.ts";
import { type CrashPoint, failing } from "./failing.ts";
import { B, C, openRegions, REGIONS, type Regions } from "./regions.ts";

const STEPS = 100;
const NEVER = Number.POSITIVE_INFINITY;
const PROGRAMS = Number(process.env.REGIONS_PROGRAMS ?? "12");
const SEED = Number(process.env.REGIONS_SEED ?? "20260101");

interface KnownKey {
  readonly keyId: string;
  /** As far as the program knows. */
  primary: string;
  readonly blobs: { readonly blob: Uint8Array; readonly text: string }[];
}

/** Two processes over the same stores. The first one crashes now and then, and any store may not answer for a while. */
class World {
  readonly clock = { nowMs: START_MS };
  readonly keys: KnownKey[] = [];
  readonly #stores: readonly SharedMemory[];
  readonly fault: CrashPoint = { inCalls: NEVER };
  readonly #outages: readonly CrashPoint[];
  #processes: readonly Regions[] = [];
  readonly #entropy: Random;
  opened = 0;
  crashes = 0;
  /** How often an operation succeeded. */
  readonly done = new Map<string, number>();

  constructor(stores: number, entropy: Choices) {
    this.#entropy = { fill: (out) => out.set(entropy.bytes(out.length)) };
    this.#stores = Array.from({ length: stores }, sharedMemory);
    this.#outages = this.#stores.map(() => ({ inCalls: NEVER }));
  }

  /** One of the processes. */
  by(random: Choices): Regions {
    return random.of(this.#processes);
  }

  get isDown(): boolean {
    return this.#outages.some(({ inCalls }) => inCalls <= 0);
  }

  /** A store does not answer until `recover`. */
  stop(random: Choices): void {
    random.of(this.#outages).inCalls = 0;
  }

  /** Everything answers again, and enough time goes by that it is tried. */
  recover(): void {
    for (const point of [this.fault, ...this.#outages]) point.inCalls = NEVER;
    this.clock.nowMs += 2000;
  }

  async open(): Promise<void> {
    this.recover();
    this.#processes = await Promise.all(
      [this.fault, undefined].map((fault) => {
        const drivers = this.#stores.map((store, i) => {
          const driver = failing(store.driver(), this.#outages[i]!);
          return fault === undefined ? driver : failing(driver, fault);
        });
        const [keystore, b, c] = drivers;
        const regions = { ...(b && { [B]: b }), ...(c && { [C]: c }) };
        return openRegions({ keystore: keystore!, regions, clock: this.clock, random: this.#entropy });
      }),
    );
  }

  async close(): Promise<void> {
    this.recover();
    for (const { kms } of this.#processes) await kms.close();
  }

  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  async stateOf(region: string, keyId: string): Promise<{ KeyState: string; role: string } | undefined> {
    const call = this.#processes[0]!.in(region);
    const found = await call("DescribeKey", { KeyId: keyId }).catch((error) => error);
    if (found instanceof Error) {
      expect(found.name).toBe("NotFoundException");
      return undefined;
    }
    const { KeyState, MultiRegionConfiguration } = found.KeyMetadata;
    return { KeyState, role: MultiRegionConfiguration.MultiRegionKeyType };
  }

  /** Every ciphertext opens in every Region whose key is usable: at once, before anything that was begun goes on. */
  async check(random: Choices): Promise<void> {
    const held = await Promise.all(
      REGIONS.map(async (region) => {
        const listed = await this.by(random)
          .in(region)("ListKeys", {})
          .catch(() => undefined);
        if (listed === undefined) expect(this.isDown).toBe(true);
        return new Set((listed?.Keys ?? []).map((key: { KeyId: string }) => key.KeyId));
      }),
    );
    const first = random.below(REGIONS.length);
    for (const i of REGIONS.keys()) {
      const at = (first + i) % REGIONS.length;
      for (const { keyId, blobs } of this.keys) {
        if (held[at]!.has(keyId))
          for (const sealed of blobs.toReversed()) await this.#open(this.by(random), REGIONS[at]!, sealed);
      }
    }
  }

  async #open(regions: Regions, region: string, { blob, text }: KnownKey["blobs"][number]): Promise<void> {
    const answer = await regions
      .in(region)("Decrypt", { CiphertextBlob: blob })
      .catch((error) => error);
    if (answer instanceof Error) {
      const refusals = ["DisabledException", "KMSInvalidStateException"];
      expect(this.isDown ? [...refusals, "KMSInternalException"] : refusals, region).toContain(answer.name);
      return;
    }
    expect(new TextDecoder().decode(answer.Plaintext)).toBe(text);
    this.opened++;
  }

  /** With nothing in the way, everything that was begun ends. */
  async checkEnded(): Promise<void> {
    for (const region of REGIONS) await this.#processes[0]!.in(region)("CreateKey", {});
    for (const { keyId } of this.keys) {
      for (const region of REGIONS) await this.stateOf(region, keyId);
      for (const region of REGIONS) {
        const state = await this.stateOf(region, keyId);
        expect(["Creating", "Updating"]).not.toContain(state?.KeyState);
      }
      const materials = new Set<string>();
      const roles: string[] = [];
      for (const region of REGIONS) {
        if ((await this.stateOf(region, keyId)) === undefined) continue;
        const { KeyMetadata } = await this.#processes[0]!.in(region)("DescribeKey", { KeyId: keyId });
        materials.add(KeyMetadata.CurrentKeyMaterialId);
        roles.push(KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType);
      }
      if (roles.length > 0) expect(roles.filter((role) => role === "PRIMARY")).toHaveLength(1);
      expect(materials.size).toBeLessThanOrEqual(1);
    }
  }
}

const REFUSALS = new Set([
  "AlreadyExistsException",
  "ConflictException",
  "DisabledException",
  "KMSInvalidStateException",
  "LimitExceededException",
  "NotFoundException",
  "UnsupportedOperationException",
]);

/** One program, step by step. */
class Program {
  readonly random: Choices;
  readonly world: World;
  readonly trace: string[] = [];

  constructor(
    readonly seed: number,
    readonly stores: number,
  ) {
    this.random = new Choices(seed);
    this.world = new World(stores, new Choices(seed + 1));
  }

  async run(): Promise<World> {
    const { world, random } = this;
    await world.open();
    try {
      for (let step = 0; step < STEPS; step++) {
        await this.#step(step);
        if (random.below(6) === 0) world.clock.nowMs += random.below(5) * DAY_MS;
        if (random.below(10) === 0) await world.restart();
        await world.check(random);
      }
      await world.restart();
      await world.checkEnded();
      await world.check(random);
    } catch (error) {
      throw new Error(`REGIONS_SEED=${this.seed}, ${this.stores} stores\n${this.trace.slice(-25).join("\n")}`, {
        cause: error,
      });
    } finally {
      await world.close();
    }
    return world;
  }

  async #step(step: number): Promise<void> {
    const { world, random } = this;
    if (world.isDown && random.below(4) === 0) world.recover();
    else if (random.below(8) === 0) world.stop(random);
    if (world.keys.length === 0 || (world.keys.length < 3 && random.below(8) === 0)) return this.#newKey();
    if (random.below(4) === 0) world.fault.inCalls = 1 + random.below(60);
    // The two processes may be at it at once.
    await Promise.all(Array.from({ length: 1 + random.below(2) }, () => this.#change(step, random.of(world.keys))));
    if (world.fault.inCalls <= 0) {
      this.trace.push("fault, restart");
      world.crashes++;
      await world.restart();
    } else {
      world.fault.inCalls = NEVER;
    }
  }

  async #newKey(): Promise<void> {
    const { world, random } = this;
    const primary = random.of(REGIONS);
    const made = await world
      .by(random)
      .in(primary)("CreateKey", { MultiRegion: true })
      .catch((error) => error);
    if (made instanceof Error) expect(world.isDown).toBe(true);
    else world.keys.push({ keyId: made.KeyMetadata.KeyId, primary, blobs: [] });
  }

  async #change(step: number, key: KnownKey): Promise<void> {
    const { world, random } = this;
    const region = random.of(REGIONS);
    const KeyId = key.keyId;
    // Mostly where it is likely to be the primary.
    const at = random.below(3) > 0 ? key.primary : region;
    const kind = random.below(22);
    if (kind < 5) await this.#attempt(at, "ReplicateKey", { KeyId, ReplicaRegion: region });
    else if (kind < 10) {
      if (await this.#attempt(at, "UpdatePrimaryRegion", { KeyId, PrimaryRegion: region })) key.primary = region;
    } else if (kind < 13) await this.#attempt(at, "RotateKeyOnDemand", { KeyId });
    else if (kind < 14) await this.#attempt(region, "ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
    else if (kind < 15) await this.#attempt(region, "CancelKeyDeletion", { KeyId });
    else if (kind < 17) await this.#attempt(region, "EnableKey", { KeyId });
    else if (kind < 19) await this.#attempt(at, "EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    else if (kind < 20) world.clock.nowMs += 45 * DAY_MS;
    else {
      const text = `${this.seed} ${step}`;
      const Plaintext = new TextEncoder().encode(text);
      const sealed = await world
        .by(random)
        .in(region)("Encrypt", { KeyId, Plaintext })
        .catch(() => undefined);
      if (sealed !== undefined) key.blobs.push({ blob: sealed.CiphertextBlob, text });
    }
  }

  async #attempt(region: string, operation: string, input: object): Promise<boolean> {
    const { world } = this;
    this.trace.push(`${operation} ${region} ${JSON.stringify(input)}`);
    try {
      await world.by(this.random).in(region)(operation, input);
      world.done.set(operation, (world.done.get(operation) ?? 0) + 1);
      return true;
    } catch (error) {
      const { name, message } = error as Error;
      // Its store failed under it.
      if (world.fault.inCalls > 0 && !world.isDown) expect(REFUSALS, `${name}: ${message}`).toContain(name);
      return false;
    }
  }
}

describe.each([1, 2, 3])("a random program over three Regions in %i stores", (stores) => {
  it("never loses a ciphertext", async () => {
    let opened = 0;
    let crashes = 0;
    const done = new Map<string, number>();
    for (let i = 0; i < PROGRAMS; i++) {
      const world = await new Program(SEED + i, stores).run();
      opened += world.opened;
      crashes += world.crashes;
      for (const [operation, times] of world.done) done.set(operation, (done.get(operation) ?? 0) + times);
    }
    // One program alone may be a short one.
    if (PROGRAMS < 12) return;
    expect(opened).toBeGreaterThan(1000);
    expect(crashes).toBeGreaterThan(PROGRAMS / 2);
    for (const operation of ["ReplicateKey", "UpdatePrimaryRegion", "RotateKeyOnDemand", "ScheduleKeyDeletion"]) {
      expect(done.get(operation) ?? 0, operation).toBeGreaterThan(10);
    }
  }, 120_000);
});
