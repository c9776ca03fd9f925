/**
 * HKDF-Expand (RFC 5869 section 2.3) from pseudorandom keys that lie in slots of the core, as HMAC midstates, from their
 * import until `destroy`.
 */
import { copyInto, viewOut } from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import { checkInfo, checkLength, checkStatus, type HashCalls, type HashRow } from "./hash-calls.ts";
import { expandMany, type PackedInfos } from "./hkdf-batch.ts";

/** HKDF-Expand from one pseudorandom key, which only the core's memory holds. */
export interface DerivationKey {
  /**
   * Returns `lengthBytes`: a plain view of the start of `out` where that was given (it may be longer, and may overlap
   * `info`), else a new array. `info` may have up to 65,536 bytes.
   * @throws {RangeError} if `lengthBytes` is no integer from 0 to 255 hash lengths, `info` is too long or `out` too short.
   * @throws {TypeError} after `destroy`.
   */
  expand(info: Uint8Array, lengthBytes: number, out?: Uint8Array): Uint8Array;
  /**
   * Expands with many infos, with SHA-256 four at a time. Returns the results end to end, `lengthBytes` for each info;
   * `out` may overlap the infos.
   * @throws {RangeError} as `expand` does, or if the lengths do not add up to the bytes of the infos.
   * @throws {TypeError} after `destroy`.
   */
  expandMany(records: PackedInfos, lengthBytes: number, out?: Uint8Array): Uint8Array;
  /** Wipes the key and frees its slot; once is enough, twice does no harm. */
  destroy(): void;
}

const SLOT_COUNT = 1024;
/** Of this file: reading what another exports may be a call, which can fail. */
const NO_HANDLE = -1;

/** The slots of one instance of the core, of which assembly/hkdf.ts knows which are free. */
export class DerivationSlots {
  readonly #calls: HashCalls;
  /**
   * Slots whose keys were destroyed and that are still to be wiped, the first `#leftCount`. A slot changes hands by a
   * single write, never by a call, which can fail at the very end of the stack and would lose the slot.
   */
  readonly #left = new Uint16Array(SLOT_COUNT);
  #leftCount = 0;
  /** How to find the slot of each key. */
  readonly #handles = new WeakMap<DerivationKey, () => number>();

  constructor(calls: HashCalls) {
    this.#calls = calls;
  }

  /** Moves the current key of the core into a slot. @throws {Error} if every slot is taken. */
  keep(row: HashRow): DerivationKey {
    this.#wipeLeft();
    const calls = this.#calls;
    let handle = NO_HANDLE;
    const live = (): number => {
      if (handle < 0) throw new TypeError("This derivation key has been destroyed.");
      return handle;
    };
    const key: DerivationKey = {
      expand: (info, lengthBytes, out) => {
        const slot = live();
        const infoBytes = checkInfo(info);
        checkLength(row, lengthBytes);
        const given = viewOut(out, lengthBytes);
        try {
          copyInto(calls.input, info, infoBytes);
          checkStatus(calls.core.hkdfExpand(slot, infoBytes, lengthBytes));
          return calls.take(given ?? secretBytes(lengthBytes), lengthBytes);
        } catch (error) {
          throw calls.forget(error);
        }
      },
      expandMany: (records, lengthBytes, out) => {
        const { infos, lengths } = records;
        checkLength(row, lengthBytes);
        // Only now that no getter of the caller's can run any more, and destroy this key.
        return expandMany(calls, live(), { infos, lengths }, lengthBytes, out);
      },
      destroy: () => {
        if (handle < 0) return;
        this.#left[this.#leftCount++] = handle;
        handle = NO_HANDLE;
        this.#wipeLeft();
      },
    };
    this.#handles.set(key, live);
    handle = calls.core.hkdfKeep();
    if (handle < 0) checkStatus(handle);
    return key;
  }

  /** Where the core has this key. @throws {TypeError} if it is not a key of this core, or has been destroyed. */
  handleOf(key: DerivationKey): number {
    const live = this.#handles.get(key);
    if (live === undefined) throw new TypeError("This is no derivation key of this core.");
    return live();
  }

  /** Wipes and frees the slots of destroyed keys. */
  #wipeLeft(): void {
    while (this.#leftCount > 0) {
      const status = this.#calls.core.hkdfDrop(this.#left[this.#leftCount - 1]!);
      this.#leftCount--;
      if (status < 0) checkStatus(status);
    }
  }
}
