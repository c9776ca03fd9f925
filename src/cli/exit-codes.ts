/** What the process answers when it ends; documented in `wasm-kms --help`. */

export const EXIT = {
  /** Everything that was asked for is done. */
  ok: 0,
  /** Some inputs failed (each was named), or the key service refused the request. */
  failed: 1,
  /** The command line asks for what cannot be done; nothing was tried. */
  usage: 2,
  /** The keystore or its root key cannot be opened. */
  keystore: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Signals that end a run, with the exit code of each: 128 and the signal's number. */
export const SIGNAL_EXITS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
