/** When something that failed may be tried again, so that not every request waits for what does not answer. */
import type { Clock } from "../env.ts";

const RETRY_MS = 1000;
/** When there are more, all of them may be tried again. */
const MAX_WAITING = 1024;

export class Retries {
  readonly #clock: Clock;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it may be tried now; if so, not again for a second, unless it succeeds. */
  mayTry(name: string): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs < (this.#untilMs.get(name) ?? 0)) return false;
    if (this.#untilMs.size >= MAX_WAITING) this.#untilMs.clear();
    this.#untilMs.set(name, nowMs + RETRY_MS);
    return true;
  }

  succeeded(name: string): void {
    this.#untilMs.delete(name);
  }
}
