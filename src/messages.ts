/**
 * `wasm-kms/envelope`: sealed messages of any size over this KMS, over AWS KMS, or over anything with the two methods
 * of `KeyService`. The platform is bound here.
 */
import { platform } from "#platform";
import { KMS } from "./client/client.ts";
import { type EngineName, engineName } from "./crypto/engine.ts";
import { type Envelope, type EnvelopeOptions, envelopeOver } from "./envelope/envelope.ts";
import type { KeyService } from "./envelope/key-service.ts";
import type { Kms } from "./kms.ts";

/** As `EnvelopeOptions`, where `kms` may also be what `createKms()` returned. */
export interface CreateEnvelopeOptions extends Omit<EnvelopeOptions, "kms"> {
  readonly kms: KeyService | Kms;
  /** Who computes: "auto" by default, which is the fastest for each size; see `wasm-kms/engine`. */
  readonly engine?: EngineName;
}

/**
 * An envelope over a key service: `seal`, `open` and their streams.
 * @throws {TypeError} or {RangeError} for options that cannot be used
 */
export function createEnvelope(options: CreateEnvelopeOptions): Envelope {
  const { kms, engine } = options;
  const service = typeof kms === "object" && kms !== null && "execute" in kms ? new KMS({ kms }) : kms;
  const crypto = platform.engine(engineName(engine));
  return envelopeOver({ crypto, random: platform.random }, { ...options, kms: service });
}

export type {
  Envelope,
  OpenedMessage,
  OpenOptions,
  OpenStreamOptions,
  SealOptions,
} from "./envelope/envelope.ts";
export { EnvelopeError } from "./envelope/errors.ts";
export { type InspectedMessage, inspectMessage } from "./envelope/inspect.ts";
export type { KeyService } from "./envelope/key-service.ts";
