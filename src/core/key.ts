/**
 * AES-GCM (SP 800-38D) under one key that lies expanded in the core's memory.
 *
 * Bytes are copied once into the core's window and worked on there. To open, the whole ciphertext is authenticated
 * before any of it is decrypted. The core wipes its working state with every message; the window is wiped here wherever
 * it may hold a key or plaintext. Time depends on lengths alone.
 */

import {
  checkNonce,
  copyInto,
  copyNonce,
  copyView,
  isShared,
  lengthOf,
  lengthOfKey,
  put,
  runsAhead,
  viewOf,
} from "../byte-views.ts";
import { secretBytes } from "../secret-bytes.ts";
import { type Abi, CHUNK_BYTES, checkStatus, NONCE_AT, REFUSED, SLOT_COUNT } from "./abi.ts";
import type { CoreAead } from "./aead.ts";
import type { PackedPlaintexts, PackedRecords, PackedSealed, PlainRecord, SealedRecord } from "./batch.ts";
import { type Batcher, checkBatch, openBatch, sealBatch } from "./packed.ts";
import { openMany, sealMany } from "./records.ts";
import { inputStart, roomForSealed, startOf } from "./results.ts";

const TAG_BYTES = 16;
/** SP 800-38D section 5.2.1.1. */
const MESSAGE_BYTES = 2 ** 36 - 32;
const NO_BYTES = new Uint8Array(0);

/**
 * Who has which slot. Taking and giving back are single writes, no calls: at the very end of the stack a call fails, and
 * must leave neither a slot that nobody has nor one that two have.
 */
class SlotTable {
  /** The free slots are the first `freeCount`. */
  readonly free = Uint16Array.from({ length: SLOT_COUNT }, (_, i) => SLOT_COUNT - 1 - i);
  freeCount = SLOT_COUNT;
  /** 1 for a slot that is to be wiped before a key is put there: it may hold one, or parts of one. */
  readonly stained = new Uint8Array(SLOT_COUNT);
}

/** The AES keys of one instance of the core. */
export class KeySlots {
  readonly #abi: Abi;
  readonly #table = new SlotTable();

  constructor(abi: Abi) {
    this.#abi = abi;
  }

  /**
   * Expands a key of 16, 24 or 32 bytes into a slot, which `destroy` frees. The caller may wipe its bytes at once.
   * @throws {RangeError} for another length. @throws {Error} if every slot is taken.
   */
  importKey(bytes: Uint8Array): CoreAead {
    const keyBytes = lengthOfKey(bytes);
    const table = this.#table;
    if (table.freeCount === 0) {
      throw new Error(`All ${SLOT_COUNT} AES keys of this core are in use: destroy those that are no longer needed.`);
    }
    const slot = table.free[table.freeCount - 1]!;
    const { exports, input } = this.#abi;
    if (table.stained[slot] === 1) checkStatus(exports.keyWipe(slot));
    table.stained[slot] = 1;
    try {
      copyInto(input, bytes, keyBytes);
      checkStatus(exports.keyExpand(slot, keyBytes));
      const imported = new CoreKey(this.#abi, table, slot);
      table.freeCount--;
      return imported;
    } catch (error) {
      input.fill(0);
      checkStatus(exports.keyWipe(slot));
      throw error;
    }
  }
}

class CoreKey implements CoreAead {
  readonly #abi: Abi;
  readonly #table: SlotTable;
  /** Forgotten when the key is destroyed: no handle outlives its slot. */
  #slot: number | undefined;

  constructor(abi: Abi, table: SlotTable, slot: number) {
    this.#abi = abi;
    this.#table = table;
    this.#slot = slot;
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array {
    const slot = this.#liveSlot();
    checkNonce(nonce);
    const aadBytes = lengthOf("aad", aad);
    const dataBytes = lengthOf("plaintext", plaintext);
    if (dataBytes > MESSAGE_BYTES) throw new RangeError("The plaintext is longer than the 2^36 - 32 bytes of AES-GCM.");
    const { exports, input, output, memory } = this.#abi;
    const result = roomForSealed(out, dataBytes + TAG_BYTES);
    try {
      copyNonce(memory, NONCE_AT, nonce);
      if (dataBytes > CHUNK_BYTES || aadBytes > CHUNK_BYTES) {
        return this.#sealLong(slot, viewOf(aad, 0, aadBytes), viewOf(plaintext, 0, dataBytes), result);
      }
      if (aadBytes > 0) copyInto(output, aad, aadBytes);
      copyInto(input, plaintext, dataBytes);
      checkStatus(exports.gcmSeal(slot, aadBytes, dataBytes));
      put(result, inputStart(this.#abi, dataBytes + TAG_BYTES));
      return result;
    } catch (error) {
      input.fill(0);
      exports.gcmWipe();
      throw error;
    }
  }

  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array = NO_BYTES, out?: Uint8Array): Uint8Array | undefined {
    const slot = this.#liveSlot();
    checkNonce(nonce);
    const aadBytes = lengthOf("aad", aad);
    const sealedBytes = lengthOf("sealed", sealed);
    const dataBytes = sealedBytes - TAG_BYTES;
    const result = out === undefined ? undefined : startOf(out, Math.max(dataBytes, 0));
    if (dataBytes < 0 || dataBytes > MESSAGE_BYTES) return undefined;
    const { exports, input, output, memory } = this.#abi;
    try {
      copyNonce(memory, NONCE_AT, nonce);
      if (dataBytes > CHUNK_BYTES || aadBytes > CHUNK_BYTES) {
        return this.#openLong(slot, viewOf(aad, 0, aadBytes), viewOf(sealed, 0, sealedBytes), result);
      }
      if (aadBytes > 0) copyInto(output, aad, aadBytes);
      copyInto(input, sealed, sealedBytes);
      const plaintext = result ?? new Uint8Array(dataBytes);
      const status = exports.gcmOpen(slot, aadBytes, dataBytes);
      if (status === REFUSED) return undefined;
      checkStatus(status);
      put(plaintext, inputStart(this.#abi, dataBytes));
      input.fill(0, 0, dataBytes);
      return plaintext;
    } catch (error) {
      input.fill(0);
      exports.gcmWipe();
      throw error;
    }
  }

  sealPacked(records: PackedPlaintexts, out?: Uint8Array): Uint8Array {
    const batch = checkBatch(records);
    const { plaintexts } = records;
    // Only now that no getter of the caller's can run any more, and destroy this key.
    const slot = this.#liveSlot();
    const batcher = this.#batcher((count) => this.#abi.exports.gcmSealMany(slot, count));
    return sealBatch(this.#abi, batcher, batch, plaintexts, out);
  }

  openPacked(records: PackedSealed, out?: Uint8Array): PackedRecords {
    const batch = checkBatch(records);
    const { sealed } = records;
    const slot = this.#liveSlot();
    const batcher = this.#batcher((count) => this.#abi.exports.gcmOpenMany(slot, count));
    return openBatch(this.#abi, batcher, batch, sealed, out);
  }

  #batcher(many: (count: number) => number): Batcher {
    return { many, lendKey: (_info, use) => use(this) };
  }

  sealMany(records: readonly PlainRecord[]): Uint8Array[] {
    return sealMany(this, records);
  }

  openMany(records: readonly SealedRecord[]): (Uint8Array | undefined)[] {
    return openMany(this, records);
  }

  destroy(): void {
    const slot = this.#slot;
    if (slot === undefined) return;
    this.#slot = undefined;
    const table = this.#table;
    table.free[table.freeCount++] = slot;
    checkStatus(this.#abi.exports.keyWipe(slot));
    table.stained[slot] = 0;
  }

  #liveSlot(): number {
    if (this.#slot === undefined) throw new TypeError("This key has been destroyed: import it again to use it.");
    return this.#slot;
  }

  #sealLong(slot: number, aad: Uint8Array, plaintext: Uint8Array, room: Uint8Array): Uint8Array {
    const { exports, input } = this.#abi;
    const result = viewOf(room, 0, plaintext.length + TAG_BYTES);
    const source = runsAhead(result, plaintext) ? copyView(plaintext) : plaintext;
    try {
      this.#begin(slot, aad);
      const dataBytes = source.length;
      for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
        const chunkBytes = Math.min(CHUNK_BYTES, dataBytes - at);
        input.set(source.subarray(at, at + chunkBytes));
        checkStatus(exports.gcmEncrypt(chunkBytes));
        result.set(input.subarray(0, chunkBytes), at);
      }
      checkStatus(exports.gcmFinish());
      result.set(input.subarray(0, TAG_BYTES), dataBytes);
      return result;
    } finally {
      if (source !== plaintext) source.fill(0);
    }
  }

  /** Reads the ciphertext twice, so it must not change in between. */
  #openLong(slot: number, aad: Uint8Array, sealed: Uint8Array, out: Uint8Array | undefined): Uint8Array | undefined {
    const { exports, input } = this.#abi;
    const dataBytes = sealed.length - TAG_BYTES;
    const unsteady = isShared(sealed) || (out !== undefined && runsAhead(out, sealed));
    const source = unsteady ? copyView(sealed) : sealed;
    this.#begin(slot, aad);
    for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
      const chunkBytes = Math.min(CHUNK_BYTES, dataBytes - at);
      input.set(source.subarray(at, at + chunkBytes));
      checkStatus(exports.gcmCheck(chunkBytes));
    }
    input.set(source.subarray(dataBytes));
    const status = exports.gcmVerify();
    if (status === REFUSED) return undefined;
    checkStatus(status);
    const result = out === undefined ? secretBytes(dataBytes) : viewOf(out, 0, dataBytes);
    for (let at = 0; at < dataBytes; at += CHUNK_BYTES) {
      const chunkBytes = Math.min(CHUNK_BYTES, dataBytes - at);
      input.set(source.subarray(at, at + chunkBytes));
      checkStatus(exports.gcmDecrypt(chunkBytes));
      result.set(input.subarray(0, chunkBytes), at);
    }
    exports.gcmWipe();
    input.fill(0);
    return result;
  }

  #begin(slot: number, aad: Uint8Array): void {
    const { exports, output } = this.#abi;
    checkStatus(exports.gcmBegin(slot));
    for (let at = 0; at < aad.length; at += CHUNK_BYTES) {
      const chunk = aad.subarray(at, at + CHUNK_BYTES);
      output.set(chunk);
      checkStatus(exports.gcmAad(chunk.length));
    }
  }
}
