/**
 * A holder for secret bytes that shows nothing of them when it is logged, inspected or serialized. Reaching the bytes
 * takes `expose`, a word that a search finds.
 */

import { secretBytes } from "../secret-bytes.ts";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

export class Secret {
  #bytes: Uint8Array | undefined;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes the bytes over: from here on this object alone wipes them. */
  static adopt(bytes: Uint8Array): Secret {
    return new Secret(bytes);
  }

  /** Holds a copy; the caller keeps its own bytes and wipes them. */
  static copy(bytes: Uint8Array): Secret {
    const copy = secretBytes(bytes.length);
    copy.set(bytes);
    return new Secret(copy);
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
    this.#bytes?.fill(0);
    this.#bytes = undefined;
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
