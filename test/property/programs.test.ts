/**
 * Random programs against the model. `npm run soak` runs more of them, from a seed of the day that it prints;
 * PROPERTY_SEED repeats one.
 */
import { expect, it } from "vitest";
import { START_MS, startService } from "../operations/service.ts";
import { Program } from "./program.ts";

const STEPS = 500;
const SHOWN_STEPS = 25;
const PROGRAMS = process.env.SOAK === undefined ? 20 : 400;
const FIRST_SEED = Number(process.env.PROPERTY_SEED ?? (process.env.SOAK === undefined ? 1 : Date.now() % 1e6));
const seeds = Array.from({ length: PROGRAMS }, (_, i) => FIRST_SEED + i);
if (process.env.SOAK !== undefined) console.log(`random programs from PROPERTY_SEED=${FIRST_SEED}`);

const seen = new Map<string, number>();

it.each(seeds)("a program of 500 steps from seed %i ends as the model says", async (seed) => {
  const service = await startService();
  const program = new Program(seed, service, START_MS);
  try {
    await program.run(STEPS);
  } catch (error) {
    const last = program.log.slice(-SHOWN_STEPS).join("\n");
    throw new Error(`PROPERTY_SEED=${seed}, step ${program.log.length}\n${last}\n${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await service.kms.close();
    for (const [outcome, count] of program.seen) seen.set(outcome, (seen.get(outcome) ?? 0) + count);
  }
});

it("the programs have met successes and refusals of all kinds", () => {
  for (const outcome of [
    "Encrypt ok",
    "Encrypt DisabledException",
    "Encrypt KMSInvalidStateException",
    "Encrypt InvalidKeyUsageException",
    "Encrypt DryRunOperationException",
    "Decrypt ok",
    "Decrypt IncorrectKeyException",
    "Decrypt InvalidCiphertextException",
    "ReEncrypt ok",
    "Verify ok",
    "Verify KMSInvalidSignatureException",
    "VerifyMac ok",
    "CancelKeyDeletion ok",
    "UpdateAlias ok",
    "UpdateAlias ValidationException",
    "RotateKeyOnDemand ok",
    "RotateKeyOnDemand UnsupportedOperationException",
  ]) {
    expect(seen.get(outcome), outcome).toBeGreaterThan(0);
  }
});
