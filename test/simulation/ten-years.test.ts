/**
 * Years in the life of a hundred keys, from a seed: no ciphertext of a living key ever fails to open, and no rotation is
 * lost or doubled. `npm run soak` has ten years, from a seed of the day that it prints; SIMULATION_SEED repeats one.
 */
import { expect, it } from "vitest";
import { DAY_MS, START_MS } from "../operations/service.ts";
import { ImportedKeys } from "./imported-keys.ts";
import { ReplicatedKeys } from "./replicated-keys.ts";
import { RotatingKeys } from "./rotating-keys.ts";
import { type Actor, World } from "./world.ts";

const SOAK = process.env.SOAK !== undefined;
const YEARS = SOAK ? 10 : 3;
/** A hundred in all. */
const [ROTATING, REPLICATED, IMPORTED] = SOAK ? [80, 15, 5] : [85, 13, 2];
const FIRST_SEED = Number(process.env.SIMULATION_SEED ?? (SOAK ? Date.now() % 1e6 : 1));
const seeds = [FIRST_SEED];
if (SOAK) console.log(`ten years from SIMULATION_SEED=${FIRST_SEED}`);

it.each(seeds)(
  `${YEARS} years of keys from seed %i`,
  async (seed) => {
    const world = new World(seed);
    const actors: Actor[] = [
      new RotatingKeys(world, ROTATING),
      new ReplicatedKeys(world, REPLICATED),
      new ImportedKeys(world, IMPORTED),
    ];
    await world.open();
    try {
      for (let day = 0; world.nowMs < START_MS + YEARS * 365 * DAY_MS; day++) {
        for (const actor of actors) await actor.act();
        await world.advance();
        for (const actor of actors) await actor.settle();
        if (day % 20 === 0) for (const actor of actors) await actor.check();
      }
      for (const actor of actors) await actor.check();
      for (const actor of actors) await actor.end();
    } catch (error) {
      const date = new Date(world.nowMs).toISOString();
      throw new Error(`SIMULATION_SEED=${seed}, on ${date}: ${(error as Error).message}`, { cause: error });
    } finally {
      await world.close();
    }
    console.log(`seed ${seed}: ${[...world.counts].map(([what, count]) => `${count} ${what}`).join(", ")}`);
    for (const what of [
      "keys",
      "sealed",
      "opened",
      "restarts",
      "rotated by themselves",
      "rotated on demand",
      "deleted",
      "imported again",
      "rotated to imported material",
      "looked at without material",
      "replicated",
      "promoted",
      "rotated in all Regions",
    ]) {
      expect(world.counts.get(what), what).toBeGreaterThan(0);
    }
  },
  600_000,
);
