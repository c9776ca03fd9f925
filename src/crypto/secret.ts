/**
 * A holder for secret bytes that shows nothing of them when it is logged, inspected or serialized. Reaching the bytes
 * takes `expose`, a word that a search finds.
 */

import { copyInto } from "../byte-views.ts";
import { borrowRoom, returnRoom } from "../secret-bytes.ts";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

export class Secret {
  #bytes: Uint8Array | undefined;

  readonly #isBorrowed: boolean;

  private constructor(bytes: Uint8Array, isBorrowed: boolean) {
    this.#bytes = bytes;
    this.#isBorrowed = isBorrowed;
  }

  /** Takes the bytes over: from here on this object alone wipes them. */
  static adopt(bytes: Uint8Array): Secret {
    return new Secret(bytes, false);
  }

  /** Holds a copy of bytes, whose length was found to be `lengthBytes`; the caller keeps its own and wipes them. */
  static copy(bytes: Uint8Array, lengthBytes: number = bytes.length): Secret {
    const copy = borrowRoom(lengthBytes);
    copyInto(copy, bytes, lengthBytes);
    return new Secret(copy, true);
  }

  get lengthBytes(): number {
    return this.#bytes?.length ?? 0;
  }

  /** Runs `use` on the bytes themselves, which must not be kept. @throws {TypeError} after `wipe`. */
  expose<T>(use: (bytes: Uint8Array) => T): T {
    if (this.#bytes === undefined) throw new TypeError("This secret has been wiped.");
    return use(this.#bytes);
  }

  wipe(): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    // First: a room that is given back twice could be another's by then.
    this.#bytes = undefined;
    if (this.#isBorrowed) returnRoom(bytes);
    else bytes.fill(0);
  }

  toString(): string {
    return `Secret(${this.lengthBytes} bytes)`;
  }

  toJSON(): string {
    return this.toString();
  }

  [INSPECT](): string {
    return this.toString();
  }
}
