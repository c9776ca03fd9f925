/** What runs until it is told to stop: the first signal asks it to end, the next one ends the process. */

let ask: (() => void) | undefined;

/** Resolves when a signal asks this process to stop. */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    ask = resolve;
  });
}

/** Asks what runs to stop; `false` where nothing would hear it, or it was asked before. */
export function requestStop(): boolean {
  const asked = ask;
  ask = undefined;
  asked?.();
  return asked !== undefined;
}
