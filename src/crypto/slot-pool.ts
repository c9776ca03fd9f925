/**
 * Lends out the core's slots, of which there are few, to keys, of which there may be any number: a key that is used gets
 * one, if need be that of the key that was used the longest time ago. So a key that nobody destroys costs others no more
 * than a moment.
 *
 * Slots change hands by single writes, no calls: at the very end of the stack a call fails, and must lose none.
 */

/** What lies in a slot, until `destroy` wipes and frees it. */
export interface Held {
  destroy(): void;
}

/** A key that takes a slot when it is used; its fields are the pool's. */
export abstract class Tenant<Kind extends Held> {
  held: Kind | undefined = undefined;
  /** Counted in uses of the pool; 0 for one whose slot is to be given back. */
  usedAt = 0;
  place = 0;

  /** Puts the key into a slot of the core. */
  abstract load(): Kind;
}

/** A bounded number of slots of one kind. */
export class SlotPool<Kind extends Held> {
  /** The first `#count` have a slot each. */
  readonly #tenants: (Tenant<Kind> | undefined)[];
  #count = 0;
  #uses = 0;

  constructor(slotCount: number) {
    this.#tenants = new Array<undefined>(slotCount).fill(undefined);
  }

  /** What `tenant` has in its slot, for use at once: the next call may take the slot away. */
  use(tenant: Tenant<Kind>): Kind {
    if (tenant.held === undefined || tenant.usedAt === 0) return this.#admit(tenant);
    tenant.usedAt = ++this.#uses;
    return tenant.held;
  }

  /** Wipes and frees the slot of `tenant`, if it has one. */
  release(tenant: Tenant<Kind>): void {
    if (tenant.held === undefined) return;
    tenant.usedAt = 0;
    tenant.held.destroy();
    tenant.held = undefined;
    const last = this.#tenants[--this.#count]!;
    this.#tenants[this.#count] = undefined;
    if (last === tenant) return;
    this.#tenants[tenant.place] = last;
    last.place = tenant.place;
  }

  #admit(tenant: Tenant<Kind>): Kind {
    this.release(tenant);
    if (this.#count === this.#tenants.length) this.release(this.#longestUnused());
    const held = tenant.load();
    tenant.held = held;
    tenant.usedAt = ++this.#uses;
    tenant.place = this.#count;
    this.#tenants[this.#count++] = tenant;
    return held;
  }

  #longestUnused(): Tenant<Kind> {
    let oldest = this.#tenants[0]!;
    for (const tenant of this.#tenants) if (tenant!.usedAt < oldest.usedAt) oldest = tenant!;
    return oldest;
  }
}
