/**
 * A keystore over years of a clock that the simulation moves, in a process that ends at random: closed, or as if it had
 * been killed. Kinds of keys join in (rotating-keys.ts and its neighbours); each knows what must be true of its keys.
 */
import { createKms, type KeyStoreDriver, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import {
  ACCOUNT,
  type Call,
  DAY_MS,
  type Output,
  REGION,
  ROOT_KEY,
  START_MS,
  unclosable,
} from "../operations/service.ts";
import { Choices } from "../property/random.ts";

/** A ciphertext and what it must open to, for as long as its key lives. */
interface Sealed {
  readonly blob: Uint8Array;
  readonly text: string;
}

/** One key of some kind, and what is sealed with it. */
export interface SimulatedKey {
  readonly keyId: string;
  readonly sealed: Sealed[];
}

/** Of a kind of keys: what may happen to them, and what must be true of them at the end of each day that is looked at. */
export interface Actor {
  /** Does something, or lets be. */
  act(): Promise<void>;
  /** The clock has moved and what is due has been done. */
  settle(): Promise<void>;
  /** Checks everything. */
  check(): Promise<void>;
  /** Opens everything that was ever sealed with a key that lives. */
  end(): Promise<void>;
}

export class World {
  readonly choose: Choices;
  nowMs = START_MS;
  readonly counts = new Map<string, number>();
  readonly #driver: KeyStoreDriver = memoryKeystore();
  #kms!: Kms;

  constructor(seed: number) {
    this.choose = new Choices(seed);
  }

  /** Runs an operation in the home Region, or another one. */
  async call(operation: string, input: object, region = REGION): Promise<Output> {
    const there = region === REGION ? this.#kms : this.#kms.inRealm({ region, accountId: ACCOUNT });
    return (there.execute as unknown as Call)(operation, input);
  }

  async open(): Promise<void> {
    const kms = await createKms({
      keystore: unclosable(this.#driver),
      rootKey: rootKeyFromBytes(ROOT_KEY),
      region: REGION,
      accountId: ACCOUNT,
      clock: { nowMs: () => this.nowMs },
    });
    this.#kms = kms.as("root");
  }

  /** Ends the process, half of the time without a farewell, and starts the next one. */
  async restart(): Promise<void> {
    if (this.choose.once(2)) await this.#kms.close();
    await this.open();
    this.count("restarts");
  }

  /** Moves the clock to another day, some weeks on at most, or once in a while half a year. */
  async advance(): Promise<void> {
    const days = this.choose.once(40) ? 180 : 1 + this.choose.below(20);
    this.nowMs += days * DAY_MS + this.choose.below(1000);
    if (this.choose.once(4)) await this.restart();
    // A server looks after its keys by itself; elsewhere the next use does.
    if (this.choose.once(2)) await this.#kms.upkeep();
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** Seals a text of its own with a key, and keeps it. */
  async seal(key: SimulatedKey, region = REGION): Promise<void> {
    const text = `${key.keyId} ${key.sealed.length} ${this.choose.below(1e9)}`;
    const input = { KeyId: key.keyId, Plaintext: new TextEncoder().encode(text) };
    const { CiphertextBlob } = await this.call("Encrypt", input, region);
    key.sealed.push({ blob: CiphertextBlob, text });
    this.count("sealed");
  }

  /** Opens what was sealed with a key: a few ciphertexts, or all of them. @throws if one does not open */
  async unseal(key: SimulatedKey, all: boolean, region = REGION): Promise<void> {
    const some = all ? key.sealed : [this.choose.of(key.sealed), key.sealed[0]!];
    for (const { blob, text } of some) {
      const { Plaintext } = await this.call("Decrypt", { CiphertextBlob: blob }, region);
      if (new TextDecoder().decode(Plaintext) !== text) throw new Error(`${text} opened as something else.`);
      this.count("opened");
    }
  }

  async close(): Promise<void> {
    await this.#kms.close();
  }
}
