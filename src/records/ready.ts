/**
 * What may be there already. A request on records that are cached waits for nothing, and each `await` would cost it a
 * turn of the microtask queue and a promise; so what reads records hands on a value where there is one.
 */
export type Ready<T> = T | Promise<T>;

/** Goes on with `value`: at once if it is there. */
export function whenReady<T, U>(value: Ready<T>, use: (value: T) => Ready<U>): Ready<U> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** Runs `attempt`, and `cleanUp` if it fails, at once or later. */
export function cleaningUp<T>(attempt: () => Ready<T>, cleanUp: () => void): Ready<T> {
  const fail = (error: unknown): never => {
    cleanUp();
    throw error;
  };
  try {
    const value = attempt();
    return value instanceof Promise ? value.catch(fail) : value;
  } catch (error) {
    return fail(error);
  }
}
