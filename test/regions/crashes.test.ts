/**
 * The process ends at every call of a store, one after the other, while a change makes its way through the Regions. At
 * that very moment what one Region encrypts opens in all others; and when the service is used again, the change ends.
 */
import { describe, expect, it } from "vitest";
import { type KeyStoreDriver, memoryKeystore } from "../../src/index.ts";
import { unclosable } from "../operations/service.ts";
import { type CrashPoint, copyOf, failing } from "./failing.ts";
import { A, B, C, openRegions, REGIONS, type Regions } from "./regions.ts";

const Plaintext = new TextEncoder().encode("secret");

class Stores {
  constructor(readonly drivers: readonly KeyStoreDriver[]) {}

  async copy(): Promise<Stores> {
    return new Stores(await Promise.all(this.drivers.map(copyOf)));
  }

  async open(point?: CrashPoint): Promise<Regions> {
    const drivers = this.drivers
      .map((driver) => unclosable(driver))
      .map((driver) => (point ? failing(driver, point) : driver));
    const [keystore, b, c] = drivers;
    return openRegions({ keystore: keystore!, regions: { ...(b && { [B]: b }), ...(c && { [C]: c }) } });
  }

  /** Runs `work` on a copy of everything, so that it leaves nothing behind. */
  async aside<T>(work: (regions: Regions) => Promise<T>): Promise<T> {
    const regions = await (await this.copy()).open();
    try {
      return await work(regions);
    } finally {
      await regions.kms.close();
    }
  }
}

/** What one Region encrypts at this moment, every other one opens at this moment. */
async function expectOpensEverywhere(stores: Stores, keyId: string): Promise<void> {
  for (const from of REGIONS) {
    const sealed = await stores.aside((regions) =>
      regions
        .in(from)("Encrypt", { KeyId: keyId, Plaintext })
        .catch((error) => error),
    );
    if (sealed instanceof Error) {
      expect(["NotFoundException", "KMSInvalidStateException"]).toContain(sealed.name);
      continue;
    }
    for (const to of REGIONS) {
      const opened = await stores.aside(async (regions) => {
        const { Keys } = await regions.in(to)("ListKeys", {});
        if (!Keys.some(({ KeyId }: { KeyId: string }) => KeyId === keyId)) return undefined;
        return regions
          .in(to)("Decrypt", { CiphertextBlob: sealed.CiphertextBlob })
          .catch((error) => error);
      });
      if (opened === undefined) continue;
      if (opened instanceof Error)
        expect(`${from} ${to} ${opened.name}`).toBe(`${from} ${to} KMSInvalidStateException`);
      else expect(opened.Plaintext).toEqual(Plaintext);
    }
  }
}

interface Change {
  readonly name: string;
  readonly before: (regions: Regions) => Promise<string>;
  readonly change: (regions: Regions, keyId: string) => Promise<unknown>;
  /** The Regions of a key once the change has ended; the first one is the primary. */
  readonly expected: readonly string[];
  readonly materials: number;
}

async function newKey(regions: Regions, ...replicas: string[]): Promise<string> {
  const { KeyMetadata } = await regions.in(A)("CreateKey", { MultiRegion: true });
  for (const ReplicaRegion of replicas)
    await regions.in(A)("ReplicateKey", { KeyId: KeyMetadata.KeyId, ReplicaRegion });
  return KeyMetadata.KeyId;
}

const CHANGES: readonly Change[] = [
  {
    name: "a replica is made",
    before: (regions) => newKey(regions, B),
    change: (regions, KeyId) => regions.in(A)("ReplicateKey", { KeyId, ReplicaRegion: C }),
    expected: [A, B, C],
    materials: 1,
  },
  {
    name: "the material is rotated",
    before: (regions) => newKey(regions, B, C),
    change: (regions, KeyId) => regions.in(A)("RotateKeyOnDemand", { KeyId }),
    expected: [A, B, C],
    materials: 2,
  },
  {
    name: "a replica becomes the primary",
    before: (regions) => newKey(regions, B, C),
    change: (regions, KeyId) => regions.in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: C }),
    expected: [C, B, A],
    materials: 1,
  },
  {
    name: "the material is rotated, a replica becomes the primary and rotates it again",
    before: (regions) => newKey(regions, B),
    change: async (regions, KeyId) => {
      await regions.in(A)("RotateKeyOnDemand", { KeyId });
      await regions.in(A)("UpdatePrimaryRegion", { KeyId, PrimaryRegion: B });
      await regions.in(B)("RotateKeyOnDemand", { KeyId });
    },
    expected: [B, A],
    materials: 3,
  },
];

/** The state of a key everywhere, once everything has been used. */
async function stateOf(stores: Stores, keyId: string) {
  const regions = await stores.open();
  for (const region of REGIONS) await regions.in(region)("CreateKey", {});
  const found = [];
  for (const region of REGIONS) {
    const answer = await regions
      .in(region)("DescribeKey", { KeyId: keyId })
      .catch(() => undefined);
    if (answer === undefined) continue;
    const { KeyState, MultiRegionConfiguration, CurrentKeyMaterialId } = answer.KeyMetadata;
    const { PrimaryKey, ReplicaKeys } = MultiRegionConfiguration;
    const regionsOf = [PrimaryKey, ...ReplicaKeys].map(({ Region }: { Region: string }) => Region);
    const { Rotations } = await regions.in(region)("ListKeyRotations", { KeyId: keyId });
    found.push({ region, KeyState, regionsOf, CurrentKeyMaterialId, materials: Rotations.length + 1 });
  }
  const errands = (
    await Promise.all(stores.drivers.map((driver) => driver.list("record/", undefined, 10_000)))
  ).flatMap((paths) => paths.filter((path) => path.includes("/replication/")));
  await regions.kms.close();
  return { found, errands };
}

describe.each([
  ["one store", 1, false],
  ["three stores", 3, false],
  ["three stores, with the last answer lost", 3, true],
] as const)("in %s the process ends at every call while", (_, count, isLate) => {
  it.each(CHANGES)(
    "$name",
    async ({ before, change, expected, materials }) => {
      const base = new Stores(Array.from({ length: count }, () => memoryKeystore()));
      const first = await base.open();
      const keyId = await before(first);
      await first.kms.close();
      const untouched = await stateOf(await base.copy(), keyId);
      const outcomes = new Set<string>();
      let crashes = 0;
      for (let n = 1; ; n++) {
        const stores = await base.copy();
        const point: CrashPoint = { inCalls: Number.POSITIVE_INFINITY, isLate };
        const regions = await stores.open(point);
        point.inCalls = n;
        await change(regions, keyId).catch(() => undefined);
        const ended = point.inCalls > 0;
        point.inCalls = Number.POSITIVE_INFINITY;
        await regions.kms.close();
        await expectOpensEverywhere(stores, keyId);
        const { found, errands } = await stateOf(stores, keyId);
        expect(errands, `call ${n}`).toEqual([]);
        for (const { KeyState, CurrentKeyMaterialId, regionsOf } of found) {
          expect(KeyState, `call ${n}`).toBe("Enabled");
          expect(CurrentKeyMaterialId).toBe(found[0]!.CurrentKeyMaterialId);
          expect(regionsOf).toEqual(found[0]!.regionsOf);
        }
        expect(new Set(found.map(({ region }) => region))).toEqual(new Set(found[0]!.regionsOf));
        outcomes.add(JSON.stringify([found[0]!.regionsOf, found[0]!.materials]));
        if (ended) {
          expect(found[0]!.regionsOf).toEqual(expected);
          expect(found[0]!.materials).toBe(materials);
          break;
        }
        crashes++;
      }
      // Both happened: it had not begun, and it had begun and was ended afterwards.
      expect(outcomes).toContain(JSON.stringify([untouched.found[0]!.regionsOf, untouched.found[0]!.materials]));
      expect(crashes).toBeGreaterThan(10);
    },
    120_000,
  );
});
