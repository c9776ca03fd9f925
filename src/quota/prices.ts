/**
 * What AWS charges, in US dollars. Source: aws.amazon.com/kms/pricing, as it was to our knowledge on the date below;
 * prices of your Region may differ.
 */

export const PRICES_DATE = "2026-11-01";
/** Of a customer managed key, by the hour. */
export const KEY_MONTH_DOLLARS = 1;
/** Each of the first two rotations of a key adds as much as the key itself. */
export const PRICED_ROTATIONS = 2;
/** Requests a month that cost nothing, in the groups that take part. */
export const FREE_REQUESTS = 20_000;

export type PriceGroup = "symmetric" | "RSA_2048" | "asymmetric" | "pairs ECC" | "pairs RSA";

export interface Price {
  readonly label: string;
  readonly dollarsPer10000: number;
  /** Whether the free requests count here. */
  readonly hasFreeRequests: boolean;
}

export const PRICES: Readonly<Record<PriceGroup, Price>> = {
  symmetric: { label: "symmetric keys, HMAC and management", dollarsPer10000: 0.03, hasFreeRequests: true },
  RSA_2048: { label: "RSA_2048 keys", dollarsPer10000: 0.03, hasFreeRequests: false },
  asymmetric: { label: "other asymmetric keys", dollarsPer10000: 0.15, hasFreeRequests: false },
  "pairs ECC": {
    label: "GenerateDataKeyPair, elliptic curves and ML-KEM",
    dollarsPer10000: 0.1,
    hasFreeRequests: false,
  },
  "pairs RSA": { label: "GenerateDataKeyPair, RSA", dollarsPer10000: 12, hasFreeRequests: false },
};

/** The group in which a request is charged. @param keySpec of the key that it used, if any */
export function priceGroupOf(keySpec: string | undefined, pairSpec: string | undefined): PriceGroup {
  if (pairSpec !== undefined) return pairSpec.startsWith("RSA") ? "pairs RSA" : "pairs ECC";
  if (keySpec === undefined || keySpec.startsWith("SYMMETRIC") || keySpec.startsWith("HMAC")) return "symmetric";
  return keySpec === "RSA_2048" ? "RSA_2048" : "asymmetric";
}
