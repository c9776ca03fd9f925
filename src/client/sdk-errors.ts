/**
 * Errors as the AWS SDK for JavaScript throws them. The SDK is never imported: its namespace is handed in, and its
 * own classes are used, because an error that only looks like one fails `instanceof`.
 */
import type { KmsError } from "../errors.ts";

/** What the SDK tells of every answer. */
export interface ResponseMetadata {
  readonly httpStatusCode: number;
  readonly requestId: string;
  readonly attempts: number;
  readonly totalRetryDelay: number;
}

interface ExceptionOptions {
  readonly name: string;
  readonly $fault: "client" | "server";
  readonly message: string;
  readonly $metadata: ResponseMetadata;
}

type ExceptionClass = new (options: ExceptionOptions) => Error;

/** The namespace of @aws-sdk/client-kms, of which only the exception classes are used. */
export interface SdkErrors {
  readonly KMSServiceException: new (options: never) => Error;
}

/** The SDK's exception for an error of ours. Codes that the SDK does not model become its KMSServiceException. */
export function sdkErrorOf(sdk: SdkErrors, error: KmsError, $metadata: ResponseMetadata): Error {
  const classes = sdk as unknown as Readonly<Record<string, ExceptionClass>>;
  const Exception = classes[Object.hasOwn(sdk, error.code) ? error.code : "KMSServiceException"]!;
  // The SDK shows this text where the service sent no message.
  const message = error.message === "" ? "UnknownError" : error.message;
  return new Exception({ name: error.code, $fault: error.fault, message, $metadata });
}
