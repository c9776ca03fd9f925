/**
 * How the Regions of a multi-Region key stay one key, though each keeps a sealed copy of its own, perhaps in a store of
 * its own, with which no transaction is shared.
 *
 * The primary alone changes what the Regions share, and counts each change (`MultiRegion.revision`). With it go errands
 * to all other Regions (errands.ts), in the same transaction. Running one is idempotent: a Region takes what is newer than its own
 * and nothing else; when it has, the errand is removed. After a crash errands are found again, before each write and
 * when a key that is under way is used, so that every change ends.
 *
 * Promises. A Region is in the primary's list only when it has all material. New material opens in every Region before
 * it encrypts in any: it is `incoming` in all of them first. Who is the primary changes in one transaction of the old
 * primary, and the new one learns it from there, so that there are never two. A Region that does not answer, or whose
 * store is empty, is waited for and never struck out: only a replica that was deleted is.
 */
import { KmsError } from "../errors.ts";
import type { ReadTransaction, Transaction } from "../records/record-store.ts";
import {
  type Errand,
  ErrandBox,
  isCreation,
  isSame,
  kindOf,
  type Outcome,
  type ReplicaAttributes,
  revisedKey,
  type Seen,
  withIncoming,
  withPrimary,
  withReplicas,
} from "./errands.ts";
import { holds, lackingMaterial, lists } from "./import-state.ts";
import { isDeleted, type Key, type MaterialEntry } from "./key.ts";
import {
  allMaterials,
  isMultiRegion,
  isUnderWay,
  type MultiRegionKey,
  otherRegions,
  regionRole,
  synchronized,
} from "./multi-region.ts";
import type { ReplicationOptions } from "./replication-options.ts";
import { Retries } from "./retries.ts";

/** A change of many steps takes about five; a key that others change meanwhile takes more. */
const MAX_ROUNDS = 16;
/** A primary may be promoted away while a farewell looks for it. */
const MAX_HOPS = 4;

type Options = ReplicationOptions<Replication>;

export class Replication {
  readonly #options: Options;
  readonly #errands: ErrandBox;
  /** Keys whose errands this object has written and not run yet. */
  readonly #due = new Set<string>();
  /** Of keys that wait for another Region. */
  readonly retries: Retries;
  /** Where the last sweep ended. */
  #sweptTo: string | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#errands = new ErrandBox(options.folder);
    this.retries = new Retries(options.clock);
  }

  /** Whether this Region has a replica of the key. */
  isReplica(key: Key): boolean {
    return regionRole(key, this.#options.region) === "REPLICA";
  }

  /** Whether errands were written that are to be run now. */
  get isDue(): boolean {
    return this.#due.size > 0;
  }

  /**
   * To be called when what the Regions share of a key was changed in this transaction: brings it on its way to the
   * replicas. New material does not become current before all of them have it.
   * @param before the key as it was
   * @param after as `keys.update` has just written it, with at most one new material at the end
   * @returns the key as it is written now; a single-Region key unchanged
   * @throws {KmsError} ConflictException while the material of another rotation is on its way
   */
  async spread(tx: Transaction, before: Key, after: Key): Promise<Key> {
    if (!isMultiRegion(after) || !isMultiRegion(before)) return after;
    const revised = revisedKey(after);
    const isAlone = after.multiRegion.replicaRegions.length === 0;
    if (isAlone || after.materials.length === before.materials.length) return this.#announce(tx, revised);
    if (after.origin === "EXTERNAL" && (await this.lacking(after, after.materials.at(-1)!)).length > 0) {
      throw lackingMaterial(after.keyId);
    }
    if (before.multiRegion.incoming !== undefined) {
      throw new KmsError(
        "ConflictException",
        `A rotation of the key ${after.keyId} is in progress: its new material is on its way to the replica Regions. ` +
          "Wait until it has reached them.",
      );
    }
    const multiRegion = { ...revised.multiRegion, incoming: after.materials.at(-1)! };
    return this.#announce(tx, { ...revised, materials: before.materials, multiRegion });
  }

  /** The replica Regions into which this imported material has not been imported yet. */
  async lacking({ keyId, multiRegion }: Key, { materialId }: MaterialEntry): Promise<readonly string[]> {
    const has = async (region: string): Promise<boolean> => {
      const { records, keys } = this.#options.inRegion(region).#options;
      return holds(await records.read(async (tx) => keys.find(tx, keyId)), materialId);
    };
    const all = multiRegion?.replicaRegions ?? [];
    const held = await Promise.all(all.map(has));
    return all.filter((_, i) => !held[i]);
  }

  /** Begins to make a replica, which goes on after the transaction. @throws {KmsError} */
  async begin(tx: Transaction, key: Key, region: string, attributes: ReplicaAttributes): Promise<void> {
    const there = this.#options.inRegion(region).#options;
    const errand = (await this.#errands.of(tx, key.keyId)).get(region);
    const existing = await there.records.read(async (other) => {
      const found = await there.keys.find(other, key.keyId);
      if (found === undefined) await there.keyCount.checkRoom(other);
      return found;
    });
    if (existing !== undefined || errand?.create !== undefined) {
      throw new KmsError("AlreadyExistsException", `The key ${key.keyId} already exists in the Region ${region}.`);
    }
    this.#sendBy(tx, key, region, { create: attributes });
  }

  /** Begins to make the replica in that Region the primary. */
  async promote(tx: Transaction, key: MultiRegionKey, region: string): Promise<Key> {
    const multiRegion = { ...key.multiRegion, nextPrimaryRegion: region };
    return this.#announce(tx, revisedKey({ ...key, state: "Updating", multiRegion }));
  }

  /** Whether the key is a primary that has replicas, or will have. */
  async hasReplicas(tx: ReadTransaction, key: Key): Promise<boolean> {
    if (!isMultiRegion(key) || regionRole(key, this.#options.region) !== "PRIMARY") return false;
    if (key.multiRegion.replicaRegions.length > 0) return true;
    return [...(await this.#errands.of(tx, key.keyId)).values()].some(isCreation);
  }

  /** Lets a primary wait until its last replica is gone. */
  scheduleDeletion(tx: Transaction, key: Key, windowDays: number): Key {
    for (const region of key.multiRegion?.replicaRegions ?? []) this.#send(tx, key.keyId, region, {});
    const waiting = { ...key, state: "PendingReplicaDeletion" as const, deletionWindowDays: windowDays };
    return this.#options.keys.update(tx, waiting);
  }

  /** To be called with the removal of a key: its primary learns of it, and its errands end. */
  async farewell(tx: Transaction, key: Key): Promise<void> {
    if (!isMultiRegion(key)) return;
    await this.#errands.clear(tx, key.keyId);
    if (!this.isReplica(key)) return;
    // To all of them: who is the primary this one may not have learned yet.
    for (const other of otherRegions(key.multiRegion, this.#options.region)) {
      this.#send(tx, key.keyId, other, { isFarewell: true });
    }
  }

  /** Runs the errands that this object has written. Never throws: what fails is found again. */
  async runDue(): Promise<void> {
    for (const keyId of this.#due) {
      this.#due.delete(keyId);
      await this.settle(keyId);
    }
  }

  /** Runs errands that a crash or an unreachable Region has left. Never throws. */
  async sweep(): Promise<void> {
    try {
      const { keyIds, last } = await this.#options.records.read((tx) => this.#errands.keys(tx, this.#sweptTo));
      this.#sweptTo = last;
      for (const keyId of keyIds) await this.#retry(keyId);
    } catch {}
  }

  /** Goes on with a key that is under way, wherever that has to be done. Never throws. */
  async goOn(key: Key): Promise<void> {
    if (!isMultiRegion(key)) return;
    const { region, inRegion } = this.#options;
    const { primaryRegion } = key.multiRegion;
    if (primaryRegion !== region) await inRegion(primaryRegion).#retry(key.keyId);
    await this.#retry(key.keyId);
  }

  async #retry(keyId: string): Promise<void> {
    if (this.retries.mayTry(keyId) && (await this.settle(keyId))) this.retries.succeeded(keyId);
  }

  /** Runs the errands of a key as far as they can be. Never throws. @returns whether none is left */
  async settle(keyId: string): Promise<boolean> {
    const { records, keys } = this.#options;
    try {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const seen: Seen = await records.read(async (tx) => ({
          key: await keys.peek(tx, keyId),
          errands: await this.#errands.of(tx, keyId),
        }));
        if (seen.errands.size === 0 && (seen.key === undefined || !isUnderWay(seen.key))) return true;
        const outcomes = new Map<string, Outcome>();
        for (const [to, errand] of seen.errands) outcomes.set(to, await this.#tell(keyId, to, errand, seen.key));
        const goesOn = await records.write((tx) => this.#conclude(tx, keyId, seen, outcomes));
        if (!goesOn) return ![...outcomes.values()].includes("waits");
      }
    } catch {
      // The errands stay where they are.
    }
    return false;
  }

  /** Runs one errand. What fails waits. */
  async #tell(keyId: string, region: string, errand: Errand, key: Key | undefined): Promise<Outcome> {
    try {
      if (errand.isFarewell) return await this.#sayFarewell(keyId, region);
      if (!isMultiRegion(key)) return "told";
      const there = this.#options.inRegion(region);
      if (errand.create !== undefined) await there.#options.purge();
      const outcome = await there.#take(key, this, errand);
      if (outcome !== "again") return outcome;
      // What is there is newer than what is here, which was restored from an old copy.
      const newer = await there.#options.records.read((tx) => there.#options.keys.peek(tx, keyId));
      if (isMultiRegion(newer)) await this.#take(newer, there, {});
      return "again";
    } catch {
      return "waits";
    }
  }

  /** Takes over what is shared from another Region, unless what is here is as new. */
  async #take(source: MultiRegionKey, from: Replication, errand: Errand): Promise<Outcome> {
    const { region, records, keys, keyCount, clock, record } = this.#options;
    const { keyId, multiRegion } = source;
    return records.write(async (tx): Promise<Outcome> => {
      const own = await keys.peek(tx, keyId);
      if (own === undefined) {
        if (errand.create === undefined)
          return errand.isGone || (await this.#errands.hasFarewell(tx, keyId)) ? "gone" : "waits";
        await keyCount.add(tx);
        await this.#copyMaterials(tx, source, undefined, from);
        const { deletionAtMs: _1, deletionWindowDays: _2, policy: _3, hasGrants: _4, ...shared } = source;
        const replica: Key = { ...shared, ...errand.create, state: "Creating" };
        keys.update(tx, synchronized(replica, source, region));
        await this.#errands.clear(tx, keyId);
        await record(keyId);
        return "created";
      }
      if (isDeleted(own, clock.nowMs())) return errand.create === undefined ? "gone" : "waits";
      if (!isMultiRegion(own)) return "waits";
      if (own.multiRegion.revision > multiRegion.revision) return "again";
      if (multiRegion.nextPrimaryRegion === region && own.state !== "Enabled" && own.state !== "Updating")
        return "unfit";
      if (own.multiRegion.revision < multiRegion.revision) {
        await this.#copyMaterials(tx, source, own, from);
        const taken = synchronized(own, source, region);
        keys.update(tx, taken);
        const lost = own.pendingMaterial;
        if (lost !== undefined && !lists(taken, lost.materialId)) keys.removeMaterial(tx, own, lost.materialId);
        if (this.isReplica(own) && !this.isReplica(taken)) this.#becomePrimary(tx, taken);
        await record(keyId);
      }
      return errand.create === undefined ? "told" : "created";
    });
  }

  /** The old primary may be gone before it has told the others. */
  #becomePrimary(tx: Transaction, key: Key): void {
    for (const region of key.multiRegion!.replicaRegions) this.#send(tx, key.keyId, region, {});
    this.#options.promoted(tx, key);
  }

  /** Copies the material that is not here yet. What is imported is imported in each Region. */
  async #copyMaterials(tx: Transaction, source: Key, own: Key | undefined, from: Replication): Promise<void> {
    if (source.origin === "EXTERNAL") return;
    const held = new Set(own === undefined ? [] : allMaterials(own).map(({ materialId }) => materialId));
    for (const { materialId } of allMaterials(source)) {
      if (!held.has(materialId)) await this.#options.keys.copyMaterial(tx, source, materialId, from.#options);
    }
  }

  /** Tells the primary that the replica here is gone, wherever the primary is by now. */
  async #sayFarewell(keyId: string, region: string): Promise<Outcome> {
    const { region: own, inRegion } = this.#options;
    let there = inRegion(region);
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      const { records, keys, region: at } = there.#options;
      const moved = await records.write(async (tx) => {
        const key = await keys.peek(tx, keyId);
        if (!isMultiRegion(key)) return undefined;
        const { primaryRegion, replicaRegions } = key.multiRegion;
        if (primaryRegion !== at) return primaryRegion;
        // It may be about to be made again.
        const isComing = isCreation((await there.#errands.of(tx, keyId)).get(own) ?? {});
        if (replicaRegions.includes(own) && !isComing) there.#sendBy(tx, key, own, { isGone: true });
        return undefined;
      });
      if (moved === undefined) {
        await there.runDue();
        return "told";
      }
      there = inRegion(moved);
    }
    return "waits";
  }

  /** Writes down what became of errands, and takes the next step of the key. @returns whether there is more to do now */
  async #conclude(
    tx: Transaction,
    keyId: string,
    seen: Seen,
    outcomes: ReadonlyMap<string, Outcome>,
  ): Promise<boolean> {
    const key = await this.#options.keys.peek(tx, keyId);
    const errands = await this.#errands.of(tx, keyId);
    // One that was written meanwhile is another errand.
    const done = new Map([...outcomes].filter(([region]) => isSame(errands.get(region), seen.errands.get(region))));
    const finish = (region: string): void => {
      this.#errands.remove(tx, keyId, region);
      errands.delete(region);
    };
    for (const [region, { isFarewell }] of errands) {
      if ((isFarewell || !isMultiRegion(key)) && done.get(region) === "told") finish(region);
    }
    if (!isMultiRegion(key) || !isMultiRegion(seen.key)) return false;
    if (seen.key.multiRegion.revision !== key.multiRegion.revision) return true;
    const isPrimary = regionRole(key, this.#options.region) === "PRIMARY";
    const listed = isPrimary ? withReplicas(key, done) : key;
    for (const [region, outcome] of done) {
      const isPolled = key.state === "PendingReplicaDeletion" && outcome === "told";
      if (outcome !== "waits" && outcome !== "unfit" && outcome !== "again" && !isPolled) finish(region);
    }
    if (listed !== key) return this.#list(tx, listed, [...errands.values()].some(isCreation));
    for (const [region, outcome] of done) if (outcome === "told") errands.delete(region);
    return (await this.#step(tx, key, isPrimary, errands)) || [...done.values()].includes("again");
  }

  /** Writes a new list of replicas. A primary that waits for the last of them to go waits for nothing else. */
  async #list(tx: Transaction, key: MultiRegionKey, hasMore: boolean): Promise<true> {
    const revised = revisedKey(key);
    await this.#announce(tx, revised);
    if (revised.state === "PendingReplicaDeletion" && revised.multiRegion.replicaRegions.length === 0 && !hasMore) {
      this.#options.keys.scheduleDeletion(tx, revised, revised.deletionWindowDays!);
    }
    return true;
  }

  /** The next step of a key. @param open what other Regions have not been told yet */
  async #step(
    tx: Transaction,
    key: MultiRegionKey,
    isPrimary: boolean,
    open: ReadonlyMap<string, Errand>,
  ): Promise<boolean> {
    const { incoming, nextPrimaryRegion, primaryRegion } = key.multiRegion;
    if (isPrimary && incoming !== undefined) {
      if (open.size > 0) return false;
      await this.#announce(tx, withIncoming(key, incoming));
      return true;
    }
    if (isPrimary && nextPrimaryRegion !== undefined) {
      if (open.has(nextPrimaryRegion) || [...open.values()].some((errand) => kindOf(errand) !== "change")) return false;
      await this.#announce(tx, withPrimary(key, nextPrimaryRegion));
      return true;
    }
    if (key.state === "Updating" && nextPrimaryRegion === undefined && !open.has(primaryRegion)) {
      this.#options.keys.update(tx, { ...key, state: "Enabled" });
    }
    return false;
  }

  /** Writes the key, and errands about it to all other Regions; an errand that says more stays. */
  async #announce(tx: Transaction, key: MultiRegionKey): Promise<Key> {
    const { keys, region } = this.#options;
    const errands = await this.#errands.of(tx, key.keyId);
    for (const other of otherRegions(key.multiRegion, region)) {
      if (kindOf(errands.get(other) ?? {}) === "change") this.#send(tx, key.keyId, other, {});
    }
    this.#due.add(key.keyId);
    return keys.update(tx, key);
  }

  /** With the key, so that another process that has judged by the errands there were judges anew. */
  #sendBy(tx: Transaction, key: Key, region: string, errand: Errand): void {
    this.#options.keys.update(tx, key);
    this.#send(tx, key.keyId, region, errand);
  }

  #send(tx: Transaction, keyId: string, region: string, errand: Errand): void {
    this.#errands.put(tx, keyId, region, errand);
    this.#due.add(keyId);
  }
}
