/**
 * `wasm-kms/client`: the client of @aws-sdk/client-kms without a network. `KMSClient.send` takes that package's
 * commands or our own light ones; `KMS` has a method for each operation. Native values go straight to the kernel:
 * nothing is serialized. This file never imports the SDK.
 */

import { KmsError } from "../errors.ts";
import type { Kms } from "../kms.ts";
import { type InputOf, OPERATIONS, type OperationName, type OutputOf } from "../operations/index.ts";
import type { Command, OptionalInput } from "./commands.ts";
import { type ResponseMetadata, type SdkErrors, sdkErrorOf } from "./sdk-errors.ts";

export { KmsError, type KmsErrorCode } from "../errors.ts";
export * from "./commands.ts";
export type { ResponseMetadata, SdkErrors } from "./sdk-errors.ts";

/** A command of @aws-sdk/client-kms: `schema[2]` holds the operation's name, and the types of the output are kept. */
export interface SdkCommand<Output> {
  readonly input: object;
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's own signature, of which only the output matters
  resolveMiddleware(...args: any[]): (args: any) => Promise<{ output: Output }>;
}

export interface KMSClientOptions {
  /** The service for whoever calls, as `kms.as("root")`; without a caller every request is denied. */
  readonly kms: Kms;
  /** The namespace of @aws-sdk/client-kms; errors are then its own classes, so that `instanceof` holds. */
  readonly sdk?: SdkErrors;
}

export interface SendOptions {
  /** Refuses the request if it is aborted before it starts; what has started is finished. */
  readonly abortSignal?: AbortSignal | undefined;
}

export type WithMetadata<T> = T & { readonly $metadata: ResponseMetadata };

export class KMSClient {
  /** As the SDK's client shows it; the AWS Encryption SDK reads the Region here. */
  readonly config: { readonly region: () => Promise<string> };
  readonly #kms: Kms;
  readonly #sdk: SdkErrors | undefined;

  constructor({ kms, sdk }: KMSClientOptions) {
    if (typeof kms?.execute !== "function") throw new TypeError("`kms` must be what createKms() returned.");
    this.#kms = kms;
    this.#sdk = sdk;
    this.config = { region: async () => kms.realm.region };
  }

  /**
   * Runs a command.
   * @throws {KmsError} or, where the SDK was given, the SDK's own exception
   */
  send<N extends OperationName>(command: Command<N>, options?: SendOptions): Promise<WithMetadata<OutputOf<N>>>;
  send<Output>(command: SdkCommand<Output>, options?: SendOptions): Promise<Output>;
  async send(command: Command | SdkCommand<unknown>, options?: SendOptions): Promise<unknown> {
    if (typeof options === "function") throw new TypeError("send() returns a promise; it takes no callback.");
    options?.abortSignal?.throwIfAborted();
    const caller = this.#kms.caller();
    const requestId = caller?.requestId ?? this.#kms.requestId();
    try {
      const output = await this.#kms.execute(operationOf(command) as OperationName, command.input ?? {}, caller);
      (output as { $metadata?: ResponseMetadata }).$metadata = metadata(200, requestId);
      return output;
    } catch (error) {
      if (!(error instanceof KmsError)) throw error;
      const $metadata = metadata(error.status, requestId);
      if (this.#sdk !== undefined) throw sdkErrorOf(this.#sdk, error, $metadata);
      throw Object.assign(error, { $metadata, $fault: error.fault });
    }
  }

  /** The SDK's client has it; here the KMS is closed by whoever made it. */
  destroy(): void {}
}

function operationOf(command: Command | SdkCommand<unknown>): string {
  if (Object.hasOwn(command, "operation")) return (command as Command).operation;
  const { schema } = command as { schema?: readonly unknown[] };
  const name = schema?.[2];
  if (typeof name === "string") return name;
  throw new TypeError("send() takes a command of wasm-kms/client or of @aws-sdk/client-kms 3.900 or newer.");
}

function metadata(httpStatusCode: number, requestId: string): ResponseMetadata {
  return { httpStatusCode, requestId, attempts: 1, totalRetryDelay: 0 };
}

type Methods = {
  [N in OperationName as Uncapitalize<N>]: (
    ...args: [...OptionalInput<N>, options?: SendOptions]
  ) => Promise<WithMetadata<OutputOf<N>>>;
};

class AggregatedClient extends KMSClient {}

for (const operation of Object.keys(OPERATIONS) as OperationName[]) {
  const method = operation.charAt(0).toLowerCase() + operation.slice(1);
  Object.defineProperty(AggregatedClient.prototype, method, {
    value(this: KMSClient, input: InputOf<typeof operation>, options?: SendOptions) {
      return this.send({ operation, input }, options);
    },
    configurable: true,
    writable: true,
  });
}

/** The aggregated client: `kms.encrypt({ KeyId, Plaintext })`. */
export const KMS = AggregatedClient as new (options: KMSClientOptions) => KMSClient & Methods;
export type KMS = InstanceType<typeof KMS>;
