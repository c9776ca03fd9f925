/**
 * Request quotas: how many requests a second an account may send to a Region, in the groups that AWS counts by, as token
 * buckets of one second's requests. Source: AWS KMS Developer Guide, "Request quotas" (2026).
 */
import type { Clock } from "../env.ts";
import { KmsError } from "../errors.ts";
import { isGeneratingPairs, isShared, pairGroup, rateOf, STORE_GROUP, sharedGroupOf } from "./rates.ts";

/**
 * "off": no limits. "aws": those that AWS has by default. Or your own: requests a second by the name of an operation or
 * of a shared group ("symmetric", "RSA", "ECC", "ML_DSA", "ML_KEM"), "CustomKeyStore" for each of them, the rest without
 * a limit.
 */
export type QuotaSetting = "off" | "aws" | Readonly<Record<string, number>>;

interface Bucket {
  readonly perSecond: number;
  tokens: number;
  filledAtMs: number;
}

/** The buckets of one account in one Region. */
export class RequestQuotas {
  readonly #rateOf: (group: string) => number | undefined;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket | null>();

  constructor(setting: Exclude<QuotaSetting, "off">, region: string, clock: Clock) {
    this.#rateOf = setting === "aws" ? (group) => rateOf(group, region) : (group) => setting[group];
    this.#clock = clock;
  }

  /**
   * Counts a request.
   * @param keySpecs of the keys that it uses; none for operations without a key
   * @param pairSpec of the pair that GenerateDataKeyPair makes
   * @throws {KmsError} ThrottlingException, which AWS SDKs answer by waiting
   */
  take(operation: string, keySpecs: readonly string[], pairSpec: string | undefined): void {
    const first = groupOf(operation, keySpecs[0], pairSpec);
    this.#takeFrom(first);
    // A ReEncrypt counts in the group of each side, once if both are of one.
    for (let i = 1; isShared(operation) && i < keySpecs.length; i++) {
      const group = sharedGroupOf(keySpecs[i]);
      if (group !== first) this.#takeFrom(group);
    }
  }

  /** Counts a use of the keys of one custom key store. @throws {KmsError} ThrottlingException */
  takeFromStore(storeId: string): void {
    this.#takeFrom(`${STORE_GROUP} ${storeId}`, STORE_GROUP);
  }

  #takeFrom(name: string, group = name): void {
    const bucket = this.#bucketOf(name, group);
    if (bucket === null) return;
    const nowMs = this.#clock.nowMs();
    const gained = Math.max(0, nowMs - bucket.filledAtMs) * (bucket.perSecond / 1000);
    bucket.tokens = Math.min(bucket.perSecond, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens < 1) {
      throw new KmsError(
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
      );
    }
    bucket.tokens -= 1;
  }

  /** `null` where there is no limit. */
  #bucketOf(name: string, group: string): Bucket | null {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      const perSecond = this.#rateOf(group);
      bucket = perSecond === undefined ? null : { perSecond, tokens: perSecond, filledAtMs: this.#clock.nowMs() };
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }
}

function groupOf(operation: string, keySpec: string | undefined, pairSpec: string | undefined): string {
  if (isGeneratingPairs(operation)) return pairGroup(pairSpec);
  return isShared(operation) ? sharedGroupOf(keySpec) : operation;
}

/** @throws {TypeError} for a setting of a wrong form */
export function checkQuotaSetting(setting: unknown): asserts setting is QuotaSetting {
  if (setting === "off" || setting === "aws") return;
  if (typeof setting !== "object" || setting === null) {
    throw new TypeError('requestQuotas must be "off", "aws" or an object of requests a second by operation or group.');
  }
  for (const [group, perSecond] of Object.entries(setting)) {
    if (rateOf(group, "us-east-1") === undefined) {
      throw new TypeError(`requestQuotas names ${group}, which is neither an operation of its own nor a shared group.`);
    }
    if (typeof perSecond !== "number" || !(perSecond >= 1) || !Number.isFinite(perSecond)) {
      throw new TypeError(
        `requestQuotas.${group} must be a number of requests a second from 1 on; it is ${perSecond}.`,
      );
    }
  }
}
