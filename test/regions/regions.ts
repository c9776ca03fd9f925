/** A service of several Regions for tests: all of them in one store, or a store for each. */
import { createKms, type KeyStoreDriver, type Kms, type Random, rootKeyFromBytes } from "../../src/index.ts";
import { type Call, DAY_MS, ROOT_KEY, START_MS } from "../operations/service.ts";

export const ACCOUNT = "111122223333";
export const [A, B, C] = ["us-west-2", "eu-west-1", "ap-south-1"] as const;
export const REGIONS = [A, B, C];

export const arnIn = (region: string, keyId: string): string => `arn:aws:kms:${region}:${ACCOUNT}:key/${keyId}`;

export interface Regions {
  readonly kms: Kms;
  /** The operations of one Region, for root or for another caller. */
  in(region: string, caller?: Parameters<Kms["as"]>[0]): Call;
  advanceDays(days: number): void;
}

export interface RegionsOptions {
  readonly keystore: KeyStoreDriver;
  readonly regions?: Readonly<Record<string, KeyStoreDriver>>;
  readonly region?: string;
  /** The time goes on from here. */
  readonly clock?: { nowMs: number };
  readonly random?: Random;
  readonly audit?: Parameters<typeof createKms>[0]["audit"];
}

export async function openRegions(options: RegionsOptions): Promise<Regions> {
  const { keystore, regions, region = A, clock = { nowMs: START_MS }, audit, random } = options;
  const kms = await createKms({
    keystore,
    ...(regions && { regions }),
    ...(audit && { audit }),
    ...(random && { random }),
    rootKey: rootKeyFromBytes(ROOT_KEY),
    region,
    accountId: ACCOUNT,
    clock: { nowMs: () => clock.nowMs },
  });
  return {
    kms,
    in: (name, caller = "root") => {
      const bound = kms.inRealm({ region: name, accountId: ACCOUNT }).as(caller);
      return (operation, input) => bound.execute(operation as never, input as never);
    },
    advanceDays: (days) => {
      clock.nowMs += days * DAY_MS;
    },
  };
}
