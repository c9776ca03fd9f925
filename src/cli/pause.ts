/**
 * Turns for the event loop. Small files are handled synchronously, since a call through the thread pool costs more
 * than the work; without a pause now and then no signal would be heard and no progress drawn.
 */

const TURN_MS = 20;

export class Turns {
  #endsAtMs = Date.now() + TURN_MS;

  /** Lets the event loop run if it has waited for 20 ms. */
  async pause(): Promise<void> {
    if (Date.now() < this.#endsAtMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#endsAtMs = Date.now() + TURN_MS;
  }
}
